# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong with the cheap backend, the client gets an answer."""

import gzip
import json

import pytest

from flow import sse
from stub import (CLOSE, HANG, RESET, answer, chunked, completion, entries,
                  error, hang, head, pairs, play, refused_port, reply, reset)

CONFIG = {"backends": {"small": {"timeout": {"total": "400ms"}}},
          "limits": {"max_reply": "64KiB"}}
SOUND = json.dumps(completion("Bad.", logprobs=entries(pairs("Bad.")))).encode()
HTML = b"<html><body>502 Bad Gateway</body></html>"

WIRE_FAULTS = {
    "reset": reset(),
    "closed without a word": play(CLOSE),
    "500": error(500), "502 html": reply(HTML, 502, type="text/html"),
    "503": error(503), "429": error(429, code="rate_limit_exceeded",
                                    Retry_After="7"),
    "401": error(401, code="invalid_api_key"), "403": error(403),
    "404": error(404, code="model_not_found"), "402": error(402),
    "no status line": play(b"hello there\r\n\r\n", CLOSE),
    "HTTP/0.9": play(b"<html>", CLOSE),
    "odd status": play(b"HTTP/1.1 99999 Odd\r\n\r\n", CLOSE),
    "half a head": play(b"HTTP/1.1 200 OK\r\nContent-Le", CLOSE),
    "reset in the body": play(head(length=len(SOUND)), SOUND[:40], RESET),
    "short body": play(head(length=len(SOUND) + 50), SOUND, CLOSE),
    "longer than it says": play(head(length=20), SOUND, CLOSE),
    "two lengths": play(b"HTTP/1.1 200 OK\r\nContent-Type: application/json"
                        b"\r\nContent-Length: 5\r\nContent-Length: %d\r\n\r\n"
                        % len(SOUND), SOUND, CLOSE),
    "length and chunks": play(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        chunked(SOUND), chunked(b""), CLOSE),
    "negative length": play(head(length=-5), SOUND, CLOSE),
    "bad chunk size": play(head(), b"zz\r\n" + SOUND, CLOSE),
    "no last chunk": play(head(), chunked(SOUND), CLOSE),
    "redirect": reply(b"", 302, Location="http://127.0.0.1:1/v1"),
    "204": reply(b"", 204, length=False),
    "gzip": reply(gzip.compress(SOUND), Content_Encoding="gzip"),
    "hang": hang(),
    "hang after the head": play(head(length=len(SOUND)), HANG),
    "hang in the body": play(head(length=len(SOUND)), SOUND[:40], HANG),
    "too long": reply(b" " * 100_000 + SOUND),
    "endless": play(head(), *[chunked(b" " * 30_000)] * 200, HANG),
    "huge head": play(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000 + b"\r\n\r\n",
                      CLOSE),
}
BODY_FAULTS = {
    "html": reply(HTML, type="text/html"),
    "empty": reply(b""), "text": reply(b"Oslo."), "truncated": reply(SOUND[:-9]),
    "bad UTF-8": reply(SOUND.replace(b"Bad.", b"Bad\xff", 1)),
    "array": reply(b"[]"), "null": reply(b"null"), "empty object": reply(b"{}"),
    "two values": reply(SOUND + b" {}"),
    "error in 200": reply({"error": {"message": "overloaded", "code": 503}}),
    "error string in 200": reply({"error": "overloaded"}),
    "no choice": reply({**completion("x"), "choices": []}),
    "null choices": reply({**completion("x"), "choices": None}),
    "choices object": reply({**completion("x"), "choices": {"0": 1}}),
    "no message": reply({**completion("x"), "choices": [
        {"index": 0, "finish_reason": "stop"}]}),
    "message string": reply({**completion("x"), "choices": [
        {"index": 0, "message": "Oslo", "finish_reason": "stop"}]}),
    "content number": reply(completion(7, logprobs=entries(pairs("7")))),
    "deep": reply(b'{"a":' * 3000 + b"1" + b"}" * 3000),
}


def expect_rescue(rig, reasons, **fields):
    """The dear answer comes, whatever the cheap backend did."""
    response = rig.ask(**fields)
    assert response.status == 200, response
    assert response.frugald("backend") == "large"
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") in reasons
    return response


@pytest.mark.parametrize("fault", WIRE_FAULTS)
def test_broken_calls(rig, fault):
    """No sound response: backend_error."""
    rig.small.script(WIRE_FAULTS[fault])
    response = expect_rescue(rig, ["backend_error"])
    assert response.content == "From large."
    assert response.frugald("confidence") is None
    first, second = rig.attempts(response)
    assert first["backend"] == "small" and first["fault"]
    assert second["backend"] == "large" and second["fault"] is None


@pytest.mark.parametrize("fault", BODY_FAULTS)
def test_broken_bodies(rig, fault):
    """A response that is no completion cannot be trusted either."""
    rig.small.script(BODY_FAULTS[fault])
    response = expect_rescue(rig, ["backend_error", "verifier_error",
                                   "no_signal", "gate:empty"])
    assert response.content == "From large."


def test_broken_call_in_a_stream(rig):
    """The client's stream is whole all the same."""
    rig.small.script(reset())
    response = expect_rescue(rig, ["backend_error"], stream=True)
    assert sse.check(response, "auto").text() == "From large."


def test_a_fault_costs_one_call(rig):
    """The cheap backend is not asked again and again."""
    rig.small.script(error(500))
    rig.ask()
    assert len(rig.small.calls) == 1 and len(rig.large.calls) == 1


def test_slow_backend_is_dropped_in_time(rig):
    """total: 400ms ends the call, and the upstream sees it end."""
    rig.small.script(hang())
    response = expect_rescue(rig, ["backend_error", "deadline"])
    assert 0.3 < rig.small.wait_gone() - rig.small.call.arrived < 1.0
    assert response.seconds < 1.5


def test_refused(yard):
    """Nobody listens at the cheap backend's port."""
    closed = refused_port()
    rig = yard.rig(backends={"small": {"base_url": closed.url}})
    response = expect_rescue(rig, ["backend_error"])
    assert response.seconds < 1.0
    closed.close()


def test_comes_back(rig):
    """A backend that was down is asked again once it is up."""
    rig.small.close_port()
    expect_rescue(rig, ["backend_error"])
    rig.small.open_port()
    rig.small.script(answer("Back."))
    assert rig.ask().content == "Back."


CONTEXT = {
    "openai": error(400, "This model's maximum context length is 8192 tokens.",
                    code="context_length_exceeded", param="messages"),
    "vllm": reply({"error": {
        "message": "This model's maximum context length is 4096 tokens. "
                   "However, you requested 5000 tokens (4900 in the messages, "
                   "100 in the completion).", "type": "BadRequestError",
        "param": None, "code": 400}}, 400),
    "llama.cpp": reply({"error": {
        "code": 400, "message": "the request exceeds the available context "
        "size, try increasing it", "type": "exceed_context_size_error",
        "n_prompt_tokens": 5000, "n_ctx": 4096}}, 400),
    "flat": reply({"object": "error", "message": "The input (5000 tokens) is "
                   "longer than the model's context length (4096 tokens).",
                   "type": "BadRequestError", "param": None, "code": 400}, 400),
}


@pytest.mark.parametrize("server", CONTEXT)
def test_too_long_for_the_cheap_one(rig, server):
    """Its context is full: the next tier may have room."""
    rig.small.script(CONTEXT[server])
    expect_rescue(rig, ["context_length"])
    assert len(rig.small.calls) == 1


def test_what_the_cheap_one_rejects_the_dear_may_take(rig):
    """A 400 of the cheap tier is escalated once, then the dear one's counts."""
    rig.small.script(error(400, "tools are not supported"))
    expect_rescue(rig, ["backend_error", "unsupported"])
    rig.large.script(error(400, "messages[0].role is wrong", param="messages"))
    response = rig.ask()
    assert response.status == 400
    assert response.error["message"] == "messages[0].role is wrong"
