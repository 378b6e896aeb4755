# SPDX-License-Identifier: Apache-2.0
"""Work in flight is bounded; what does not fit is refused at once."""

import threading
import time

from flow.gateway import question
from flow.patience import SCALE, until
from stub import answer, hang

CONFIG = {"limits": {"max_inflight": 4, "max_queue": 4,
                     "queue_wait": f"{int(600 * SCALE)}ms"}}


def flood(rig, count, **fields):
    """So many requests at once; the responses with their times."""
    found = []

    def one():
        with rig.connect() as client:
            client.post(question(**fields))
            start = time.monotonic()
            response = client.read()
            response.seconds = time.monotonic() - start
            found.append(response)
    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def check_refusal(response):
    """429 or 503 with a time to come back and a JSON error."""
    assert response.status in (429, 503), response
    assert int(response.header("Retry-After")) >= 1
    assert response.error["code"] in ("overloaded", "rate_limit_exceeded")
    assert response.header("x-request-id")


def test_the_gauge_never_passes_the_limit(rig):
    """20 at once: 4 served, 4 wait in vain, 12 refused without delay."""
    rig.small.script(answer("Slow.", delay=1.5 * SCALE))
    found = flood(rig, 20)
    served = [r for r in found if r.status == 200]
    refused = [r for r in found if r.status != 200]
    assert len(served) == 4 and rig.small.gauge_max == 4
    for response in refused:
        check_refusal(response)
    quick = [r for r in refused if r.seconds < 0.35 * SCALE]
    waited = [r for r in refused if 0.5 * SCALE < r.seconds < 1.4 * SCALE]
    assert (len(quick), len(waited)) == (12, 4), \
        sorted(r.seconds for r in refused)
    assert len(rig.small.calls) == 4


def test_the_queue_is_served(rig):
    """Eight short ones all get their turn, four at a time."""
    rig.small.script(answer("Quick.", delay=0.15))
    found = flood(rig, 8)
    assert [r.status for r in found] == [200] * 8
    assert rig.small.gauge_max == 4


def test_refusals_are_counted(rig):
    """Outcome `refused`, in metrics and log."""
    rig.small.script(answer("Slow.", delay=1.0 * SCALE))
    before = rig.metrics().sum("frugald_requests_total", outcome="refused")
    refused = [r for r in flood(rig, 12) if r.status != 200]
    assert len(refused) == 8
    rig.quiet()
    after = rig.metrics().sum("frugald_requests_total", outcome="refused")
    assert after == before + 8
    rig.wait_log(refused[0].header("x-request-id"), "outcome=refused")


def test_control_plane_lives_under_load(rig):
    """Health and metrics answer while the gateway is full."""
    rig.small.script(hang())
    clients = [rig.connect() for _ in range(4)]
    for client in clients:
        client.post(question())
    rig.small.wait_calls(4)
    start = time.monotonic()
    assert rig.admin("/healthz").status == 200
    assert rig.metrics().sum("frugald_inflight") >= 4
    assert time.monotonic() - start < 2.0 * SCALE
    assert rig.get("/v1/models").status == 200
    for client in clients:
        client.close()


def test_room_is_given_back(rig):
    """Aborted requests free their places."""
    rig.small.script(hang())
    for _ in range(3):
        clients = [rig.connect() for _ in range(6)]
        for client in clients:
            client.post(question())
        until(lambda: rig.small.gauge == 4)
        for client in clients:
            client.reset()
        until(lambda: rig.small.gauge == 0)
    rig.small.script(answer("Room."))
    assert [r.status for r in flood(rig, 4)] == [200] * 4


def test_backend_limit(yard):
    """max_inflight of a backend holds whatever happens to the rest."""
    rig = yard.rig(backends={"small": {"max_inflight": 2}})
    rig.small.script(answer("Slow.", delay=0.1))
    found = flood(rig, 10)
    assert [r.status for r in found] == [200] * 10
    assert rig.small.gauge_max <= 2


def test_memory_budget(yard):
    """Bodies that do not fit together are refused, not gathered."""
    rig = yard.rig(limits={"memory": "24MiB", "max_body": "8MiB"})
    rig.small.script(hang())
    before = rig.memory()
    body = question("x" * 6_000_000)
    clients, statuses = [], []

    def one():
        client = rig.connect(timeout=20)
        clients.append(client)
        client.post(body)
        statuses.append(client.read().status)
    threads = [threading.Thread(target=one, daemon=True) for _ in range(10)]
    for thread in threads:
        thread.start()
    until(lambda: len(statuses) >= 6, 10)
    assert set(statuses) <= {413, 429, 503}
    assert rig.memory() - before < 120e6 * SCALE
    rig.small.script(answer("ok"))
    for client in clients:
        client.sock.shutdown(2)
    for thread in threads:
        thread.join(5)
