# SPDX-License-Identifier: Apache-2.0
"""An accepted cheap answer is replayed to a client that wants a stream."""

import json

import pytest

from flow import contract, sse
from stub import answer, completion, entries, pairs, reply, tool_call


def replay(rig, usage=False, **fields):
    """Asks for a stream and checks it; (response, stream)."""
    if usage:
        fields["stream_options"] = {"include_usage": True}
    response = rig.ask(stream=True, **fields)
    contract.check(response)
    return response, sse.check(response, "auto", usage)


def test_replay_has_the_grammar(rig):
    """Role, content, finish, [DONE]; the upstream was not asked to stream."""
    text = "The capital of Norway is Oslo, on a fjord of the same name."
    rig.small.script(answer(text))
    response, stream = replay(rig)
    assert stream.text() == text and stream.finish() == "stop"
    assert stream.chunks[0]["choices"][0]["delta"] == {
        "role": "assistant", "content": ""}
    assert stream.keep_alives == 0
    assert response.frugald("decision") == "accept"
    assert response.frugald("confidence") == "0.900"
    sent = rig.small.call.json
    assert sent["stream"] is False and "stream_options" not in sent
    assert not rig.large.calls


def test_usage_when_asked(rig):
    """One usage chunk, the last, and null before; the upstream is not asked."""
    _, stream = replay(rig, usage=True)
    assert stream.usage["prompt_tokens"] == 11
    assert stream.usage["total_tokens"] == 18
    assert "stream_options" not in rig.small.call.json


def test_no_log_probs_unless_asked(rig):
    """What was injected for the verifier does not leak."""
    response, stream = replay(rig)
    assert not stream.logprobs()
    assert b'"token"' not in response.body


def test_log_probs_are_sliced_by_token(rig):
    """The entries of a chunk are the tokens of its delta."""
    text = "One two three four five six seven eight nine ten eleven twelve."
    rig.small.script(answer(text))
    _, stream = replay(rig, logprobs=True, top_logprobs=2)
    assert stream.text() == text
    assert [e["token"] for e in stream.logprobs()] == [t for t, _ in pairs(text)]
    assert all(len(e["top_logprobs"]) == 2 for e in stream.logprobs())
    for choice in stream.choices:
        held = choice.get("logprobs") or {"content": []}
        joined = "".join(e["token"] for e in held["content"])
        assert joined == choice["delta"].get("content", "")


@pytest.mark.parametrize("shift", range(5))
def test_slices_never_cut_a_code_point(rig, shift):
    """Four-byte characters at every offset from the slice's end."""
    text = "Fox: " + "x" * shift + "".join(
        chr(0x1F400 + k) + chr(0xE9 + k) + chr(0x2603 + k) for k in range(60))
    rig.small.script(answer(text))
    _, stream = replay(rig)
    assert stream.text() == text


def test_long_text_is_whole(rig):
    """A megabyte comes through, in moderate slices."""
    text = " ".join(f"word{k}" for k in range(110_000))
    rig.small.script(answer(text, tokens=[(text, -0.05)], with_bytes=False))
    _, stream = replay(rig)
    assert stream.text() == text
    assert len(stream.chunks) < 65_536


@pytest.mark.parametrize("count", [1, 2])
def test_tool_calls(rig, count):
    """Calls arrive with index, id and name once and whole arguments."""
    calls = [tool_call("lookup", json.dumps({"city": "Oslo" * 40}), 1),
             tool_call("other", '{"b": "å"}', 2)][:count]
    tokens = pairs(" ".join(json.dumps(c["function"]) for c in calls))
    rig.small.script(answer(None, tool_calls=calls, tokens=tokens))
    tools = [{"type": "function", "function": {"name": name, "parameters": {
        "type": "object"}}} for name in ("lookup", "other")]
    _, stream = replay(rig, tools=tools)
    assert stream.tool_calls() == calls
    assert stream.finish() == "tool_calls"
    assert stream.chunks[0]["choices"][0]["delta"]["content"] is None


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_keeps_its_name(rig, name):
    """Reasoning is replayed before the content, under the upstream's name."""
    rig.small.script(answer("Oslo.", reasoning="I think of fjords. " * 20,
                            reasoning_name=name))
    _, stream = replay(rig)
    assert stream.text(member=name) == "I think of fjords. " * 20
    assert stream.text() == "Oslo."
    kinds = [next(iter(c["delta"]), "") for c in stream.choices[1:-1]]
    assert kinds == sorted(kinds, key=lambda kind: kind == "content")


def test_odd_finish_reasons_are_mapped(rig):
    """`eos_token` of other servers becomes `stop`."""
    body = completion("Oslo.", logprobs=entries(pairs("Oslo.")))
    body["choices"][0]["finish_reason"] = "eos_token"
    rig.small.script(reply(body))
    _, stream = replay(rig)
    assert stream.finish() == "stop"


def test_ids_are_ours(rig):
    """Two streams never share an id, whatever the upstream calls its own."""
    _, first = replay(rig)
    _, second = replay(rig)
    assert first.chunks[0]["id"] != second.chunks[0]["id"]


def test_connection_is_kept_after_a_stream(rig):
    """[DONE] ends the stream, not the connection."""
    with rig.connect() as client:
        for _ in range(3):
            client.post({"model": "auto", "messages": [], "stream": True})
            sse.check(client.read(), "auto")
