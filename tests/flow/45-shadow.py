# SPDX-License-Identifier: Apache-2.0
"""In the shadow the last tier answers; everybody else is asked afterwards, and
what they say goes to the ledger alone."""

import json
import signal
import sqlite3
import time

import pytest

from flow import sse
from flow.checked import config
from flow.gateway import merge, question
from flow.recorded import ctl
from stub import answer, chunk, hang, play, role_chunk, stream, tool_call
from stub import error as fault

NAME = "shadow-1"


def shadow(rig, check=None, **changes):
    """The usual pair with a checker, in the shadow."""
    return config(rig.small, rig.large, rig.checker, check,
                  **merge({"cascades": {"auto": {"mode": "shadow"}}}, changes))


def rig_of(yard, check=None, **changes):
    """A rig in the shadow; small says Oslo, not quite sure."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    rig.reload(shadow(rig, check, **changes))
    rig.small.script(answer("Oslo", score=0.6))
    rig.checker.script(answer("Oslo", score=0.9, usage=(30, 2)))
    rig.large.script(answer("Oslo it is."))
    return rig


@pytest.fixture
def rig(yard):
    """For one test; at its end nothing is under way."""
    made = rig_of(yard)
    yield made
    made.quiet()


def served(response, content="Oslo it is."):
    """By the last tier, as in the shadow."""
    assert response.status == 200
    assert response.frugald("backend") == "large"
    assert response.frugald("tier") == "2"
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == "shadow"
    assert response.frugald("confidence") is None
    assert response.frugald("attempts") == "1"
    if content:
        assert response.content == content
    return response


def verdicts(rig, name):
    """By verifier."""
    return {v["verifier"]: v for v in rig.verdicts(name)}


def test_everybody_is_asked_afterwards(rig):
    """One row with the answer that was sent, the pair, and what would be."""
    response = served(rig.ask())
    row = rig.row(response)
    assert (row["mode"], row["outcome"], row["status"]) == ("shadow", "ok", 200)
    assert (row["backend"], row["tier"]) == ("large", 2)
    assert (row["decision"], row["reason"]) == ("escalate", "shadow")
    assert (row["would"], row["would_reason"]) == ("accept", "confident")
    assert row["agrees"] == 1
    assert row["confidence"] == pytest.approx(0.9, abs=1e-4)
    sent, cheap, check = rig.attempts(response)
    assert [a["backend"] for a in (sent, cheap, check)] == \
        ["large", "small", "checker"]
    assert [a["purpose"] for a in (sent, cheap, check)] == \
        ["answer", "answer", "verify"]
    assert (check["verifier"], check["mode"], check["about"]) == \
        ("check", "blind", "small")
    assert row["cost_pusd"] == sum(a["cost_pusd"] for a in (sent, cheap, check))
    said = verdicts(rig, response)
    assert set(said) == {"rules", "logprob", "check"}
    assert json.loads(said["check"]["signals"])["check.agree"] == 1
    assert rig.small.call.json["logprobs"] is True
    assert "logprobs" not in rig.large.call.json
    assert rig.small.call.json["messages"] == question()["messages"]


def test_the_answer_is_what_it_would_be_alone(rig):
    """Bytes to the last tier and headers do not tell of the shadow's tiers."""
    served(rig.ask(temperature=0.5, user="u"))
    call = rig.large.call.json
    assert call == {**question(temperature=0.5, user="u"),
                    "model": "large-model"}


def test_a_streaming_client(rig):
    """It streams through live, and is a pair all the same."""
    rig.large.script(stream([role_chunk(), chunk({"content": "Os"}),
                             chunk({"content": "lo"}),
                             chunk({}, finish="stop")]))
    response = rig.ask(stream=True)
    assert sse.check(response, "auto").text() == "Oslo"
    assert response.frugald("reason") == "shadow"
    row = rig.row(response)
    assert (row["mode"], row["agrees"], row["stream"]) == ("shadow", 1, 1)
    assert rig.small.call.json["stream"] is False


def test_they_differ(rig):
    """The pair disagrees, and the cascade would have kept it."""
    rig.large.script(answer("Bergen"))
    row = rig.row(rig.ask())
    assert (row["agrees"], row["would"]) == (0, "accept")


def test_it_would_escalate(rig):
    """By the check; in the metrics as well."""
    rig.checker.script(answer("Bergen", score=0.9))
    row = rig.row(rig.ask())
    assert (row["would"], row["would_reason"]) == ("escalate", "low_confidence")
    assert rig.metrics().sum("frugald_shadow_decisions_total", cascade="auto",
                             decision="escalate") == 1


@pytest.mark.parametrize("score, would", [(0.1, "escalate"), (0.95, "accept")])
def test_bands_spare_nobody(rig, score, would):
    """The check is asked outside of its band; the decision is the band's."""
    rig.small.script(answer("Oslo", score=score))
    rig.checker.script(answer("Bergen" if would == "accept" else "Oslo",
                              score=0.9))
    response = rig.ask()
    assert rig.row(response)["would"] == would
    assert "check" in verdicts(rig, response)


def test_a_gate_ends_it(rig):
    """What is never kept need not be checked; the pair is one still."""
    rig.small.script(answer("Oslo", score=0.6, finish="length"))
    response = rig.ask()
    row = rig.row(response)
    assert row["would_reason"] == "gate:truncated"
    assert row["agrees"] == 1
    assert not rig.checker.calls
    # Without texts a record says so itself, for whoever calibrates.
    record = json.loads(ctl("ledger", "export", "-c", rig.gw.file)[1])
    assert [a.get("barred") for a in record["attempts"]] == \
        [None, "gate:truncated"]
    said = json.loads(ctl("replay", "-c", rig.gw.file, "--threshold", 0,
                          "--json")[1])
    assert said["accepted"]["count"] == 0


def test_the_client_does_not_wait(yard):
    """Nor is its place held: the next one is served while small hangs."""
    rig = rig_of(yard)
    rig.reload(shadow(rig, limits={"max_inflight": 1, "max_queue": 0}))
    rig.small.script(hang())
    first = served(rig.ask(headers={"x-request-id": "waits"}))
    rig.small.wait_calls(1)
    rig.small.script(answer("Oslo", score=0.6))
    second = rig.ask()
    assert second.status == 200
    # As many surveys as places: this one had to be left out.
    assert rig.row(second)["agrees"] is None
    assert not rig.rows("SELECT * FROM requests WHERE request_id = 'waits'")
    rig.signal(signal.SIGTERM)
    rig.wait_log("draining")
    rig.signal(signal.SIGTERM)
    rig.wait_exit()
    row = rig.row(first)
    assert (row["mode"], row["outcome"], row["agrees"]) == ("shadow", "ok", None)
    assert [a["fault"] for a in rig.attempts(first)] == [None, "aborted"]


def test_a_drain_waits_for_it(yard):
    """SIGTERM: what is being asked is asked to the end."""
    rig = rig_of(yard)
    rig.small.script(answer("Oslo", score=0.6, delay=0.4))
    response = rig.ask()
    rig.small.wait_calls(1)
    rig.signal(signal.SIGTERM)
    assert rig.wait_exit() == 0
    assert rig.row(response)["agrees"] == 1


def test_a_dead_cheap_tier(rig):
    """Nothing to compare, nothing lost."""
    rig.small.close_port()
    response = served(rig.ask())
    row = rig.row(response)
    assert row["agrees"] is None and row["confidence"] is None
    assert (row["would"], row["would_reason"]) == ("escalate", "backend_error")
    assert rig.attempts(response)[1]["fault"] == "connect"
    rig.small.open_port()


def test_a_dead_last_tier(rig):
    """Its fault is the client's, and nobody else is asked."""
    rig.large.script(fault(500, "no"))
    response = rig.ask()
    assert response.status == 502
    row = rig.row(response)
    assert (row["mode"], row["outcome"]) == ("shadow", "upstream_error")
    time.sleep(0.1)
    assert not rig.small.calls


def test_a_client_that_leaves(rig):
    """Half of an answer is none of a pair."""
    rig.large.script(play(hang()))
    client = rig.connect()
    client.post(question(), headers={"x-request-id": NAME})
    rig.large.wait_calls(1)
    client.close()
    row = rig.row(NAME)
    assert (row["outcome"], row["mode"]) == ("client_gone", "shadow")
    assert not rig.small.calls


def test_what_a_cheap_tier_cannot_do(rig):
    """It is not asked, as it would not be."""
    rig.large.script(answer("Oslo", n=2) if False else answer("Oslo"))
    response = rig.ask(n=2, check=False)
    row = rig.row(response)
    assert (row["would"], row["would_reason"]) == ("escalate", "unsupported")
    assert not rig.small.calls


def test_money_for_verifying(yard):
    """verify_usd bounds the shadow too: nothing dear is asked."""
    rig = rig_of(yard, cascades={"auto": {"limits": {"verify_usd": 0}}})
    response = rig.ask()
    row = rig.row(response)
    assert (row["would"], row["would_reason"]) == ("escalate", "budget")
    assert row["agrees"] == 1
    assert not rig.checker.calls


def test_no_rule_needed(yard):
    """Without a threshold nothing is decided, and everything is recorded."""
    rig = rig_of(yard)
    ruled = shadow(rig)
    del ruled["cascades"]["auto"]["threshold"]
    rig.reload(ruled)
    row = rig.row(rig.ask())
    assert row["would"] is None and row["would_reason"] is None
    assert row["agrees"] == 1
    assert row["confidence"] == pytest.approx(0.9, abs=1e-4)


def test_three_tiers(yard):
    """Each tier below the last is asked and judged."""
    rig = rig_of(yard)
    middle = yard.upstream("middle")
    middle.script(answer("Oslo", score=0.7))
    rig.reload(shadow(rig, backends={"middle": {
        "base_url": middle.url, "model": "m"}}, cascades={
            "auto": {"tiers": ["small", "middle", "large"]}}))
    rig.checker.script(answer("Oslo", score=0.9), answer("Oslo", score=0.8))
    response = rig.ask()
    assert response.frugald("tier") == "3"
    row = rig.row(response)
    assert [a["backend"] for a in rig.attempts(response)] == \
        ["large", "small", "checker", "middle", "checker"]
    assert [a["about"] for a in rig.attempts(response)] == \
        [None, None, "small", None, "middle"]
    assert row["would"] == "accept"


def test_texts_stay_out(rig):
    """Pairs are compared, never kept, unless texts are asked for."""
    rig.small.script(answer("CANARY-s", score=0.6))
    rig.large.script(answer("CANARY-l"))
    response = rig.ask("CANARY-q")
    rig.row(response)
    dump = "\n".join(sqlite3.connect(rig.ledger_file).iterdump())
    assert "CANARY" not in dump
    assert "CANARY" not in rig.log()


def test_from_shadow_to_enforce_by_reload(rig):
    """No restart, no request lost: those under way end as they began."""
    rig.small.script(answer("Oslo", score=0.95, delay=0.3))
    before = rig.ask()
    rig.reload(merge(shadow(rig), {"cascades": {"auto": {"mode": "enforce"}}}))
    after = rig.ask()
    assert before.frugald("reason") == "shadow"
    assert after.frugald("backend") == "small"
    assert rig.row(before)["agrees"] == 1
    assert rig.row(after)["mode"] == "enforce"


def test_a_judge_compares(yard):
    """compare: a model is asked about the pair, and that is booked too."""
    rig = rig_of(yard)
    judge = yard.upstream("judge")
    rig.reload(shadow(rig, backends={"judge": {
        "base_url": judge.url, "model": "judge-model",
        "price": {"input": 1, "output": 1}}}, cascades={"auto": {
            "compare": {"by": "judge", "backend": "judge"}}}))
    rig.large.script(answer("The capital is Oslo."))

    def says(same):
        def word(call):
            schema = call.json["response_format"]["json_schema"]["schema"]
            nonce = schema["properties"]["nonce"]
            nonce = nonce.get("const") or nonce["enum"][0]
            return answer(json.dumps({"nonce": nonce, "same": same}))
        return word
    for same in (True, False):
        judge.answer_by(says(same))
        response = rig.ask()
        row = rig.row(response)
        assert row["agrees"] == int(same)
        last = rig.attempts(response)[-1]
        assert (last["backend"], last["purpose"], last["verifier"]) == \
            ("judge", "verify", "compare")
        assert row["cost_pusd"] == sum(
            a["cost_pusd"] for a in rig.attempts(response))
    judge.answer_by(lambda call: answer("yes"))
    assert rig.row(rig.ask())["agrees"] == 0    # no word is no agreement
    calls = len(judge.calls)
    rig.reload(shadow(rig, backends={"judge": {
        "base_url": judge.url, "model": "judge-model",
        "price": {"input": 1, "output": 1}}}, cascades={"auto": {
            "limits": {"verify_usd": 0},
            "compare": {"by": "judge", "backend": "judge"}}}))
    assert rig.row(rig.ask())["agrees"] is None
    assert len(judge.calls) == calls


def test_it_takes_no_place_from_clients(yard):
    """Nor one of a backend: a full one is full of clients."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    wanted = shadow(rig, check={"backend": "large"})
    for side in ("small", "large"):
        wanted["backends"][side]["max_inflight"] = 1
    rig.reload(wanted)
    rig.small.script(answer("Oslo", score=0.6))
    rig.large.answer_by(lambda call: answer(
        "Oslo", delay=1 if call.json.get("max_tokens") == 16 else 0))
    got = [rig.ask() for _ in range(4)]
    assert {r.status for r in got} == {200}
    rig.quiet()
    before = len(rig.small.calls)
    rig.small.script(answer("Oslo", delay=1))
    rig.ask()
    rig.small.wait_calls(before + 1)
    assert rig.ask(model="small").status == 200


def test_rows_of_other_models_certify_nothing(rig):
    """A pair of a model that is gone, or compared in another way."""
    rig.row(rig.ask())
    command = ["replay", "-c", rig.gw.file, "--threshold", 0, "--json"]
    assert ctl(*command)[0] == 0
    rig.gw.write(merge(rig.gw.own, shadow(rig, backends={
        "small": {"model": "another"}})))
    code, _, err = ctl(*command)
    assert code == 1 and "1 by other models than are configured now" in err
    rig.gw.write(merge(rig.gw.own, shadow(rig, cascades={
        "auto": {"compare": "exact"}})))
    # The texts are gone, so it cannot be compared anew.
    code, out, err = ctl(*command)
    assert code != 0 or json.loads(out)["lost"]["of"] == 0, out


# Pairs that escalations leave.

@pytest.mark.parametrize("wants_stream", [False, True])
@pytest.mark.parametrize("said, agrees", [("Oslo", 1), ("Bergen", 0)])
def test_an_escalation_leaves_a_pair(module_rig, wants_stream, said, agrees):
    """Both answers are there, so they are compared; marked as enforce."""
    module_rig.reset()
    module_rig.small.script(answer("Oslo", score=0.1))
    module_rig.large.script(answer(said))
    response = module_rig.ask(stream=wants_stream)
    assert response.frugald("decision") == "escalate"
    row = module_rig.row(response)
    assert (row["mode"], row["agrees"], row["would"]) == \
        ("enforce", agrees, None)


def test_an_accepted_answer_is_no_pair(module_rig):
    """There is nothing to compare it with."""
    module_rig.reset()
    assert module_rig.row(module_rig.ask())["agrees"] is None


def test_tool_calls_are_compared(module_rig):
    """By what is called: ids are each reply's own."""
    module_rig.reset()
    tools = [{"type": "function", "function": {"name": "lookup"}}]
    module_rig.small.script(answer(None, tool_calls=[tool_call(number=1)],
                                   score=0.1))
    module_rig.large.script(
        answer(None, tool_calls=[tool_call(
            arguments='{"city" : "Oslo"}', number=2)]),
        answer(None, tool_calls=[tool_call(
            arguments='{"city":"Bergen"}', number=2)]))
    for agrees in (1, 0):
        response = module_rig.ask(tools=tools)
        assert response.frugald("backend") == "large"
        assert module_rig.row(response)["agrees"] == agrees
