# SPDX-License-Identifier: Apache-2.0
"""It says in one line why it cannot start, and loses nothing when it ends."""

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time

import pytest

from flow import sse, yaml_text
from flow.gateway import binary, free_ports, merge, question, standard
from flow.http1 import Client
from flow.patience import SCALE, until
from stub import (answer, chunk, finish_chunk, hang, refused_port, role_chunk,
                  stream)

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


class Nobody:
    """A backend that is never asked."""

    def __init__(self, name):
        self.name, self.url = name, "http://127.0.0.1:1/v1"


def write(folder, **changes):
    """A whole configuration on free ports; the file."""
    port, admin = free_ports(2)
    config = merge(standard(Nobody("small"), Nobody("large")),
                   {"listen": f"127.0.0.1:{port}",
                    "admin": f"127.0.0.1:{admin}", **changes})
    file = folder / "frugald.yaml"
    file.write_text(yaml_text.emit(config) + "\n")
    return file


def run(*options, env=None):
    """(exit code, stdout, stderr) of one that ends by itself."""
    done = subprocess.run(
        [binary(), *map(str, options)], capture_output=True, text=True,
        check=False, timeout=5 * SCALE, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def expect_cannot_run(folder, *words, **changes):
    """Exit 1, and all it says is one line with these words."""
    code, out, err = run("-c", write(folder, **changes))
    lines = (out + err).splitlines()
    assert code == 1, (code, lines)
    assert len(lines) == 1, lines
    for word in words:
        assert word in lines[0], lines[0]


# What keeps it from starting.

@pytest.mark.parametrize("key", ["listen", "admin"])
def test_port_in_use(tmp_path, key):
    """The line names the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        expect_cannot_run(tmp_path, address, "in use", **{key: address})


def test_one_port_of_two_in_use(tmp_path):
    """All or nothing: the free one is not listened on either."""
    free, = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        expect_cannot_run(tmp_path, address,
                          listen=[f"127.0.0.1:{free}", address])
    with pytest.raises(ConnectionRefusedError):
        Client(free)


def test_unix_socket_of_another(tmp_path, yard):
    """A socket that somebody answers is not taken away from him."""
    path = tmp_path / "gw.sock"
    first = yard.gateway(standard(yard.upstream("small"),
                                  yard.upstream("large"),
                                  listen=f"unix:{path}"))
    expect_cannot_run(tmp_path, str(path), "in use", listen=f"unix:{path}")
    assert first.alive and stat.S_ISSOCK(path.stat().st_mode)


def test_unix_path_of_a_file(tmp_path):
    """Neither is a file removed that happens to stand there."""
    path = tmp_path / "precious"
    path.write_text("data")
    expect_cannot_run(tmp_path, str(path), listen=f"unix:{path}")
    assert path.read_text() == "data"


PLACES = {      # that take no file, not even from root
    "missing": "missing/it", "a folder": ".", "under a file": "file/it",
    "unwritable": "/proc/it",
}


@pytest.mark.parametrize("case", PLACES)
def test_ledger_that_cannot_be_written(tmp_path, case):
    """The line names the path."""
    (tmp_path / "file").touch()
    place = str(tmp_path / PLACES[case])
    expect_cannot_run(tmp_path, place, ledger=place)


@pytest.mark.parametrize("case", PLACES)
def test_log_that_cannot_be_written(tmp_path, case):
    """Whatever is said is said on stderr, and names the path."""
    (tmp_path / "file").touch()
    place = str(tmp_path / PLACES[case])
    code, out, err = run("-c", write(tmp_path, log=place))
    assert code == 1 and not out
    said, = err.splitlines()
    assert place in said


def test_fault_is_said_where_the_starter_looks(tmp_path):
    """The log is a file; stderr says why it did not start all the same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        log = tmp_path / "frugald.log"
        code, out, err = run("-c", write(tmp_path, listen=address,
                                         log=str(log)))
    assert code == 1 and not out
    said, = err.splitlines()
    assert address in said and address in log.read_text()


def test_missing_secret(tmp_path):
    """A bad configuration: file, line, key and the variable's name."""
    file = write(tmp_path, backends={"large": {"api_key": "env:NO_SUCH_KEY"}})
    lines = file.read_text().splitlines()
    number, = [at for at, line in enumerate(lines, 1) if "NO_SUCH_KEY" in line]
    code, out, err = run("-c", file)
    assert code == 2 and not out
    said, = err.splitlines()
    for word in (f"frugald.yaml:{number}:", "api_key", "NO_SUCH_KEY"):
        assert word in said, said


def test_a_backend_need_not_be_there(yard):
    """It starts, is ready, and asks nobody until a client does."""
    closed = refused_port()
    up = yard.upstream("large")
    small = Nobody("small")
    small.url = closed.url
    gateway = yard.gateway(standard(small, up))
    assert gateway.admin("/readyz").status == 200
    assert up.accepted == 0
    closed.close()


# Flags.

@pytest.mark.parametrize("options", [["-Z"], ["--nonsense"], ["-c"], ["word"],
                                     ["-t", "word"]], ids="".join)
def test_bad_usage(options):
    """Exit 2, the usage on stderr, nothing on stdout."""
    code, out, err = run(*options)
    assert code == 2 and not out and "usage: frugald" in err


def test_help_and_version():
    """Exit 0, on stdout, nothing on stderr."""
    code, out, err = run("-h")
    assert code == 0 and "usage: frugald" in out and not err
    code, out, err = run("-V")
    assert code == 0 and out.startswith("frugald ") and not err


def test_check(tmp_path):
    """-t: 0 for a good file, 2 for a bad one; no port, file or log is made."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        file = write(tmp_path, ledger=str(tmp_path / "ledger.db"),
                     log=str(tmp_path / "log"),
                     listen="127.0.0.1:%d" % taken.getsockname()[1])
        assert run("-t", "-c", file)[0] == 0
    assert os.listdir(tmp_path) == ["frugald.yaml"]
    file.write_text(file.read_text().replace("workers:", "workerz:"))
    code, out, err = run("-t", "-c", file)
    assert code == 2 and not out and "workerz" in err
    assert run("-t", "-c", tmp_path / "missing.yaml")[0] == 2


# The end.

@BOTH
def test_one_signal_drains(yard, number):
    """SIGINT as SIGTERM: the request under way gets its answer, exit 0."""
    rig = yard.rig()
    rig.small.script(answer("In time.", delay=0.4))
    with rig.connect() as client:
        client.post(question())
        rig.small.wait_calls(1)
        rig.gw.signal(number)
        response = client.read()
    assert response.content == "In time."
    assert response.header("Connection") == "close"
    assert rig.gw.wait_exit() == 0
    assert "accept:" not in rig.gw.log()


def signal_twice(rig, number):
    """Once, and again when that did not end it; (exit code, seconds)."""
    rig.gw.signal(number)
    time.sleep(0.2)
    assert rig.alive
    start = time.monotonic()
    rig.gw.signal(number)
    return rig.gw.wait_exit(), time.monotonic() - start


@BOTH
def test_two_signals_end_a_whole_answer(yard, number):
    """The client is told; the upstream call is cut; the row is there."""
    rig = yard.rig()
    rig.small.script(hang())
    with rig.connect() as client:
        client.post(question(), headers={"x-request-id": "cut"})
        rig.small.wait_calls(1)
        code, seconds = signal_twice(rig, number)
        response = client.read()
    assert code == 0 and seconds < 2 * SCALE
    assert response.status in (502, 503, 504) and response.whole
    assert response.header("x-request-id") == "cut"
    rig.small.wait_gone()
    assert rig.row("cut")["status"] == response.status


@BOTH
@pytest.mark.parametrize("begun", [True, False])
def test_two_signals_end_a_stream(yard, number, begun):
    """An error event after what was sent, or a status; never [DONE]."""
    rig = yard.rig()
    items = [role_chunk(), chunk({"content": "a"}), 60, finish_chunk()]
    rig.large.script(stream(items) if begun else hang())
    with rig.connect() as client:
        client.post(question(model="large", stream=True),
                    headers={"x-request-id": "cut"})
        rig.large.wait_calls(1)
        response = client.read_head() if begun else None
        while begun and b'"a"' not in response.body:
            client.read_chunk(response)
        code, seconds = signal_twice(rig, number)
        response = client.read_body(response) if begun else client.read()
    assert code == 0 and seconds < 2 * SCALE
    assert b"[DONE]" not in response.body
    if begun:
        assert sse.check_cut(response, "large").text() == "a"
    else:
        assert response.status in (502, 503, 504)
    assert rig.row("cut")["outcome"] != "ok"


def test_drained_client_that_stays(yard):
    """A kept connection with nothing on it does not hold the end up."""
    rig = yard.rig()
    with rig.connect() as client:
        client.post(question())
        assert client.read().status == 200
        rig.gw.signal(signal.SIGTERM)
        assert client.is_closed(3)
        assert rig.gw.wait_exit() == 0


# kill -9.

def integrity(gateway):
    """What SQLite thinks of the ledger."""
    ledger = sqlite3.connect(gateway.ledger_file, timeout=5)
    try:
        return [row[0] for row in ledger.execute("PRAGMA integrity_check")]
    finally:
        ledger.close()


def count(gateway):
    """How many requests are committed."""
    return gateway.rows("SELECT count(*) AS n FROM requests")[0]["n"]


def keep_asking(port):
    """Requests one after the other until the daemon dies."""
    try:
        with Client(port) as client:
            while True:
                client.post(question())
                client.read()
    except (OSError, EOFError):
        pass


def test_killed_under_load(yard):
    """What was in the ledger is there after a restart, whole, and goes on."""
    rig = yard.rig()
    seen = 0
    for _ in range(3):
        threads = [threading.Thread(target=keep_asking, args=(rig.port,))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        until(lambda goal=seen + 50: count(rig) > goal, what="50 more rows")
        seen = count(rig)
        rig.gw.signal(signal.SIGKILL)
        assert rig.gw.wait_exit() == -signal.SIGKILL
        for thread in threads:
            thread.join()
        assert integrity(rig.gw) == ["ok"]
        rig.gw.start()
        assert count(rig) >= seen
        assert rig.row(rig.ask())["outcome"] == "ok"
    orphans = rig.rows("SELECT id FROM attempts WHERE request NOT IN "
                       "(SELECT id FROM requests)")
    empty = rig.rows("SELECT id FROM requests WHERE id NOT IN "
                     "(SELECT request FROM attempts)")
    assert not orphans and not empty
    assert "damaged" not in rig.log()


def test_killed_with_a_unix_socket(yard, tmp_path):
    """The socket left behind does not keep the next one from starting."""
    path = tmp_path / "gw.sock"
    gateway = yard.gateway(standard(yard.upstream("small"),
                                    yard.upstream("large"),
                                    listen=f"unix:{path}"))
    gateway.signal(signal.SIGKILL)
    gateway.wait_exit()
    assert path.exists()
    gateway.start()
    gateway.stop()
    assert not path.exists()
