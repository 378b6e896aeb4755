# SPDX-License-Identifier: Apache-2.0
"""What a client does wrong is told in OpenAI's words."""

import re

import pytest

from flow.gateway import question

MALFORMED = {
    "cut off": (b'{"model":"auto","messages":[', 28),
    "no quotes": (b'{"model":"auto",messages:[]}', 16),
    "trailing comma": (b'{"model":"auto","messages":[],}', 30),
    "bare word": (b'{"model":"auto","messages":[nope]}', 28),
    "two values": (b'{"model":"auto","messages":[]} {}', 31),
    "bad UTF-8": (b'{"model":"auto","messages":[],"x":"\xff"}', 35),
    "overlong UTF-8": (b'{"model":"auto","messages":[],"x":"\xc0\xaf"}', 35),
    "control byte": (b'{"model":"auto","messages":[],"x":"\x01"}', 35),
    "leading zero": (b'{"model":"auto","messages":[],"n":01}', 35),
    "bad escape": (b'{"model":"auto","messages":[],"x":"\\q"}', 36),
    "single quotes": (b"{'model':'auto'}", 1),
    "nothing": (b"", 0), "white space": (b"  \n ", 4),
    "array": (b'["auto"]', 0), "string": (b'"auto"', 0), "null": (b"null", 0),
    "form": (b"model=auto", 0),
}


def expect_400(response, param):
    """invalid_request_error about that parameter."""
    assert response.status == 400, response
    assert response.error["type"] == "invalid_request_error"
    assert response.error["param"] == param
    return response.error


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(rig, case):
    """Not a JSON object: 400 with the byte where it breaks."""
    body, offset = MALFORMED[case]
    error = expect_400(rig.post(body), None)
    assert error["code"] is None
    numbers = [int(n) for n in re.findall(r"\d+", error["message"])]
    assert any(abs(n - offset) <= 2 for n in numbers), error["message"]
    assert not rig.small.calls and not rig.large.calls


@pytest.mark.parametrize("fields,param", [
    ({"model": None}, "model"), ({"model": 7}, "model"),
    ({"model": ["auto"]}, "model"), ({"model": {}}, "model"),
    ({"model": "@absent"}, "model"),
    ({"messages": None}, "messages"), ({"messages": "hi"}, "messages"),
    ({"messages": {}}, "messages"), ({"messages": "@absent"}, "messages"),
    ({"stream": "yes"}, "stream"), ({"stream": 1}, "stream"),
    ({"stream": []}, "stream"), ({"n": "2"}, "n"), ({"n": 1.5}, "n"),
    ({"n": []}, "n")])
def test_ill_typed(rig, fields, param):
    """Missing or of the wrong type: 400 that names the member."""
    body = {k: v for k, v in {**question(), **fields}.items()
            if v != "@absent"}
    expect_400(rig.post(body), param)
    assert not rig.small.calls and not rig.large.calls


def test_unknown_model_comes_first(rig):
    """The name is looked up before the messages are judged."""
    response = rig.post({"model": "nobody"})
    assert response.status == 404
    assert response.error["code"] == "model_not_found"
    assert response.error["param"] == "model"
    assert "nobody" in response.error["message"]


def test_messages_are_the_upstreams_to_judge(rig):
    """Roles and contents are not ours."""
    response = rig.ask(messages=[{"role": "wizard", "content": 7}, 3])
    assert response.status == 200
    assert rig.small.call.json["messages"][1] == 3


@pytest.mark.parametrize("path", [
    "/", "/v1", "/v1/", "/v1/nothing", "/v1/chat", "/v1/chat/completion",
    "/V1/chat/completions", "/v1/Chat/completions", "/v2/chat/completions",
    "/v1/v1/chat/completions", "/v1/chat/completions/x", "/favicon.ico"])
def test_unknown_paths(rig, path):
    """JSON, not HTML."""
    for response in (rig.get(path), rig.post(question(), path)):
        assert response.status == 404, response
        assert response.error["code"] == "unknown_url"
        assert response.error["type"] == "invalid_request_error"
        assert response.error["param"] is None
    assert not rig.small.calls


@pytest.mark.parametrize("method,path,allow", [
    ("GET", "/v1/chat/completions", "POST"),
    ("PUT", "/v1/chat/completions", "POST"),
    ("DELETE", "/chat/completions", "POST"),
    ("PATCH", "/v1/chat/completions", "POST"),
    ("BREW", "/v1/chat/completions", "POST"),
    ("POST", "/v1/models", "GET"), ("DELETE", "/v1/models/auto", "GET")])
def test_wrong_method(rig, method, path, allow):
    """405 with Allow, and the error in JSON."""
    response = rig.request(method, path, b"{}" if method != "GET" else b"")
    assert response.status == 405
    assert allow in [m.strip() for m in response.header("Allow").split(",")]
    assert response.error["type"] == "invalid_request_error"


def test_head_has_no_body(rig):
    """HEAD is answered without one, and the connection goes on."""
    with rig.connect() as client:
        client.ask("HEAD", "/v1/models")
        assert client.read("HEAD").status in (200, 405)
        client.ask("GET", "/v1/models")
        assert client.read().json["object"] == "list"


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "br", "gzip, identity"])
def test_encoded_bodies(rig, encoding):
    """Content codings are not taken."""
    response = rig.ask(headers={"Content-Encoding": encoding})
    assert response.status == 415
    assert response.error["code"] == "unsupported_content_encoding"
    assert not rig.small.calls


def test_identity_is_no_encoding(rig):
    """`Content-Encoding: identity` says nothing."""
    assert rig.ask(headers={"Content-Encoding": "identity"}).status == 200


def test_content_type_is_not_judged(rig):
    """`curl -d` calls everything a form."""
    response = rig.ask(headers={
        "Content-Type": "application/x-www-form-urlencoded"})
    assert response.content == "From small."


def test_a_client_error_keeps_the_connection(rig):
    """After a 400 or 404 the next request is served on the same connection."""
    with rig.connect() as client:
        for body, status in ((b"{", 400), (b'{"model":"x"}', 404)):
            client.post(body)
            assert client.read().status == status
        client.post(question())
        assert client.read().status == 200


def test_errors_are_counted(rig):
    """client_error in log and metrics."""
    before = rig.metrics().sum("frugald_requests_total", outcome="client_error")
    response = rig.post({"model": "auto"})
    rig.wait_log(response.header("x-request-id"), "client_error", "status=400")
    after = rig.metrics().sum("frugald_requests_total", outcome="client_error")
    assert after == before + 1


def test_prompt_text_is_not_echoed(rig):
    """A broken body may hold secrets: not in the reply, not in the log."""
    response = rig.post(b'{"model":"auto","messages":[CANARY-7731')
    assert b"CANARY" not in response.body
    assert "CANARY" not in rig.log()
