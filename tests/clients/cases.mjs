// SPDX-License-Identifier: Apache-2.0
// What the Node programs share: cases in on stdin, results out on stdout.

import { text } from 'node:stream/consumers';

// Runs run(input, task) for every task, in order; an exception is a result.
export async function main(run, describe) {
  const input = JSON.parse(await text(process.stdin));
  const results = [];
  for (const task of input.tasks) {
    const start = performance.now();
    let result;
    try {
      result = await run(input, task);
    } catch (fault) {
      result = { error: describe(fault) };
    }
    result.seconds = (performance.now() - start) / 1000;
    results.push(result);
  }
  process.stdout.write(JSON.stringify(results));
}

// The x-frugald-* headers and the request id of a response.
export function ownHeaders(headers) {
  const pairs = headers instanceof Headers
    ? [...headers] : Object.entries(headers ?? {});
  return Object.fromEntries(
    pairs.filter(([name]) => /^x-(frugald-|request-id)/.test(name)));
}
