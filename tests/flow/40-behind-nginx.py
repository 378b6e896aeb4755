# SPDX-License-Identifier: Apache-2.0
"""Behind a real nginx, set up as we advise: everything as without it."""

import asyncio
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from flow import contract, schema, sse
from flow.gateway import free_ports, question
from flow.http1 import Client
from flow.patience import SCALE, until
from stub import (answer, chunk, error, finish_chunk, hang, role_chunk,
                  stream)

# A user is needed only by root's nginx, whose worker could not read here.
NGINX = """
user root;
worker_processes 1;
daemon off;
pid nginx.pid;
error_log error.log info;
events {{ worker_connections 512; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server_tokens off;
    upstream frugald {{
        server 127.0.0.1:{backend} max_fails=0;
        keepalive 64;
        keepalive_timeout 50s;          # less than limits.idle_timeout, 75s
    }}
    server {{
        listen 127.0.0.1:{port};
        client_header_timeout 10s;
        client_body_timeout 15s;
        send_timeout 30s;
        keepalive_timeout 65s;
        reset_timedout_connection on;
        client_max_body_size 1m;
        client_body_buffer_size 128k;
        large_client_header_buffers 4 8k;
        underscores_in_headers off;
        location /v1/ {{
            proxy_pass http://frugald;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Accept-Encoding "";
            proxy_request_buffering on;
            proxy_buffering off;
            proxy_cache off;
            gzip off;
            proxy_connect_timeout 2s;
            proxy_send_timeout 30s;
            proxy_read_timeout 330s;    # more than limits.deadline, 300s
            proxy_next_upstream off;
            proxy_ignore_client_abort off;
            proxy_socket_keepalive on;
        }}
        location / {{ return 404; }}
    }}
}}
"""


class Nginx:
    """One nginx of our own in front of a gateway."""

    def __init__(self, folder, backend):
        self.folder = pathlib.Path(folder)
        self.port, = free_ports(1)
        file = self.folder / "nginx.conf"
        file.write_text(NGINX.format(port=self.port, backend=backend))
        with open(self.folder / "stderr.txt", "wb") as said:
            # A slash at the end of -p: nginx does not add one.
            self.process = subprocess.Popen(
                ["/usr/sbin/nginx", "-p", f"{self.folder}/", "-e", "start.log",
                 "-c", file], stdin=subprocess.DEVNULL, stdout=said,
                stderr=said)
        until(self._ready, 5, "an answer of nginx")

    def _ready(self):
        assert self.process.poll() is None, \
            (self.folder / "stderr.txt").read_text()
        try:
            with self.connect() as client:
                client.ask("GET", "/")
                return client.read().status == 404
        except OSError:
            return False

    def connect(self, **options):
        """A bare connection."""
        return Client(self.port, **options)

    def ask(self, headers=(), **fields):
        """A chat request."""
        with self.connect() as client:
            client.post(question(**fields), headers=headers)
            return client.read()

    def errors(self):
        """What it has to say of its upstream."""
        return [line for line in
                (self.folder / "error.log").read_text().splitlines()
                if "upstream" in line]

    def stop(self):
        """SIGTERM to the master, which ends its worker."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(5 * SCALE) == 0


@pytest.fixture(scope="module", name="front")
def _front(module_rig, tmp_path_factory):
    """nginx before the story's rig."""
    made = Nginx(tmp_path_factory.mktemp("nginx"), module_rig.port)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(name="before")
def _before(tmp_path):
    """before(rig) starts one for this test alone."""
    made = []

    def start(rig):
        made.append(Nginx(tmp_path, rig.port))
        return made[-1]
    yield start
    for front in made:
        front.stop()


# Answers.

def test_whole_answers(rig, front):
    """Body and our headers are those that a client gets without nginx."""
    plain, ours = rig.ask(), front.ask()
    assert ours.status == 200 and ours.content == "From small."
    schema.check("CreateChatCompletionResponse", ours.json)
    named = {n: v for n, v in ours.headers if n.lower().startswith("x-frugald")}
    assert set(named) == {n for n, _ in plain.headers
                          if n.lower().startswith("x-frugald")}
    assert ours.frugald("backend") == "small"
    assert ours.header("Content-Type") == "application/json"
    assert ours.header("Content-Length") == str(len(ours.body))
    name = ours.header("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", name), "nginx's $request_id"
    assert rig.row(name)["outcome"] == "ok"


def test_big_bodies(rig, front):
    """More than every buffer on the way, in both directions, chunked too."""
    text = " ".join(f"word{k}" for k in range(50_000))
    rig.small.script(answer(text, tokens=[(text, -0.01)], with_bytes=False))
    body = question(text)
    with front.connect(timeout=10) as client:
        client.post(body)
        assert client.read().content == text
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                    b"Content-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n"
                    b"38;ext=1\r\n" + b'{"model":"small","messages":'
                    b'[{"role":"user","content":"' .ljust(0x38) + b"\r\n"
                    b"4\r\nhi\"}\r\n2\r\n]}\r\n0\r\nTrailer: x\r\n\r\n")
        assert client.read().status == 200
    assert rig.small.calls[0].json["messages"] == body["messages"]


def test_streams(rig, front):
    """A replayed and a live stream keep the grammar."""
    wants = {"stream": True, "stream_options": {"include_usage": True}}
    for score, text in ((0.9, "Oslo it is."), (0.1, "From large.")):
        rig.small.script(answer("Oslo it is.", score=score))
        response = front.ask(**wants)
        assert response.status == 200 and response.whole
        assert response.header("Content-Type") == \
            "text/event-stream; charset=utf-8"
        assert response.header("Cache-Control") == "no-store"
        found = sse.Stream(response.body)
        sse.check_chunks(found, "auto", usage=True)
        assert found.done and found.text() == text


def test_events_come_one_by_one(rig, front):
    """Each event is at the client before the upstream makes the next one."""
    gate = threading.Event()

    async def stepwise(call, conn):
        await stream([role_chunk(), chunk({"content": "first"})], done=False,
                     last_chunk=False)(call, conn)
        while not gate.is_set():
            await asyncio.sleep(0.01)
    rig.large.script(stepwise)
    with front.connect(timeout=5) as client:
        client.post(question(model="large", stream=True))
        response = client.read_head()
        while b"first" not in response.body:
            client.read_chunk(response)
        assert rig.large.call.open
        gate.set()


def test_keep_alives_come_through(yard, before):
    """The head at commit_after and the comments, while nothing is decided."""
    rig = yard.rig(reply={"commit_after": "100ms", "keepalive_every": "100ms"})
    front = before(rig)
    rig.small.script(hang())
    with front.connect(timeout=5) as client:
        client.post(question(stream=True))
        response = client.read_head()
        while response.body.count(b": keep-alive\n") < 3:
            client.read_chunk(response)
        assert response.body.startswith(b"data: ")
    rig.small.wait_gone()


ERRORS = {
    "unknown model": (404, {"model": "nobody"}),
    "no messages": (400, {"messages": 1}),
    "refused upstream": (422, {"model": "large", "temperature": 9}),
    "broken upstream": (502, {"model": "large", "seed": 9}),
    "stream": (502, {"model": "large", "seed": 9, "stream": True}),
    "too many": (429, {"model": "large", "top_p": 9}),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_bodies(rig, front, case):
    """nginx puts nothing of its own in their place."""
    status, fields = ERRORS[case]

    def behaviour(call):
        asked = call.json
        if "temperature" in asked:
            return error(422, "too hot", param="temperature")
        return error(500) if "seed" in asked else \
            error(429, "slower", "rate_limit_exceeded", Retry_After=7)
    rig.large.answer_by(behaviour)
    plain, ours = rig.ask(**fields), front.ask(**fields)
    assert plain.status == ours.status == status
    assert ours.body == plain.body
    contract.check_error(ours)
    for name in ("Retry-After", "x-should-retry"):
        assert ours.header(name) == plain.header(name)
    if fields.get("model") == "large":
        assert rig.row(ours)["status"] == status


# Connections.

def upstream_ports(gateway):
    """The local ports of the connections that it has from clients."""
    found = set()
    table = pathlib.Path("/proc/net/tcp").read_text(encoding="ascii")
    for line in table.splitlines()[1:]:
        local, remote, state = line.split()[1:4]
        if int(local[-4:], 16) == gateway.port and state == "01":
            found.add(int(remote[-4:], 16))
    return found


def test_connections_are_kept(rig, front):
    """Many clients one after the other use the connections that are there."""
    front.ask()
    before = upstream_ports(rig)
    assert before
    for number in range(20):
        response = front.ask(stream=number % 2 == 1)
        assert response.status == 200 and response.whole
    rig.large.script(error(500))
    assert front.ask(model="large").status == 502
    assert upstream_ports(rig) == before


def test_nginx_never_finds_a_dead_connection(yard, before):
    """frugald ends idle connections; nginx must not trip over one."""
    rig = yard.rig(limits={"idle_timeout": "300ms"})
    front = before(rig)
    for pause in (0.1, 0.5, 0.6):
        assert front.ask().status == 200
        time.sleep(pause)
    until(lambda: not upstream_ports(rig), 2)
    assert front.ask().status == 200 and not front.errors()


STATES = {
    "cheap": {}, "cheap, stream": {"stream": True},
    "dear": {"seed": 1}, "dear, stream": {"seed": 1, "stream": True},
    "live": {"model": "large", "stream": True, "user": "live"},
}


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("state", STATES)
def test_client_leaves(rig, front, state, way):
    """The upstream call ends within 250 ms, and the books say why."""
    rig.small.answer_by(lambda call: answer("Perhaps.", score=0.1)
                        if "seed" in call.json else hang())
    rig.large.answer_by(lambda call: stream(
        [role_chunk(), chunk({"content": "a"}), 60, finish_chunk()])
        if "user" in call.json else hang())
    up = rig.small if state.startswith("cheap") else rig.large
    client = front.connect()
    client.post(question(**STATES[state]))
    up.wait_calls(1)
    if state == "live":
        response = client.read_head()
        while b'"a"' not in response.body:
            client.read_chunk(response)
    left = time.monotonic()
    getattr(client, way)()
    gone = up.wait_gone(timeout=5 * SCALE)
    assert gone - left < 0.25 * SCALE, f"{gone - left:.3f} s"
    name = up.call.header("x-request-id")
    assert rig.row(name)["outcome"] == "client_gone"
    rig.quiet()
    if up is rig.small:
        assert not rig.large.calls


# Smuggling.

INNER = b'{"model":"large","messages":[],"user":"smuggled"}'
HIDDEN = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
          b"Content-Type: application/json\r\n"
          b"Content-Length: %d\r\n\r\n" % len(INNER)) + INNER
AHEAD = b"0\r\n\r\n" + HIDDEN       # a body by length, two requests by chunks
LENGTH = b"Content-Length: %d" % len(AHEAD)
TE = b"Transfer-Encoding: chunked"
SMUGGLING = {
    "length, chunks": [LENGTH, TE], "chunks, length": [TE, LENGTH],
    "space before colon": [LENGTH, b"Transfer-Encoding : chunked"],
    "folded": [LENGTH, b"X: y\r\n Transfer-Encoding: chunked"],
    "tab": [LENGTH, b"Transfer-Encoding:\tchunked"],
    "two codings": [LENGTH, b"Transfer-Encoding: x, chunked"],
    "twice": [LENGTH, TE, b"Transfer-Encoding: x"],
    "underscore": [LENGTH, b"Transfer_Encoding: chunked"],
    "bare CR": [LENGTH, b"X: y\rTransfer-Encoding: chunked"],
    "LF": [LENGTH, b"X: y\nTransfer-Encoding: chunked"],
    "two lengths": [b"Content-Length: 5", LENGTH],
    "two lengths turned": [LENGTH, b"Content-Length: 5"],
    "length list": [b"Content-Length: 5, %d" % len(AHEAD)],
    "length with plus": [b"Content-Length: +%d" % len(AHEAD)],
    "connection eats length": [LENGTH, b"Connection: Content-Length"],
    "upgrade": [LENGTH, b"Connection: Upgrade", b"Upgrade: h2c"],
}


def talk(port, data):
    """All that comes back until the other end closes or rests."""
    with Client(port, timeout=0.3) as client:
        try:
            client.send(data)
            while client.more():
                pass
        except (ConnectionError, socket.timeout):
            pass
        return bytes(client.buf)


@pytest.mark.parametrize("case", SMUGGLING)
def test_smuggling(rig, front, case):
    """What is hidden in a body stays there: no upstream call, no answer."""
    head = b"\r\n".join([
        b"POST /v1/chat/completions HTTP/1.1", b"Host: x",
        b"Content-Type: application/json", *SMUGGLING[case]]) + b"\r\n\r\n"
    text = talk(front.port, head + AHEAD)
    answers = text.split(b"HTTP/1.1 ")[1:]
    assert len(answers) <= 1 and text.count(b'"object"') == 0, text
    assert all(int(part[:3]) in (400, 413, 501) for part in answers), text
    time.sleep(0.05)
    assert not rig.small.calls and not rig.large.calls
    assert "backend=large" not in "".join(
        line for line in rig.log().splitlines() if "smuggled" in line)
    # And the connection between the two is not poisoned for the next client.
    assert front.ask().content == "From small."


def test_what_is_hidden_would_be_served(rig, front):
    """The hidden request is sound: the test above could fail."""
    text = talk(front.port, HIDDEN)
    assert text.startswith(b"HTTP/1.1 200 ")
    assert rig.large.call.json["user"] == "smuggled"


# The end of frugald.

def keep_asking(front, stop, found, streams):
    """Requests until told, each response noted."""
    while not stop.is_set():
        try:
            found.append(front.ask(stream=streams))
        except (OSError, EOFError) as fault:
            found.append(fault)
        time.sleep(0.005)


def check_whole(response):
    """All of an answer, or an error that says what it is."""
    assert not isinstance(response, Exception), response
    assert response.whole, response
    assert response.status in (200, 502, 503), response
    if response.status != 200:
        return
    if response.header("Content-Type").startswith("text/"):
        found = sse.Stream(response.body)
        assert found.done and found.text() == "one two three"
    else:
        assert response.content == "one two three"


def test_drain(yard, before):
    """Under traffic: whole answers, or an honest error; no broken reply."""
    rig = yard.rig()
    front = before(rig)
    rig.small.script(answer("one two three", delay=0.02))
    stop, found = threading.Event(), []
    threads = [threading.Thread(target=keep_asking,
                                args=(front, stop, found, k % 2 == 0))
               for k in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(found) > 60)
    rig.gw.signal(signal.SIGTERM)
    assert rig.gw.wait_exit() == 0
    rig.gw.start()
    enough = len(found) + 60
    until(lambda: len(found) > enough)
    stop.set()
    for thread in threads:
        thread.join()
    for response in found:
        check_whole(response)
    # Taken into service and left: never. (Not yet taken: reset, refused.)
    assert not [line for line in front.errors() if "prematurely" in line]
    rig.gw.stop()
    served = [r for r in found if r.status == 200]
    assert len(served) > 60
    assert len(rig.rows("SELECT id FROM requests WHERE outcome = 'ok'")) == \
        len(served)
