# SPDX-License-Identifier: Apache-2.0
"""A cheap answer that cannot be trusted is never seen; the dear one is."""

import json

import pytest

from flow import sse
from flow.gateway import question
from stub import answer, completion, entries, pairs, reply, tool_call


def expect_escalation(rig, reason, **fields):
    """Asks, checks that the dear answer came and why; the response."""
    rig.large.script(answer("From large."))
    response = rig.ask(**fields)
    assert response.status == 200, response
    assert response.content == "From large."
    assert response.frugald("backend") == "large"
    assert response.frugald("tier") == "2"
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == reason
    assert response.frugald("attempts") == "2"
    return response


def test_low_score(rig):
    """Below the threshold; both calls are paid for and the score is told."""
    rig.small.script(answer("Bergen, I guess.", score=0.3))
    response = expect_escalation(rig, "low_confidence")
    assert response.frugald("confidence") == "0.300"
    assert response.frugald("calibrated") == "false"
    assert float(response.frugald("cost-usd")) == pytest.approx(275e-6)
    assert b"Bergen" not in response.body
    assert response.json["model"] == "auto"
    assert response.json["usage"]["total_tokens"] == 18


def test_the_dear_call_starts_from_the_clients_bytes(rig):
    """Only the model's name is changed in them."""
    rig.small.script(answer("Bergen.", score=0.3))
    body = json.dumps(question(seed=9007199254740993), indent=2).encode()
    rig.post(body)
    assert rig.large.call.body == body.replace(b'"auto"', b'"large-model"')
    assert rig.small.call.arrived < rig.large.call.started


def test_low_score_in_a_stream(rig):
    """The dear answer is streamed; nothing of the cheap one is."""
    rig.small.script(answer("Bergen, I guess.", score=0.3))
    rig.large.script(answer("Oslo, surely."))
    response = rig.ask(stream=True)
    stream = sse.check(response, "auto")
    assert stream.text() == "Oslo, surely."
    assert b"Bergen" not in response.body
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == "low_confidence"
    assert rig.small.call.json["stream"] is False
    assert rig.large.call.json["stream"] is True
    assert "logprobs" not in rig.large.call.json


REFUSAL = "I'm sorry, but I can't help with that."
GATES = {
    "refusal phrase": ("gate:refusal", {}, answer(REFUSAL)),
    "refusal member": ("gate:refusal", {}, answer(None, refusal=REFUSAL,
                                                  tokens=pairs(REFUSAL))),
    "cut off": ("gate:truncated", {}, answer("Oslo is the", finish="length")),
    "empty": ("gate:empty", {}, answer("", tokens=[])),
    "null": ("gate:empty", {}, answer(None, tokens=[])),
    "blank": ("gate:empty", {}, answer(" \n\t ")),
    "loop": ("gate:repetition", {}, answer("It is what it is. " * 60)),
}


@pytest.mark.parametrize("case", GATES)
def test_gates(rig, case):
    """A hard gate rejects however sure the model is."""
    reason, fields, behaviour = GATES[case]
    rig.small.script(behaviour)
    expect_escalation(rig, reason, **fields)


def test_content_filter_is_a_gate(rig):
    """A filtered reply is no answer."""
    rig.small.script(answer("Oslo is", finish="content_filter"))
    assert rig.ask().frugald("reason").startswith("gate:")


def with_logprobs(content, logprobs):
    """A reply with this logprobs member; "absent" leaves it out."""
    body = completion(content)
    if logprobs == "absent":
        del body["choices"][0]["logprobs"]
    else:
        body["choices"][0]["logprobs"] = logprobs
    return reply(body)


TEXT = "Oslo is the capital of Norway."
SURE = entries(pairs(TEXT))
NO_SIGNAL = {
    "absent": "absent", "null": None, "empty list": {"content": []},
    "null list": {"content": None, "refusal": None},
    "fake": {"content": entries([(t, 0.0) for t, _ in pairs(TEXT)], top=0)},
    "of another text": {"content": entries(pairs("Bergen is a rainy town"))},
    "of a part": {"content": SURE[:2]},
    "an object": {"content": {}},
    "without numbers": {"content": [{"token": t, "top_logprobs": []}
                                    for t, _ in pairs(TEXT)]},
}


@pytest.mark.parametrize("case", NO_SIGNAL)
def test_no_signal(rig, case):
    """Missing, fake or foreign log-probs are no evidence."""
    rig.small.script(with_logprobs(TEXT, NO_SIGNAL[case]))
    response = expect_escalation(rig, "no_signal")
    assert response.frugald("confidence") is None


@pytest.mark.parametrize("lowest", [-9999.0, -3.4028235e38, -1e300])
def test_floors_are_numbers(rig, lowest):
    """vLLM's and llama.cpp's stand-ins for zero are zero."""
    tokens = [(t, lowest if k == 1 else -0.1)
              for k, (t, _) in enumerate(pairs(TEXT))]
    rig.small.script(with_logprobs(TEXT, {"content": entries(tokens)}))
    response = expect_escalation(rig, "low_confidence")
    assert response.frugald("confidence") == "0.000"


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"-1e999", b'"-0.1"',
                                    b"null", b"true"])
def test_what_is_no_number_is_no_evidence(rig, number):
    """Neither crash nor acceptance."""
    body = json.dumps(completion(TEXT, logprobs=SURE)).encode()
    first = json.dumps(SURE[0]["logprob"]).encode()
    rig.small.script(reply(body.replace(b'"logprob": ' + first,
                                        b'"logprob": ' + number)))
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") in ("no_signal", "verifier_error",
                                          "backend_error", "low_confidence")


SHAPES = {
    "two tokens may be certain": [("Oslo", 0.0), (".", 0.0)],
    "an end token at the end": pairs("Oslo.") + [("<|im_end|>", -0.001)],
    "an empty end token": pairs("Oslo.") + [("", -0.001)],
    "reasoning in front": [("<think>", -0.1), ("hm", -3.0), ("</think>", -0.1),
                           ("\n\n", -0.1)] + pairs("Oslo."),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_of_true_log_probs(rig, case):
    """What real servers send beside the content's tokens is passed over."""
    rig.small.script(with_logprobs(
        "Oslo.", {"content": entries(SHAPES[case]), "refusal": None}))
    response = rig.ask()
    assert response.frugald("backend") == "small", response


@pytest.mark.parametrize("with_bytes", [True, False])
@pytest.mark.parametrize("top", [5, 0])
def test_entries_without_bytes_or_alternatives(rig, with_bytes, top):
    """Bytes and alternatives are optional."""
    rig.small.script(with_logprobs(TEXT, {
        "content": entries(pairs(TEXT), top, with_bytes)}))
    assert rig.ask().frugald("confidence") == "0.900"


def test_tokens_inside_a_character(rig):
    """A character of several tokens is aligned by its bytes."""
    halves = [{"token": "�", "bytes": part, "logprob": -0.05,
               "top_logprobs": []} for part in ([0xF0, 0x9F], [0xA6, 0x8A])]
    rig.small.script(with_logprobs("🦊", {"content": halves}))
    assert rig.ask().frugald("backend") == "small"


def test_lone_surrogates_do_no_harm(rig):
    """JSON may hold half a character; the daemon lives and answers."""
    rig.small.script(answer("half \ud83e a fox"))
    assert rig.ask(check=False).status == 200
    rig.large.script(answer("half \ud83e a fox"))
    response = rig.ask(model="large", check=False)
    assert response.content == "half \ud83e a fox"


def test_usage_may_be_the_sum(yard):
    """`usage: total` tells what all attempts used."""
    rig = yard.rig(reply={"usage": "total"})
    rig.small.script(answer("Bergen.", score=0.1, usage=(11, 7)))
    rig.large.script(answer("Oslo.", usage=(12, 3)))
    usage = rig.ask().json["usage"]
    assert usage["prompt_tokens"] == 23 and usage["completion_tokens"] == 10
    assert usage["total_tokens"] == 33


def test_best_rejected_when_told(yard):
    """`on_terminal_failure: best_rejected` prefers a doubtful answer to none."""
    rig = yard.rig(cascades={"auto": {"on_terminal_failure": "best_rejected"}})
    rig.small.script(answer("Bergen, I guess.", score=0.3))
    rig.large.script(reply(b"{}", 500))
    response = rig.ask()
    assert response.status == 200 and response.content == "Bergen, I guess."
    assert response.frugald("backend") == "small"
    assert response.json["choices"][0]["logprobs"] is None
