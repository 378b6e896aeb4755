# SPDX-License-Identifier: Apache-2.0
"""The client's bytes are spliced, never rewritten.

@ stands for the model's name with its quotes in each body."""

import json

import pytest

from flow import sse
from flow.gateway import question
from stub import answer

MESSAGES = b'"messages":[{"role":"user","content":"Hi"}]'
HOSTILE = {
    "plain": b'{"model":@,' + MESSAGES + b"}",
    "model last": b"{" + MESSAGES + b',"model":@}',
    "white space": b' \r\n\t{ "model" :\t@ ,\n' + MESSAGES + b" \r\n}\n\n",
    "escaped key": b'{"mod\\u0065l":@,' + MESSAGES + b"}",
    "two models": b'{"model":@,' + MESSAGES + b',"model":@}',
    "model twice, once escaped": b'{"\\u006dodel":@,"model":@,' + MESSAGES + b"}",
    "int64 seed": b'{"model":@,"seed":9223372036854775807,' + MESSAGES + b"}",
    "huge number": b'{"model":@,"seed":123456789012345678901234567890,'
                   + MESSAGES + b"}",
    "floats": b'{"model":@,"temperature":1e-7,"top_p":0.10,"x":-0.0,"y":1E+2,'
              b'"z":1.0000000000000000001,' + MESSAGES + b"}",
    "unknown members": b'{"x_a":null,"model":@,"chat_template_kwargs":{"a":[1,'
                       b'{"b":[]}]},"":{},' + MESSAGES + b',"top_k":40}',
    "same names inside": b'{"messages":[{"role":"user","content":"Hi","model":'
                         b'"auto","stream":true,"logprobs":true,"n":3}],'
                         b'"metadata":{"model":"auto","stream":"true"},'
                         b'"model":@}',
    "names in strings": b'{"model":@,"user":"\\"model\\":\\"auto\\",",'
                        b'"messages":[{"role":"user","content":'
                        b'"{\\"model\\":\\"auto\\"}"}]}',
    "escapes": b'{"model":@,"messages":[{"role":"user","content":'
               b'"\\u00e9\\n\\/\\ud83e\\udd8a\\\\\\"\\b\\f\\t\\u0000"}]}',
    "lone surrogate": b'{"model":@,"messages":[{"role":"user","content":'
                      b'"\\ud800 x \\udfff"}]}',
    "utf-8": '{"model":@,"messages":[{"role":"user","content":"é🦊\u2028"}],'
             '"ключ":"значение"}'.encode(),
    "duplicates": b'{"model":@,"seed":1,"seed":2,"messages":[],' + MESSAGES
                  + b"}",
    "deep": b'{"model":@,' + MESSAGES + b',"x":' + b"[" * 498 + b"]" * 498
            + b"}",
    "wide": b'{"model":@,' + MESSAGES + b',"x":[' + b",".join(
        [b'{"a":1}'] * 20000) + b"]}",
    "long string": b'{"model":@,"messages":[{"role":"user","content":"'
                   + b"word " * 200_000 + b'"}]}',
    "tools": b'{"model":@,' + MESSAGES + b',"tools":[{"type":"function",'
             b'"function":{"parameters":{"z":1,"a":2,"m":3},"name":"f"}}],'
             b'"tool_choice":"none"}',
    "stream false": b'{"model":@,"stream":false,' + MESSAGES + b"}",
    "stream null": b'{"model":@,"stream":null,"n":null,' + MESSAGES + b"}",
    "no messages": b'{"model":@,"messages":[]}',
}


def body_for(template, name):
    """The body with that model."""
    return template.replace(b"@", json.dumps(name).encode())


@pytest.mark.parametrize("case", HOSTILE)
def test_direct(rig, case):
    """A named backend gets the client's bytes but for the name."""
    response = rig.post(body_for(HOSTILE[case], "large"))
    assert response.status == 200, response
    assert rig.large.call.body == body_for(HOSTILE[case], "large-model")


@pytest.mark.parametrize("case", HOSTILE)
def test_escalated(rig, case):
    """So does the terminal tier after a rejected cheap answer."""
    rig.small.script(answer("hm", score=0.1))
    response = rig.post(body_for(HOSTILE[case], "auto"))
    assert response.frugald("backend") == "large", response
    assert rig.large.call.body == body_for(HOSTILE[case], "large-model")


EDITED = {"model", "stream", "stream_options", "logprobs", "top_logprobs"}


def members(body):
    """Top-level members in order, duplicates kept, numbers as text."""
    levels = []

    def keep(pairs):
        levels.append(pairs)
        return pairs
    json.loads(body, object_pairs_hook=keep, parse_int=str, parse_float=str)
    return levels[-1]


@pytest.mark.parametrize("case", HOSTILE)
def test_cheap(rig, case):
    """The verified tier gets the same members, but for those that must change."""
    body = body_for(HOSTILE[case], "auto")
    assert rig.post(body).frugald("backend") == "small"
    sent = rig.small.call.body
    assert [m for m in members(sent) if m[0] not in EDITED] == \
        [m for m in members(body) if m[0] not in EDITED]
    found = [m for m in members(sent) if m[0] in EDITED]
    assert {v for k, v in found if k == "model"} == {"small-model"}
    assert {v for k, v in found if k == "logprobs"} == {True}
    assert {v for k, v in found if k == "top_logprobs"} == {"5"}
    assert {v for k, v in found if k == "stream"} <= {False, None}
    assert "stream_options" not in [k for k, _ in found]


@pytest.mark.parametrize("case", HOSTILE)
def test_cheap_bytes_outside_the_splices(rig, case):
    """What stands between the edited members is byte for byte the client's."""
    body = body_for(HOSTILE[case], "auto")
    rig.post(body)
    sent = rig.small.call.body
    start = body.index(b'"messages"')
    longest = max(body[start:].split(b'"model":"auto"'), key=len)
    for edited in (b'"stream":', b"}\n\n", b" \r\n}"):
        longest = longest.split(edited)[0]
    assert longest.rstrip(b"}, \r\n") in sent


@pytest.mark.parametrize("members_", [
    b'"logprobs":false', b'"logprobs":null,"top_logprobs":null',
    b'"logprobs":false,"logprobs":true,"top_logprobs":1',
    b'"top_logprobs":0,"logprobs":true', b'"logpro\\u0062s":true',
    b'"stream":false,"stream":null', b'"stream_options":null',
    b'"stre\\u0061m":false,"stream_options":{"include_usage":true}'])
def test_members_that_are_set(rig, members_):
    """Whatever spelling the client used, one meaning goes upstream."""
    body = b'{"model":"auto",' + members_ + b"," + MESSAGES + b"}"
    assert rig.post(body).frugald("backend") == "small"
    sent = dict(members(rig.small.call.body))
    assert sent["logprobs"] is True and int(sent["top_logprobs"]) >= 5
    assert not sent.get("stream")
    assert "stream_options" not in sent
    assert all(v is True for k, v in members(rig.small.call.body)
               if k == "logprobs")


@pytest.mark.parametrize("last", [b"true", b"false"])
def test_the_last_of_two_wins(rig, last):
    """stream given twice: the last one counts, as parsers have it."""
    other = b"false" if last == b"true" else b"true"
    body = (b'{"model":"large","stream":' + other + b"," + MESSAGES
            + b',"stream":' + last + b"}")
    response = rig.post(body)
    if last == b"true":
        assert sse.check(response, "large").text() == "From large."
    else:
        assert response.content == "From large."


def test_the_last_model_wins(rig):
    """And all of them are rewritten, so that no parser sees another."""
    body = b'{"model":"nobody",' + MESSAGES + b',"model":"large"}'
    assert rig.post(body).json["model"] == "large"
    assert rig.large.call.body == \
        b'{"model":"large-model",' + MESSAGES + b',"model":"large-model"}'


@pytest.mark.parametrize("depth,status", [(500, 200), (600, 400), (90000, 400)])
def test_depth(rig, depth, status):
    """512 levels are allowed; more is a 400, and quick."""
    body = (b'{"model":"large",' + MESSAGES + b',"x":' + b'{"a":[' * (depth // 2)
            + b"]}" * (depth // 2) + b"}")
    response = rig.post(body)
    assert response.status == status
    assert response.seconds < 1


def test_max_completion_tokens_stays(rig):
    """No spelling is changed for servers that know both."""
    rig.ask(max_completion_tokens=5)
    sent = rig.small.call.json
    assert sent["max_completion_tokens"] == 5 and "max_tokens" not in sent


def test_body_in_chunks(rig):
    """A chunked upload is the same body."""
    body = json.dumps(question(model="large")).encode()
    with rig.connect() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                    b"Content-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n")
        for byte in range(len(body)):
            client.send(b"1;ext=1\r\n" + body[byte:byte + 1] + b"\r\n")
        client.send(b"0\r\n\r\n")
        assert client.read().content == "From large."
    assert rig.large.call.body == body.replace(b'"large"', b'"large-model"')
    assert rig.large.call.header("Transfer-Encoding") is None
