# SPDX-License-Identifier: Apache-2.0
"""The server: raw sockets on a loop of its own thread, one behaviour a call.

Nothing here repairs what a behaviour sends: bytes go out as they are, and a
connection ends the way the behaviour says (kept, closed, reset, hanging).
"""

import asyncio
import json
import socket
import struct
import threading
import time


class Call:
    """One request as the upstream saw it, and what became of it."""

    def __init__(self, head, started):
        self.head = head
        self.body = b""
        self.started = started      # monotonic: the head was complete
        self.arrived = None         # monotonic: the body was complete
        self.ended = None           # monotonic: our answer was complete
        self.gone = None            # monotonic: the peer left before that
        self.sent = 0               # bytes the kernel has taken
        line, *fields = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = (line.split(" ") + ["", ""])[:3]
        self.headers = [tuple(f.split(": ", 1)) if ": " in f else (f, "")
                        for f in fields if f]

    def header(self, name, default=None):
        """The first header of that name, in any case."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    @property
    def json(self):
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def open(self):
        """Is it still waiting for its answer?"""
        return self.ended is None and self.gone is None

    def __repr__(self):
        return f"<Call {self.method} {self.target} {self.body[:80]!r}>"


class Connection(asyncio.Protocol):
    """One accepted socket: requests in, behaviours out."""

    def __init__(self, up):
        self.up = up
        self.buf = bytearray()
        self.call = None
        self.keep = True
        self.segment = 0            # bytes a write; 0: as they come
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    # What asyncio tells us.

    def connection_made(self, transport):
        self.transport = transport
        self.sock = transport.get_extra_info("socket")
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(high=4096)
        self.up._connections.add(self)
        self.up.accepted += 1
        self.task = asyncio.ensure_future(self._serve())

    def data_received(self, data):
        self.buf += data
        self._more.set()

    def eof_received(self):
        self._peer_left()
        return False

    def connection_lost(self, exc):
        self._peer_left()
        self.up._connections.discard(self)
        self.task.cancel()

    def pause_writing(self):
        self._room.clear()

    def resume_writing(self):
        self._room.set()

    def _peer_left(self):
        if self.call is not None and self.call.open:
            self.up._note(self.call, "gone")

    # What a behaviour may do.

    async def send(self, data):
        """Writes data in pieces of self.segment; waits for the peer."""
        step = self.segment or max(len(data), 1)
        for at in range(0, len(data), step):
            await self._send_one(bytes(data[at:at + step]))

    async def _send_one(self, piece):
        await self._room.wait()
        self.transport.write(piece)
        self.call.sent += len(piece)
        if self.segment:
            await asyncio.sleep(0)
        await self._room.wait()

    def reset(self):
        """Ends with RST."""
        self._we_end()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self):
        """Ends with FIN, after what was written."""
        self._we_end()
        self.transport.close()

    def _we_end(self):
        if self.call is not None and self.call.open:
            self.up._note(self.call, "ended")

    # Requests.

    async def _serve(self):
        try:
            if self.up.on_accept is not None:
                await self.up.on_accept(self)
                return
            while self.keep and not self.transport.is_closing():
                await self._one()
        except Exception as fault:      # pylint: disable=broad-except
            self.up.faults.append(repr(fault))
            self.reset()

    async def _one(self):
        head = await self._until(b"\r\n\r\n")
        call = Call(head, time.monotonic())
        self.call, self.segment = call, 0
        self.up._note(call, "started")
        if call.header("Expect"):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        call.body = await self._body(call)
        self.up._note(call, "arrived")
        await self.up._behaviour(call)(call, self)
        if call.open and not self.transport.is_closing():
            self.up._note(call, "ended")
        if not self.keep:
            self.close()

    async def _body(self, call):
        if (call.header("Transfer-Encoding") or "").lower() == "chunked":
            return await self._chunked()
        return await self._exactly(int(call.header("Content-Length") or 0))

    async def _chunked(self):
        body = b""
        while True:
            size = int((await self._until(b"\r\n")).split(b";")[0], 16)
            body += await self._exactly(size)
            await self._until(b"\r\n")
            if size == 0:
                return body

    async def _until(self, mark):
        while mark not in self.buf:
            await self._wait_more()
        data, _, rest = bytes(self.buf).partition(mark)
        self.buf = bytearray(rest)
        return data

    async def _exactly(self, count):
        while len(self.buf) < count:
            await self._wait_more()
        data = bytes(self.buf[:count])
        del self.buf[:count]
        return data

    async def _wait_more(self):
        self._more.clear()
        await self._more.wait()


class Upstream:
    """A server on a loopback port, scripted call by call."""

    def __init__(self, name="upstream", port=0, sndbuf=0):
        self.name = name
        self.accepted = 0
        self.on_accept = None       # async function(connection), or None
        self.gauge = 0
        self.gauge_max = 0
        self.faults = []            # what went wrong in the stub itself
        self._sndbuf = sndbuf
        self._connections = set()
        self._changed = threading.Condition()
        self._calls = []
        self._queue = []
        self._function = None
        self._sock = _bound(port, sndbuf)
        self.port = self._sock.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever,
                                        name=f"stub-{name}", daemon=True)
        self._thread.start()
        self._run(self._listen())

    @property
    def url(self):
        """What a configuration calls base_url."""
        return f"http://127.0.0.1:{self.port}/v1"

    # Scripting.

    def script(self, *behaviours):
        """These, one a call, in order of arrival; the last one repeats."""
        with self._changed:
            self._function, self._queue = None, list(behaviours)

    def answer_by(self, function):
        """function(call) returns the behaviour."""
        with self._changed:
            self._function = function

    def reset(self):
        """Forgets script, calls and gauges."""
        with self._changed:
            self._calls, self._queue, self._function = [], [], None
            self.gauge, self.on_accept, self.faults = 0, None, []
            self.gauge_max = self.accepted = 0

    def close_port(self):
        """Refuses connections and cuts those that are open."""
        self._run(self._unlisten())

    def open_port(self):
        """Listens on the same port again."""
        self._run(self._listen())

    def last_words(self, behaviour):
        """The same, and when it is said nobody listens any more, until
        open_port()."""
        async def spoken(call, conn):
            conn.keep = False
            for other in self._connections - {conn}:
                other.reset()
            self._server.close()
            self._sock = _bound(self.port, self._sndbuf)
            await behaviour(call, conn)
        return spoken

    def stop(self):
        """Ends server and thread."""
        self._run(self._unlisten())
        self._sock.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # What was seen.

    @property
    def calls(self):
        """Calls whose head has come, in order."""
        with self._changed:
            return list(self._calls)

    @property
    def call(self):
        """The only call."""
        calls = self.calls
        assert len(calls) == 1, f"{self.name} got {len(calls)} calls: {calls}"
        return calls[0]

    @property
    def last(self):
        """The latest call."""
        return self.calls[-1]

    def wait(self, claim, timeout=5.0):
        """Until claim(self) holds; returns what it returned."""
        end = time.monotonic() + timeout
        with self._changed:         # polled: bytes are counted silently
            while not (value := claim(self)):
                assert time.monotonic() < end, \
                    f"{self.name}: waited {timeout} s; calls: {self._calls}"
                self._changed.wait(0.02)
            return value

    def wait_calls(self, count=1, timeout=5.0):
        """Until so many calls have come whole; returns them."""
        self.wait(lambda up: len([c for c in up._calls if c.arrived]) >= count,
                  timeout)
        return self.calls

    def wait_gone(self, call=None, timeout=5.0):
        """Until the peer has left that call (the last); returns when."""
        call = call or self.last
        self.wait(lambda up: call.gone is not None, timeout)
        return call.gone

    def wait_idle(self, timeout=5.0):
        """Until no call is open."""
        self.wait(lambda up: not any(c.open for c in up._calls), timeout)

    # Inside.

    def _note(self, call, what):
        with self._changed:
            if what == "started":
                self._calls.append(call)
                self.gauge += 1
                self.gauge_max = max(self.gauge, self.gauge_max)
            else:
                setattr(call, what, time.monotonic())
                if what != "arrived" and call in self._calls:
                    self.gauge -= 1
            self._changed.notify_all()

    def _behaviour(self, call):
        with self._changed:
            if self._function is not None:
                return self._function(call)
            assert self._queue, f"{self.name}: nothing scripted for {call}"
            return self._queue.pop(0) if len(self._queue) > 1 else self._queue[0]

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5)

    async def _listen(self):
        self._sock.listen(1024)
        self._server = await self._loop.create_server(
            lambda: Connection(self), sock=self._sock)

    async def _unlisten(self):
        for connection in list(self._connections):
            connection.reset()
        self._server.close()
        await asyncio.sleep(0)
        self._sock.close()
        self._sock = _bound(self.port, self._sndbuf)


def _bound(port, sndbuf=0):
    """A socket that has the port but does not listen: connecting is refused."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sndbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    sock.bind(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


class refused_port:
    """A port where every connection is refused for as long as this lives."""

    def __init__(self):
        self._sock = _bound(0)
        self.port = self._sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self):
        """Gives the port back."""
        self._sock.close()
