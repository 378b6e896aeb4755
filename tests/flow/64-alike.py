# SPDX-License-Identifier: Apache-2.0
"""The daemon decides live traffic as `frugalctl score` decides its records."""

import json

import pytest

from flow.gateway import backend, merge, standard
from flow.recorded import ctl, lay, traffic
from stub import completion, error, reply

TARGET = {"max_error": 0.05, "delta": 0.1}
RULES = {"rules": {"refusal": True, "truncated": True}}
CHECK = {"check": {"backend": "checker"}}
CHAINS = {"unchecked": [RULES, "logprob"],
          "checked": [RULES, "logprob", CHECK],
          "answer": [RULES, {"logprob": {"span": "answer"}}, CHECK],
          "bare": [CHECK, RULES]}


def recorded(count, seed):
    """Rows as traffic() makes them, checks by another backend."""
    rows = traffic(count, seed=seed)
    for row in rows:
        row["attempts"][1]["backend"] = "checker"
    return rows


def odd_rows():
    """Replies that escalate unasked, and checks that say nothing."""
    rows = recorded(8, 77)
    first = [row["attempts"][0]["response"] for row in rows]
    first[0]["choices"][0]["finish_reason"] = "length"
    first[1]["choices"][0]["message"]["content"] = " "
    first[2]["choices"][0]["logprobs"] = None
    first[3]["choices"] = []
    rows[4]["request"]["n"] = 2
    rows[5]["attempts"][1]["response"] = completion("")
    rows[6]["attempts"][1]["status"] = 500
    rows[7]["attempts"][1]["response"] = completion("I have no idea.")
    return rows


@pytest.fixture(name="rig", params=sorted(CHAINS))
def _rig(yard, request):
    """A daemon with an artifact fitted to this chain."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    base = merge(standard(rig.small, rig.large), {
        "backends": {"checker": backend(rig.checker)},
        "cascades": {"auto": {"match": None, "verify": CHAINS[request.param]}}})
    rig.reload(base)
    rig.artifact = rig.gw.tmp / "a.json"
    code, _, err = ctl("calibrate", "-c", rig.gw.file, "--cascade", "auto",
                       "--records", lay(rig.gw.tmp / "fit.jsonl",
                                        recorded(600, 1)), "--max-error", 0.05,
                       "--delta", 0.1, "-o", rig.artifact)
    assert code == 0, err
    rig.reload(merge(base, {"cascades": {"auto": {
        "threshold": None, "target": TARGET,
        "calibration": str(rig.artifact)}}}))
    return rig


def live(rig, row):
    """The daemon's decision on the row, its backends saying what they said."""
    for up, at in ((rig.small, 0), (rig.checker, 1), (rig.large, 2)):
        attempt = row["attempts"][at]
        up.script(reply(attempt["response"]) if attempt["status"] == 200
                  else error(attempt["status"]))
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
    reasons = [line["reason"] for line in lines[-8:]]
    assert {"gate:truncated", "gate:empty", "backend_error",
            "unsupported"} <= set(reasons), reasons
    if any(line["verify_usd"] for line in lines):
        assert "verifier_error" in reasons
