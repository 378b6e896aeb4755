# SPDX-License-Identifier: Apache-2.0
"""The daemon decides live traffic as `frugalctl score` decides its records."""

import json
import random

import pytest

from flow.gateway import backend, merge, standard
from flow.recorded import attempt, ctl, lay, traffic
from flow.recorded import reply as recorded_reply
from stub import completion, error, reply

TARGET = {"max_error": 0.05, "delta": 0.1}
RULES = {"rules": {"refusal": True, "truncated": True}}
CHECK = {"check": {"backend": "checker"}}
CHAINS = {"unchecked": [RULES, "logprob"],
          "checked": [RULES, "logprob", CHECK],
          "answer": [RULES, {"logprob": {"span": "answer"}}, CHECK],
          "bare": [CHECK, RULES],
          "twice": [RULES, "logprob", "self_check", CHECK],
          "voted": [RULES, "logprob", {"samples": {"k": 2}}, CHECK],
          "twice_turned": [CHECK, RULES, {"self_check": {"mode": "blind"}}]}


def self_check(row, chance):
    """The small model asked for its direct answer, which is like its reasoned
    one where that is right, mostly."""
    text = row["attempts"][0]["response"]["choices"][0]["message"]["content"]
    same = row["labels"]["small"] == (chance.random() < 0.8)
    said = text.split()[-1] if same else str(chance.randrange(200, 300))
    return attempt("small", recorded_reply(said, -0.1 - chance.random()), 2e-5,
                   purpose="verify", verifier="self_check", mode="blind",
                   about="small")


def sample(row, chance):
    """The small model asked once more."""
    text = row["attempts"][0]["response"]["choices"][0]["message"]["content"]
    said = text if chance.random() < 0.6 else f"The sum is {chance.random()}"
    return attempt("small", recorded_reply(said), 3e-5, purpose="verify",
                   verifier="samples", about="small")


def recorded(count, seed):
    """Rows as traffic() makes them, checks by another backend and by the
    small one itself, and two samples of it."""
    rows, chance = traffic(count, seed=seed), random.Random(seed)
    for row in rows:
        row["attempts"][1]["backend"] = "checker"
        row["attempts"] += [self_check(row, chance), sample(row, chance),
                            sample(row, chance)]
    return rows


def odd_rows():
    """Replies that escalate unasked, and checks that say nothing."""
    rows = recorded(10, 77)
    first = [row["attempts"][0]["response"] for row in rows]
    first[0]["choices"][0]["finish_reason"] = "length"
    first[1]["choices"][0]["message"]["content"] = " "
    first[2]["choices"][0]["logprobs"] = None
    first[3]["choices"] = []
    rows[4]["request"]["n"] = 2
    rows[5]["attempts"][1]["response"] = completion("")
    rows[6]["attempts"][1]["status"] = 500
    rows[7]["attempts"][1]["response"] = completion("I have no idea.")
    rows[8]["attempts"][3]["status"] = 500
    rows[9]["attempts"][3]["response"] = completion("I have no idea.")
    return rows


def fitted(yard, verify):
    """A daemon with an artifact fitted to this chain; not in use yet."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    rig.base = merge(standard(rig.small, rig.large), {
        "backends": {"checker": backend(rig.checker)},
        "cascades": {"auto": {"match": None, "verify": verify}}})
    rig.reload(rig.base)
    rig.artifact = rig.gw.tmp / "a.json"
    rig.chain = {None, *(name for each in verify for name in
                         ([each] if isinstance(each, str) else each))}
    code, _, err = ctl("calibrate", "-c", rig.gw.file, "--cascade", "auto",
                       "--records", lay(rig.gw.tmp / "fit.jsonl",
                                        recorded(600, 1)), "--max-error", 0.05,
                       "--delta", 0.1, "-o", rig.artifact)
    assert code == 0, err
    return rig


@pytest.fixture(name="rig", params=sorted(CHAINS))
def _rig(yard, request):
    """A daemon that decides by the cuts fitted to this chain."""
    rig = fitted(yard, CHAINS[request.param])
    rig.reload(merge(rig.base, {"cascades": {"auto": {
        "threshold": None, "target": TARGET,
        "calibration": str(rig.artifact)}}}))
    return rig


def live(rig, row):
    """The daemon's decision on the row, its backends saying what they said;
    the small one first its answer and then what verifiers ask of it."""
    for up, name in ((rig.small, "small"), (rig.checker, "checker"),
                     (rig.large, "large")):
        up.script(*[reply(each["response"]) if each["status"] == 200
                    else error(each["status"]) for each in row["attempts"]
                    if each["backend"] == name
                    and each.get("verifier") in rig.chain])
    response = rig.post(row["request"], check=False)
    assert response.status == 200, response
    return response


def test_alike(rig):
    """Decision, reason and confidence, row by row."""
    rows = recorded(60, 9) + odd_rows()
    for number, row in enumerate(rows):
        row["id"] = f"q{number}"
    code, out, err = ctl("score", "--artifact", rig.artifact, "--records",
                         lay(rig.gw.tmp / "live.jsonl", rows))
    assert code == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    for row, line in zip(rows, lines):
        response = live(rig, row)
        assert response.header("x-frugald-decision") == line["decision"], line
        assert response.header("x-frugald-reason") == line["reason"], line
        confidence = response.header("x-frugald-confidence")
        if confidence:
            assert float(confidence) == pytest.approx(line["confidence"],
                                                      abs=6e-4)
        else:
            assert line["confidence"] == 0
    assert len({line["decision"] for line in lines}) == 2
    reasons = [line["reason"] for line in lines[-10:]]
    assert {"gate:truncated", "gate:empty", "backend_error",
            "unsupported"} <= set(reasons), reasons
    if any(line["verify_usd"] for line in lines):
        assert "verifier_error" in reasons


def bands(check, self_check_band):
    """Two that ask, each in its own band."""
    return [RULES, "logprob", {"self_check": {"band": self_check_band}},
            {"check": {"backend": "checker", "band": check}}]


@pytest.mark.parametrize("calibrated", [True, False])
def test_bands(yard, calibrated):
    """With a threshold each is asked in its own band: as many as a replay
    says, and as many are kept."""
    verify = bands([0.2, 0.9], [0.3, 0.8])
    rig = fitted(yard, verify)
    threshold = 0.6
    if calibrated:
        rig.reload(merge(rig.base, {"cascades": {"auto": {
            "threshold": threshold, "calibration": str(rig.artifact)}}}))
    else:
        rig.reload(merge(rig.base, {"cascades": {"auto": {
            "threshold": threshold}}}))
    rows = recorded(60, 9)
    file = lay(rig.gw.tmp / "live.jsonl", rows)
    code, out, err = ctl("replay", "-c", rig.gw.file, "--cascade", "auto",
                         "--records", file, "--threshold", threshold,
                         "--json", *(("--artifact", rig.artifact)
                                     if calibrated else ()))
    assert code == 0, err
    said = json.loads(out)
    kept = asked = twice = 0
    for row in rows:
        before = len(rig.checker.calls), len(rig.small.calls)
        response = live(rig, row)
        kept += response.header("x-frugald-decision") == "accept"
        by = len(rig.checker.calls) - before[0]
        own = len(rig.small.calls) - before[1] - 1
        asked += by + own > 0
        twice += by + own == 2
    assert said["accepted"]["count"] == kept
    assert said["checked"]["count"] == asked
    assert 0 < kept < 60 and 0 < twice < asked < 60
