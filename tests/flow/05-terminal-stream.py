# SPDX-License-Identifier: Apache-2.0
"""The terminal tier is streamed through live, whatever dialect it speaks."""

import json
import time

import pytest

from flow import contract, sse
from flow.gateway import question
from stub import (answer, chunk, completion, error, finish_chunk, reply,
                  role_chunk, stream, usage_chunk)


def ask(rig, live=True, usage=False, model="large", **fields):
    """A stream from the dear backend, checked; (response, stream)."""
    response = contract.check(rig.ask(model=model, stream=True, **fields))
    return response, sse.check(response, model, usage, live=live)


def test_chunks_come_as_they_are_made(rig):
    """The client has the first word long before the last is made."""
    rig.large.script(answer("one two three four five", pause=0.1))
    with rig.connect() as client:
        client.post(question(model="large", stream=True))
        start = time.monotonic()
        response = client.read_head()
        while b"one" not in response.body:
            client.read_chunk(response)
        first = time.monotonic() - start
        client.read_body(response)
        whole = time.monotonic() - start
    assert first < 0.35 < 0.5 < whole
    assert sse.check(response, "large").text() == "one two three four five"


def test_small_chunks_are_not_held_back(rig):
    """Each chunk is forwarded within milliseconds (no Nagle, no batching)."""
    rig.large.script(answer(" ".join("abcdefghij"), pause=0.02))
    with rig.connect() as client:
        client.post(question(model="large", stream=True))
        response = client.read_head()
        times = []
        while client.read_chunk(response):
            times.append(time.monotonic())
    assert len(times) >= 10
    assert times[-1] - times[0] > 0.15


def test_usage_is_asked_for_and_kept_from_the_client(rig):
    """Our books need it; a client that did not ask never sees it."""
    _, found = ask(rig, live=False)
    assert rig.large.call.json["stream_options"] == {"include_usage": True}
    assert found.text() == "From large."


def test_usage_when_the_client_asks(rig):
    """Then its chunk is the last, and the body is the client's own."""
    body = json.dumps(question(
        model="large", stream=True,
        stream_options={"include_usage": True})).encode()
    response = contract.check(rig.post(body))
    found = sse.check(response, "large", usage=True)
    assert found.usage["total_tokens"] == 18
    assert rig.large.call.body == body.replace(b'"large"', b'"large-model"')


def test_usage_refused_by_the_client(rig):
    """include_usage: false is turned over upstream only; the rest stays."""
    ask(rig, stream_options={"include_usage": False,
                             "include_obfuscation": False})
    assert rig.large.call.json["stream_options"] == {
        "include_usage": True, "include_obfuscation": False}


@pytest.mark.parametrize("options", [None, {}])
def test_empty_stream_options(rig, options):
    """null and {} are filled in."""
    ask(rig, stream_options=options)
    assert rig.large.call.json["stream_options"]["include_usage"] is True


def test_the_rest_of_the_body_is_untouched(rig):
    """The stream's options are spliced in, nothing else moves."""
    body = (b'{ "model" : "large",\n\t"stream":true, "seed": 123456789012345678'
            b'90, "x": 1e-7, "messages" : [ {"role":"user","content":"\\u0041"}'
            b' ] }')
    sse.check(rig.post(body), "large", live=True)
    sent = rig.large.call.body
    assert json.loads(sent)["stream_options"] == {"include_usage": True}
    for piece in (b' "model" : "large-model",\n\t"stream":true',
                  b'"seed": 12345678901234567890, "x": 1e-7',
                  b'"messages" : [ {"role":"user","content":"\\u0041"} ]'):
        assert piece in sent


def test_after_an_escalation_too(rig):
    """The same through the cascade."""
    rig.small.script(answer("hm", score=0.1))
    _, found = ask(rig, live=False, model="auto")
    assert found.text() == "From large."
    assert rig.large.call.json["stream_options"] == {"include_usage": True}


def test_books_without_a_usage_chunk(rig):
    """A server that knows no include_usage: tokens are estimated, and said."""
    rig.large.script(stream([role_chunk(), chunk({"content": "Oslo is it."}),
                             finish_chunk()]))
    response, _ = ask(rig)
    attempt, = rig.attempts(response)
    assert attempt["usage_estimated"] == 1
    assert attempt["completion_tokens"] > 0 and attempt["cost_pusd"] > 0


def test_books_with_a_usage_chunk(rig):
    """What the server counts is what the ledger has."""
    rig.large.script(answer("Oslo.", usage=(21, 4, 16)))
    response, _ = ask(rig)
    attempt, = rig.attempts(response)
    assert attempt["usage_estimated"] == 0
    assert attempt["prompt_tokens"] == 21
    assert attempt["completion_tokens"] == 4
    assert attempt["cached_tokens"] == 16


def words(*texts, **more):
    """Content chunks."""
    return [chunk({"content": text}, **more) for text in texts]


def plain(item):
    """An event in another spelling: no space, CRLF."""
    return b"data:" + json.dumps(item).encode() + b"\r\n\r\n"


FILTER = {"id": "", "object": "", "created": 0, "model": "", "choices": [],
          "prompt_filter_results": [{"prompt_index": 0}]}
RUNNING = {"prompt_tokens": 11, "completion_tokens": 1, "total_tokens": 12}
DIALECTS = {
    "openai": [role_chunk(), *words("Os", "lo"), finish_chunk()],
    "role and text": [chunk({"role": "assistant", "content": "Os"}),
                      *words("lo"), finish_chunk()],
    "role in all": [chunk({"role": "assistant", "content": t})
                    for t in ("Os", "lo")]
    + [chunk({"role": "assistant", "content": ""}, "stop")],
    "role null": [role_chunk(None), *words("Os", "lo"), finish_chunk()],
    "no role": [*words("Os", "lo"), finish_chunk()],
    "text at the end": [role_chunk(), *words("Os"),
                        chunk({"content": "lo"}, "stop")],
    "azure": [FILTER, role_chunk(), *words("Os", "lo"), finish_chunk()],
    "ids vary": [{**item, "id": f"chatcmpl-{k}", "created": k, "model": "m"}
                 for k, item in enumerate(
                     [role_chunk(), *words("Os", "lo"), finish_chunk()])],
    "no ids": [{**item, "id": ""} for item in
               [role_chunk(), *words("Os", "lo"), finish_chunk()]],
    "no space, CRLF": [plain(item) for item in
                       [role_chunk(), *words("Os", "lo"), finish_chunk()]],
    "comments": [": OPENROUTER PROCESSING\n\n", role_chunk(), ":\n\n",
                 *words("Os"), ": ping\n", *words("lo"), finish_chunk()],
    "ids and retries": ["id: 1\nretry: 3000\n\n", "id: 2\n", role_chunk(),
                        *words("Os", "lo"), finish_chunk()],
    "usage on all": [role_chunk(usage=RUNNING),
                     *words("Os", "lo", usage=RUNNING),
                     finish_chunk(usage=RUNNING), usage_chunk()],
    "usage at the finish": [role_chunk(), *words("Os", "lo"),
                            {**finish_chunk(),
                             "usage": usage_chunk()["usage"]}],
    "empty deltas": [role_chunk(), chunk({}), *words("Os", "", "lo"),
                     chunk({"content": None}), finish_chunk()],
    "unknown members": [role_chunk(obfuscation="xy"), *words("Os", x=1),
                        *words("lo"), finish_chunk(service_tier="default")],
    "eos_token": [role_chunk(), *words("Os", "lo"),
                  finish_chunk("eos_token")],
    "byte order mark": [b"\xef\xbb\xbf", role_chunk(), *words("Os", "lo"),
                        finish_chunk()],
    "data in two lines": [role_chunk(), *words("Os"),
                          json.dumps(words("lo")[0], indent=1)
                          .replace("\n", "\ndata: ").join(["data: ", "\n\n"]),
                          finish_chunk()],
    "one write": [b"".join(plain(item) for item in [
        role_chunk(), *words("Os", "lo"), finish_chunk()])],
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects(rig, dialect):
    """One grammar comes out, whatever goes in."""
    rig.large.script(stream(DIALECTS[dialect]))
    _, found = ask(rig)
    assert found.text() == "Oslo" and found.finish() == "stop"


@pytest.mark.parametrize("dialect", ["usage on all", "usage at the finish"])
def test_usage_is_told_once(rig, dialect):
    """Counters in every chunk become one chunk at the end."""
    rig.large.script(stream(DIALECTS[dialect]))
    _, found = ask(rig, usage=True, stream_options={"include_usage": True})
    assert found.usage["total_tokens"] == 18


@pytest.mark.parametrize("segment", [1, 3, 64])
def test_segmentation_does_not_matter(rig, segment):
    """Events cut anywhere, inside characters too, are the same events."""
    text = "Øst 🦊 vest é"
    items = [role_chunk(), *words(*text), finish_chunk(), usage_chunk()]
    rig.large.script(stream([plain(item) if k % 2 else item
                             for k, item in enumerate(items)], segment=segment))
    _, found = ask(rig)
    assert found.text() == text


def test_log_probs_that_the_client_asked_for(rig):
    """On the terminal tier they pass through as they are."""
    _, found = ask(rig, live=False, logprobs=True, top_logprobs=3)
    assert [e["token"] for e in found.logprobs()] == ["From", " large."]
    assert all(len(e["top_logprobs"]) == 3 for e in found.logprobs())


def test_json_instead_of_a_stream(rig):
    """A server that ignores `stream` is converted."""
    rig.large.script(reply(completion("Oslo.")))
    _, found = ask(rig)
    assert found.text() == "Oslo." and found.finish() == "stop"


def test_a_megabyte_in_one_delta(rig):
    """Long lines are no fault."""
    rig.large.script(stream([role_chunk(), *words("x" * 1_000_000),
                             finish_chunk()]))
    _, found = ask(rig)
    assert len(found.text()) == 1_000_000


def test_thousands_of_chunks(rig):
    """Nothing is lost or reordered."""
    parts = [f"{k} " for k in range(5000)]
    rig.large.script(stream([role_chunk(), *words(*parts), finish_chunk()]))
    _, found = ask(rig)
    assert found.text() == "".join(parts)


def test_error_before_the_stream(rig):
    """A refusal at the start keeps its real status."""
    rig.large.script(error(400, "temperature is too hot", param="temperature"))
    response = rig.ask(model="large", stream=True)
    assert response.status == 400
    assert response.header("Content-Type") == "application/json"
    assert response.error["param"] == "temperature"


def test_tools_in_a_live_stream(rig):
    """Deltas of tool calls pass with index, id and name in their places."""
    calls = [{"id": f"call_{k}", "type": "function", "function": {
        "name": f"f{k}", "arguments": json.dumps({"k": k, "t": "å" * 20})}}
        for k in range(2)]
    rig.large.script(answer(None, tool_calls=calls))
    _, found = ask(rig)
    assert found.tool_calls() == calls and found.finish() == "tool_calls"


def test_two_choices(rig):
    """n = 2 interleaves by index."""
    response = rig.ask(model="large", stream=True, n=2)
    found = sse.check(response, "large", n=2, live=True)
    assert found.text(0) == found.text(1) == "From large."
