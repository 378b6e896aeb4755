// SPDX-License-Identifier: Apache-2.0
// Drives the AI SDK with its provider for compatible servers.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, streamText, tool } from 'ai';

import { main, ownHeaders } from './cases.mjs';

function settings(input, task) {
  const provider = createOpenAICompatible({
    name: 'frugald', baseURL: input.base_url, includeUsage: true,
    apiKey: task.api_key ?? input.api_key,
  });
  const { model, messages, tools } = task.body;
  return {
    model: provider(model), messages, maxRetries: 0,
    ...(tools && {
      tools: Object.fromEntries(tools.map(({ function: f }) => [f.name, tool({
        description: f.description ?? '',
        inputSchema: jsonSchema(f.parameters),
      })])),
    }),
  };
}

function summary(result) {
  return {
    content: result.text, finish: result.finishReason,
    reasoning: result.reasoningText ?? null,
    usage: result.usage, model: result.response.modelId,
    id: result.response.id, headers: ownHeaders(result.response.headers),
    tool_calls: result.toolCalls.map((call) => ({
      id: call.toolCallId, name: call.toolName, input: call.input,
    })),
  };
}

const modes = {
  async whole(input, task) {
    return summary(await generateText(settings(input, task)));
  },

  async stream(input, task) {
    const faults = [];
    const result = streamText({
      ...settings(input, task),
      onError: ({ error }) => { faults.push(error); },
    });
    let content = '';
    for await (const piece of result.textStream) content += piece;
    if (faults.length) {
      return { content, error: describe(faults[0]) };
    }
    return summary({
      text: content, finishReason: await result.finishReason,
      reasoningText: await result.reasoningText, usage: await result.usage,
      response: await result.response, toolCalls: await result.toolCalls,
    });
  },
};

function describe(fault) {
  return {
    class: fault?.name ?? typeof fault, status: fault?.statusCode ?? null,
    message: fault?.message ?? String(fault),
    code: fault?.data?.error?.code ?? null,
    headers: ownHeaders(fault?.responseHeaders),
  };
}

await main((input, task) => modes[task.mode](input, task), describe);
