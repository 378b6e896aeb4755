# SPDX-License-Identifier: Apache-2.0
"""What the terminal tier does wrong is told without its secrets."""

import gzip
import json

import pytest

from flow.gateway import question
from stub import (CLOSE, HANG, answer, chunked, completion, error, hang, head,
                  play, refused_port, reply, reset)

CONFIG = {"backends": {"large": {"timeout": {
    "first_byte": "400ms", "idle": "400ms", "total": "600ms"}}},
    "limits": {"max_reply": "64KiB"}}
STREAMS = pytest.mark.parametrize("stream", [False, True])


def ask(rig, stream=False, model="large"):
    """Asks the dear backend."""
    return rig.ask(model=model, stream=stream)


def expect(response, status, code, type="server_error"):
    """An error in the contract's words."""
    assert response.status == status, response
    assert response.error["code"] == code
    assert response.error["type"] == type
    return response


@STREAMS
@pytest.mark.parametrize("status", [401, 402, 403])
def test_our_key_is_wrong(rig, status, stream):
    """Never told as 401: users would rotate their own key."""
    rig.large.script(error(status, "Incorrect API key CANARY-KEY",
                           code="invalid_api_key",
                           WWW_Authenticate="Bearer"))
    response = expect(ask(rig, stream), 502, "upstream_auth_failed")
    assert response.header("x-should-retry") == "false"
    assert response.header("WWW-Authenticate") is None
    assert b"CANARY-KEY" not in response.body
    assert "CANARY-KEY" not in rig.log()


@STREAMS
def test_rate_limited(rig, stream):
    """429 is passed on with the time to wait."""
    rig.large.script(error(429, "Rate limit reached", "rate_limit_exceeded",
                           "requests", Retry_After="7", retry_after_ms="6543"))
    response = ask(rig, stream)
    assert response.status == 429
    assert response.error["code"] == "rate_limit_exceeded"
    assert response.header("Retry-After") == "7"
    assert response.header("retry-after-ms") == "6543"


def test_quota_spent(rig):
    """No retry will help."""
    rig.large.script(error(429, "You exceeded your current quota",
                           "insufficient_quota", "insufficient_quota"))
    response = ask(rig)
    assert response.status == 429
    assert response.error["code"] == "insufficient_quota"
    assert response.header("x-should-retry") == "false"


CONTEXT = {
    "openai": error(400, "This model's maximum context length is 8192 tokens.",
                    code="context_length_exceeded", param="messages"),
    "vllm": reply({"error": {
        "message": "This model's maximum context length is 4096 tokens. "
                   "However, you requested 5000 tokens.",
        "type": "BadRequestError", "param": None, "code": 400}}, 400),
    "llama.cpp": reply({"error": {
        "code": 400, "message": "the request exceeds the available context "
        "size, try increasing it", "type": "exceed_context_size_error"}}, 400),
}


@pytest.mark.parametrize("server", CONTEXT)
def test_context_length(rig, server):
    """One word for what every server says differently."""
    rig.large.script(CONTEXT[server])
    response = expect(ask(rig), 400, "context_length_exceeded",
                      "invalid_request_error")
    assert response.error["param"] == "messages"


@STREAMS
@pytest.mark.parametrize("status", [400, 422])
def test_shape_of_openai(rig, status, stream):
    """A sound error is passed on member by member."""
    rig.large.script(error(status, "temperature is too high", "bad_value",
                           param="temperature"))
    response = ask(rig, stream)
    assert response.status == status
    assert response.error["message"] == "temperature is too high"
    assert response.error["code"] == "bad_value"
    assert response.error["param"] == "temperature"


SHAPES = {
    "int code": (reply({"error": {"message": "too hot", "type": "BadRequest"
                                  "Error", "param": None, "code": 400}}, 400),
                 "too hot"),
    "no members": (reply({"error": {"message": "too hot"}}, 400), "too hot"),
    "flat": (reply({"object": "error", "message": "too hot", "code": 400},
                   400), "too hot"),
    "string": (reply({"error": "too hot", "error_type": "validation"}, 400),
               "too hot"),
    "detail": (reply({"detail": "too hot"}, 400), "too hot"),
    "detail list": (reply({"detail": [{"loc": ["body"], "msg": "too hot"}]},
                          400), ""),
    "array": (reply([{"error": {"code": 400, "message": "too hot",
                                "status": "INVALID_ARGUMENT"}}], 400), ""),
    "innererror": (reply({"error": {
        "message": "filtered", "type": None, "param": "prompt",
        "code": "content_filter", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, 400),
        "filtered"),
    "html": (reply(b"<html><b>400</b></html>", 400, type="text/html"), ""),
    "empty": (reply(b"", 400), ""), "text": (reply(b"bad", 400), ""),
    "broken": (reply(b'{"error":{"mess', 400), ""),
    "null": (reply({"error": None}, 400), ""),
    "gzip": (reply(gzip.compress(b'{"error":{"message":"x"}}'), 400,
                   Content_Encoding="gzip"), ""),
    "422": (reply({"error": {"message": "too hot"}}, 422), "too hot"),
    "413": (reply({"error": {"message": "too hot"}}, 413), ""),
}


@STREAMS
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(rig, shape, stream):
    """Whatever the upstream's shape, the client gets the four members."""
    behaviour, message = SHAPES[shape]
    rig.large.script(behaviour)
    response = ask(rig, stream)     # the contract is checked on the way
    assert 400 <= response.status < 500 or shape == "gzip", response
    assert message in response.error["message"]
    assert "<html>" not in response.error["message"]


@STREAMS
@pytest.mark.parametrize("status", [500, 501, 502, 503, 529])
def test_5xx(rig, status, stream):
    """One bad reply is a 502, and its text stays here."""
    rig.large.script(error(status, "stack trace CANARY-TRACE"))
    response = expect(ask(rig, stream), 502, "upstream_error")
    assert response.header("x-should-retry") == "false"
    assert b"CANARY" not in response.body
    assert len(rig.large.calls) == 1


GARBAGE = {
    "redirect": reply(b"", 302, Location="http://127.0.0.1:1/"),
    "307": reply(b"", 307, Location="/v1/chat/completions"),
    "204": reply(b"", 204, length=False),
    "gzip": reply(gzip.compress(json.dumps(completion()).encode()),
                  Content_Encoding="gzip"),
    "html": reply(b"<html></html>", type="text/html"),
    "empty": reply(b""), "text": reply(b"hello"),
    "truncated json": reply(b'{"id":"x","choices":['),
    "no choices": reply({**completion(), "choices": []}),
    "error in 200": reply({"error": {"message": "CANARY", "code": 503}}),
    "reset": reset(), "closed": play(CLOSE),
    "not http": play(b"SSH-2.0-OpenSSH\r\n", CLOSE),
    "short body": play(head(length=1000), b"{}", CLOSE),
    "two lengths": play(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
                        b"Content-Length: 3\r\n\r\n{} ", CLOSE),
    "bad chunk": play(head(), b"xyz\r\n", CLOSE),
    "endless": play(head(), *[chunked(b" " * 30_000)] * 200, HANG),
}


@STREAMS
@pytest.mark.parametrize("fault", GARBAGE)
def test_garbage(rig, fault, stream):
    """No sound reply: 502, no redirect followed."""
    rig.large.script(GARBAGE[fault])
    response = expect(ask(rig, stream), 502, "upstream_error")
    assert b"CANARY" not in response.body
    # A connection that was reset before any byte came may be tried anew.
    assert len(rig.large.calls) <= (
        2 if fault in ("reset", "closed") else 1)
    row = rig.row(response)
    assert row["outcome"] == "upstream_error" and row["status"] == 502


@STREAMS
def test_slow(rig, stream):
    """504 when its time is up, and the upstream sees the end."""
    rig.large.script(hang())
    response = expect(ask(rig, stream), 504, "upstream_timeout")
    assert response.header("x-should-retry") == "false"
    assert 0.3 < response.seconds < 1.2
    rig.large.wait_gone()
    assert rig.row(response)["status"] == 504


@STREAMS
def test_both_fail(rig, stream):
    """The cheap one broken, the dear one broken: the last one's fault."""
    rig.small.script(error(500))
    rig.large.script(error(500))
    response = expect(ask(rig, stream, "auto"), 502, "upstream_error")
    assert len(rig.small.calls) == len(rig.large.calls) == 1
    assert response.frugald("attempts") in (None, "2")


@STREAMS
def test_both_refused(yard, stream):
    """Nothing could be connected: 503, come again soon."""
    closed = refused_port()
    rig = yard.rig(backends={"small": {"base_url": closed.url},
                             "large": {"base_url": closed.url}})
    for model in ("auto", "large"):
        response = expect(ask(rig, stream, model), 503, "no_backend_available")
        assert 1 <= int(response.header("Retry-After")) <= 5
        assert response.seconds < 1
    closed.close()


def test_one_refused_one_broken(yard):
    """One could be connected: 502."""
    closed = refused_port()
    rig = yard.rig(backends={"small": {"base_url": closed.url}})
    rig.large.script(error(500))
    expect(ask(rig, model="auto"), 502, "upstream_error")
    closed.close()


def test_rejected_then_refused(yard):
    """The cheap answer was not good enough and the dear one is down."""
    closed = refused_port()
    rig = yard.rig(backends={"large": {"base_url": closed.url}})
    rig.small.script(answer("Bergen.", score=0.1))
    response = ask(rig, model="auto")
    assert response.status in (502, 503)
    assert b"Bergen" not in response.body
    closed.close()


def test_unknown_host(yard):
    """A name that does not resolve is like a refused connection."""
    rig = yard.rig(backends={"large": {
        "base_url": "http://no-such-host.invalid/v1"}})
    expect(ask(rig), 503, "no_backend_available")


def test_gateway_key_reaches_its_upstream_only(yard, monkeypatch):
    """api_key goes into Authorization, the client's own never does."""
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream-CANARY")
    rig = yard.rig(backends={"large": {"api_key": "env:UPSTREAM_KEY"}})
    response = rig.post(question(model="large"),
                        headers={"Authorization": "Bearer mine"})
    assert response.status == 200
    assert rig.large.call.header("Authorization") == "Bearer sk-upstream-CANARY"
    assert "CANARY" not in rig.log()
    rig.ask(model="small", headers={"Authorization": "Bearer mine"})
    assert rig.small.call.header("Authorization") is None


def test_upstreams_headers_stay_away(rig):
    """Cookies, servers and encodings of the upstream are not passed on."""
    rig.large.script(reply(completion("Oslo."), Set_Cookie="__cf_bm=1",
                           Server="uvicorn", CF_Ray="1", Alt_Svc="h3",
                           Strict_Transport_Security="max-age=1",
                           Keep_Alive="timeout=1", x_request_id="theirs"))
    response = ask(rig)
    names = {name.lower() for name, _ in response.headers}
    assert not names & {"set-cookie", "server", "cf-ray", "alt-svc",
                        "strict-transport-security"}
    assert response.header("x-request-id") != "theirs"
    assert "Server" not in names
