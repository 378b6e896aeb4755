# SPDX-License-Identifier: Apache-2.0
"""Twenty questions to two real models, by the two official clients."""

import concurrent.futures
import json
import re
import shutil
import signal
import subprocess

import pytest

from flow import drivers
from flow.gateway import ROOT, Gateway, free_ports

QUESTIONS = ROOT / "tests/data/questions.jsonl"
DEMO = ROOT / "config/demo.yaml"
ARTIFACT = ROOT / "config/demo.calibration.json"
CLIENTS = ("openai_python", "openai_node")


@pytest.fixture(scope="module")
def models():
    """The demonstration's two servers; their ports."""
    ports = free_ports(2)
    process = subprocess.Popen(
        [ROOT / "scripts/serve-models", "--small-port", str(ports[0]),
         "--large-port", str(ports[1])], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("ready:"), f"the models do not start: {line!r}"
        yield ports
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


class Demo(Gateway):
    """The shipped demonstration, on ports of its own."""

    def __init__(self, models, tmp):
        self.models = models
        super().__init__(DEMO.read_text(), tmp)

    def write(self, config):
        """Puts our addresses in place of the shipped ones, and the artifact
        where the file looks for it: beside itself."""
        shutil.copy(ARTIFACT, self.tmp)
        for key, value in self.own.items():
            config, count = re.subn(rf"(?m)^{key}: .*$", f"{key}: {value}",
                                    config)
            assert count == 1, f"{key} is not in {DEMO}"
        for shipped, port in zip(("8101", "8102"), self.models):
            assert f":{shipped}/" in config
            config = config.replace(f":{shipped}/", f":{port}/")
        super().write(config)


@pytest.fixture(scope="module")
def demo(models, tmp_path_factory):
    """A daemon with the demonstration's configuration."""
    gateway = Demo(models, tmp_path_factory.mktemp("demo"))
    yield gateway
    gateway.stop()


def task(number, line):
    """One question; every other one of a client's is streamed."""
    asked = json.loads(line)
    return {"mode": "stream" if number // 2 % 2 else "whole", "body": {
        "model": "auto", "messages": asked["messages"], "max_tokens": 160,
        "temperature": 0}}


@pytest.fixture(scope="module")
def answers(demo):
    """Half of the questions by Python, half by Node, side by side."""
    lines = QUESTIONS.read_text().splitlines()
    assert len(lines) == 20
    tasks = [task(number, line) for number, line in enumerate(lines)]
    url = f"http://127.0.0.1:{demo.port}/v1"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        halves = [pool.submit(drivers.run, client, url, "none", tasks[at::2])
                  for at, client in enumerate(CLIENTS)]
        return [result for half in halves for result in half.result()]


def test_every_reply_is_sound(answers):
    """Text, an end, a name and headers, whatever tier answered."""
    assert len(answers) == 20
    for found in answers:
        assert "error" not in found, found
        assert found["content"].strip(), found
        assert found["finish"] in ("stop", "length"), found
        assert found["model"] == "auto"
        assert found["request_id"] == found["headers"]["x-request-id"]
    streamed = [found for found in answers if "ids" in found]
    assert len(streamed) == 10
    assert all(found["ids"] == found["roles"] == 1 for found in streamed)


def test_nothing_injected_leaks(answers):
    """No log-probs in whole answers, no usage chunk in streams."""
    for found in answers:
        assert found.get("logprobs") is None
        assert "ids" not in found or found["usage"] is None
        assert "ids" in found or found["usage"]["completion_tokens"] > 0


def test_some_are_kept_and_some_are_not(answers):
    """The cascade decides, by calibrated confidence, and says so."""
    backends = [found["headers"]["x-frugald-backend"] for found in answers]
    decisions = {(found["headers"]["x-frugald-backend"],
                  found["headers"]["x-frugald-decision"]) for found in answers}
    assert decisions == {("small", "accept"), ("large", "escalate")}, backends
    assert all(found["headers"]["x-frugald-calibrated"] == "true"
               for found in answers)


def test_log_probs_are_real(demo, answers):
    """Every cheap reply was scored by its tokens, strictly inside (0, 1)."""
    for found in answers:
        row = demo.row(found["request_id"])
        score, = [v["score"] for v in demo.verdicts(found["request_id"])
                  if v["verifier"] == "logprob"] or [None]
        if row["reason"].startswith("gate:"):
            continue
        assert row["reason"] in ("confident", "low_confidence"), row
        assert 0 < score < 1
        assert 0 < row["confidence"] < 1
        assert row["calibrated"] == 1


def test_the_books(demo, answers):
    """Costs and tokens of every attempt are there, and not a word said."""
    for found in answers:
        attempts = demo.attempts(found["request_id"])
        answered = [a for a in attempts if a["purpose"] == "answer"]
        assert len(answered) == (1 if found["headers"]["x-frugald-backend"]
                                 == "small" else 2)
        for attempt in attempts:
            assert attempt["completion_tokens"] > 0
            assert attempt["cost_pusd"] > 0
            assert attempt["response_text"] is None
            assert not attempt["usage_estimated"]
        assert sum(a["cost_pusd"] for a in attempts) == \
            demo.row(found["request_id"])["cost_pusd"]


def test_some_are_checked(demo, answers):
    """Where the tokens leave doubt the large model is asked, once, shortly;
    the head then speaks a second time."""
    checked = 0
    for found in answers:
        checks = [a for a in demo.attempts(found["request_id"])
                  if a["purpose"] == "verify"]
        heads = [v for v in demo.verdicts(found["request_id"])
                 if v["verifier"] == "head"]
        assert len(heads) == 1 + len(checks) or not heads
        for check in checks:
            checked += 1
            assert check["backend"] == "large"
            assert check["completion_tokens"] <= 16
    assert 0 < checked < len(answers)
