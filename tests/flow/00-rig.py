# SPDX-License-Identifier: Apache-2.0
"""The scripted upstream and the checkers, tried without a daemon."""

import http.client
import json
import time

import pytest

from flow import schema, sse, yaml_text
from flow.gateway import Metrics
from flow.http1 import Client, Response
from flow.patience import until
from stub import (CLOSE, HANG, RESET, answer, chunk, completion, error,
                  finish_chunk, hang, head, pairs, play, refused_port, reply,
                  reset, role_chunk, segmented, sliced_tool_call, stream,
                  tool_call, usage_chunk)

STREAM_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; "
               b"charset=utf-8\r\nCache-Control: no-store\r\n"
               b"X-Accel-Buffering: no\r\nx-request-id: r1\r\n"
               b"Transfer-Encoding: chunked")


@pytest.fixture
def up(yard):
    """One upstream."""
    return yard.upstream()


def ask(up, **fields):
    """A chat request by the standard library's client."""
    link = http.client.HTTPConnection("127.0.0.1", up.port, timeout=5)
    link.request("POST", "/v1/chat/completions",
                 json.dumps({"model": "m", **fields}),
                 {"Content-Type": "application/json"})
    return link.getresponse()


def test_records_what_it_was_asked(up):
    """Head, headers, body bytes and times are kept as they came."""
    up.script(answer("Oslo"))
    body = json.loads(ask(up, seed=7).read())
    assert body["choices"][0]["message"]["content"] == "Oslo"
    assert body["choices"][0]["logprobs"] is None
    schema.check("CreateChatCompletionResponse", body)
    call = up.call
    assert call.body == b'{"model": "m", "seed": 7}'
    assert call.header("content-type") == "application/json"
    assert call.started <= call.arrived <= call.ended
    assert up.gauge == 0 and up.gauge_max == 1


def test_obeys_like_a_server(up):
    """logprobs, top_logprobs, n, stream and include_usage are honoured."""
    up.script(answer("Oslo it is", score=0.25))
    body = json.loads(ask(up, logprobs=True, top_logprobs=2, n=2).read())
    entries = body["choices"][1]["logprobs"]["content"]
    assert [e["token"] for e in entries] == ["Oslo", " it", " is"]
    assert len(entries[0]["top_logprobs"]) == 2
    text = ask(up, stream=True,
               stream_options={"include_usage": True}).read().decode()
    events = [json.loads(e[6:]) for e in text.split("\n\n")[:-2]]
    assert text.endswith("data: [DONE]\n\n")
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert events[-1]["usage"]["total_tokens"] == 18
    for event in events:
        schema.check("CreateChatCompletionStreamResponse", event)


def test_queue_repeats_its_last(up):
    """Behaviours are used in order; the last stays."""
    up.script(error(500), answer("b"))
    assert [ask(up).status for _ in range(3)] == [500, 200, 200]
    up.answer_by(lambda call: error(400 + call.json["k"]))
    assert ask(up, k=22).status == 422


def test_faults_are_exact(up):
    """Refused, reset, half a body, a stalled head: each as told."""
    up.script(reset(), play(head(200, length=100), b"{", CLOSE),
              play(head(200, length=10), b"{", RESET))
    with pytest.raises(ConnectionError):
        ask(up)
    for _ in range(2):
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            ask(up).read()
    with pytest.raises(ConnectionRefusedError):
        Client(refused_port().port)
    up.close_port()
    with pytest.raises(ConnectionRefusedError):
        Client(up.port)
    up.open_port()
    up.script(reply(b"", 204, length=False))
    assert ask(up).status == 204


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_notes_when_the_peer_leaves(up, leave):
    """The time of a FIN or RST is known at once, and later calls are not."""
    up.script(hang())
    client = Client(up.port)
    client.post({"model": "m"})
    up.wait_calls(1)
    left = time.monotonic()
    getattr(client, leave)()
    assert up.wait_gone() - left < 0.1
    assert up.gauge == 0 and up.last.ended is None
    assert not up.faults


def test_counts_what_the_peer_took(up):
    """A stream that nobody reads stops growing."""
    up.script(stream([chunk({"content": "x" * 10000})] * 5000))
    client = Client(up.port, rcvbuf=4096)
    client.post({"model": "m"})
    up.wait(lambda u: u.calls and u.last.sent > 10000)
    time.sleep(0.5)
    before = up.last.sent
    time.sleep(0.3)
    assert up.last.sent == before < 20_000_000
    client.reset()
    up.wait_gone()


def test_one_byte_segments(up):
    """Segmented replies are the same bytes."""
    up.script(segmented(reply(completion("slow"))))
    assert json.loads(ask(up).read())["choices"][0]["message"]["content"] == "slow"


def test_refused_streams_end_early(up):
    """A stream may lack its [DONE] or its last chunk."""
    up.script(stream([role_chunk()], done=False, end=CLOSE))
    with pytest.raises(http.client.IncompleteRead):
        ask(up).read()
    up.script(play(head(200, "text/event-stream"), HANG))
    client = Client(up.port, timeout=0.2)
    client.post({})
    assert client.read_head().status == 200


def good_stream(*changes):
    """Chunks of a sound stream with a long id."""
    items = [role_chunk(), chunk({"content": "a"}), finish_chunk()]
    for item in items:
        item["id"] = "chatcmpl-0123456789abcdef"
    for at, change in changes:
        items[at] = {**items[at], **change}
    return items


def response_of(items, done=b"data: [DONE]\n\n"):
    """A stream response made of these."""
    response = Response(STREAM_HEAD)
    response.whole = True
    response.body = b"".join(b"data: %s\n\n" % json.dumps(i).encode()
                             for i in items) + done
    return response


def test_grammar_accepts_a_sound_stream():
    """The strict checker takes what WIRE 3.2 describes."""
    found = sse.check(response_of(good_stream()), "upstream-model")
    assert found.text() == "a" and found.finish() == "stop"
    calls = [tool_call(), tool_call("other", '{"a": [1,2,3]}', 2)]
    items = [role_chunk(None)] + [chunk(d) for at, call in enumerate(calls)
                                  for d in sliced_tool_call(call, at)]
    items += [finish_chunk("tool_calls")]
    for item in items:
        item.update(id="chatcmpl-0123456789abcdef", usage=None)
    items.append({**usage_chunk(), "id": "chatcmpl-0123456789abcdef"})
    found = sse.check(response_of(items), "upstream-model", usage=True)
    assert found.tool_calls() == calls


BAD = {
    "id varies": [(1, {"id": "chatcmpl-other-0123456789"})],
    "created varies": [(1, {"created": 5})],
    "role late": [(0, {"choices": chunk({"content": ""})["choices"]})],
    "role twice": [(1, {"choices": role_chunk()["choices"]})],
    "no finish": [(2, {"choices": chunk({})["choices"]})],
    "uninvited usage": [(2, {"usage": None})],
    "no choices": [(1, {"choices": []})],
    "null error": [(1, {"error": None})],
}


@pytest.mark.parametrize("fault", BAD)
def test_grammar_refuses(fault):
    """Each broken rule is seen."""
    with pytest.raises((AssertionError, TypeError, IndexError, KeyError)):
        sse.check(response_of(good_stream(*BAD[fault])), "upstream-model")


@pytest.mark.parametrize("tail", [
    b"", b"data: [DONE]\n", b"id: 3\n\ndata: [DONE]\n\n",
    b": ping\n\ndata: [DONE]\n\n", b"data: [DONE]\n\ndata: [DONE]\n\n",
    b"event: end\ndata: [DONE]\n\n", b"data:\n\ndata: [DONE]\n\n"])
def test_grammar_refuses_other_events(tail):
    """Nothing but data and the one-newline comment, and one [DONE]."""
    with pytest.raises((AssertionError, json.JSONDecodeError)):
        sse.check(response_of(good_stream(), tail), "upstream-model")


def test_schemas_refuse():
    """The published schemas find a missing member and a wrong type."""
    sound = completion("x", logprobs=[])
    schema.check("CreateChatCompletionResponse", sound)
    for change in ({"choices": [{}]}, {"created": "now"}, {"id": None}):
        with pytest.raises(AssertionError):
            schema.check("CreateChatCompletionResponse", {**sound, **change})
    with pytest.raises(AssertionError):
        schema.check("ErrorResponse", {"error": {"message": "x"}})


def test_yaml_and_metrics_text():
    """What we write is YAML, what we read is Prometheus text."""
    text = yaml_text.emit({"a": {"b": "10s", "c": "1:2"}, "d": [{"e": True}]})
    assert text == 'a:\n  b: 10s\n  c: "1:2"\nd: [{e: true}]'
    found = Metrics('# TYPE x_inflight gauge\nx_inflight{a="1",b="q\\"d"} 2\n'
                    'x_inflight{a="2"} 1e3\ny_total 4\n')
    assert found.sum("x_inflight") == 1002 and found.sum("x_inflight", a="1") == 2
    assert len(found.busy()) == 2
    assert pairs("a b", 0.5)[1][0] == " b"
    until(lambda: True)
