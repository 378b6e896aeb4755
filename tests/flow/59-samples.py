# SPDX-License-Identifier: Apache-2.0
"""samples asks the tier's own backend again: how many replies say the same?"""

import asyncio
import json
import subprocess

import pytest

from flow import sse, yaml_text
from flow.checked import verdict
from flow.gateway import backend, binary, merge, question, standard
from flow.patience import SCALE
from stub import (CLOSE, answer, completion, error, hang, head, play, reply,
                  reset, tool_call)


def config(small, large, samples=None, **changes):
    """Log-probs, then samples, which alone then decides."""
    return merge(standard(small, large), merge({"cascades": {"auto": {
        "verify": [{"rules": {"truncated": True}},
                   {"logprob": {"span": "all"}},
                   {"samples": samples or {"k": 4}}]}}}, changes))


def rig_of(yard, samples=None, **changes):
    """small says Oslo; what its samples say is each test's to tell."""
    rig = yard.rig()
    rig.reload(config(rig.small, rig.large, samples, **changes))
    tell(rig.small, answer("Oslo", score=0.6))
    return rig


def is_sample(call):
    """Is it one, or the question itself?"""
    return call.body.startswith(b'{"temperature":')


def tell(up, first, *samples):
    """What the question gets, and what its samples, one by one; the last one
    repeats."""
    left = list(samples or [hang()])

    def choose(call):
        if not is_sample(call):
            return first
        return left.pop(0) if len(left) > 1 else left[0]
    up.answer_by(choose)


def samples_of(up):
    """The calls that are samples."""
    return [call for call in up.calls if is_sample(call)]


def verifying(rig, response):
    """The attempts that were for verifying."""
    return [a for a in rig.attempts(response) if a["purpose"] == "verify"]


@pytest.fixture
def rig(yard):
    """Four samples, and the threshold is a half."""
    made = rig_of(yard)
    yield made
    made.quiet()


OSLO, BERGEN = answer("It is Oslo."), answer("It is Bergen.")


# What they come to.

def test_all_agree(yard):
    """As sure as can be."""
    rig = rig_of(yard, {"k": 4}, cascades={"auto": {"threshold": 1.0}})
    tell(rig.small, answer("Oslo", score=0.6), OSLO)
    response = rig.ask()
    assert response.content == "Oslo"
    assert response.frugald("decision") == "accept"
    assert response.frugald("reason") == "confident"
    assert response.frugald("confidence") == "1.000"
    assert response.frugald("attempts") == "1"
    assert response.frugald("calibrated") == "false"
    assert len(rig.small.calls) == 5 and not rig.large.calls


def test_none_agrees(rig):
    """The next tier answers."""
    tell(rig.small, answer("Oslo", score=0.6), BERGEN)
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == "low_confidence"
    assert response.frugald("attempts") == "2"


@pytest.mark.parametrize("agreeing", range(6))
def test_share(yard, agreeing):
    """So many of five; the exact share where it is not decided before."""
    rig = rig_of(yard, {"k": 5}, cascades={"auto": {"threshold": 0.6}})
    said = [OSLO] * agreeing + [BERGEN] * (5 - agreeing)
    tell(rig.small, answer("Oslo", score=0.6), *said, error(500))
    response = rig.ask()
    assert response.frugald("backend") == \
        ("small" if agreeing >= 3 else "large")
    share = float(response.frugald("confidence"))
    assert share <= agreeing / 5 if agreeing >= 3 else share >= agreeing / 5
    signals = json.loads(verdict(rig, response, "samples")["signals"])
    assert signals == {"samples.agree": share}


def test_one(yard):
    """k may be 1."""
    rig = rig_of(yard, {"k": 1})
    tell(rig.small, answer("Oslo", score=0.6), BERGEN)
    assert rig.ask().frugald("confidence") == "0.000"
    tell(rig.small, answer("Oslo", score=0.6), OSLO)
    assert rig.ask().frugald("confidence") == "1.000"


def test_default(yard):
    """Four at 0.7."""
    rig = rig_of(yard, {"band": [0, 1]}, cascades={"auto": {"threshold": 1.0}})
    tell(rig.small, answer("Oslo", score=0.6), OSLO)
    assert rig.ask().frugald("backend") == "small"
    rig.small.wait_idle()
    assert [c.json["temperature"] for c in samples_of(rig.small)] == [0.7] * 4


@pytest.mark.parametrize("score, where", [(0.29, "large"), (0.81, "small")])
def test_outside_the_band(yard, score, where):
    """What the cheap signals decide is not asked again."""
    rig = rig_of(yard, {"band": [0.3, 0.8]})
    tell(rig.small, answer("Oslo", score=score))
    response = rig.ask()
    assert response.frugald("backend") == where
    assert response.frugald("confidence") == f"{score:.3f}"
    assert len(rig.small.calls) == 1
    assert verdict(rig, response, "samples") is None


def test_a_gate_spares_them(rig):
    """What is rejected anyway is not asked again."""
    tell(rig.small, answer("Oslo", score=0.6, finish="length"))
    assert rig.ask().frugald("reason") == "gate:truncated"
    assert len(rig.small.calls) == 1


# At once.

@pytest.mark.parametrize("k", [2, 4, 20])
def test_all_at_once(yard, k):
    """Every one is there before the first is answered."""
    rig = rig_of(yard, {"k": k}, cascades={"auto": {"threshold": 1.0}})

    async def together(call, conn):
        for _ in range(500):
            if len([c for c in samples_of(rig.small) if c.arrived]) == k:
                await OSLO(call, conn)
                return
            await asyncio.sleep(0.01)
    tell(rig.small, answer("Oslo", score=0.6), together)
    response = rig.ask()
    assert response.frugald("confidence") == "1.000"
    assert rig.small.gauge_max == k
    rig.quiet()


# Decided before all are there.

def test_decided_for(rig):
    """Two of four are a half: that is enough, the rest is given up."""
    tell(rig.small, answer("Oslo", score=0.6), OSLO, OSLO, hang())
    response = rig.ask()
    assert response.content == "Oslo"
    assert response.frugald("reason") == "confident"
    assert response.frugald("confidence") == "0.500"     # the least it can be
    check_given_up(rig, response, 2)


def test_decided_against(rig):
    """Three of four say otherwise: the fourth cannot help."""
    tell(rig.small, answer("Oslo", score=0.6), BERGEN, BERGEN, BERGEN, hang())
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "low_confidence"
    assert response.frugald("confidence") == "0.250"     # the most it can be
    check_given_up(rig, response, 1)


def check_given_up(rig, response, count):
    """So many calls were aborted at once, and what they burnt is booked."""
    rig.small.wait(lambda up: len([c for c in up._calls if c.gone]) == count)
    calls = verifying(rig, response)
    assert sorted(str(a["fault"]) for a in calls) == \
        ["None"] * (4 - count) + ["aborted"] * count
    assert all(a["cost_pusd"] > 0 for a in calls)
    said = verdict(rig, response, "samples")
    assert said["kind"] == "score"
    assert said["cost_pusd"] == sum(a["cost_pusd"] for a in calls)
    row = rig.row(response)
    assert row["cost_pusd"] == \
        sum(a["cost_pusd"] for a in rig.attempts(response))
    if response.frugald("backend") == "small":
        assert float(response.frugald("cost-usd")) == row["cost_pusd"] / 1e12


def test_not_yet_decided(rig):
    """One for and two against: the fourth is waited for."""
    last = answer("It is Oslo.", delay=0.3)
    tell(rig.small, answer("Oslo", score=0.6), OSLO, BERGEN, BERGEN, last)
    response = rig.ask()
    assert response.frugald("backend") == "small"
    assert response.frugald("confidence") == "0.500"
    assert not [a for a in verifying(rig, response) if a["fault"]]


def test_a_fault_too_late(rig):
    """Decided is decided: the failing one was given up before."""
    tell(rig.small, answer("Oslo", score=0.6), OSLO, OSLO,
         error(500, delay=0.5))
    assert rig.ask().frugald("reason") == "confident"


def test_the_exact_share_matters(yard):
    """With a verifier behind it all of them are waited for."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    rig.checker.script(answer("Oslo", score=0.9))
    rig.reload(config(
        rig.small, rig.large, backends={"checker": backend(rig.checker)},
        cascades={"auto": {"verify": [
            "logprob", {"samples": {"k": 4}},
            {"check": {"backend": "checker"}}]}}))
    late = answer("It is Bergen.", delay=0.2)
    tell(rig.small, answer("Oslo", score=0.6), OSLO, OSLO, OSLO, late)
    response = rig.ask()
    assert response.frugald("confidence") == "0.900"
    said = verdict(rig, response, "samples")
    assert said["score"] == 0.75
    assert not [a for a in verifying(rig, response) if a["fault"]]


# What is asked.

BODY = b'{"model":"auto", "temperature" : 0,"top_p":0.1,"messages" : [{"role"' \
    b':"system","content":"Be\\u0020short."},\n {"role":"user","content":' \
    b'[{"type":"text","text":"Capital?"}]}],"tools":[{"type":"function",' \
    b'"function":{"name":"f"}}],"tool_choice":"auto","stop":["\\n"],' \
    b'"response_format":{"type":"json_object"},"seed":7,"n":1,"seed":8,' \
    b'"max_completion_tokens" : 500,"stream":STREAM,"logprobs":true,' \
    b'"top_logprobs":2,"store":false,"user":"me","x_own":{"seed":1}, ' \
    b'"top_k":1}'


@pytest.mark.parametrize("stream", [b"false", b"true"])
def test_what_is_asked(yard, stream):
    """The client's request, but for what would make the replies alike."""
    rig = rig_of(yard, {"k": 2, "temperature": 1.05},
                 cascades={"auto": {"threshold": 1.0}})
    tell(rig.small, answer("Oslo", score=0.6), OSLO)
    response = rig.post(BODY.replace(b"STREAM", stream))
    assert response.frugald("backend") == "small"
    rig.small.wait_idle()
    wanted = (
        b'{"temperature":1.05,"model":"small-model", "messages" : [{"role"'
        b':"system","content":"Be\\u0020short."},\n {"role":"user","content":'
        b'[{"type":"text","text":"Capital?"}]}],"tools":[{"type":"function",'
        b'"function":{"name":"f"}}],"tool_choice":"auto","stop":["\\n"],'
        b'"response_format":{"type":"json_object"},'
        b'"max_completion_tokens" : 500,'
        b'"store":false,"user":"me","x_own":{"seed":1}}')
    asked = samples_of(rig.small)
    assert [call.body for call in asked] == [wanted] * 2
    first, = [call for call in rig.small.calls if not is_sample(call)]
    for call in asked:
        assert call.target == first.target
        assert call.header("x-request-id") == response.header("x-request-id")


def test_a_streaming_client(rig):
    """Sees nothing of it but the answer."""
    tell(rig.small, answer("Oslo", score=0.6), OSLO)
    response = rig.ask(stream=True)
    assert sse.check(response, "auto").text() == "Oslo"
    assert all("stream" not in c.json for c in samples_of(rig.small))


# What counts as the same.

@pytest.mark.parametrize("compare, ours, theirs, where", [
    ("auto", "The sum is 1,000.", "1000.0", "small"),
    ("number", "The sum is 1,000.", "1000.0", "small"),
    ("text", "The sum is 1,000.", "1000.0", "large"),
    ("text", "Oslo!", "oslo", "small"),
    ("exact", "Oslo!", "oslo", "large"),
    ("exact", "Oslo", " Oslo\n", "small"),
    ("contains", "Oslo", "I think it is Oslo in Norway", "small"),
    ("choice", "(B)", "The answer is B.", "small"),
    ("choice", "(B)", "The answer is C.", "large"),
    ("json", '{"a": 1, "b": 2}', '```json\n{"b":2,"a":1.0}\n```', "small"),
    ("json", '{"a": 1}', '{"a": 2}', "large"),
    ("number", "Oslo", "Oslo", "large"),        # not to be compared
])
def test_compare(yard, compare, ours, theirs, where):
    """By the cascade's comparator."""
    rig = rig_of(yard, cascades={"auto": {"compare": compare}})
    tell(rig.small, answer(ours, score=0.6), answer(theirs))
    assert rig.ask().frugald("backend") == where


def calling(arguments, number, name="lookup"):
    """A reply that is one tool call."""
    return answer(None, tool_calls=[tool_call(name, arguments, number)],
                  tokens=[("lookup", -0.5)])


@pytest.mark.parametrize("sample, where", [
    (calling('{"days":3, "city":"Oslo"}', 77), "small"),
    (calling('{"city":"Bergen","days":3}', 1), "large"),
    (calling('{"city":"Oslo","days":3}', 1, "forecast"), "large"),
    (answer("lookup"), "large"), (answer(""), "large"),
])
def test_tool_calls(rig, sample, where):
    """The same function with the same arguments, whatever the id."""
    tell(rig.small, calling('{"city":"Oslo","days":3}', 1), sample)
    response = rig.ask(tools=[{"type": "function",
                               "function": {"name": "lookup"}}])
    assert response.frugald("backend") == where
    assert all("tools" in call.json for call in samples_of(rig.small))


@pytest.mark.parametrize("sample", [
    answer(""), answer(" \n"), reply(completion(None)),
    reply(completion(None, refusal="No."))])
def test_empty_samples(rig, sample):
    """Nothing agrees with nothing, and nothing with an answer."""
    tell(rig.small, answer("Oslo", score=0.6), sample)
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "low_confidence"


def test_an_empty_reply(yard):
    """There is nothing to agree with: nobody is asked."""
    rig = rig_of(yard, cascades={"auto": {"verify": [{"samples": {"k": 4}}]}})
    tell(rig.small, reply(completion(None)))
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "no_signal"
    assert len(rig.small.calls) == 1
    said = verdict(rig, response, "samples")
    assert (said["kind"], said["why"], said["cost_pusd"]) == \
        ("none", "unknown", 0)


# What goes wrong.

FAULTS = {      # behaviour, why
    "500": (error(500), "status"),
    "400": (error(400, "no temperature here"), "status"),
    "429": (error(429), "status"),
    "reset": (reset(), "broken"),
    "cut": (play(head(200, length=500), b'{"obj', CLOSE), "broken"),
    "garbage": (reply(b"<html>sorry</html>"), "garbage"),
    "empty body": (reply(b""), "garbage"),
    "empty object": (reply({}), "garbage"),
    "an error body": (reply({"error": {"message": "sorry"}}), "error_body"),
}


@pytest.mark.parametrize("before", [[], [OSLO], [BERGEN, OSLO]])
@pytest.mark.parametrize("name", FAULTS)
def test_one_fails(rig, name, before):
    """Undecided, and it will not be: the others are given up."""
    behaviour, why = FAULTS[name]
    # A reset of a connection that was used before is tried again.
    tell(rig.small, answer("Oslo", score=0.6), *before,
         delayed(behaviour, 0.1), delayed(behaviour, 0.3), hang())
    response = rig.ask()
    assert response.status == 200 and response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    said = verdict(rig, response, "samples")
    assert (said["kind"], said["why"], said["score"]) == ("none", why, None)
    calls = verifying(rig, response)
    assert len(calls) == 4
    assert [a["fault"] for a in calls].count("aborted") == 3 - len(before)
    assert said["cost_pusd"] == sum(a["cost_pusd"] for a in calls)


def delayed(behaviour, seconds):
    """The same, when those before have long answered."""
    async def later(call, conn):
        await asyncio.sleep(seconds)
        await behaviour(call, conn)
    return later


def test_they_hang(rig):
    """Until the time for verifying is over."""
    response = rig.ask(headers={"x-request-timeout": "2"})
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    said = verdict(rig, response, "samples")
    assert said["why"] == "timeout"
    calls = verifying(rig, response)
    assert len(calls) == 4 and {a["fault"] for a in calls} <= \
        {"aborted", "timeout"}
    assert said["cost_pusd"] == sum(a["cost_pusd"] for a in calls) > 0
    rig.small.wait(lambda up: len([c for c in up._calls if c.gone]) == 4)


def test_no_place_for_all(yard):
    """A backend that takes two calls at once."""
    rig = rig_of(yard, backends={"small": {"max_inflight": 2}})
    tell(rig.small, answer("Oslo", score=0.6), hang())
    response = rig.ask()
    assert response.frugald("reason") == "verifier_error"
    assert verdict(rig, response, "samples")["why"] == "busy"
    rig.quiet()


@pytest.mark.parametrize("answered", [0, 1])
@pytest.mark.parametrize("stream", [False, True])
def test_the_client_leaves(rig, stream, answered):
    """All that are out end with it, and are booked."""
    tell(rig.small, answer("Oslo", score=0.6), *[OSLO] * answered, hang())
    with rig.connect() as client:
        client.ask("POST", "/v1/chat/completions",
                   json.dumps(question(stream=stream)).encode(),
                   {"x-request-id": "left-1"})
        rig.small.wait(lambda up: len([c for c in up._calls if c.arrived]) ==
                       5 and len([c for c in up._calls if c.ended]) ==
                       1 + answered)
    rig.small.wait(lambda up: len([c for c in up._calls if c.gone]) ==
                   4 - answered)
    row = rig.row("left-1")
    assert row["outcome"] == "client_gone"
    calls = verifying(rig, "left-1")
    assert [a["fault"] for a in calls].count("aborted") >= 4 - answered
    assert len(calls) == 4
    assert row["cost_pusd"] == \
        sum(a["cost_pusd"] for a in rig.attempts("left-1"))
    assert verdict(rig, "left-1", "samples") is None
    assert not rig.large.calls


def test_the_daemon_ends(rig):
    """A second SIGTERM aborts them as any call."""
    with rig.connect() as client:
        client.ask("POST", "/v1/chat/completions",
                   json.dumps(question()).encode())
        rig.small.wait_calls(5)
        rig.signal(15)
        rig.wait_log("draining")
        rig.signal(15)
        assert rig.wait_exit() == 0
    rig.gw.start()


# Money.

def test_the_books(rig):
    """Five calls of one backend, four of them for verifying."""
    before = rig.metrics()
    tell(rig.small, answer("Oslo", score=0.6), OSLO, OSLO, BERGEN,
         answer("It is Bergen.", delay=0.2))
    rig.reload(config(rig.small, rig.large,
                      cascades={"auto": {"threshold": 0.51}}))
    response = rig.ask()
    assert response.content == "From large."
    attempts = rig.attempts(response)
    assert [a["purpose"] for a in attempts] == \
        ["answer"] + ["verify"] * 4 + ["answer"]
    for a in attempts[:5]:
        assert (a["backend"], a["tier"], a["cost_pusd"]) == \
            ("small", 1, 11 * 1_000_000 + 7 * 2_000_000)
    said = verdict(rig, response, "samples")
    assert (said["kind"], said["score"], said["attempt_seq"]) == \
        ("score", 0.5, 0)
    assert said["cost_pusd"] == 4 * attempts[0]["cost_pusd"]
    assert said["us"] >= 200_000
    assert rig.row(response)["attempts"] == 2
    after = rig.metrics()

    def grown(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)
    assert grown("frugald_cost_usd_total", purpose="verify") == \
        pytest.approx(said["cost_pusd"] / 1e12)
    assert grown("frugald_verdicts_total", verifier="samples",
                 kind="score") == 1
    assert grown("frugald_verifier_seconds_count", verifier="samples") == 1


@pytest.mark.parametrize("usd, where", [(0.0001, "small"), (0.00009, "large")])
@pytest.mark.parametrize("limit", ["verify_usd", "cost_usd"])
def test_affordable(yard, limit, usd, where):
    """Four times what the reply took, 0.000025 USD."""
    usd += 0.000025 if limit == "cost_usd" else 0
    rig = rig_of(yard, cascades={"auto": {"limits": {limit: usd}}})
    tell(rig.small, answer("Oslo", score=0.6), OSLO)
    response = rig.ask()
    assert response.frugald("backend") == where
    if where == "large":
        assert response.frugald("reason") == "budget"
        assert len(rig.small.calls) == 1


def test_affordable_by_length(yard):
    """Where the backend tells no usage, by the reply's own length."""
    rig = rig_of(yard, cascades={"auto": {"limits": {"verify_usd": 0.001}}})
    tell(rig.small, answer("x" * 4000, score=0.6, usage=None), OSLO)
    assert rig.ask().frugald("reason") == "budget"
    tell(rig.small, answer("Oslo", score=0.6, usage=None), OSLO)
    assert rig.ask().frugald("reason") == "confident"


def test_each_tier_its_own(yard):
    """Three tiers: the second one is sampled by itself."""
    rig = yard.rig()
    rig.medium = yard.upstream("medium")
    rig.reload(config(rig.small, rig.large,
                      backends={"medium": backend(rig.medium)},
                      cascades={"auto": {"tiers": ["small", "medium",
                                                   "large"]}}))
    tell(rig.small, answer("Rome", score=0.6), OSLO, BERGEN)
    tell(rig.medium, answer("Oslo", score=0.6), OSLO)
    response = rig.ask()
    assert response.frugald("backend") == "medium"
    assert response.frugald("tier") == "2"
    assert not rig.large.calls
    assert {c.json["model"] for c in samples_of(rig.medium)} == \
        {"medium-model"}


# Keys.

@pytest.mark.parametrize("samples, key", [
    ({"k": 0}, "k"), ({"k": 21}, "k"), ({"k": 1.5}, "k"),
    ({"temperature": 0}, "temperature"), ({"temperature": 2.1}, "temperature"),
    ({"backend": "large"}, "backend"), ({"start": "early"}, "start")])
def test_faults_of_keys(yard, tmp_path, samples, key):
    """Told with the key's name."""
    small, large = yard.upstream("small"), yard.upstream("large")
    file = tmp_path / "frugald.yaml"
    file.write_text(yaml_text.emit(config(small, large, samples)) + "\n")
    done = subprocess.run([binary(), "-t", "-c", str(file)],
                          capture_output=True, text=True, check=False,
                          timeout=10 * SCALE)
    assert done.returncode == 2
    assert key in done.stdout + done.stderr
