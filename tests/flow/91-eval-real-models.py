# SPDX-License-Identifier: Apache-2.0
"""A hundred questions to two real models: eval, calibrate, reload, traffic,
report. What they answer is theirs; every step's files and headers are ours."""

import json
import re
import signal
import subprocess

import pytest

from flow.gateway import ROOT, Gateway, merge
from flow.recorded import ctl

QUESTIONS = ROOT / "tests/data/eval-questions.jsonl"
PROMISE = {"max_error": 0.2, "delta": 0.1}


@pytest.fixture(scope="module")
def models():
    """Base URLs of the small and the large one."""
    process = subprocess.Popen(
        [ROOT / "scripts/serve-models", "--small-port", "0", "--large-port",
         "0"], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("ready:"), f"the models do not start: {line!r}"
        yield re.findall(r"http://\S+/v1", line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def config(models):
    """Small before large, checked by the large one; prices made up."""
    small, large = models
    return {"workers": 1, "backends": {
        "small": {"base_url": small, "model": "small",
                  "price": {"input": 0.05, "output": 0.4}},
        "large": {"base_url": large, "model": "large",
                  "price": {"input": 0.15, "output": 10.0}}},
        "cascades": {"auto": {
            "tiers": ["small", "large"], "threshold": 0.5,
            "verify": [{"rules": {"refusal": True, "truncated": True,
                                  "repetition": True}},
                       "logprob", {"check": {"backend": "large"}}]}}}


def test_from_eval_to_report(models, tmp_path):
    """One after the other, on one ledger and one daemon."""
    gateway = Gateway(config(models), tmp_path)
    try:
        walk(gateway, models)
    finally:
        gateway.stop()


def walk(gateway, models):
    """Each step of the way."""
    evaluate(gateway)
    artifact = calibrate(gateway)
    gateway.reload(merge(config(models), {"cascades": {"auto": {
        "threshold": None, "target": PROMISE, "calibration": str(artifact)}}}))
    traffic(gateway)
    report(gateway)


def evaluate(gateway):
    """100 rows with both answers, what the check said, labels."""
    code, out, err = ctl("eval", "-c", gateway.file, "--cascade", "auto",
                         "--parallel", 2, QUESTIONS, timeout=900)
    assert code == 0, err
    rows = gateway.rows("SELECT * FROM requests WHERE mode = 'eval'")
    assert len(rows) == 100
    assert {row["outcome"] for row in rows} == {"ok"}
    assert {row["agrees"] for row in rows} <= {0, 1}
    assert len({row["request_id"] for row in rows}) == 100
    assert len(gateway.rows("SELECT * FROM labels")) == 200
    answers = gateway.rows("SELECT * FROM attempts WHERE purpose = 'answer'")
    assert {a["status"] for a in answers} == {200} and len(answers) == 200
    assert max(a["completion_tokens"] for a in answers) <= 40
    checks = gateway.rows("SELECT * FROM verdicts WHERE verifier = 'check'")
    assert checks
    for said in checks:
        assert set(json.loads(said["signals"])) >= {"check.agree"}
    assert "100" in out


def calibrate(gateway):
    """An artifact of just these rows, with labels for its truth."""
    path = gateway.tmp / "auto.calibration.json"
    code, out, err = ctl(
        "calibrate", "-c", gateway.file, "--cascade", "auto", "--max-error",
        PROMISE["max_error"], "--delta", PROMISE["delta"], "-o", path)
    assert code == 0, err
    made = json.loads(path.read_text())
    assert made["labels"] is True
    promise = made["promise"]
    assert promise["kind"] == "certified"
    assert promise["n_fit"] + promise["n_certify"] == 100
    assert "100 rows" in out
    return path


def traffic(gateway):
    """Twenty of the questions again, by a client; calibrated now."""
    for line in QUESTIONS.read_text().splitlines()[:20]:
        asked = json.loads(line)
        response = gateway.post({"model": "auto", "temperature": 0,
                                 "max_tokens": 40,
                                 "messages": asked["messages"]},
                                check=False)    # what they leave out is theirs
        assert response.status == 200
        assert response.frugald("calibrated") == "true"
        assert response.frugald("decision") in ("accept", "escalate")
        row = gateway.row(response)
        assert (row["mode"], row["calibrated"]) == ("enforce", 1)
        assert row["decision"] == response.frugald("decision")


def report(gateway):
    """One page with the promise on it."""
    page = gateway.tmp / "auto.html"
    code, _, err = ctl("report", "-c", gateway.file, "--cascade", "auto", "-o",
                       page)
    assert code == 0, err
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>") and "certified" in text
