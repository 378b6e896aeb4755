# SPDX-License-Identifier: Apache-2.0
"""Clients that drip their request are cut off at absolute deadlines."""

import time

from flow.gateway import question
from flow.patience import SCALE

HEADER = 0.8 * SCALE
BODY = 1.0 * SCALE
CONFIG = {"limits": {"header_timeout": f"{int(HEADER * 1000)}ms",
                     "body_timeout": f"{int(BODY * 1000)}ms",
                     "idle_timeout": f"{int(HEADER * 1000)}ms"}}
HEAD = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n")


def drip(client, piece, seconds, pause=0.1):
    """Sends piece again and again; how long until the server ends it."""
    start = time.monotonic()
    client.sock.settimeout(pause)
    while time.monotonic() - start < seconds:
        try:
            client.send(piece)
            if client.sock.recv(4096) == b"":
                break
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            break
    return time.monotonic() - start


def test_dripping_head(rig):
    """One header line each 100 ms never counts as progress."""
    with rig.connect() as client:
        client.send(b"GET /v1/models HTTP/1.1\r\n")
        assert drip(client, b"X-A: b\r\n", 5 * SCALE) < HEADER + 1.5 * SCALE


def test_silent_client(rig):
    """A connection that says nothing is closed."""
    with rig.connect() as client:
        start = time.monotonic()
        assert client.is_closed(4)
        assert time.monotonic() - start < HEADER + 1.5 * SCALE


def test_dripping_body(rig):
    """A body that comes byte by byte is given up; no upstream call is made."""
    with rig.connect() as client:
        client.send(HEAD)
        assert drip(client, b" ", 5 * SCALE) < BODY + 1.5 * SCALE
    assert not rig.small.calls


def test_stalled_body(rig):
    """408 or a closed connection for a body that never ends."""
    with rig.connect(timeout=5) as client:
        client.send(HEAD + b'{"model":')
        start = time.monotonic()
        while client.more():
            pass
        assert time.monotonic() - start < BODY + 1.5 * SCALE
        assert client.buf == b"" or client.buf.startswith(b"HTTP/1.1 408")
    assert not rig.small.calls


def test_many_at_once_do_not_hinder_others(rig):
    """Two hundred dripping clients, and a request is answered at once."""
    slow = [rig.connect() for _ in range(200)]
    for client in slow:
        client.send(b"GET /v1/models HTTP/1.1\r\nX-A: ")
    start = time.monotonic()
    assert rig.ask().status == 200
    assert time.monotonic() - start < 0.5 * SCALE
    assert all(client.is_closed(4) for client in slow)
    for client in slow:
        client.close()


def test_idle_connection_is_closed(rig):
    """After an answer a connection is kept only so long."""
    with rig.connect() as client:
        client.post(question())
        assert client.read().status == 200
        start = time.monotonic()
        assert client.is_closed(4)
        assert time.monotonic() - start > HEADER * 0.5


def test_slow_but_in_time(rig):
    """A request in a few pieces within the deadlines is served."""
    with rig.connect() as client:
        data = b'{"model":"auto","messages":[]}'
        head = HEAD.replace(b"5000", b"%d" % len(data))
        for piece in (head[:20], head[20:], data[:9], data[9:]):
            client.send(piece)
            time.sleep(0.1)
        assert client.read().status == 200
