# SPDX-License-Identifier: Apache-2.0
"""Three tiers, each but the last one checked."""

import pytest

from flow.checked import config
from flow.gateway import backend
from stub import answer, error, hang


def three(yard, check=None, **limits):
    """small, medium, large; the checker says Oslo."""
    rig = yard.rig()
    rig.medium, rig.checker = yard.upstream("medium"), yard.upstream("checker")
    rig.reload(config(
        rig.small, rig.large, rig.checker, check,
        backends={"medium": backend(rig.medium)},
        cascades={"auto": {"tiers": ["small", "medium", "large"],
                           "limits": limits}}))
    rig.small.script(answer("Rome", score=0.6))
    rig.medium.script(answer("Oslo", score=0.6))
    rig.checker.script(answer("Oslo", score=0.9, usage=(30, 2)))
    return rig


def purposes(rig, response):
    """(tier, purpose) of each attempt."""
    return [(a["tier"], a["purpose"]) for a in rig.attempts(response)]


def test_the_second_is_kept(yard):
    """Each reply has a check of its own."""
    rig = three(yard)
    response = rig.ask()
    assert response.content == "Oslo"
    assert response.frugald("tier") == "2"
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == "confident"
    assert response.frugald("attempts") == "2"
    assert len(rig.checker.calls) == 2 and not rig.large.calls
    assert purposes(rig, response) == [(1, "answer"), (1, "verify"),
                                       (2, "answer"), (2, "verify")]
    seqs = [v["attempt_seq"] for v in rig.verdicts(response)
            if v["verifier"] == "check"]
    assert seqs == [0, 2]


def test_nobody_is_kept(yard):
    """Two refused, the last one is not judged."""
    rig = three(yard)
    rig.medium.script(answer("Paris", score=0.6))
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("tier") == "3"
    assert response.frugald("attempts") == "3"
    assert len(rig.checker.calls) == 2


def test_money_for_one_check(yard):
    """The second tier's reply is undecided, so the last one is asked."""
    rig = three(yard, verify_usd=0.0005)
    rig.checker.script(answer("Oslo", usage=(30, 2)))
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "budget"
    assert len(rig.checker.calls) == 1


def test_a_failing_checker(yard):
    """Every tier is passed over, none fails."""
    rig = three(yard)
    rig.checker.script(error(500))
    response = rig.ask()
    assert response.content == "From large."
    assert len(rig.checker.calls) == 2


@pytest.mark.parametrize("first", ["Rome", None])
def test_early(yard, first):
    """Begun anew beside each tier, a failed one too."""
    rig = three(yard, {"start": "early"})
    if first is None:
        rig.small.script(error(500, delay=0.1))
        rig.checker.script(hang(), answer("Oslo"))
    response = rig.ask()
    assert response.frugald("tier") == "2"
    assert len(rig.checker.calls) == 2
    assert [t for t, p in purposes(rig, response) if p == "verify"] == [1, 2]
