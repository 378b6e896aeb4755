# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 client on a bare socket: sends any bytes, hides nothing."""

import json
import socket
import struct
import time

from flow.patience import SCALE


class Response:
    """One response, its body without the transfer encoding."""

    def __init__(self, head):
        self.head = head
        line, *fields = head.decode("latin-1").split("\r\n")
        self.version, status, self.reason = (line.split(" ", 2) + [""])[:3]
        self.status = int(status)
        self.headers = [tuple(f.split(": ", 1)) for f in fields if f]
        self.body = bytearray()
        self.whole = False          # ended as its framing says
        self.seconds = None         # from the request's last byte

    def header(self, name, default=None):
        """The value of a header that occurs at most once."""
        found = self.all(name)
        assert len(found) <= 1, f"{name} occurs {len(found)} times"
        return found[0] if found else default

    def all(self, name):
        """Every value of that header."""
        return [v for k, v in self.headers if k.lower() == name.lower()]

    @property
    def json(self):
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self):
        """The error object."""
        return self.json["error"]

    @property
    def content(self):
        """The text of the first choice."""
        return self.json["choices"][0]["message"]["content"]

    def frugald(self, name):
        """One of the daemon's own headers."""
        return self.header("x-frugald-" + name)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:400]!r}>"


class Client:
    """One connection."""

    def __init__(self, port, host="127.0.0.1", timeout=15.0, rcvbuf=0):
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout * SCALE)
        self.sock.connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Out.

    def send(self, data):
        """Bytes as they are."""
        self.sock.sendall(data)

    def ask(self, method, path, body=b"", headers=()):
        """One request, framed; headers may override ours."""
        self.send(request(method, path, body, headers))

    def post(self, body, path="/v1/chat/completions", headers=()):
        """A request with a JSON body; body is bytes or an object."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.ask("POST", path, body, headers)

    # In.

    def more(self):
        """Whatever comes next; b"" at the end."""
        data = self.sock.recv(65536)
        self.buf += data
        return data

    def until(self, mark):
        """Bytes up to and with mark."""
        while mark not in self.buf:
            if not self.more():
                raise EOFError(self.buf)
        return self._take(self.buf.index(mark) + len(mark))

    def exactly(self, count):
        """So many bytes."""
        while len(self.buf) < count:
            if not self.more():
                raise EOFError(self.buf)
        return self._take(count)

    def _take(self, count):
        data = bytes(self.buf[:count])
        del self.buf[:count]
        return data

    def read_head(self):
        """The head of a response; 100 Continue is passed over."""
        while True:
            head = self.until(b"\r\n\r\n")[:-4]
            if not head.startswith(b"HTTP/1.1 100"):
                return Response(head)

    def read_body(self, response, method="POST"):
        """The rest of it; response.whole is false when it broke off."""
        try:
            self._read_body(response, method)
            response.whole = True
        except (EOFError, ConnectionResetError):
            pass
        return response

    def read(self, method="POST"):
        """A whole response."""
        start = time.monotonic()
        response = self.read_body(self.read_head(), method)
        response.seconds = time.monotonic() - start
        return response

    def _read_body(self, response, method):
        if method == "HEAD" or response.status in (204, 304):
            return
        if response.header("Transfer-Encoding") == "chunked":
            while self.read_chunk(response):
                pass
            return
        length = response.header("Content-Length")
        assert length is not None, f"no framing: {response}"
        response.body += self.exactly(int(length))

    def read_chunk(self, response):
        """One chunk of a chunked body, appended; b"" for the last."""
        size = int(self.until(b"\r\n"), 16)
        data = self.exactly(size)
        assert self.until(b"\r\n") == b"\r\n", "a chunk of another size"
        response.body += data
        return data

    def is_closed(self, timeout=2.0):
        """Does the server end the connection within that time?"""
        self.sock.settimeout(timeout * SCALE)
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False

    # Away.

    def finish(self):
        """FIN for our half only."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        """FIN."""
        self.sock.close()


def request(method, path, body=b"", headers=()):
    """The bytes of one request; a header given replaces ours."""
    own = {"Host": "gateway.test"}
    if body or method == "POST":
        own.update({"Content-Type": "application/json",
                    "Content-Length": str(len(body))})
    own.update(dict(headers))
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{k}: {v}" for k, v in own.items() if v is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
