# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of a check: the answer is not kept, the client has one."""

import json

import pytest

from flow.checked import rig_of, verdict
from flow.gateway import backend
from stub import (CLOSE, answer, completion, error, hang, head, play,
                  refused_port, reply, reset)

OSLO = [{"token": "Oslo", "logprob": -0.1, "top_logprobs": []}]


def raw(entries, content='"Oslo"'):
    """A reply whose log-probs are this text."""
    return reply(b'{"object":"chat.completion","choices":[{"index":0,'
                 b'"message":{"role":"assistant","content":%s},'
                 b'"finish_reason":"stop","logprobs":{"content":%s}}]}'
                 % (content.encode(), entries.encode()))


FAULTS = {      # behaviour, why, status of the attempt
    "500": (error(500), "status", 500),
    "400": (error(400, "no such model"), "status", 400),
    "401": (error(401), "status", 401),
    "429": (error(429), "status", 429),
    "reset": (reset(), "broken", 0),
    "cut": (play(head(200, length=500), b'{"obj', CLOSE), "broken", 200),
    "empty body": (reply(b""), "garbage", 200),
    "garbage": (reply(b"<html>sorry</html>"), "garbage", 200),
    "no JSON": (reply(b'{"choices":[{"message":{"content":"Oslo"}}'),
                "garbage", 200),
    "NaN": (raw('[{"token":"Oslo","logprob":NaN}]'), "garbage", 200),
    "-Infinity": (raw('[{"token":"Oslo","logprob":-Infinity}]'), "garbage",
                  200),
    "no choices": (reply({"object": "chat.completion", "choices": []}),
                   "garbage", 200),
    "an error body": (reply({"error": {"message": "sorry"}}), "error_body",
                      200),
    "empty answer": (answer(""), "empty", 200),
    "null answer": (reply(completion(None)), "empty", 200),
    "blank answer": (answer(" \n\t "), "empty", 200),
    "too large": (reply(completion("Oslo" + "x" * 9_000_000)), "limit", 200),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(checked, name):
    """Never accepted, never an error while a further tier lives."""
    behaviour, why, status = FAULTS[name]
    checked.checker.script(behaviour)
    before = checked.metrics().sum("frugald_verifier_faults_total",
                                   verifier="check", why=why)
    response = checked.ask()
    assert response.status == 200 and response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    assert response.frugald("attempts") == "2"
    assert len(checked.checker.calls) == 1
    said = verdict(checked, response)
    assert (said["kind"], said["why"], said["score"]) == ("none", why, None)
    purposes = [a["purpose"] for a in checked.attempts(response)]
    assert purposes == ["answer", "verify", "answer"]
    assert checked.attempts(response)[1]["status"] == status
    after = checked.metrics().sum("frugald_verifier_faults_total",
                                  verifier="check", why=why)
    assert after == before + 1


def test_nobody_there(checked):
    """A connection that is refused."""
    checked.checker.close_port()
    response = checked.ask()
    checked.checker.open_port()
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    assert verdict(checked, response)["why"] == "connect"


def test_it_hangs(checked):
    """Verifying has a quarter of the time left, the last tier the rest."""
    checked.checker.script(hang())
    response = checked.ask(headers={"x-request-timeout": "2"})
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    call = checked.checker.call
    assert 0.2 < checked.checker.wait_gone() - call.arrived < 1.0
    said = verdict(checked, response)
    assert said["why"] == "timeout" and said["us"] > 200_000
    attempt = checked.attempts(response)[1]
    assert attempt["fault"] in ("aborted", "timeout")
    assert attempt["cost_pusd"] > 0 and attempt["usage_estimated"] == 1
    assert said["cost_pusd"] == attempt["cost_pusd"]


def test_a_backend_of_its_own_patience(yard):
    """Its own total time ends it earlier."""
    rig = rig_of(yard, backends={"checker": {"timeout": {"total": "200ms"}}})
    rig.checker.script(hang())
    response = rig.ask()
    assert response.content == "From large."
    assert verdict(rig, response)["why"] == "timeout"
    assert rig.attempts(response)[1]["fault"] == "timeout"


# What can be read without log-probs is only the text.

TEXT_ONLY = {
    "none": reply(completion("Oslo")),
    "null": raw("null"),
    "no number": raw('[{"token":"Oslo","logprob":null}]'),
    "a word": raw('[{"token":"Oslo","logprob":"-0.1"}]'),
    "positive": raw('[{"token":"Oslo","logprob":3}]'),
    "misaligned": raw('[{"token":"Rome","logprob":-0.1}]'),
    "empty list": raw("[]"),
    "all nought": answer("Oslo is a city", tokens=[
        ("Oslo", 0.0), (" is", 0.0), (" a", 0.0), (" city", 0.0)]),
}


@pytest.mark.parametrize("name", TEXT_ONLY)
def test_agreement_without_log_probs(checked, name):
    """Absent or lying log-probs leave agreement, 1 or 0."""
    checked.checker.script(TEXT_ONLY[name])
    response = checked.ask()
    assert response.frugald("backend") == "small"
    assert response.frugald("confidence") == "1.000"
    signals = json.loads(verdict(checked, response)["signals"])
    assert signals == {"check.agree": 1, "check.p": None, "check.logp": None}
    checked.small.script(answer("Rome says I", score=0.6))
    response = checked.ask()
    assert response.frugald("backend") == "large"
    assert response.frugald("confidence") == "0.000"


@pytest.mark.parametrize("logprob", ["-1e999", "-9999", "-3.4e38"])
def test_absurd_log_probs(checked, logprob):
    """As good as impossible: it agrees, but nobody would bet on it."""
    checked.checker.script(raw('[{"token":"Oslo","logprob":%s}]' % logprob))
    response = checked.ask()
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == "low_confidence"
    assert response.frugald("confidence") == "0.000"


def test_log_probs_refused(checked):
    """A 4xx for our own fields: asked once more without, text counts."""
    checked.checker.script(error(400, "logprobs are not supported"),
                           reply(completion("Oslo")))
    response = checked.ask()
    assert response.frugald("backend") == "small"
    first, second = checked.checker.calls
    assert first.json["logprobs"] is True and "logprobs" not in second.json


def test_cheap_log_probs_absent(checked):
    """Nothing is in the band then: not asked, not kept."""
    checked.small.script(reply(completion("Oslo")))
    response = checked.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "no_signal"
    assert not checked.checker.calls


def test_nothing_to_compare(checked):
    """A tool call cannot be compared with words."""
    checked.small.script(answer(None, tool_calls=[{
        "id": "c1", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}],
        tokens=[("f", -0.5)]))
    checked.checker.script(answer("Oslo"))
    response = checked.ask()
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") in ("no_signal", "low_confidence")


def test_a_busy_checker(yard):
    """All the calls it may have are out."""
    rig = rig_of(yard, backends={"checker": {"max_inflight": 1}})
    rig.checker.script(hang())
    with rig.connect() as waiting:
        body = b'{"model":"checker","messages":[]}'
        waiting.ask("POST", "/v1/chat/completions", body)
        rig.checker.wait_calls(1)
        response = rig.ask()
    assert response.content == "From large."
    assert verdict(rig, response)["why"] == "busy"


def test_both_gone(checked):
    """No checker and no last tier: that fault is the client's to know."""
    checked.checker.script(error(500))
    checked.large.script(error(500))
    response = checked.ask(check=False)
    assert response.status == 502


def test_a_port_nobody_has(yard):
    """Configured wrongly: each request escalates, none fails."""
    nobody = refused_port()

    class There:        # pylint: disable=too-few-public-methods
        """Looks like an upstream."""
        name, url = "checker", nobody.url
    rig = rig_of(yard, backends={"checker": backend(There())})
    for _ in range(3):
        assert rig.ask().content == "From large."
    nobody.close()
