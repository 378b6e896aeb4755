# SPDX-License-Identifier: Apache-2.0
"""Cascades are lists: three tiers, each but the last one judged."""

import pytest

from flow import sse
from flow.gateway import backend, question, standard
from stub import answer, error, hang


@pytest.fixture
def three(yard):
    """small, medium, large behind `deep`."""
    rig = yard.rig()
    rig.medium = yard.upstream("medium")
    rig.medium.script(answer("From medium."))
    rig.gw.reload(standard(
        rig.small, rig.large, backends={"medium": backend(rig.medium)},
        cascades={"deep": {"tiers": ["small", "medium", "large"],
                           "threshold": 0.5,
                           "verify": [{"rules": {"truncated": True}},
                                      {"logprob": {"span": "all"}}]}}))
    return rig


def ask(rig, **fields):
    """Through the three tiers."""
    return rig.post(question(model="deep", **fields))


def test_first(three):
    """The first one is sure: nobody else is asked."""
    response = ask(three)
    assert response.frugald("tier") == "1"
    assert not three.medium.calls and not three.large.calls


def test_second(three):
    """The second one's answer is judged too, and kept."""
    three.small.script(answer("?", score=0.1))
    response = ask(three)
    assert response.content == "From medium."
    assert response.frugald("tier") == "2"
    assert response.frugald("backend") == "medium"
    assert response.frugald("attempts") == "2"
    assert response.frugald("confidence") == "0.900"
    assert response.frugald("reason") in ("confident", "low_confidence")
    assert three.medium.call.json["logprobs"] is True
    assert response.json["choices"][0]["logprobs"] is None
    assert not three.large.calls


@pytest.mark.parametrize("stream", [False, True])
def test_third(three, stream):
    """Nobody was sure: the terminal tier answers unjudged."""
    three.small.script(answer("?", score=0.1))
    three.medium.script(answer("cut", finish="length"))
    response = ask(three, stream=stream)
    assert response.frugald("tier") == "3"
    assert response.frugald("backend") == "large"
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == "gate:truncated"
    assert response.frugald("attempts") == "3"
    assert three.medium.call.json.get("stream", False) is False
    assert "logprobs" not in three.large.call.json
    if stream:
        assert sse.check(response, "deep").text() == "From large."
    row = three.row(response)
    assert (row["tier"], row["attempts"]) == (3, 3)
    assert [a["tier"] for a in three.attempts(response)] == [1, 2, 3]


def test_second_replayed(three):
    """A stream of the second tier's accepted answer."""
    three.small.script(error(500))
    response = ask(three, stream=True)
    assert sse.check(response, "deep").text() == "From medium."


def test_two_broken(three):
    """Faults of two tiers cost nothing but time."""
    three.small.script(error(500))
    three.medium.script(error(503))
    response = ask(three)
    assert response.content == "From large."
    assert response.frugald("reason") == "backend_error"


def test_time_is_halved_twice(three):
    """Half for the first, half of the rest for the second."""
    three.small.script(hang())
    three.medium.script(hang())
    response = three.post(question(model="deep"),
                          headers={"x-request-timeout": "1.2"})
    assert response.content == "From large."
    first = three.small.wait_gone() - three.small.call.arrived
    second = three.medium.wait_gone() - three.medium.call.arrived
    assert 0.4 < first < 0.9 and 0.15 < second < 0.5


def test_budget(yard):
    """Once the limit is spent nobody else is asked: 503."""
    rig = yard.rig(cascades={"auto": {"limits": {"cost_usd": 0.00002}}})
    rig.small.script(answer("?", score=0.1))
    response = rig.ask()
    assert response.status == 503
    assert response.error["code"] == "budget_exceeded"
    assert response.header("x-should-retry") == "false"
    assert not rig.large.calls
    assert rig.row(response)["outcome"] == "refused"
