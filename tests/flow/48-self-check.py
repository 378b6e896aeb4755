# SPDX-License-Identifier: Apache-2.0
"""self_check asks the tier's own backend for its direct answer."""

import json
import subprocess

import pytest

from flow import sse, yaml_text
from flow.checked import BLIND, verdict
from flow.gateway import backend, binary, merge, question, standard
from flow.patience import SCALE
from stub import (CLOSE, answer, completion, error, hang, head, play, reply)

THOUGHT = "Norway is north of Denmark. The capital of Norway is Oslo."
TEXT = "What is the capital of Norway?"


def config(small, large, options=None, **changes):
    """What log-probs put between 0.3 and 0.8 is asked about."""
    return merge(standard(small, large), merge({"cascades": {"auto": {
        "verify": [{"rules": {"truncated": True}},
                   {"self_check": merge({"band": [0.3, 0.8]}, options or {})},
                   {"logprob": {"span": "all"}}]}}}, changes))


def rig_of(yard, options=None, **changes):
    """small reasons its way to Oslo, and says so directly as well."""
    rig = yard.rig()
    rig.reload(config(rig.small, rig.large, options, **changes))
    tell(rig.small, answer(THOUGHT, score=0.6), answer("Oslo", score=0.9))
    return rig


def is_check(call):
    """Is it the direct question?"""
    return call.json.get("max_tokens") in (1, 16)


def tell(up, reasoned, direct):
    """What the client's question gets, and what the direct one."""
    up.answer_by(lambda call: direct if is_check(call) else reasoned)


def checks_of(up):
    """The direct questions."""
    return [call for call in up.calls if is_check(call)]


@pytest.fixture
def rig(yard):
    """The usual pair; the cheap one checks itself."""
    made = rig_of(yard)
    yield made
    made.quiet()


def test_both_ways_the_same(rig):
    """It is as sure as the direct answer is."""
    response = rig.ask(TEXT)
    assert response.content == THOUGHT
    assert response.frugald("backend") == "small"
    assert response.frugald("decision") == "accept"
    assert response.frugald("reason") == "confident"
    assert response.frugald("confidence") == "0.900"
    assert response.frugald("attempts") == "1"
    assert len(rig.small.calls) == 2 and not rig.large.calls


def test_reasoned_otherwise(rig):
    """Directly it says something else: the next tier answers."""
    tell(rig.small, answer(THOUGHT, score=0.6), answer("Bergen"))
    response = rig.ask(TEXT)
    assert response.content == "From large."
    assert response.frugald("reason") == "low_confidence"
    assert response.frugald("confidence") == "0.000"
    assert response.frugald("attempts") == "2"


def test_what_is_asked(rig):
    """The client's messages and one sentence, of the backend's own model."""
    response = rig.ask(TEXT, tools=[], seed=7, temperature=1.5, user="me",
                       max_completion_tokens=500)
    check, = checks_of(rig.small)
    assert check.json == {
        "model": "small-model", "logprobs": True, "top_logprobs": 5,
        "messages": question(TEXT + BLIND)["messages"],
        "temperature": 0, "max_tokens": 16}
    assert check.header("x-request-id") == response.header("x-request-id")


def test_its_own_key(yard):
    """Whoever answers is asked, with the key of that backend alone."""
    rig = yard.rig()
    rig.medium = yard.upstream("medium")
    files = {name: rig.tmp / f"{name}.key" for name in ("small", "medium")}
    for name, file in files.items():
        file.write_text(f"secret-of-{name}\n")
        file.chmod(0o600)
    rig.reload(config(
        rig.small, rig.large,
        backends={"small": {"api_key": f"file:{files['small']}"},
                  "medium": backend(rig.medium,
                                    api_key=f"file:{files['medium']}")},
        cascades={"auto": {"tiers": ["small", "medium", "large"]}}))
    tell(rig.small, answer(THOUGHT, score=0.6), answer("Bergen"))
    tell(rig.medium, answer(THOUGHT, score=0.6), answer("Oslo", score=0.9))
    assert rig.ask(TEXT).frugald("backend") == "medium"
    for up in (rig.small, rig.medium):
        first, check = up.calls
        assert is_check(check) and not is_check(first)
        for call in (first, check):
            assert call.header("authorization") == f"Bearer secret-of-{up.name}"
            assert call.json["model"] == f"{up.name}-model"
            assert call.target == first.target


@pytest.mark.parametrize("score, where, asked", [
    (0.29, "large", 0), (0.31, "small", 1), (0.79, "small", 1),
    (0.81, "small", 0)])
def test_band(rig, score, where, asked):
    """Outside of it the log-probs have the last word."""
    tell(rig.small, answer(THOUGHT, score=score), answer("Oslo", score=0.9))
    response = rig.ask(TEXT)
    assert response.frugald("backend") == where
    assert response.frugald("confidence") == \
        ("0.900" if asked else f"{score:.3f}")
    assert len(checks_of(rig.small)) == asked


def test_without_a_band(yard):
    """Alone in the list, always asked."""
    rig = rig_of(yard, cascades={"auto": {"verify": ["self_check"]}})
    for score in (0.01, 1.0):
        tell(rig.small, answer(THOUGHT, score=score), answer("Oslo"))
        assert rig.ask(TEXT).frugald("backend") == "small"
    assert len(checks_of(rig.small)) == 2


def test_a_verdict(yard):
    """mode: verdict shows it its own reply."""
    rig = rig_of(yard, {"mode": "verdict"})
    leaf = [{"token": "Yes", "logprob": -0.1}, {"token": "no", "logprob": -3}]
    tell(rig.small, answer(THOUGHT, score=0.6),
         reply(completion("Yes", logprobs=[
             {"token": "Yes", "logprob": -0.1, "top_logprobs": leaf}])))
    response = rig.ask(TEXT)
    assert response.frugald("confidence") == "0.948"
    check, = checks_of(rig.small)
    assert json.dumps(THOUGHT) in check.json["messages"][-1]["content"]
    tell(rig.small, answer(THOUGHT, score=0.6), answer("No"))
    assert rig.ask(TEXT).frugald("reason") == "low_confidence"


def test_early(yard):
    """Beside the reply: the direct answer is there first."""
    rig = rig_of(yard, {"start": "early"})
    tell(rig.small, answer(THOUGHT, score=0.6, delay=0.4),
         answer("Oslo", score=0.9))
    response = rig.ask(TEXT)
    assert response.frugald("confidence") == "0.900"
    rig.small.wait_idle()
    check, = checks_of(rig.small)
    first, = [call for call in rig.small.calls if call is not check]
    assert check.ended < first.ended
    assert rig.row(response)["upstream_us"] < 800_000       # once, not twice


def test_early_and_not_needed(yard):
    """The log-probs decide: it is given up, and paid for."""
    rig = rig_of(yard, {"start": "early"})
    tell(rig.small, answer(THOUGHT, score=0.95, delay=0.2), hang())
    response = rig.ask(TEXT)
    assert response.frugald("confidence") == "0.950"
    rig.small.wait(lambda up: any(call.gone for call in up._calls))
    aborted, = [a for a in rig.attempts(response) if a["purpose"] == "verify"]
    assert aborted["fault"] == "aborted" and aborted["cost_pusd"] > 0
    assert verdict(rig, response, "self_check") is None


def test_a_verdict_is_not_early(yard, tmp_path):
    """There is nothing to show yet."""
    small, large = yard.upstream("small"), yard.upstream("large")
    file = tmp_path / "frugald.yaml"
    file.write_text(yaml_text.emit(config(
        small, large, {"mode": "verdict", "start": "early"})) + "\n")
    done = subprocess.run([binary(), "-t", "-c", str(file)],
                          capture_output=True, text=True, check=False,
                          timeout=10 * SCALE)
    assert done.returncode == 2 and "early" in done.stdout + done.stderr


@pytest.mark.parametrize("direct, tier", [
    (("Bergen", "Oslo"), "2"), (("Bergen", "Bergen"), "3"),
    (("Oslo", "Bergen"), "1")])
def test_three_tiers(yard, direct, tier):
    """Each but the last is asked about its own replies."""
    rig = yard.rig()
    rig.medium = yard.upstream("medium")
    rig.reload(config(
        rig.small, rig.large, backends={"medium": backend(rig.medium)},
        cascades={"auto": {"tiers": ["small", "medium", "large"]}}))
    for up, said in zip((rig.small, rig.medium), direct):
        tell(up, answer(THOUGHT, score=0.6), answer(said, score=0.9))
    response = rig.ask(TEXT)
    assert response.frugald("tier") == tier
    assert [(a["tier"], a["backend"], a["purpose"])
            for a in rig.attempts(response)] == [
        (number, name, purpose)
        for number, name in ((1, "small"), (2, "medium"))
        if number <= int(tier) for purpose in ("answer", "verify")
    ] + ([(3, "large", "answer")] if tier == "3" else [])
    assert not checks_of(rig.large)


def test_beside_a_check(yard):
    """Two that ask, each in its band: the second hears of the first."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    rig.reload(config(
        rig.small, rig.large, backends={"checker": backend(rig.checker)},
        cascades={"auto": {"verify": [
            "logprob", {"self_check": {"band": [0.3, 0.8]}},
            {"check": {"backend": "checker", "band": [0.4, 0.7]}}]}}))
    rig.checker.script(answer("Oslo", score=0.95))
    for direct, confidence, asked in ((0.5, "0.950", 1), (0.9, "0.900", 0)):
        rig.checker.reset()
        rig.checker.script(answer("Oslo", score=0.95))
        tell(rig.small, answer(THOUGHT, score=0.6),
             answer("Oslo", score=direct))
        response = rig.ask(TEXT)
        assert response.frugald("confidence") == confidence
        assert len(rig.checker.calls) == asked
        assert verdict(rig, response, "self_check")["score"] == \
            pytest.approx(direct)


def test_a_streaming_client(rig):
    """Sees nothing of it."""
    response = rig.ask(TEXT, stream=True)
    assert sse.check(response, "auto").text() == THOUGHT
    check, = checks_of(rig.small)
    assert "stream" not in check.json


def test_the_books(rig):
    """By a name of its own, in signals, ledger and metrics."""
    before = rig.metrics()
    response = rig.ask(TEXT)
    first, check = rig.attempts(response)
    assert (check["purpose"], check["backend"], check["model"],
            check["tier"], check["status"]) == \
        ("verify", "small", "small-model", 1, 200)
    assert rig.row(response)["cost_pusd"] == \
        first["cost_pusd"] + check["cost_pusd"]
    said = verdict(rig, response, "self_check")
    assert (said["kind"], said["why"], said["attempt_seq"]) == \
        ("score", None, 0)
    assert said["cost_pusd"] == check["cost_pusd"] > 0
    signals = json.loads(said["signals"])
    assert set(signals) == {"self_check.agree", "self_check.p",
                            "self_check.logp"}
    assert signals["self_check.agree"] == 1
    assert signals["self_check.p"] == pytest.approx(0.9)
    after = rig.metrics()
    for name, labels in (("frugald_verdicts_total", {"kind": "score"}),
                         ("frugald_verifier_seconds_count", {})):
        assert after.sum(name, verifier="self_check", **labels) == \
            before.sum(name, verifier="self_check", **labels) + 1
        assert after.sum(name, verifier="check", **labels) == 0


@pytest.mark.parametrize("direct, why", [
    (error(500), "status"), (error(429), "status"),
    (reply(b"<html>"), "garbage"), (reply({}), "garbage"),
    (play(head(200, length=500), b'{"obj', CLOSE), "broken"),
    (answer(""), "empty"), (reply(completion(None)), "empty")])
def test_faults(rig, direct, why):
    """Missing evidence escalates."""
    tell(rig.small, answer(THOUGHT, score=0.6), direct)
    response = rig.ask(TEXT)
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    said = verdict(rig, response, "self_check")
    assert (said["kind"], said["why"]) == ("none", why)


def test_it_hangs(rig):
    """The last tier keeps its share of the time."""
    tell(rig.small, answer(THOUGHT, score=0.6), hang())
    response = rig.ask(TEXT, headers={"x-request-timeout": "2"})
    assert response.content == "From large."
    assert verdict(rig, response, "self_check")["why"] == "timeout"


def test_nothing_to_compare(rig):
    """It cannot be told: no evidence."""
    rig.reload(config(rig.small, rig.large,
                      cascades={"auto": {"compare": "number"}}))
    tell(rig.small, answer(THOUGHT, score=0.6), answer("Oslo"))
    response = rig.ask(TEXT)
    assert response.content == "From large."
    assert response.frugald("reason") == "no_signal"
    assert verdict(rig, response, "self_check")["why"] == "unknown"
