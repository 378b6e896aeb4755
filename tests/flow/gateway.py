# SPDX-License-Identifier: Apache-2.0
"""Starts a frugald, talks to it, looks into it, stops it."""

import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess

from flow import contract, yaml_text
from flow.http1 import Client
from flow.patience import SCALE, until
from stub import answer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("FRUGALD", "build/release/frugald"))
SANITIZER = re.compile(r"(Address|Leak|Thread|Memory)Sanitizer|runtime error:")


def binary():
    """The daemon under test; FRUGALD may be relative to the tree's root."""
    path = BINARY if BINARY.is_absolute() else ROOT / BINARY
    assert path.exists(), f"{path} is not there: build it, or set FRUGALD"
    return str(path)


def free_ports(count):
    """Loopback ports that nobody has now."""
    socks = [socket.socket() for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


def merge(base, changes):
    """changes laid over base, mapping by mapping; None removes."""
    merged = dict(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def backend(up, **changes):
    """The configuration of one backend."""
    return merge({"base_url": up.url, "model": f"{up.name}-model",
                  "price": {"input": 1.0, "output": 2.0},
                  "timeout": {"connect": "2s", "first_byte": "10s",
                              "idle": "10s", "total": "20s"}}, changes)


def standard(small, large, **changes):
    """Two tiers, every rule, log-probs; `auto` is also gpt-4o."""
    rules = {"refusal": True, "truncated": True, "repetition": True}
    return merge({
        "workers": 2,
        "backends": {"small": backend(small),
                     "large": backend(large, price={"input": 10.0,
                                                    "output": 20.0})},
        "cascades": {"auto": {
            "match": ["gpt-4o", "gpt-4o-*"], "tiers": ["small", "large"],
            "threshold": 0.5,
            "verify": [{"rules": rules}, {"logprob": {"span": "all"}}]}},
    }, changes)


def question(text="What is the capital of Norway?", **fields):
    """A request body."""
    return {"model": "auto", "messages": [{"role": "user", "content": text}],
            **fields}


class Gateway:
    """One running daemon."""

    def __init__(self, config, tmp, env=None):
        self.tmp = pathlib.Path(tmp)
        self.file = self.tmp / "frugald.yaml"
        self.log_file = self.tmp / "stderr.txt"
        self.ledger_file = self.tmp / "ledger.db"
        self.port, self.admin_port = free_ports(2)
        self.own = {"listen": f"127.0.0.1:{self.port}",
                    "admin": f"127.0.0.1:{self.admin_port}",
                    "ledger": str(self.ledger_file)}
        self.write(config)
        self.start(env)

    # Life.

    def write(self, config):
        """config is a dictionary to complete, or the text itself."""
        if isinstance(config, dict):
            config = yaml_text.emit(merge(self.own, config)) + "\n"
        self.file.write_text(config)

    def start(self, env=None):
        """Runs it and waits until it is ready."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "-c", str(self.file)], cwd=self.tmp,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(env or {})})
        until(self._ready, 10, "/readyz of a new daemon")

    def _ready(self):
        assert self.process.poll() is None, \
            f"exit {self.process.returncode} at start:\n{self.log()}"
        try:
            return self.admin("/readyz").status == 200
        except OSError:
            return False

    @property
    def alive(self):
        """Is it running?"""
        return self.process.poll() is None

    def signal(self, number):
        """Sends it a signal."""
        self.process.send_signal(number)

    def wait_exit(self, timeout=10.0):
        """Until it has ended; the exit code."""
        return self.process.wait(timeout * SCALE)

    def stop(self, code=0, timeout=35.0):
        """SIGTERM; it must end with that code and no sanitizer's word."""
        try:
            if self.alive:
                self.signal(signal.SIGTERM)
            ended = self.wait_exit(timeout)
        finally:
            if self.alive:
                self.process.kill()
                self.process.wait()
        log = self.log()
        assert not SANITIZER.search(log), log[-20000:]
        assert ended == code, f"exit {ended}:\n{log[-4000:]}"

    def reload(self, config):
        """Writes config, sends SIGHUP, waits for the new generation."""
        before = self.generation
        self.write(config)
        self.signal(signal.SIGHUP)
        until(lambda: self.generation > before, 5, "a new generation")

    # Talk.

    def connect(self, **options):
        """A bare connection."""
        return Client(self.port, **options)

    def request(self, method, path, body=b"", headers=(), check=True):
        """One request on a connection of its own."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        with self.connect() as client:
            client.ask(method, path, body, headers)
            response = client.read(method)
        return contract.check(response) if check else response

    def get(self, path, **more):
        """GET."""
        return self.request("GET", path, **more)

    def post(self, body, path="/v1/chat/completions", **more):
        """POST; body is bytes or an object."""
        return self.request("POST", path, body, **more)

    def ask(self, text="What is the capital of Norway?", headers=(),
            check=True, **fields):
        """A chat request."""
        return self.post(question(text, **fields), headers=headers, check=check)

    def admin(self, path, method="GET"):
        """One request to the admin listener."""
        with Client(self.admin_port) as client:
            client.ask(method, path)
            return client.read(method)

    # Look.

    def metrics(self):
        """The counters."""
        response = self.admin("/metrics")
        assert response.status == 200, response
        return Metrics(response.body.decode())

    @property
    def generation(self):
        """The number of the configuration in force."""
        return self.metrics().sum("frugald_config_generation")

    def log(self):
        """Everything written to stdout and stderr so far."""
        return self.log_file.read_text(errors="replace")

    def wait_log(self, *words, timeout=3.0):
        """A log line with all these words."""
        def find():
            return [line for line in self.log().splitlines()
                    if all(word in line for word in words)]
        return until(find, timeout, f"a log line with {words}")[-1]

    def rows(self, sql, *values):
        """Ledger rows as dictionaries."""
        ledger = sqlite3.connect(self.ledger_file, timeout=5)
        ledger.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in ledger.execute(sql, values)]
        finally:
            ledger.close()

    def row(self, response):
        """The ledger's row of one response (or request id)."""
        name = response if isinstance(response, str) \
            else response.header("x-request-id")
        found = until(lambda: self.rows(
            "SELECT * FROM requests WHERE request_id = ?", name),
            3, f"a ledger row of {name}")
        assert len(found) == 1, found
        return found[0]

    def attempts(self, response):
        """The attempts of one request, in order."""
        return self.rows("SELECT * FROM attempts WHERE request = ? "
                         "ORDER BY seq", self.row(response)["id"])

    def verdicts(self, response):
        """The verdicts of one request, in order."""
        return self.rows("SELECT * FROM verdicts WHERE request = ? "
                         "ORDER BY id", self.row(response)["id"])

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def open_files(self):
        """How many descriptors it holds."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def quiet(self, timeout=5.0):
        """Until every gauge of work under way is 0."""
        until(lambda: not self.metrics().busy(), timeout,
              f"gauges at 0: {self.metrics().busy()}")


class Metrics:
    """Prometheus text, parsed."""

    LINE = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)', re.I)
    LABEL = re.compile(r'([a-z_][a-z0-9_]*)="((?:[^"\\]|\\.)*)"', re.I)

    def __init__(self, text):
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.series = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, labels, value = self.LINE.fullmatch(line).groups()
                self.series.append((name, dict(self.LABEL.findall(labels or "")),
                                    float(value)))

    def sum(self, name, **labels):
        """All series of that name with these labels, added up."""
        return sum(value for key, has, value in self.series if key == name
                   and all(has.get(k) == v for k, v in labels.items()))

    def busy(self):
        """Gauges that count work under way and are not 0."""
        work = re.compile("inflight|queue|memory|live")
        return {(name, *labels.values()): value
                for name, labels, value in self.series
                if self.types.get(name) == "gauge" and work.search(name)
                and value and not name.endswith(("_limit", "_max"))}


class Rig:
    """A gateway with its two upstreams."""

    def __init__(self, gateway, small, large):
        self.gw = gateway
        self.small = small
        self.large = large

    def reset(self):
        """Scripts: the cheap one is sure of itself, the dear one too."""
        for up in (self.small, self.large):
            up.reset()
            up.script(answer(f"From {up.name}."))

    def __getattr__(self, name):
        return getattr(self.gw, name)
