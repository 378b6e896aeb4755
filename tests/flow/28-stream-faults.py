# SPDX-License-Identifier: Apache-2.0
"""An upstream stream that breaks is never passed off as a whole answer."""

import pytest

from flow import sse
from stub import (CLOSE, HANG, RESET, answer, chunk, chunked, finish_chunk,
                  head, play, reply, role_chunk, stream)

CONFIG = {"backends": {"large": {"timeout": {"idle": "400ms"}}}}
START = [role_chunk(), chunk({"content": "Os"})]
ERROR = {"error": {"message": "CUDA error", "type": "server_error",
                   "param": None, "code": 500}}
FAULTS = {
    "end without finish": stream(START, done=False),
    "end without finish, cut": stream(START, done=False, end=CLOSE),
    "done without finish": stream(START),
    "finish without done": stream(START + [finish_chunk()], done=False),
    "finish, then cut": stream(START + [finish_chunk()], done=False, end=CLOSE),
    "reset": stream(START, done=False, end=RESET),
    "cut inside an event": stream(START + [b'data: {"id":"chatcm'], done=False,
                                  end=CLOSE),
    "end inside an event": stream(START + [b'data: {"id":"chatcm'], done=False),
    "cut inside a chunk": play(head(200, "text/event-stream"), *[
        chunked(b"data: " + b"%s" % piece + b"\n\n") for piece in [
            b'{"id":"c","object":"chat.completion.chunk","created":1,'
            b'"model":"m","choices":[{"index":0,"delta":{"role":"assistant",'
            b'"content":"Os"},"finish_reason":null}]}']],
        b"ffff\r\ndata: ", RESET),
    "error event": stream(START + [ERROR]),
    "error event, no done": stream(START + [ERROR], done=False),
    "named error event": stream(START + [b"event: error\n", ERROR]),
    "error string": stream(START + [{"error": "CUDA error"}]),
    "error beside choices": stream(START + [{**chunk({}), **ERROR}]),
    "error as finish": stream(START + [
        {**chunk({"content": ""}, "error"), "error": {"code": 502,
                                                      "message": "x"}}]),
    "stall": stream(START + [3600]),
    "garbage": stream(START + [b"data: {nonsense\n\n"]),
    "text": stream(START + [b"data: hello\n\n"]),
    "array": stream(START + [b"data: []\n\n"]),
    "bad UTF-8": stream(START + [b'data: {"choices":[{"index":0,"delta":'
                                 b'{"content":"\xff"}}]}\n\n']),
    "bad chunk size": play(head(200, "text/event-stream"),
                           *[chunked(b"data: " + b'{"id":"c","object":"chat.'
                                     b'completion.chunk","created":1,"model":'
                                     b'"m","choices":[{"index":0,"delta":{"role"'
                                     b':"assistant","content":"Os"},'
                                     b'"finish_reason":null}]}\n\n')],
                           b"zzzz\r\n", CLOSE),
    "html in the middle": stream(START + [b"<html>502</html>\n\n"], done=False),
    "endless line": stream(START + [b"data: " + b"x" * 1_000_000] * 20,
                           done=False, end=HANG),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_cut_streams(rig, fault):
    """What came is passed on, then one error event and no [DONE]."""
    rig.large.script(FAULTS[fault])
    response = rig.ask(model="large", stream=True)
    found = sse.check_cut(response, "large")
    assert found.text() == "Os"
    assert found.error["type"] == "server_error"
    assert found.error["code"] in ("upstream_error", "upstream_timeout")
    row = rig.row(response)
    assert row["outcome"] == "upstream_error"
    attempt, = rig.attempts(response)
    assert attempt["fault"] and attempt["usage_estimated"] == 1


@pytest.mark.parametrize("fault", ["end without finish", "reset", "error event"])
def test_after_an_escalation(rig, fault):
    """The same behind a cascade."""
    rig.small.script(answer("?", score=0.1))
    rig.large.script(FAULTS[fault])
    found = sse.check_cut(rig.ask(stream=True), "auto")
    assert found.text() == "Os"


EARLY = {
    "empty": stream([], done=False), "only done": stream([]),
    "only comments": stream([": x\n\n", ": y\n\n"], done=False, end=CLOSE),
    "error first": stream([ERROR], done=False),
    "error first, done": stream([ERROR]),
    "named error first": stream([b"event: error\n", ERROR]),
    "garbage first": stream([b"data: {nonsense\n\n"]),
    "reset after the head": play(head(200, "text/event-stream"), RESET),
    "closed after the head": play(head(200, "text/event-stream"), CLOSE),
    "html": reply(b"<html></html>", type="text/html"),
    "json error": reply({"error": {"message": "busy", "code": 503}}),
}


@pytest.mark.parametrize("fault", EARLY)
def test_faults_before_anything_was_sent(rig, fault):
    """Then the client still gets a real status."""
    rig.large.script(EARLY[fault])
    response = rig.ask(model="large", stream=True)
    assert response.status == 502, response
    assert response.error["code"] == "upstream_error"


def test_upstream_is_let_go(rig):
    """After a garbage event the call is ended at once."""
    rig.large.script(stream(START + [b"data: {nonsense\n\n", 3600]))
    sse.check_cut(rig.ask(model="large", stream=True), "large")
    rig.large.wait_gone(timeout=2)


def test_cheap_tier_that_streams_unasked(rig):
    """An event stream to a buffered call is no reply."""
    rig.small.script(stream(START + [finish_chunk()]))
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") in ("backend_error", "verifier_error",
                                          "no_signal")


def test_connection_can_be_used_after_an_error_event(rig):
    """Or it is closed; but it is never out of step."""
    rig.large.script(FAULTS["error event"], answer("Fine."))
    with rig.connect() as client:
        for _ in range(2):
            client.post({"model": "large", "messages": [], "stream": True})
            response = client.read()
            if not response.whole:
                break
            if b"error" not in response.body:
                sse.check(response, "large", live=True)
            if response.header("Connection") == "close":
                break
            if client.is_closed(0.1):
                break
