# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: what is under way ends well, then the daemon does."""

import signal
import threading
import time

import pytest

from flow import sse
from flow.gateway import question
from flow.patience import SCALE, until
from stub import answer, chunk, finish_chunk, hang, role_chunk, stream


def ask_in_thread(rig, **fields):
    """A request under way: (thread, list that gets the response)."""
    found = []
    thread = threading.Thread(
        target=lambda: found.append(rig.ask(**fields)))
    thread.start()
    return thread, found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_is_finished(yard, number):
    """Whole answers and streams, cheap and dear, all end well."""
    rig = yard.rig()
    rig.small.script(answer("Perhaps.", score=0.1, delay=0.4))
    rig.large.script(answer("one two three four", pause=0.1))
    work = [ask_in_thread(rig, stream=k % 2 == 0) for k in range(6)]
    rig.small.wait_calls(6)
    rig.gw.signal(number)
    for thread, found in work:
        thread.join()
        response, = found
        assert response.status == 200
        if response.header("Content-Type").startswith("text/"):
            assert sse.check(response, "auto").text() == "one two three four"
        assert response.header("Connection") == "close"
    assert rig.gw.wait_exit() == 0
    assert len(rig.rows("SELECT id FROM requests WHERE outcome = 'ok'")) == 6


def test_new_connections_are_refused(yard):
    """A newcomer is told at once, not left to wait for the end."""
    rig = yard.rig()
    rig.small.script(answer("Oslo.", delay=1.0))
    thread, found = ask_in_thread(rig)
    rig.small.wait_calls(1)
    rig.gw.signal(signal.SIGTERM)
    until(lambda: "draining" in rig.log())
    time.sleep(0.1 * SCALE)
    with pytest.raises(ConnectionRefusedError):
        rig.connect()
    thread.join()
    assert found[0].status == 200
    assert rig.gw.wait_exit() == 0


def test_idle_daemon_ends_at_once(yard):
    """Nothing to wait for."""
    rig = yard.rig()
    start = time.monotonic()
    rig.gw.signal(signal.SIGTERM)
    assert rig.gw.wait_exit() == 0
    assert time.monotonic() - start < 2.5 * SCALE


def test_idle_connections_are_closed(yard):
    """Kept connections do not hold the drain up for more than 2 s."""
    rig = yard.rig()
    clients = [rig.connect() for _ in range(5)]
    for client in clients[:3]:
        client.post(question())
        client.read()
    start = time.monotonic()
    rig.gw.signal(signal.SIGTERM)
    assert rig.gw.wait_exit() == 0
    assert time.monotonic() - start < 3.0 * SCALE
    for client in clients:
        assert client.is_closed()
        client.close()


def test_readyz_tells(yard):
    """While it drains: not ready, but alive; no new connection is served."""
    rig = yard.rig()
    rig.small.script(answer("Late.", delay=1.5))
    thread, found = ask_in_thread(rig)
    rig.small.wait_calls(1)
    rig.gw.signal(signal.SIGTERM)
    until(lambda: rig.admin("/readyz").status == 503)
    assert rig.admin("/healthz").status == 200
    try:
        with rig.connect(timeout=0.5) as late:
            late.post(question())
            assert late.read().status == 503
    except (OSError, EOFError):
        pass
    assert len(rig.small.calls) == 1
    thread.join()
    assert found[0].content == "Late."
    assert rig.gw.wait_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_it(yard, number):
    """Who cannot wait says it twice."""
    rig = yard.rig()
    rig.small.script(hang())
    with rig.connect() as client:
        client.post(question())
        rig.small.wait_calls(1)
        rig.gw.signal(number)
        time.sleep(0.3)
        assert rig.gw.alive
        start = time.monotonic()
        rig.gw.signal(number)
        rig.gw.process.wait(3 * SCALE)
        assert time.monotonic() - start < 1.0 * SCALE
    rig.gw.stop(code=rig.gw.process.returncode)
    yard.gateways.clear()


def test_drain_has_an_end(yard):
    """After limits.drain what is left is cut, with an error event."""
    rig = yard.rig(limits={"drain": "600ms"})
    rig.large.script(stream([role_chunk()] + [chunk({"content": "a "}), 0.1]
                            * 100 + [finish_chunk()]))
    thread, found = ask_in_thread(rig, model="large", stream=True)
    rig.large.wait(lambda up: up.calls and up.last.sent > 400)
    start = time.monotonic()
    rig.gw.signal(signal.SIGTERM)
    assert rig.gw.wait_exit() == 0
    assert 0.4 < time.monotonic() - start < 0.6 + 1.5 * SCALE
    thread.join()
    cut = sse.check_cut(found[0], "large")
    assert cut.error["type"] == "server_error"
    rig.large.wait_gone()
    assert len(rig.rows("SELECT id FROM requests")) == 1


def test_drain_cuts_whole_answers_too(yard):
    """A client that waits for a whole answer gets an error, not silence."""
    rig = yard.rig(limits={"drain": "400ms"})
    rig.small.script(hang())
    with rig.connect() as client:
        client.post(question())
        rig.small.wait_calls(1)
        rig.gw.signal(signal.SIGTERM)
        try:
            assert client.read().status in (502, 503, 504)
        except EOFError:
            assert False, "closed without an answer"
    assert rig.gw.wait_exit() == 0


def test_ledger_is_whole_after_the_end(yard):
    """Every answered request has its row when the process has ended."""
    rig = yard.rig()
    with rig.connect() as client:
        for _ in range(200):
            client.post(question())
            assert client.read().status == 200
    rig.gw.signal(signal.SIGTERM)
    assert rig.gw.wait_exit() == 0
    assert len(rig.rows("SELECT id FROM requests")) == 200
    assert len(rig.rows("SELECT id FROM attempts")) == 200


def test_port_is_free_again(yard):
    """A new daemon takes the same ports at once."""
    rig = yard.rig()
    assert rig.ask().status == 200
    rig.gw.signal(signal.SIGTERM)
    assert rig.gw.wait_exit() == 0
    rig.gw.start()
    assert rig.ask().status == 200
