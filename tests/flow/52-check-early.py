# SPDX-License-Identifier: Apache-2.0
"""start: early asks the checker beside the tier, and no longer than needed."""

import json

import pytest

from flow.checked import BLIND, rig_of, verdict
from flow.gateway import question
from stub import answer, error, hang, reply

ASKED = question("What is the capital of Norway?" + BLIND)["messages"]


@pytest.fixture
def early(yard):
    """The usual three, the check begun early."""
    rig = rig_of(yard, {"start": "early"})
    yield rig
    rig.quiet()


def purposes(rig, response):
    """(purpose, fault) of each attempt."""
    return [(a["purpose"], a["fault"]) for a in rig.attempts(response)]


def test_beside_the_tier(early):
    """It is asked while the tier thinks, and read when that has answered."""
    early.small.script(answer("Oslo", score=0.6, delay=0.4))
    response = early.ask()
    assert response.content == "Oslo"
    assert response.frugald("confidence") == "0.900"
    assert response.frugald("attempts") == "1"
    early.small.wait_idle()
    check = early.checker.call
    assert check.arrived < early.small.call.ended
    assert check.ended < early.small.call.ended
    assert check.json["messages"] == ASKED
    assert purposes(early, response) == [("verify", None), ("answer", None)]
    said = verdict(early, response)
    assert said["attempt_seq"] == 1
    assert early.row(response)["attempts"] == 1
    assert early.row(response)["upstream_us"] < 800_000     # once, not twice


def test_slower_than_the_tier(early):
    """The reply waits for it."""
    early.checker.script(answer("Oslo", delay=0.3, score=0.7))
    response = early.ask()
    assert response.frugald("confidence") == "0.700"
    early.checker.wait_idle()
    assert early.small.call.ended < early.checker.call.ended
    assert purposes(early, response) == [("answer", None), ("verify", None)]


def test_it_disagrees(early):
    """Both are paid for, and the last tier."""
    early.checker.script(answer("Bergen"))
    response = early.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "low_confidence"
    assert early.row(response)["cost_pusd"] == \
        sum(a["cost_pusd"] for a in early.attempts(response))


@pytest.mark.parametrize("score, backend", [(0.95, "small"), (0.05, "large")])
def test_not_needed(early, score, backend):
    """Decided without it: aborted at once, what it burnt is booked."""
    early.checker.script(hang())
    early.small.script(answer("Oslo", score=score, delay=0.2))
    response = early.ask()
    assert response.frugald("backend") == backend
    early.checker.wait_gone()
    assert verdict(early, response) is None
    aborted, = [a for a in early.attempts(response)
                if a["purpose"] == "verify"]
    assert aborted["fault"] == "aborted" and aborted["cost_pusd"] > 0
    row = early.row(response)
    assert row["cost_pusd"] == sum(a["cost_pusd"]
                                   for a in early.attempts(response))
    if backend == "small":
        assert float(response.frugald("cost-usd")) == row["cost_pusd"] / 1e12


def test_not_needed_but_there(early):
    """It had answered already: nothing to abort, no verdict."""
    early.small.script(answer("Oslo", score=0.95, delay=0.3))
    response = early.ask()
    assert response.frugald("confidence") == "0.950"
    assert purposes(early, response) == [("verify", None), ("answer", None)]
    assert verdict(early, response) is None


def test_the_tier_fails(early):
    """No reply, nothing to check."""
    early.checker.script(hang())
    early.small.script(error(500, delay=0.2))
    response = early.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "backend_error"
    early.checker.wait_gone()
    assert ("verify", "aborted") in purposes(early, response)


@pytest.mark.parametrize("score, reason", [(0.6, "verifier_error"),
                                           (0.95, "confident")])
def test_its_fault_counts_where_it_is_needed(early, score, reason):
    """A failed check that nobody reads harms nobody."""
    early.checker.script(error(500))
    early.small.script(answer("Oslo", score=score, delay=0.2))
    response = early.ask()
    assert response.status == 200
    assert response.frugald("reason") == reason


def test_it_hangs(early):
    """A quarter of the time that is left when the reply is there."""
    early.checker.script(hang())
    response = early.ask(headers={"x-request-timeout": "2"})
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    assert verdict(early, response)["why"] == "timeout"


def test_the_client_leaves(early):
    """Both calls end with it."""
    early.checker.script(hang())
    early.small.script(hang())
    with early.connect() as client:
        client.ask("POST", "/v1/chat/completions",
                   json.dumps(question()).encode(), {"x-request-id": "gone-1"})
        early.small.wait_calls(1)
        early.checker.wait_calls(1)
    early.small.wait_gone()
    early.checker.wait_gone()
    row = early.row("gone-1")
    assert row["outcome"] == "client_gone"
    assert sorted(purposes(early, "gone-1")) == [("answer", "aborted"),
                                                 ("verify", "aborted")]
    assert row["cost_pusd"] == sum(a["cost_pusd"]
                                   for a in early.attempts("gone-1"))


def test_a_stream(early):
    """A streaming client sees none of it."""
    early.small.script(answer("Oslo", score=0.6, delay=0.2))
    response = early.ask(stream=True)
    assert b"Oslo" in response.body and b"[DONE]" in response.body


def test_straight_to_the_last_tier(early):
    """Nothing is judged there, so nobody is asked early."""
    early.large.script(answer("From large.", n=2))
    assert early.ask(n=2).frugald("reason") == "unsupported"
    assert not early.checker.calls


def test_a_large_reply_of_garbage(early):
    """What comes early is bounded as all replies are."""
    early.checker.script(reply(b"x" * 9_000_000))
    early.small.script(answer("Oslo", score=0.6, delay=0.3))
    assert early.ask().frugald("reason") == "verifier_error"
