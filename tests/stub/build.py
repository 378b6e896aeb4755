# SPDX-License-Identifier: Apache-2.0
"""Replies of the OpenAI protocol, built piece by piece."""

import math
import re

CREATED = 1700000000
ID = "chatcmpl-upstream"


def pairs(text, score=0.9, rest=0.999):
    """(token, logprob) over text: the first has probability score."""
    words = re.findall(r"\s*\S+\s*$|\s*\S+|\s+$", text)
    return [(w, math.log(score if at == 0 else rest))
            for at, w in enumerate(words)]


def entries(tokens, top=5, with_bytes=True):
    """Log-prob entries of [(token, logprob)]; alternatives add up below 1."""
    return [_entry(token, logprob, top, with_bytes)
            for token, logprob in tokens]


def _entry(token, logprob, top, with_bytes):
    entry = _leaf(token, logprob, with_bytes)
    left = max(1.0 - math.exp(min(logprob, 0.0)), 1e-9)
    entry["top_logprobs"] = [_leaf(token, logprob, with_bytes)] + [
        _leaf(f"alt{k}", math.log(left / 2 ** k), with_bytes)
        for k in range(1, top)] if top else []
    return entry


def _leaf(token, logprob, with_bytes):
    leaf = {"token": token, "logprob": logprob}
    if with_bytes:
        leaf["bytes"] = list(token.encode("utf-8", "surrogatepass"))
    return leaf


def tool_call(name="lookup", arguments='{"city":"Oslo"}', number=1):
    """One whole tool call."""
    return {"id": f"call_{number}", "type": "function",
            "function": {"name": name, "arguments": arguments}}


def completion(content="Hello there.", *, model="upstream-model",
               finish="stop", logprobs=None, tool_calls=None, refusal=None,
               reasoning=None, reasoning_name="reasoning_content",
               usage=(11, 7), n=1, **extra):
    """A chat.completion; logprobs is the list for `content`, or None."""
    message = {"role": "assistant", "content": content, "refusal": refusal}
    if reasoning is not None:
        message[reasoning_name] = reasoning
    if tool_calls:
        message["tool_calls"] = tool_calls
        finish = "tool_calls" if finish == "stop" else finish
    choice = {"message": message, "finish_reason": finish,
              "logprobs": None if logprobs is None
              else {"content": logprobs, "refusal": None}}
    body = {"id": ID, "object": "chat.completion", "created": CREATED,
            "model": model,
            "choices": [{"index": at, **choice} for at in range(n)]}
    if usage:
        body["usage"] = usage_of(usage)
    return {**body, **extra}


def usage_of(counts):
    """(prompt, completion[, cached]) as a usage object."""
    prompt, made, cached = (tuple(counts) + (0,))[:3]
    return {"prompt_tokens": prompt, "completion_tokens": made,
            "total_tokens": prompt + made,
            "prompt_tokens_details": {"cached_tokens": cached}}


# Chunks of a stream.

def chunk(delta, finish=None, index=0, logprobs=None, model="upstream-model",
          **extra):
    """One chat.completion.chunk with one choice."""
    choice = {"index": index, "delta": delta, "logprobs": logprobs,
              "finish_reason": finish}
    return {"id": ID, "object": "chat.completion.chunk", "created": CREATED,
            "model": model, "choices": [choice], **extra}


def role_chunk(content="", **extra):
    """The first one."""
    return chunk({"role": "assistant", "content": content}, **extra)


def finish_chunk(reason="stop", **extra):
    """The last one with a choice."""
    return chunk({}, reason, **extra)


def usage_chunk(counts=(11, 7), **extra):
    """What include_usage adds."""
    return {**chunk({}), "choices": [], "usage": usage_of(counts), **extra}


def sliced_tool_call(call, index=0, step=5):
    """The deltas of one tool call, arguments cut into pieces."""
    text = call["function"]["arguments"]
    first = {"index": index, **call,
             "function": {**call["function"], "arguments": ""}}
    rest = [{"index": index, "function": {"arguments": text[at:at + step]}}
            for at in range(0, len(text), step)]
    return [{"tool_calls": [piece]} for piece in [first] + rest]
