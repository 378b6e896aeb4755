# SPDX-License-Identifier: Apache-2.0
"""A cheap answer that can be trusted is given to the client as it is."""

import json

import pytest

from flow.gateway import question
from stub import answer, completion, entries, pairs, reply


def test_client_gets_the_cheap_answer(rig):
    """Object, name, usage and headers are what a client expects."""
    rig.small.script(answer("Oslo.", score=0.9))
    response = rig.ask()
    assert response.status == 200
    assert response.header("Content-Type") == "application/json"
    body = response.json
    assert body["object"] == "chat.completion" and body["model"] == "auto"
    assert body["id"].startswith("chatcmpl-")
    assert body["choices"] == [{
        "index": 0, "finish_reason": "stop", "logprobs": None,
        "message": {"role": "assistant", "content": "Oslo.",
                    "refusal": None}}]
    assert body["usage"]["prompt_tokens"] == 11
    assert body["usage"]["completion_tokens"] == 7


def test_headers_say_who_and_why(rig):
    """Tier 1, accepted, confident, with the raw score and the price."""
    rig.small.script(answer("Oslo.", score=0.9))
    response = rig.ask()
    assert response.frugald("backend") == "small"
    assert response.frugald("tier") == "1"
    assert response.frugald("decision") == "accept"
    assert response.frugald("reason") == "confident"
    assert response.frugald("confidence") == "0.900"
    assert response.frugald("calibrated") == "false"
    assert response.frugald("attempts") == "1"
    assert float(response.frugald("cost-usd")) == pytest.approx(25e-6)
    assert 0 <= float(response.frugald("overhead-ms")) < 1000


def test_upstream_gets_the_question_with_log_probs(rig):
    """Only model, stream and log-probs differ from what the client sent."""
    rig.ask(temperature=0, seed=7)
    call = rig.small.call
    assert (call.method, call.target) == ("POST", "/v1/chat/completions")
    sent = call.json
    assert sent.pop("stream", False) is False
    assert sent == question(model="small-model", temperature=0, seed=7,
                            logprobs=True, top_logprobs=5)
    assert not rig.large.calls


def test_upstream_gets_headers_of_its_own(rig):
    """The client's key, cookies and machine stay here."""
    rig.ask(headers={
        "Authorization": "Bearer client-secret", "Cookie": "a=b",
        "X-Stainless-OS": "Linux", "X-Stainless-Retry-Count": "0",
        "OpenAI-Organization": "org", "Accept-Encoding": "gzip, br",
        "X-Forwarded-For": "10.0.0.1", "TE": "trailers"})
    call = rig.small.call
    names = {name.lower() for name, _ in call.headers}
    assert not names & {"authorization", "cookie", "x-stainless-os", "te",
                        "x-stainless-retry-count", "openai-organization",
                        "x-forwarded-for", "expect"}
    assert call.header("Host") == f"127.0.0.1:{rig.small.port}"
    assert call.header("Content-Type") == "application/json"
    assert call.header("Content-Length") == str(len(call.body))
    assert call.header("Accept-Encoding", "identity") == "identity"
    assert b"client-secret" not in call.head


def test_unknown_members_survive(rig):
    """What the upstream adds to its reply reaches the client."""
    def with_more(call):
        body = completion(
            "Oslo.", logprobs=entries(pairs("Oslo.")), reasoning="A city.",
            system_fingerprint="fp_1", timings={"cache_n": 3, "ms": 1.25e-7})
        return reply(body)
    rig.small.answer_by(with_more)
    body = rig.ask().json
    assert body["timings"] == {"cache_n": 3, "ms": 1.25e-7}
    assert body["system_fingerprint"] == "fp_1"
    assert body["choices"][0]["message"]["reasoning_content"] == "A city."


def test_nothing_of_the_upstream_reply_is_reformatted(rig):
    """Bytes around what we change stay: spaces, escapes, number text."""
    raw = json.dumps(completion("Oslo.", logprobs=entries(pairs("Oslo.")),
                                x_big=1), indent=1)
    raw = raw.replace('"x_big": 1', '"x_big" : 12345678901234567890.10')
    raw = raw.replace('"Oslo."', '"\\u004fslo."', 1)
    rig.small.script(reply(raw.encode()))
    response = rig.ask()
    assert b'"x_big" : 12345678901234567890.10' in response.body
    assert b'"\\u004fslo."' in response.body
    assert response.content == "Oslo."


def test_the_cut_itself_is_accepted(rig):
    """Accept when confidence >= threshold."""
    rig.small.script(answer("Oslo.", score=0.5))
    assert rig.ask().frugald("decision") == "accept"


@pytest.mark.parametrize("text", [
    "å" * 50, "🦊" * 40, "line one\nline two\ttab \"quoted\" \\ back",
    "nul \u0000 byte", "\u2028 separators \u2029"])
def test_any_text_is_handed_over(rig, text):
    """Text of any script reaches the client unchanged."""
    text = f"Here: {text}."
    rig.small.script(answer(text))
    assert rig.ask().content == text


def test_tool_calls_are_handed_over(rig):
    """A reply of one call to a tool that the request has is accepted."""
    tool = {"type": "function", "function": {
        "name": "lookup", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}},
            "required": ["city"]}}}
    call = {"id": "call_1", "type": "function", "function": {
        "name": "lookup", "arguments": '{"city":"Oslo"}'}}
    tokens = pairs('<tool_call> {"name": "lookup", "arguments": '
                   '{"city":"Oslo"}} </tool_call>')
    rig.small.script(answer(None, tool_calls=[call], tokens=tokens))
    response = rig.ask(tools=[tool])
    choice = response.json["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"] == [call]
    assert choice["logprobs"] is None
    assert response.frugald("backend") == "small"
    assert rig.small.call.json["tools"] == [tool]


def test_connection_is_kept(rig):
    """Several requests one after another on one connection."""
    with rig.connect() as client:
        for _ in range(5):
            client.post(question())
            assert client.read().content == "From small."
    assert rig.small.accepted <= 2
