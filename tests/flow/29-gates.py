# SPDX-License-Identifier: Apache-2.0
"""Gates that the operator writes, and a score of the answer alone."""

import json
import math

import pytest

from flow.gateway import question
from stub import answer

CONFIG = {"cascades": {"auto": {"verify": [
    {"rules": {"script": True, "must": ["norw", "^[^#]"],
               "must_not": ["bergen", "(a|a)*[bc]!"]}},
    {"logprob": {"span": "answer"}}]}}}
CASES = {
    "kept": ("confident", "Oslo is the capital of Norway."),
    "something is missing": ("gate:must", "It is Oslo."),
    "case does not matter": ("confident", "OSLO, NORWAY"),
    "begins with what it must not": ("gate:must", "# Norway: Oslo"),
    "something is there": ("gate:must_not", "In Norway it is Bergen."),
    "another script": ("gate:script", "Столица Норвегии — город Осло."),
    "endless search": ("verifier_error", "Norw " + "a" * 60 + "!"),
    "too long to search": ("verifier_error", "Norway. " + "".join(
        f"{n}," for n in range(15000))),
}


@pytest.mark.parametrize("case", CASES)
def test_gates(rig, case):
    """Each has its reason; a search that is given up is no pass."""
    reason, text = CASES[case]
    rig.small.script(answer(text))
    rig.large.script(answer("From large."))
    response = rig.ask()
    assert response.frugald("reason") == reason
    kept = reason == "confident"
    assert response.content == (text if kept else "From large.")


def test_answer_alone(rig):
    """Words around the answer may be as unlikely as they like."""
    tokens = [("Norway", -3.0), ("'s", -2.0), (" capital", -1.0),
              (" is", -4.0), (" Os", -0.2), ("lo", -0.1), (".", -2.5)]
    rig.small.script(answer("Norway's capital is Oslo.", tokens=tokens))
    response = rig.ask()
    assert response.frugald("reason") == "confident"
    assert float(response.frugald("confidence")) == \
        pytest.approx(math.exp(-0.2), abs=6e-4)
    signals = [json.loads(v["signals"]) for v in rig.verdicts(response)]
    assert signals[0] == {"rules.hedge": 0}
    assert signals[1]["answer.min"] == pytest.approx(-0.2)
    assert signals[1]["answer.tokens"] == 2
    assert signals[1]["logprob.min"] == pytest.approx(-4.0)
    assert signals[1]["logprob.tokens"] == 7


def test_unlikely_answer(rig):
    """And the other way round."""
    tokens = [("Norway", -0.1), (":", -0.1), (" Oslo", -3.0)]
    rig.small.script(answer("Norway: Oslo", tokens=tokens))
    assert rig.ask().frugald("reason") == "low_confidence"


def test_hedges_are_counted(rig):
    """Whatever becomes of the reply."""
    rig.small.script(answer("I think it is Bergen, but I am not sure."))
    response = rig.post(question())
    verdict = rig.verdicts(response)[0]
    assert verdict["kind"] == "reject"
    assert json.loads(verdict["signals"]) == {"rules.hedge": 2}
