# SPDX-License-Identifier: Apache-2.0
"""Verifying stops at its limits, and when there is nobody left to answer."""

import json
import time

import pytest

from flow.checked import rig_of, verdict
from flow.gateway import question
from flow.patience import SCALE
from stub import answer, hang


def limited(yard, check=None, **limits):
    """The usual three with these limits."""
    return rig_of(yard, check, cascades={"auto": {"limits": limits}})


@pytest.mark.parametrize("limits", [
    {"verify_usd": 0.0001}, {"verify_usd": 0}, {"cost_usd": 0.0003}])
@pytest.mark.parametrize("start", ["after", "early"])
def test_not_affordable(yard, limits, start):
    """Undecided means escalate; what is not asked costs nothing."""
    rig = limited(yard, {"start": start}, **limits)
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == "budget"
    assert response.frugald("confidence") == "0.600"
    assert not rig.checker.calls
    assert {a["purpose"] for a in rig.attempts(response)} == {"answer"}
    assert verdict(rig, response) is None


@pytest.mark.parametrize("limits", [
    {"verify_usd": 0.001}, {"cost_usd": 0.001}])
def test_affordable(yard, limits):
    """The estimate is about 0.0005 USD."""
    rig = limited(yard, **limits)
    assert rig.ask().frugald("confidence") == "0.900"
    assert len(rig.checker.calls) == 1


def test_a_long_question_costs_more(yard):
    """The estimate grows with what is asked."""
    rig = limited(yard, verify_usd=0.001)
    response = rig.ask("x" * 4000)
    assert response.frugald("reason") == "budget"
    assert not rig.checker.calls


def test_outside_the_band_no_money_is_needed(yard):
    """What needs no check has no budget to lack."""
    rig = limited(yard, verify_usd=0)
    rig.small.script(answer("Oslo", score=0.95))
    assert rig.ask().frugald("reason") == "confident"
    rig.small.script(answer("Oslo", score=0.05))
    assert rig.ask().frugald("reason") == "low_confidence"


def test_free_ones_are_asked(yard):
    """A checker without a price costs nothing."""
    rig = rig_of(yard, cascades={"auto": {"limits": {"verify_usd": 0}}},
                 backends={"checker": {"price": None}})
    assert rig.ask().frugald("confidence") == "0.900"


def test_attempts_count_answers_only(yard):
    """Two attempts are enough for two tiers and a check between."""
    rig = limited(yard, attempts=2)
    rig.checker.script(answer("Bergen"))
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("attempts") == "2"


def test_the_check_uses_up_the_money(yard):
    """It said no, and that it cost more than all of it: the client does not
    pay for that with its answer."""
    rig = limited(yard, cost_usd=0.0006)
    rig.checker.script(answer("Bergen", usage=(10**6, 10**6)))
    response = rig.ask()
    assert response.status == 200
    assert response.header("x-frugald-decision") == "escalate"
    assert len(rig.large.calls) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_client_leaves(yard, stream):
    """While the check is out: it is aborted, what it burnt is booked."""
    rig = rig_of(yard)
    rig.checker.script(hang())
    with rig.connect() as client:
        client.ask("POST", "/v1/chat/completions",
                   json.dumps(question(stream=stream)).encode(),
                   {"x-request-id": "left-1"})
        rig.checker.wait_calls(1)
        left = time.monotonic()
    assert rig.checker.wait_gone() - left < 0.25 * SCALE
    row = rig.row("left-1")
    assert row["outcome"] == "client_gone" and row["status"] in (499, 200)
    first, check = rig.attempts("left-1")
    assert (check["purpose"], check["fault"]) == ("verify", "aborted")
    assert check["cost_pusd"] > 0
    assert row["cost_pusd"] == first["cost_pusd"] + check["cost_pusd"]
    assert verdict(rig, "left-1") is None
    assert not rig.large.calls
    rig.quiet()


def test_the_daemon_ends(yard):
    """A second SIGTERM aborts a check as any call."""
    rig = rig_of(yard)
    rig.checker.script(hang())
    with rig.connect() as client:
        client.ask("POST", "/v1/chat/completions",
                   json.dumps(question()).encode())
        rig.checker.wait_calls(1)
        rig.signal(15)
        rig.wait_log("draining")
        rig.signal(15)
        rig.wait_exit()
    rig.checker.wait_gone()


def test_no_time_for_a_check(yard):
    """The deadline is the client's; the last tier keeps its share."""
    rig = rig_of(yard)
    rig.small.script(answer("Oslo", score=0.6, delay=0.3))
    rig.checker.script(hang())
    response = rig.ask(headers={"x-request-timeout": "1"})
    assert response.content == "From large."
    assert response.frugald("reason") in ("verifier_error", "deadline")
