# SPDX-License-Identifier: Apache-2.0
"""Bodies that are too large are refused in a way that clients can read."""

import http.client
import json
import threading
import time

import pytest

from flow.gateway import question
from flow.patience import SCALE

BIG = 20_000_000


def expect_413(response):
    """The contract's words."""
    assert response.status == 413, response
    assert response.error["code"] == "request_too_large"
    assert response.error["type"] == "invalid_request_error"


def test_long_body(rig):
    """20 MB with a length: the client can send all of it and read 413."""
    response = rig.post(b"x" * BIG)
    expect_413(response)
    assert not rig.small.calls


def test_long_chunked_body(rig):
    """The same without a length."""
    piece = b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000)
    with rig.connect(timeout=20) as client:
        client.ask("POST", "/v1/chat/completions", headers={
            "Content-Length": None, "Transfer-Encoding": "chunked"})
        for _ in range(BIG // 100_000):
            client.send(piece)
        client.send(b"0\r\n\r\n")
        expect_413(client.read())
    assert not rig.small.calls


def test_standard_client(rig):
    """Python's own client does not see a broken pipe."""
    link = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=20)
    link.request("POST", "/v1/chat/completions", b"x" * BIG,
                 {"Content-Type": "application/json"})
    response = link.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["error"]["code"] == "request_too_large"
    link.close()


def test_memory_is_not_used(rig):
    """Ten at once leave no mark."""
    before = rig.memory()
    found = []
    threads = [threading.Thread(target=lambda: found.append(
        rig.post(b"x" * BIG).status)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [413] * 10
    assert rig.memory() - before < 60_000_000 * SCALE


@pytest.mark.parametrize("size,status", [(8 * 1024 * 1024, 200),
                                         (8 * 1024 * 1024 + 1, 413)])
def test_the_limit_is_exact(rig, size, status):
    """8 MiB is taken, one byte more is not."""
    body = json.dumps(question("@", model="large")).encode()
    body = body.replace(b"@", b"x" * (size - len(body) + 1))
    assert len(body) == size
    response = rig.post(body)
    assert response.status == status, response
    if status == 200:
        assert rig.large.call.body == body.replace(b'"large"', b'"large-model"')


def test_endless_upload_ends(yard):
    """A client that never stops is cut off at the body's deadline."""
    rig = yard.rig(limits={"body_timeout": "700ms"})
    with rig.connect(timeout=5) as client:
        client.ask("POST", "/v1/chat/completions", headers={
            "Content-Length": None, "Transfer-Encoding": "chunked"})
        start = time.monotonic()
        try:
            while time.monotonic() - start < 6 * SCALE:
                client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except (ConnectionError, TimeoutError):
            pass
        assert time.monotonic() - start < 0.7 + 3 * SCALE


def expecting(rig, length):
    """A client that asks before it sends its body."""
    client = rig.connect()
    client.ask("POST", "/v1/chat/completions", headers={
        "Content-Length": str(length), "Expect": "100-continue"})
    return client


def test_continue(rig):
    """A body that fits is asked for with 100."""
    body = json.dumps(question()).encode()
    with expecting(rig, len(body)) as client:
        start = time.monotonic()
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        assert time.monotonic() - start < 5.0 * SCALE
        client.send(body)
        assert client.read().content == "From small."
    assert rig.small.call.header("Expect") is None


def test_no_continue(rig):
    """One that does not fit gets its 413 without being sent."""
    with expecting(rig, BIG) as client:
        response = client.read_head()
        assert response.status == 413, response
        client.read_body(response)
        expect_413(response)


def test_continue_from_an_impatient_client(rig):
    """The body may come without waiting."""
    body = json.dumps(question()).encode()
    with expecting(rig, len(body)) as client:
        client.send(body)
        assert client.read().content == "From small."


def test_length_that_overflows(rig):
    """2^64 + 3 is no length."""
    with rig.connect() as client:
        client.ask("POST", "/v1/chat/completions",
                   headers={"Content-Length": str(2 ** 64 + 3)})
        assert client.read_head().status in (400, 413)


def test_configured_limit(yard):
    """max_body is what the operator says."""
    rig = yard.rig(limits={"max_body": "10KiB"})
    assert rig.ask("x" * 5000).status == 200
    expect_413(rig.ask("x" * 11_000))
