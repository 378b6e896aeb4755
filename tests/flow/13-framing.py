# SPDX-License-Identifier: Apache-2.0
"""Ambiguous framing is refused, and nothing is smuggled behind it."""

import pytest

from flow.patience import until

BODY = b'{"model":"auto","messages":[]}'
LENGTH = b"Content-Length: %d" % len(BODY)
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: smuggled\r\n\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def post(*fields, version=b"HTTP/1.1", host=True, method=b"POST"):
    """A request head with these header lines."""
    lines = [method + b" /v1/chat/completions " + version]
    lines += [b"Host: x"] * host + [b"Content-Type: application/json"]
    return b"\r\n".join(lines + list(fields)) + b"\r\n\r\n"


TE = b"Transfer-Encoding: chunked"
GUARDED = {
    "length and chunks": post(LENGTH, TE) + CHUNKS,
    "chunks and length": post(TE, LENGTH) + CHUNKS,
    "length 0 and chunks": post(b"Content-Length: 0", TE) + CHUNKS,
    "length and odd case chunks": post(LENGTH, b"tRANSFER-eNCODING: Chunked")
    + CHUNKS,
    "two lengths": post(LENGTH, b"Content-Length: 5") + BODY,
    "two lengths, first short": post(b"Content-Length: 5", LENGTH) + BODY,
    "the same length twice": post(LENGTH, LENGTH) + BODY,
    "two encodings": post(TE, TE) + CHUNKS,
    "chunked, identity": post(b"Transfer-Encoding: chunked, identity") + CHUNKS,
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked") + CHUNKS,
    "identity": post(b"Transfer-Encoding: identity", LENGTH) + BODY,
    "xchunked": post(b"Transfer-Encoding: xchunked") + CHUNKS,
    "chunked in quotes": post(b'Transfer-Encoding: "chunked"') + CHUNKS,
    "chunked;x": post(b"Transfer-Encoding: chunked;x=1") + CHUNKS,
    "empty encoding": post(b"Transfer-Encoding: ", LENGTH) + BODY,
    "encoding with VT": post(b"Transfer-Encoding: \x0bchunked") + CHUNKS,
    "encoding on 1.0": post(TE, version=b"HTTP/1.0") + CHUNKS,
    "two hosts": post(b"Host: y", LENGTH) + BODY,
    "no host": post(LENGTH, host=False) + BODY,
    "two authorizations": post(b"Authorization: Bearer a",
                               b"Authorization: Bearer b", LENGTH) + BODY,
    "space before colon": post(b"Transfer-Encoding : chunked", LENGTH) + BODY,
    "length with space": post(b"Content-Length : 5", LENGTH) + BODY,
    "tab before colon": post(b"X-A\t: b", LENGTH) + BODY,
    "name with parenthesis": post(b"X(A): b", LENGTH) + BODY,
    "name with slash": post(b"X/A: b", LENGTH) + BODY,
    "name with at": post(b"X@A: b", LENGTH) + BODY,
    "name with high byte": post(b"X\xc3\xa9: b", LENGTH) + BODY,
    "name with control byte": post(b"X\x01A: b", LENGTH) + BODY,
    "control byte in value": post(b"X-A: b\x01c", LENGTH) + BODY,
    "DEL in value": post(b"X-A: b\x7fc", LENGTH) + BODY,
    "escape in value": post(b"X-A: \x1b[31m", LENGTH) + BODY,
    "bare CR in value": post(b"X-A: b\rX-B: c", LENGTH) + BODY,
    "bad method": post(LENGTH, method=b"PO(ST") + BODY,
    "method with control byte": post(LENGTH, method=b"PO\x01ST") + BODY,
}
# The library itself refuses these, sometimes by closing without a word.
REFUSED = {
    "length list": post(b"Content-Length: %d, %d" % (len(BODY), len(BODY)))
    + BODY,
    "length with plus": post(b"Content-Length: +%d" % len(BODY)) + BODY,
    "negative length": post(b"Content-Length: -1") + BODY,
    "hex length": post(b"Content-Length: 0x1e") + BODY,
    "length with letters": post(b"Content-Length: 30abc") + BODY,
    "huge length": post(b"Content-Length: 18446744073709551619") + BODY,
    "bad chunk size": post(TE) + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n",
    "negative chunk": post(TE) + b"-1e\r\n" + BODY + b"\r\n0\r\n\r\n",
    "huge chunk": post(TE) + b"ffffffffffffffffff\r\n" + BODY,
    "hex chunk prefix": post(TE) + b"0x1e\r\n" + BODY + b"\r\n0\r\n\r\n",
    "no colon": post(b"X-A", LENGTH) + BODY,
    "not http": b"hello\r\n\r\n",
    "no version": b"GET /v1/models\r\n\r\n",
    "wrong version": b"GET /v1/models HTTP/9.9\r\nHost: x\r\n\r\n",
    "version of words": b"GET /v1/models HTTQ/1.1\r\nHost: x\r\n\r\n",
}


def talk(rig, data):
    """Everything that comes back until the server closes."""
    with rig.connect(timeout=4) as client:
        try:
            client.send(data)
            while client.more():
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass
        return client.buf


def answers(text):
    """The statuses of the responses in it."""
    return [int(part[:3]) for part in text.split(b"HTTP/1.1 ")[1:]]


def unsmuggled(rig, text):
    """The second request was not served."""
    assert b'"object":"list"' not in text.replace(b" ", b"")
    assert not rig.small.calls and not rig.large.calls


@pytest.mark.parametrize("case", GUARDED)
def test_guard(rig, case):
    """400, close, and the request behind it is not answered."""
    text = talk(rig, GUARDED[case] + SMUGGLED)
    assert answers(text) == [400], text
    unsmuggled(rig, text)
    assert b"onnection: close" in text


@pytest.mark.parametrize("case", REFUSED)
def test_refused(rig, case):
    """No success and no second answer."""
    text = talk(rig, REFUSED[case] + SMUGGLED)
    found = answers(text)
    assert all(400 <= status < 600 for status in found), text
    unsmuggled(rig, text)


def test_pipelining_keeps_the_order(rig):
    """Sound requests in one write are answered one after the other."""
    sound = post(LENGTH) + BODY
    with rig.connect() as client:
        client.send(sound + SMUGGLED + sound)
        kinds = [client.read().json["object"] for _ in range(3)]
    assert kinds == ["chat.completion", "list", "chat.completion"]


def test_http_1_0(rig):
    """An old client with a length is served, and the connection closed."""
    with rig.connect() as client:
        client.send(post(LENGTH, version=b"HTTP/1.0") + BODY)
        response = client.read()
        assert response.status == 200
        assert client.is_closed()


def test_big_heads_are_refused(rig):
    """Headers without end are not gathered."""
    with rig.connect(timeout=4) as client:
        try:
            client.send(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n")
            for k in range(4000):
                client.send(b"X-%d: %s\r\n" % (k, b"y" * 60))
            client.send(b"\r\n")
            text = client.until(b"\r\n\r\n")
        except (ConnectionError, EOFError):
            return
        assert answers(text)[0] in (400, 413, 431)


def test_reset_before_anything(rig):
    """Connections that come and go do no harm."""
    for _ in range(50):
        rig.connect().reset()
        rig.connect().close()
    assert rig.ask().status == 200


@pytest.mark.parametrize("cut", [1, 10, 30, 60, 100, -1])
def test_half_a_request(rig, cut):
    """A client that leaves inside its request leaves nothing behind."""
    data = post(LENGTH) + BODY
    with rig.connect() as client:
        client.send(data[:cut])
    with rig.connect() as client:
        client.send(data[:cut])
        client.reset()
    assert rig.ask().status == 200
    assert len(rig.small.calls) == 1


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("cut", [1, 10, -len(BODY), -1])
def test_half_a_request_and_gone(rig, way, cut):
    """Bytes and the end at once: the connection is not kept for its deadline."""
    before = rig.open_files()
    for _ in range(20):
        client = rig.connect()
        client.send((post(LENGTH) + BODY)[:cut])
        getattr(client, way)()
    until(lambda: rig.open_files() <= before, 2)
