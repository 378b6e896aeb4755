# SPDX-License-Identifier: Apache-2.0
"""A request's time is divided among its tiers and never overrun."""

import socket
import time

import pytest

from flow import sse
from flow.gateway import question
from flow.patience import SCALE
from stub import HANG, answer, chunk, hang, play, role_chunk, stream

CONFIG = {"cascades": {"auto": {"limits": {
    "deadline": f"{int(2000 * SCALE)}ms"}}}}
HEADERS = pytest.mark.parametrize("header", ["x-request-timeout",
                                             "x-stainless-read-timeout"])
SLACK = 0.5 * SCALE


def timed(rig, seconds, header="x-request-timeout", **fields):
    """A request with that much time; the response and how long it took."""
    start = time.monotonic()
    value = seconds if isinstance(seconds, str) else f"{seconds * SCALE:g}"
    response = rig.post(question(**fields), headers={header: value})
    return response, time.monotonic() - start


@HEADERS
def test_clients_deadline(rig, header):
    """Both tiers hang: 504 when the client's time is up."""
    rig.small.script(hang())
    rig.large.script(hang())
    response, took = timed(rig, 0.8, header)
    assert response.status == 504
    assert response.error["code"] == "upstream_timeout"
    assert response.error["type"] == "server_error"
    assert response.header("x-should-retry") == "false"
    assert 0.7 * SCALE < took < 0.8 * SCALE + SLACK
    assert rig.small.wait_gone() and rig.large.wait_gone()


def test_half_for_a_tier_with_another_behind(rig):
    """The cheap tier may use half of the time; then the dear one is asked."""
    rig.small.script(hang())
    response, took = timed(rig, 1.2)
    assert response.content == "From large."
    assert response.frugald("reason") in ("backend_error", "deadline")
    used = rig.small.wait_gone() - rig.small.call.arrived
    assert 0.45 * SCALE < used < 0.6 * SCALE + SLACK
    assert took < 0.6 * SCALE + SLACK


def test_the_cascades_own_deadline(rig):
    """The smaller of both counts: here the configuration's."""
    rig.small.script(hang())
    rig.large.script(hang())
    response, took = timed(rig, 600)
    assert response.status == 504
    assert 1.8 * SCALE < took < 2.0 * SCALE + SLACK


def test_no_call_after_the_end(rig):
    """Nothing goes upstream when the time is up."""
    rig.small.script(hang())
    rig.large.script(hang())
    timed(rig, 0.4)
    time.sleep(0.3)
    assert len(rig.small.calls) == len(rig.large.calls) == 1
    assert rig.small.gauge == rig.large.gauge == 0


@pytest.mark.parametrize("value", ["abc", "-1", "0", "", "nan", "inf", "1e99",
                                   "99999999999999999999", "5, 6", "0x10"])
def test_nonsense_is_no_deadline(rig, value):
    """Values that are no seconds are passed over."""
    response, _ = timed(rig, value)
    assert response.status == 200


@pytest.mark.parametrize("value", ["600", "30.5", "1e2"])
def test_long_times(rig, value):
    """Whole and broken numbers are seconds."""
    assert timed(rig, value)[0].status == 200


def test_direct_calls_have_it_too(rig):
    """A named backend is cut at the client's time."""
    rig.large.script(hang())
    response, took = timed(rig, 0.5, model="large")
    assert response.status == 504
    assert took < 0.5 * SCALE + SLACK


def test_stream_before_its_first_byte(rig):
    """Nothing was sent yet: a real 504."""
    rig.small.script(hang())
    rig.large.script(hang())
    response, _ = timed(rig, 0.5, stream=True)
    assert response.status == 504


def test_stream_under_way(rig):
    """A live stream that outlives the time ends in an error event."""
    rig.large.script(stream([role_chunk(), chunk({"content": "a"}), 3600]))
    response, took = timed(rig, 0.5, model="large", stream=True)
    found = sse.check_cut(response, "large")
    assert found.error["code"] == "upstream_timeout"
    assert found.text() == "a" and took < 0.5 * SCALE + SLACK
    rig.large.wait_gone()


def test_stalled_stream(yard):
    """idle: no byte for so long ends a live stream."""
    rig = yard.rig(backends={"large": {"timeout": {"idle": "400ms"}}})
    rig.large.script(stream([role_chunk(), chunk({"content": "a"}), 3600]))
    start = time.monotonic()
    response = rig.ask(model="large", stream=True)
    assert 0.3 < time.monotonic() - start < 0.4 + SLACK + 0.3
    assert sse.check_cut(response, "large").text() == "a"


def test_first_byte_is_for_live_streams(yard):
    """A buffered call may think longer than first_byte."""
    rig = yard.rig(backends={
        name: {"timeout": {"first_byte": "300ms"}} for name in ("small", "large")})
    rig.small.script(answer("Thought.", delay=0.7))
    assert rig.ask().content == "Thought."
    rig.large.script(answer("Thought.", delay=0.7))
    response = rig.ask(model="large", stream=True)
    assert response.status == 504
    assert response.error["code"] == "upstream_timeout"


def test_total(yard):
    """total ends a buffered call whatever trickles in."""
    rig = yard.rig(backends={"large": {"timeout": {"total": "500ms"}}})
    rig.large.script(play(b"HTTP/1.1 200 OK\r\nContent-Type: application/json"
                          b"\r\nContent-Length: 9999\r\n\r\n",
                          *[b" ", 0.05] * 100, HANG))
    start = time.monotonic()
    assert rig.ask(model="large").status == 504
    assert time.monotonic() - start < 0.5 + SLACK + 0.3


def test_connect(yard):
    """connect: a peer that never completes the handshake is given up."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = []
    for _ in range(8):              # the backlog is full, SYNs are dropped
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
        fillers.append(filler)
    rig = yard.rig(backends={"small": {
        "base_url": f"http://127.0.0.1:{full.getsockname()[1]}/v1",
        "timeout": {"connect": "300ms"}}})
    start = time.monotonic()
    response = rig.ask()
    assert response.content == "From large."
    assert time.monotonic() - start < 0.3 + SLACK + 0.3
    for sock in (full, *fillers):
        sock.close()
