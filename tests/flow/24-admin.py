# SPDX-License-Identifier: Apache-2.0
"""Health and counters have a listener of their own."""

import time

import pytest

from flow.gateway import Gateway, question, standard
from flow.patience import until
from stub import answer, error, hang


def counts(rig, name, **labels):
    """One sum of the counters now."""
    return rig.metrics().sum(name, **labels)


def settled(rig):
    """The counters when all that was asked is in them."""
    rig.quiet()
    return rig.metrics()


def test_health(rig):
    """Alive and ready."""
    assert rig.admin("/healthz").status == 200
    assert rig.admin("/readyz").status == 200
    response = rig.admin("/metrics")
    assert response.header("Content-Type").startswith("text/plain")
    assert "version=0.0.4" in response.header("Content-Type")


@pytest.mark.parametrize("path", ["/", "/v1/models", "/v1/chat/completions",
                                  "/models", "/metrics/x", "/%2e%2e/metrics"])
def test_nothing_else(rig, path):
    """The public routes are not on the admin listener."""
    assert rig.admin(path).status == 404
    assert rig.admin(path, "POST").status in (404, 405)


def test_no_state_change_by_get(rig):
    """Wrong methods are refused."""
    assert rig.admin("/metrics", "DELETE").status == 405
    assert rig.admin("/healthz", "PUT").status == 405


NAMES = {
    "frugald_requests_total": "counter", "frugald_attempts_total": "counter",
    "frugald_escalations_total": "counter",
    "frugald_verdicts_total": "counter",
    "frugald_verifier_seconds": "histogram",
    "frugald_confidence": "histogram",
    "frugald_overhead_seconds": "histogram",
    "frugald_upstream_seconds": "histogram",
    "frugald_request_seconds": "histogram",
    "frugald_cost_usd_total": "counter", "frugald_inflight": "gauge",
    "frugald_config_generation": "gauge",
}


def test_names_and_types(rig):
    """Dashboards are built on these."""
    rig.ask()
    rig.small.script(answer("?", score=0.1))
    rig.ask()
    types = settled(rig).types
    assert {name: types.get(name) for name in NAMES} == NAMES
    assert all(name.startswith("frugald_") for name in types)


def test_requests_and_attempts_are_counted(rig):
    """One accepted, one escalated, one direct, one failed."""
    before = rig.metrics()
    rig.ask()
    rig.small.script(answer("?", score=0.1))
    rig.ask()
    rig.ask(model="large")
    rig.large.script(error(500))
    rig.ask(model="large")
    after = settled(rig)

    def grown(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)
    assert grown("frugald_requests_total", cascade="auto", outcome="ok") == 2
    assert grown("frugald_requests_total", outcome="ok") == 3
    assert grown("frugald_requests_total", outcome="upstream_error") == 1
    assert grown("frugald_attempts_total", backend="small") == 2
    assert grown("frugald_attempts_total", backend="small", status="200") == 2
    assert grown("frugald_attempts_total", backend="large", status="200") == 2
    assert grown("frugald_attempts_total", backend="large", status="500") == 1
    assert grown("frugald_escalations_total", cascade="auto",
                 reason="low_confidence") == 1
    assert grown("frugald_escalations_total") == 1
    assert grown("frugald_request_seconds_count") == 4
    assert grown("frugald_upstream_seconds_count") == 4
    assert grown("frugald_cost_usd_total", purpose="answer") == \
        pytest.approx(25e-6 * 2 + 250e-6 * 2)


def test_confidence_histogram(rig):
    """Scores fall into their buckets."""
    before = rig.metrics()
    for score in (0.1, 0.9, 0.9):
        rig.small.script(answer("Oslo.", score=score))
        rig.ask()
    after = settled(rig)
    name = "frugald_confidence_count"
    assert after.sum(name) - before.sum(name) == 3
    name = "frugald_confidence_sum"
    assert after.sum(name) - before.sum(name) == pytest.approx(1.9, abs=0.01)


def test_overhead_is_small(rig):
    """What the gateway itself adds is milliseconds, and is told."""
    before = rig.metrics()
    for _ in range(20):
        rig.ask()
    after = settled(rig)
    spent = after.sum("frugald_overhead_seconds_sum") \
        - before.sum("frugald_overhead_seconds_sum")
    assert 0 < spent < 20 * 0.05


@pytest.mark.parametrize("case", ["gate:empty", "no_signal", "backend_error"])
def test_escalations_by_reason(rig, case):
    """Every reason has its own series."""
    rig.small.script({"gate:empty": answer(""), "backend_error": error(500),
                      "no_signal": answer("Oslo.", tokens=[])}[case])
    before = counts(rig, "frugald_escalations_total", reason=case)
    rig.ask()
    after = settled(rig).sum("frugald_escalations_total", reason=case)
    assert after == before + 1


def test_inflight(rig):
    """The gauge follows what is under way."""
    rig.small.script(hang())
    with rig.connect() as client:
        client.post(question())
        rig.small.wait_calls(1)
        assert counts(rig, "frugald_inflight") >= 1
    until(lambda: counts(rig, "frugald_inflight") == 0)


def test_names_of_clients_are_no_labels(rig):
    """Unknown models must not make series without end."""
    for k in range(20):
        rig.ask(model=f"scan-{k}")
    assert b"scan-" not in rig.admin("/metrics").body


def test_without_admin(yard):
    """The listener is optional; the daemon serves without it."""
    class Blind(Gateway):
        """Waits for the public port instead of /readyz."""
        def _ready(self):
            try:
                return self.get("/v1/models").status == 200
            except OSError:
                time.sleep(0.02)
                return False

        def write(self, config):
            if isinstance(config, dict):
                self.own.pop("admin", None)
            super().write(config)
    small, large = yard.upstream("small"), yard.upstream("large")
    small.script(answer("Oslo."))
    gateway = Blind(standard(small, large), yard.folders())
    yard.gateways.append(gateway)
    assert gateway.ask().content == "Oslo."
