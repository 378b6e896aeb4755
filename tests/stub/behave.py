# SPDX-License-Identifier: Apache-2.0
"""Behaviours: what the upstream does with one call.

A behaviour is an async function of (call, connection). The makers below
return one. `play` is the most general: bytes are sent, numbers are slept,
CLOSE, RESET and HANG end it that way.
"""

import asyncio
import json

from . import build

CLOSE, RESET, HANG = "close", "reset", "hang"
REASONS = {200: "OK", 204: "No Content", 302: "Found", 400: "Bad Request",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           422: "Unprocessable Entity", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


def head(status=200, type="application/json", length=None, **headers):
    """A response head; with a length of None it is chunked, False none."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Odd')}"]
    if type:
        lines.append(f"Content-Type: {type}")
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif length is not False:
        lines.append(f"Content-Length: {length}")
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunked(data):
    """data as one chunk; b"" is the last."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def play(*steps):
    """Bytes are sent, numbers slept; CLOSE, RESET, HANG end the call."""
    async def behaviour(call, conn):
        for step in steps:
            if isinstance(step, (int, float)):
                await asyncio.sleep(step)
            elif isinstance(step, bytes):
                await conn.send(step)
            else:
                await _end(conn, step)
    return behaviour


async def _end(conn, how):
    if how == RESET:
        conn.reset()
    elif how == CLOSE:
        conn.keep = False
        conn.close()
    else:
        await asyncio.sleep(3600)


def hang():
    """Never answers."""
    return play(HANG)


def reset():
    """Takes the request, then RST."""
    return play(RESET)


def reply(body, status=200, delay=0, body_delay=0, type="application/json",
          length="true", end=None, **headers):
    """One response; body is bytes, or an object made JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = len(data) if length == "true" else length
    start = head(status, type, length, **headers)
    data = chunked(data) + chunked(b"") if length is None and data else data
    if not body_delay:                  # head and body in one write
        start, data = start + data, b""
    return play(*[delay] * bool(delay), start, *[body_delay] * bool(body_delay),
                data, *[end] * bool(end))


def error(status, message="no", code=None, type="invalid_request_error",
          param=None, **more):
    """An error in OpenAI's shape."""
    body = {"error": {"message": message, "type": type, "param": param,
                      "code": code}}
    return reply(body, status, **more)


def sse(item):
    """One event: an object as data, a string or bytes as it is."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    return b"data: " + json.dumps(item).encode() + b"\n\n"


def stream(items, delay=0, pause=0, done=True, end=None, segment=0,
           last_chunk=True, type="text/event-stream"):
    """An event stream: items as sse() takes them, numbers are pauses.

    pause is slept between items; done sends [DONE]; end as in play, before
    the last chunk of the transfer encoding."""
    async def behaviour(call, conn):
        await asyncio.sleep(delay)
        await conn.send(head(200, type))
        conn.segment = segment
        for item in items:
            if isinstance(item, (int, float)):
                await asyncio.sleep(item)
                continue
            await conn.send(chunked(sse(item)))
            if pause:
                await asyncio.sleep(pause)
        if done:
            await conn.send(chunked(b"data: [DONE]\n\n"))
        if end:
            await _end(conn, end)
        elif last_chunk:
            await conn.send(chunked(b""))
    return behaviour


def segmented(behaviour, size=1):
    """The same, in TCP segments of that size."""
    async def slow(call, conn):
        conn.segment = size
        await behaviour(call, conn)
    return slow


def answer(content="Hello there.", score=0.9, delay=0, pause=0, **parts):
    """What an honest server does: obeys stream, logprobs, n, include_usage.

    tokens=[(text, logprob)] replaces the tokens made of content; score is the
    probability of the first one, so e^min of the reply."""
    tokens = parts.pop("tokens", None)
    with_bytes = parts.pop("with_bytes", True)

    async def behaviour(call, conn):
        asked = call.json
        pairs = tokens if tokens is not None \
            else build.pairs(content or "", score)
        top = asked.get("top_logprobs") or 0
        list_ = build.entries(pairs, top, with_bytes) \
            if asked.get("logprobs") is True else None
        own = {"model": asked.get("model"), "n": asked.get("n") or 1, **parts}
        if asked.get("stream") is True:
            items = _chunks(content, pairs, list_, asked, own)
            await stream(items, delay, pause)(call, conn)
        else:
            body = build.completion(content, logprobs=list_, **own)
            await reply(body, delay=delay)(call, conn)
    return behaviour


def _chunks(content, pairs, list_, asked, own):
    """The chunks of OpenAI's own streams."""
    usage = own.get("usage", (11, 7))
    wants = (asked.get("stream_options") or {}).get("include_usage") is True
    more = {"model": own["model"], **({"usage": None} if wants else {})}
    calls = own.get("tool_calls")
    every = range(own["n"])
    for index in every:
        yield build.role_chunk(None if calls else "", index=index, **more)
    for deltas in zip(*[_deltas(content, pairs, list_, own, index, more)
                        for index in every]):
        yield from deltas
    reason = own.get("finish", "tool_calls" if calls else "stop")
    for index in every:
        yield build.finish_chunk(reason, index=index, **more)
    if wants and usage:
        yield build.usage_chunk(usage, model=own["model"])


def _deltas(content, pairs, list_, own, index, more):
    name = own.get("reasoning_name", "reasoning_content")
    if own.get("reasoning"):
        yield build.chunk({name: own["reasoning"]}, index=index, **more)
    if own.get("refusal"):
        yield build.chunk({"refusal": own["refusal"]}, index=index, **more)
    for at, (token, _) in enumerate(pairs if content else []):
        logprobs = {"content": [list_[at]], "refusal": None} if list_ else None
        yield build.chunk({"content": token}, index=index, logprobs=logprobs,
                          **more)
    for at, call in enumerate(own.get("tool_calls") or []):
        for delta in build.sliced_tool_call(call, at):
            yield build.chunk(delta, index=index, **more)
