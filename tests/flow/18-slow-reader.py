# SPDX-License-Identifier: Apache-2.0
"""A client that reads slowly slows its upstream down, not the gateway."""

import time

from flow import sse
from flow.gateway import question
from flow.http1 import Client
from flow.patience import SCALE, until
from stub import chunk, finish_chunk, role_chunk, stream

PIECE = "x" * 16_000
COUNT = 2500                        # 40 MB in all


def test_the_upstream_is_held_back(yard):
    """The stub gets rid of little while nobody reads; then all arrives."""
    rig = yard.rig(backends={"large": {"timeout": {"total": "120s"}}})
    rig.large.stop()
    large = yard.upstream("large", port=rig.large.port, sndbuf=65536)
    yard.ups.remove(rig.large)
    large.script(stream([role_chunk(), *[chunk({"content": PIECE})] * COUNT,
                         finish_chunk()]))
    before = rig.memory()
    client = Client(rig.port, rcvbuf=131072, timeout=60)
    client.post(question(model="large", stream=True))
    response = client.read_head()
    large.wait(lambda up: up.calls and up.last.sent > 100_000)
    held = settled(lambda: large.last.sent)
    assert held < 16_000_000, "the gateway took what nobody read"
    assert rig.memory() - before < 8_000_000
    assert rig.ask().status == 200, "others are served meanwhile"
    client.read_body(response)
    found = sse.check(response, "large", live=True)
    assert sum(map(len, found.deltas("content"))) == COUNT * len(PIECE)
    client.close()


def test_many_slow_readers(yard):
    """Fifty of them: memory stays bounded, and leaving frees it."""
    rig = yard.rig()
    rig.large.script(stream([role_chunk(), *[chunk({"content": PIECE})] * COUNT,
                             finish_chunk()]))
    before = rig.memory()
    clients = [Client(rig.port, rcvbuf=4096) for _ in range(50)]
    for client in clients:
        client.post(question(model="large", stream=True))
    rig.large.wait_calls(50)
    settled(lambda: sum(c.sent for c in rig.large.calls))
    each = (rig.memory() - before) / 50
    for client in clients:
        client.reset()
    assert each < 800_000 * SCALE ** 2      # sanitizers take more
    until(lambda: rig.large.gauge == 0)
    rig.quiet()


def settled(number, quiet=0.4, limit=10.0):
    """The value that number() comes to rest at."""
    end = time.monotonic() + limit
    last, since = number(), time.monotonic()
    while time.monotonic() - since < quiet:
        assert time.monotonic() < end, "it never rests"
        time.sleep(0.05)
        if number() != last:
            last, since = number(), time.monotonic()
    return last
