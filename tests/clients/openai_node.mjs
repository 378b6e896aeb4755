// SPDX-License-Identifier: Apache-2.0
// Drives the official `openai` package: whole answers, streams, the helper.

import OpenAI from 'openai';

import { main, ownHeaders } from './cases.mjs';

function client(input, task) {
  return new OpenAI({
    baseURL: input.base_url, apiKey: task.api_key ?? input.api_key,
    maxRetries: task.max_retries ?? 0, timeout: 30_000,
  });
}

function choice(completion, index = 0) {
  const { message, finish_reason, logprobs } = completion.choices[index];
  return {
    content: message.content, finish: finish_reason, logprobs,
    refusal: message.refusal ?? null,
    reasoning: message.reasoning_content ?? null,
    tool_calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id, name: call.function.name,
      arguments: call.function.arguments,
    })),
  };
}

function whole(completion) {
  return {
    id: completion.id, model: completion.model, object: completion.object,
    usage: completion.usage ?? null, choices: completion.choices.length,
    ...choice(completion),
  };
}

const modes = {
  async whole(ai, body) {
    const { data, response, request_id } =
      await ai.chat.completions.create(body).withResponse();
    return {
      ...whole(data), request_id, _request_id: data._request_id,
      headers: ownHeaders(response.headers),
    };
  },

  async stream(ai, body) {
    const { data, response, request_id } =
      await ai.chat.completions.create({ ...body, stream: true }).withResponse();
    const chunks = [];
    for await (const chunk of data) chunks.push(chunk);
    const deltas = chunks.flatMap((c) => c.choices).map((c) => c.delta);
    return {
      request_id, headers: ownHeaders(response.headers),
      content: deltas.map((d) => d.content ?? '').join(''),
      ids: new Set(chunks.map((c) => c.id)).size,
      model: chunks[0].model, usage: chunks.at(-1).usage ?? null,
      roles: deltas.filter((d) => d.role).length,
      finish: chunks.flatMap((c) => c.choices)
        .findLast((c) => c.finish_reason)?.finish_reason ?? null,
    };
  },

  // The helper puts a stream together and is strict about its grammar.
  async helper(ai, body) {
    const stream = ai.chat.completions.stream(body);
    return whole(await stream.finalChatCompletion());
  },

  async models(ai) {
    const page = await ai.models.list();
    return { ids: page.data.map((m) => m.id), object: page.object };
  },

  async model(ai, body) {
    return { ...(await ai.models.retrieve(body.model)) };
  },
};

function describe(fault) {
  return {
    class: fault.constructor.name, status: fault.status ?? null,
    code: fault.code ?? null, type: fault.type ?? null,
    param: fault.param ?? null, message: fault.message,
    request_id: fault.requestID ?? null,
  };
}

await main((input, task) => modes[task.mode](client(input, task), task.body),
  describe);
