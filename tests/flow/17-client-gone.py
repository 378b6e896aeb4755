# SPDX-License-Identifier: Apache-2.0
"""A client that leaves takes its upstream calls with it, in every state."""

import json
import time

import pytest

from flow.gateway import question
from flow.patience import SCALE, until
from stub import (HANG, answer, chunk, chunked, completion, entries, hang,
                  head, play, reply, role_chunk, stream)

SOON = 0.25 * SCALE
WAYS = pytest.mark.parametrize("way", ["close", "reset", "finish"])
DOUBT = answer("Perhaps.", score=0.1)


def leave(client, way):
    """FIN, RST or a half-close; the time it was."""
    now = time.monotonic()
    getattr(client, way)()
    return now


def expect_abort(rig, up, client, way, name):
    """The upstream sees the end within 250 ms; the books say client_gone."""
    left = leave(client, way)
    gone = up.wait_gone(timeout=5 * SCALE)
    assert gone - left < SOON, f"{gone - left:.3f} s"
    row = rig.row(name)
    assert row["outcome"] == "client_gone"
    rig.wait_log(name, "client_gone")
    rig.quiet()
    client.close()


def start(rig, name, **fields):
    """A request under way."""
    client = rig.connect()
    client.post(question(**fields), headers={"x-request-id": name})
    return client


@WAYS
@pytest.mark.parametrize("wants_stream", [False, True])
def test_while_the_cheap_call_waits(rig, way, wants_stream):
    """No answer yet: the call is cut and the dear one never asked."""
    rig.small.script(hang())
    client = start(rig, f"cheap-{way}-{wants_stream}", stream=wants_stream)
    rig.small.wait_calls(1)
    expect_abort(rig, rig.small, client, way, f"cheap-{way}-{wants_stream}")
    time.sleep(0.1)
    assert not rig.large.calls


@WAYS
def test_while_the_cheap_body_comes(rig, way):
    """Half of its answer is there."""
    body = json.dumps(completion("Oslo")).encode()
    rig.small.script(play(head(length=len(body)), body[:50], HANG))
    client = start(rig, f"half-{way}")
    rig.small.wait(lambda up: up.calls and up.last.sent > 50)
    time.sleep(0.05)
    expect_abort(rig, rig.small, client, way, f"half-{way}")
    assert not rig.large.calls


@WAYS
@pytest.mark.parametrize("wants_stream", [False, True])
def test_while_the_dear_call_waits(rig, way, wants_stream):
    """After the escalation."""
    rig.small.script(DOUBT)
    rig.large.script(hang())
    name = f"dear-{way}-{wants_stream}"
    client = start(rig, name, stream=wants_stream)
    rig.large.wait_calls(1)
    expect_abort(rig, rig.large, client, way, name)
    assert len(rig.attempts(name)) == 2


@WAYS
@pytest.mark.parametrize("pause", [0.02, 3600])
def test_in_a_live_stream(rig, way, pause):
    """Whether chunks are coming or not."""
    rig.small.script(DOUBT)
    items = [role_chunk(), chunk({"content": "a "}), pause] * 2000
    rig.large.script(stream(items))
    name = f"live-{way}-{pause}"
    client = start(rig, name, stream=True)
    response = client.read_head()
    while b'"a "' not in response.body:
        client.read_chunk(response)
    expect_abort(rig, rig.large, client, way, name)
    attempt = rig.attempts(name)[-1]
    assert attempt["cost_pusd"] > 0, "what was made must be paid for"


@WAYS
def test_in_the_queue(yard, way):
    """A request that waits for room is forgotten."""
    rig = yard.rig(limits={"max_inflight": 1, "max_queue": 4,
                           "queue_wait": "20s"})
    rig.small.script(hang())
    first = start(rig, "first")
    rig.small.wait_calls(1)
    second = start(rig, "second")
    time.sleep(0.1)
    leave(second, way)
    until(lambda: rig.row("second")["outcome"] == "client_gone")
    rig.small.script(answer("Third."))
    first.close()
    rig.small.wait_gone(rig.small.calls[0])
    assert rig.ask().content == "Third."
    assert len(rig.small.calls) == 2
    second.close()


def long_replay(rig, name):
    """A client with most of an accepted answer unread; its head."""
    text = " ".join(f"word{k}" for k in range(300_000))
    body = completion(text, logprobs=entries([(text, -0.01)], 0, False))
    rig.small.script(reply(body))
    client = rig.connect(rcvbuf=4096)
    client.post(question(stream=True), headers={"x-request-id": name})
    response = client.read_head()
    time.sleep(0.2)
    return client, response


@pytest.mark.parametrize("way", ["close", "reset"])
def test_in_a_replay(rig, way):
    """A client that does not read its accepted answer and leaves."""
    client, _ = long_replay(rig, f"replay-{way}")
    leave(client, way)
    assert rig.row(f"replay-{way}")["outcome"] == "client_gone"
    assert not rig.large.calls
    rig.quiet()


def test_half_closed_in_a_replay(rig):
    """Nothing more can be saved: it may have the rest, or be cut off."""
    client, response = long_replay(rig, "replay-half")
    leave(client, "finish")
    client.read_body(response)
    outcome = rig.row("replay-half")["outcome"]
    assert outcome == ("ok" if response.whole else "client_gone")
    assert not rig.large.calls
    client.close()


@WAYS
def test_after_the_head_was_committed(yard, way):
    """Keep-alives are going out, the cheap call is still waiting."""
    rig = yard.rig(reply={"commit_after": "100ms", "keepalive_every": "100ms"})
    rig.small.script(hang())
    client = start(rig, "committed", stream=True)
    response = client.read_head()
    while b": keep-alive" not in response.body:
        client.read_chunk(response)
    expect_abort(rig, rig.small, client, way, "committed")
    assert not rig.large.calls


@WAYS
def test_between_the_tiers(rig, way):
    """Gone just before the cheap answer comes: no dear call is started."""
    rig.small.script(answer("Perhaps.", score=0.1, delay=0.2))
    client = start(rig, f"between-{way}")
    rig.small.wait_calls(1)
    time.sleep(0.1)
    leave(client, way)
    time.sleep(0.5)
    assert not rig.large.calls
    assert rig.row(f"between-{way}")["outcome"] == "client_gone"
    client.close()


def test_direct_call(rig):
    """The same without a cascade."""
    rig.large.script(play(head(), chunked(b'{"id":'), HANG))
    client = start(rig, "direct", model="large")
    rig.large.wait_calls(1)
    expect_abort(rig, rig.large, client, "close", "direct")


def test_after_the_end_nobody_is_gone(rig):
    """Closing after [DONE] or after the body is how clients part."""
    for number, wants_stream in enumerate((False, True)):
        client = start(rig, f"done-{number}", stream=wants_stream)
        client.read()
        client.reset()
        assert rig.row(f"done-{number}")["outcome"] == "ok"


def test_it_is_counted(rig):
    """In metrics, beside the others."""
    rig.small.script(hang())
    def count():
        return rig.metrics().sum("frugald_requests_total", cascade="auto",
                                 outcome="client_gone")
    before = count()
    client = start(rig, "counted")
    rig.small.wait_calls(1)
    client.reset()
    until(lambda: count() == before + 1)


def test_connections_of_cut_calls_are_not_used_again(rig):
    """The next request does not get the rest of the last one's answer."""
    secret = json.dumps(completion("SECRET of another client")).encode()
    for number in range(10):
        rig.small.script(play(head(length=len(secret)), secret[:-20], 0.05,
                              secret[-20:]))
        client = start(rig, f"cut-{number}")
        rig.small.wait(lambda up: up.calls and up.last.sent > 50)
        client.reset()
        rig.small.script(answer("Mine."))
        assert rig.ask().content == "Mine."
        rig.small.reset()
