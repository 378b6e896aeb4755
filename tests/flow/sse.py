# SPDX-License-Identifier: Apache-2.0
"""Reads an event stream and checks it against the one grammar allowed.

    stream := role-chunk (per choice) *( delta-chunk | keep-alive )
              finish-chunk (per choice) [usage-chunk] [DONE]
"""

import json
import re

from flow import schema

KEEP_ALIVE = b": keep-alive\n"
_PIECE = re.compile(rb": keep-alive\n|data: ([^\n]*)\n\n")


class Stream:
    """What came: chunks, an error or none, whether it ended well."""

    def __init__(self, body):
        self.keep_alives = 0
        self.done = False
        self.error = None
        self.chunks = []
        at = 0
        while at < len(body):
            piece = _PIECE.match(body, at)
            assert piece, f"not an event at {at}: {body[at:at + 120]!r}"
            self._take(piece)
            at = piece.end()

    def _take(self, piece):
        assert not self.done, "something after [DONE]"
        assert self.error is None, "something after an error"
        if piece.group() == KEEP_ALIVE:
            self.keep_alives += 1
        elif piece.group(1) == b"[DONE]":
            self.done = True
        else:
            value = json.loads(piece.group(1))
            if "error" in value:
                self.error = _checked_error(value)
            else:
                self.chunks.append(value)

    # What a client makes of it.

    @property
    def choices(self):
        """All choice members, in order."""
        return [c for chunk in self.chunks for c in chunk["choices"]]

    def deltas(self, member, index=0):
        """The values of that delta member for one choice."""
        return [c["delta"][member] for c in self.choices
                if c["index"] == index and c["delta"].get(member) is not None]

    def text(self, index=0, member="content"):
        """The text of one choice."""
        return "".join(self.deltas(member, index))

    def tool_calls(self, index=0):
        """The tool calls of one choice, put together as a client does."""
        calls = {}
        for delta in self.deltas("tool_calls", index):
            for piece in delta:
                _join_tool_call(calls, piece)
        return [calls[at] for at in sorted(calls)]

    def finish(self, index=0):
        """Why one choice ended."""
        found = [c["finish_reason"] for c in self.choices
                 if c["index"] == index and c["finish_reason"] is not None]
        return found[0] if found else None

    def logprobs(self, index=0):
        """All content log-prob entries of one choice."""
        return [entry for c in self.choices
                if c["index"] == index and c.get("logprobs")
                for entry in c["logprobs"]["content"] or []]

    @property
    def usage(self):
        """The usage of the last chunk, or None."""
        return self.chunks[-1].get("usage")


def _checked_error(value):
    assert set(value) == {"error"}, f"members beside error: {set(value)}"
    schema.check("ErrorResponse", value)
    assert set(value["error"]) >= {"message", "type", "param", "code"}
    return value["error"]


def _join_tool_call(calls, piece):
    """Strict: what the official helpers need, WIRE 3.2 rule 5."""
    index = piece["index"]
    if index not in calls:
        assert index == len(calls), "tool call indexes must ascend from 0"
        assert piece["id"] and piece["type"] == "function"
        calls[index] = {"id": piece["id"], "type": "function", "function": {
            "name": piece["function"]["name"],
            "arguments": piece["function"].get("arguments", "")}}
        return
    assert not {"id", "type"} & set(piece), f"repeated: {piece}"
    assert "name" not in piece["function"], f"repeated: {piece}"
    calls[index]["function"]["arguments"] += piece["function"]["arguments"]


def check_head(response):
    """The headers of a stream."""
    assert response.status == 200, response
    assert response.header("Content-Type") == "text/event-stream; charset=utf-8"
    assert response.header("Cache-Control") == "no-store"
    assert response.header("X-Accel-Buffering") == "no"
    assert response.header("Transfer-Encoding") == "chunked"
    assert response.header("Content-Encoding") is None
    assert response.header("x-request-id")


def check(response, model, usage=False, n=1, live=False):
    """A stream that ended well; returns it.

    live: a finish or role chunk of the upstream's may carry a delta too."""
    check_head(response)
    assert response.whole, "no last chunk of the transfer encoding"
    stream = Stream(response.body)
    assert stream.error is None, stream.error
    assert stream.done, "no [DONE]"
    check_chunks(stream, model, usage, n, live)
    return stream


def check_chunks(stream, model, usage=False, n=1, live=False):
    """The chunks of a stream that ended well."""
    for chunk in stream.chunks:
        schema.check("CreateChatCompletionStreamResponse", chunk)
    _check_constants(stream, model)
    _check_usage(stream, usage)
    for index in range(n):
        _check_choice(stream, index, live)
    firsts = [c["index"] for c in stream.choices[:n]]
    assert firsts == list(range(n)), f"roles of choices came as {firsts}"


def check_cut(response, model):
    """A stream that failed under way: chunks, one error event, no [DONE]."""
    check_head(response)
    stream = Stream(response.body)
    assert stream.error is not None, f"no error event: {response.body[-300:]!r}"
    assert not stream.done, "[DONE] after an error"
    _check_constants(stream, model)
    return stream


def _check_constants(stream, model):
    for name in ("id", "created", "model"):
        values = {chunk[name] for chunk in stream.chunks}
        assert len(values) <= 1, f"{name} varies: {values}"
    for chunk in stream.chunks:
        assert re.fullmatch(r"chatcmpl-[A-Za-z0-9_-]{16,}", chunk["id"]), chunk["id"]
        assert chunk["model"] == model
        assert "error" not in chunk


def _check_usage(stream, usage):
    *early, last = stream.chunks
    if not usage:
        assert all("usage" not in c for c in stream.chunks), "uninvited usage"
        assert all(c["choices"] for c in stream.chunks), "chunk without choices"
        return
    assert last["choices"] == [] and last["usage"], last
    assert all(c["choices"] for c in early), "chunk without choices"
    assert all(c.get("usage", "absent") is None for c in early), \
        "earlier chunks carry usage: null"


def _check_choice(stream, index, live):
    first, *rest = [c for c in stream.choices if c["index"] == index]
    assert first["delta"]["role"] == "assistant", first
    assert all("role" not in c["delta"] for c in rest), "role more than once"
    *middle, last = rest
    assert last["finish_reason"] is not None, f"no finish chunk: {last}"
    assert all(c["finish_reason"] is None for c in [first] + middle)
    if not live:
        assert set(first["delta"]) <= {"role", "content"}, first
        assert first["delta"].get("content", "") in ("", None), first
        assert last["delta"] == {}, last
