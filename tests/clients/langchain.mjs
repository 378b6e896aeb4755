// SPDX-License-Identifier: Apache-2.0
// Drives LangChain's chat model for OpenAI.

import { ChatOpenAI } from '@langchain/openai';

import { main } from './cases.mjs';

function model(input, task) {
  const chat = new ChatOpenAI({
    model: task.body.model, apiKey: task.api_key ?? input.api_key,
    configuration: { baseURL: input.base_url }, maxRetries: 0,
  });
  return task.body.tools ? chat.bindTools(task.body.tools) : chat;
}

function summary(message) {
  return {
    content: message.content, usage: message.usage_metadata ?? null,
    kind: message.getType(), class: message.constructor.name,
    finish: message.response_metadata.finish_reason ?? null,
    model: message.response_metadata.model_name ?? null,
    tool_calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id, name: call.name, input: call.args,
    })),
  };
}

const modes = {
  async whole(chat, body) {
    return summary(await chat.invoke(body.messages));
  },

  async stream(chat, body) {
    let joined;
    for await (const chunk of await chat.stream(body.messages)) {
      joined = joined ? joined.concat(chunk) : chunk;
    }
    return summary(joined);
  },
};

function describe(fault) {
  return {
    class: fault.constructor.name, status: fault.status ?? null,
    code: fault.code ?? null, message: fault.message,
  };
}

await main((input, task) => modes[task.mode](model(input, task), task.body),
  describe);
