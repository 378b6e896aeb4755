# SPDX-License-Identifier: Apache-2.0
"""Keys that change little things do so, and nothing else."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import threading
import time

import pytest

from flow import contract, sse
from flow.gateway import ROOT, backend, free_ports, question, standard
from flow.http1 import Client
from flow.patience import SCALE, until
from stub import answer, error, hang

KINDS = ["openai", "vllm", "llamacpp", "ollama", "sglang", "tgi", "auto"]
CTL = os.environ.get("FRUGALCTL", "build/release/frugalctl")


# kind

@pytest.fixture(name="kinds")
def _kinds(yard):
    """One backend of each kind, all at the same upstream."""
    up = yard.upstream("any")
    return up, yard.gateway({
        "backends": {kind: backend(up, kind=kind) for kind in KINDS}})


def asked_by(kinds, kind, **fields):
    """The body that this kind's server gets for a question with fields."""
    up, gateway = kinds
    up.reset()
    up.script(answer("Yes."))
    assert gateway.ask(model=kind, **fields).content == "Yes."
    return up.call.body


def renamed(**fields):
    """The body when only the model's name changes."""
    return json.dumps(question(**{**fields, "model": "any-model"})).encode()


def test_max_completion_tokens(kinds):
    """Ollama gets it under its old name, all others as it came."""
    for kind in KINDS:
        name = "max_tokens" if kind == "ollama" else "max_completion_tokens"
        assert asked_by(kinds, kind, max_completion_tokens=7, seed=1) == \
            renamed(**{name: 7}, seed=1), kind


@pytest.mark.parametrize("value", [7, None])
def test_max_tokens_stays(kinds, value):
    """The old name is nobody's quirk."""
    for kind in KINDS:
        assert asked_by(kinds, kind, max_tokens=value) == \
            renamed(max_tokens=value), kind


@pytest.mark.parametrize("first", ["max_tokens", "max_completion_tokens"])
def test_both_names(kinds, first):
    """Ollama gets one of the two, with the newer name's value; once."""
    values = {"max_tokens": 5, "max_completion_tokens": 7}
    second, = set(values) - {first}
    fields = {first: values[first], "seed": 1, second: values[second]}
    assert asked_by(kinds, "openai", **fields) == renamed(**fields)
    body = asked_by(kinds, "ollama", **fields)
    assert body.count(b"max_tokens") == 1
    assert b"max_completion_tokens" not in body
    assert json.loads(body)["max_tokens"] == 7 and json.loads(body)["seed"] == 1


def test_a_null_does_not_count(kinds):
    """Beside a null the old name keeps its value."""
    body = asked_by(kinds, "ollama", max_tokens=5, max_completion_tokens=None)
    assert json.loads(body)["max_tokens"] == 5
    assert body.count(b"max_") == 1


def test_ollama_in_a_cascade(yard):
    """As a cheap tier too, beside the log-probs; the dear one as it came."""
    rig = yard.rig(backends={"small": {"kind": "ollama"}})
    rig.small.script(answer("?", score=0.1))
    rig.ask(max_completion_tokens=9)
    assert rig.small.call.json["max_tokens"] == 9
    assert "max_completion_tokens" not in rig.small.call.json
    assert rig.small.call.json["logprobs"] is True
    assert rig.large.call.json["max_completion_tokens"] == 9
    assert "max_tokens" not in rig.large.call.json


# top_logprobs

@pytest.mark.parametrize("most", [1, 20])
def test_top_logprobs(yard, most):
    """So many are asked for; a client that wants more gets its number."""
    rig = yard.rig(backends={"small": {"top_logprobs": most}})
    response = rig.ask()
    assert rig.small.last.json["top_logprobs"] == most
    assert response.frugald("confidence") == "0.900"
    assert response.json["choices"][0]["logprobs"] is None
    response = rig.ask(logprobs=True, top_logprobs=3)
    assert rig.small.last.json["top_logprobs"] == max(most, 3)
    entries = response.json["choices"][0]["logprobs"]["content"]
    assert all(len(entry["top_logprobs"]) == 3 for entry in entries)


# reply

def test_usage_of_all(yard):
    """`usage: total` adds the attempts up: whole, replayed and live."""
    rig = yard.rig(reply={"usage": "total"})
    rig.small.script(answer("Oslo.", usage=(11, 7)))
    rig.large.script(answer("Oslo.", usage=(12, 3)))
    wants = {"stream": True, "stream_options": {"include_usage": True}}
    replayed = sse.check(rig.ask(**wants), "auto", usage=True)
    assert replayed.usage["total_tokens"] == 18
    rig.small.script(answer("Bergen.", score=0.1, usage=(11, 7)))
    live = sse.check(rig.ask(**wants), "auto", usage=True, live=True)
    for usage in (rig.ask().json["usage"], live.usage):
        assert usage["prompt_tokens"] == 23, usage
        assert usage["completion_tokens"] == 10
        assert usage["total_tokens"] == 33
    assert live.done and live.chunks[-1]["choices"] == []
    assert len([c for c in live.chunks if c.get("usage")]) == 1


@pytest.mark.parametrize("fields", [
    {}, {"stream": True}, {"model": "large"}, {"model": "nobody"},
    {"messages": 1}], ids=str)
def test_no_headers(yard, fields):
    """`headers: false` leaves the request id and takes the rest away."""
    rig = yard.rig(reply={"headers": False})
    response = rig.ask(headers={"x-request-id": "mine"}, **fields)
    assert response.header("x-request-id") == "mine"
    assert not [name for name, _ in response.headers
                if name.lower().startswith("x-frugald")]


LONG = 0.6 * SCALE
SOON = {"commit_after": f"{int(100 * SCALE)}ms",
        "keepalive_every": f"{int(100 * SCALE)}ms"}


@pytest.mark.parametrize("keepalive,escalated,usage", [
    ("chunk", False, True), ("chunk", True, True), ("chunk", True, False),
    ("off", False, True), ("off", True, False)])
def test_keepalive(yard, keepalive, escalated, usage):
    """Empty deltas, or nothing; the grammar of usage holds in both."""
    rig = yard.rig(reply={**SOON, "keepalive": keepalive})
    rig.small.script(answer("Oslo.", score=0.1 if escalated else 0.9,
                            delay=LONG))
    response = rig.ask(stream=True, **({"stream_options": {
        "include_usage": True}} if usage else {}))
    stream = sse.check(response, "auto", usage=usage)
    assert stream.keep_alives == 0
    assert stream.text() == ("From large." if escalated else "Oslo.")
    empty = [c for c in stream.choices
             if c["delta"] == {} and c["finish_reason"] is None]
    assert len(empty) >= 2 if keepalive == "chunk" else not empty


# The cascade's own keys.

@pytest.fixture(name="three")
def _three(yard):
    """Three tiers; function(changes of the cascade) starts it."""
    def start(**changes):
        rig = yard.rig()
        rig.medium = yard.upstream("medium")
        rig.small.script(answer("Small doubt.", score=0.3))
        rig.medium.script(answer("Medium doubt.", score=0.4))
        rig.gw.reload(standard(
            rig.small, rig.large, backends={"medium": backend(rig.medium)},
            cascades={"auto": {"tiers": ["small", "medium", "large"],
                               **changes}}))
        return rig
    return start


@pytest.mark.parametrize("wants_stream", [False, True])
@pytest.mark.parametrize("scores", [(0.3, 0.4), (0.4, 0.3)])
def test_best_rejected(three, scores, wants_stream):
    """The best of the doubtful answers, not the first nor the last."""
    rig = three(on_terminal_failure="best_rejected")
    rig.small.script(answer("Small doubt.", score=scores[0]))
    rig.medium.script(answer("Medium doubt.", score=scores[1]))
    rig.large.script(error(500))
    response = rig.ask(stream=wants_stream)
    best = "medium" if scores[1] > scores[0] else "small"
    text = sse.check(response, "auto").text() if wants_stream \
        else response.content
    assert text == f"{best.title()} doubt."
    assert response.frugald("backend") == best
    assert response.frugald("attempts") == "3"
    assert response.frugald("reason") == "backend_error"
    if best == "small":
        assert response.frugald("decision") == "accept"
    assert rig.row(response)["outcome"] == "ok"
    assert [a["backend"] for a in rig.attempts(response)] == \
        ["small", "medium", "large"]


@pytest.mark.parametrize("cheap", [answer("cut", finish="length"), error(500)],
                         ids=["gate", "fault"])
def test_best_rejected_has_its_bounds(yard, cheap):
    """What failed a gate, or never came, is not brought back."""
    rig = yard.rig(cascades={"auto": {"on_terminal_failure": "best_rejected"}})
    rig.small.script(cheap)
    rig.large.script(error(500))
    assert rig.ask().status == 502


def test_best_rejected_is_not_wanted_by_default(three):
    """`error` is."""
    rig = three()
    rig.large.script(error(500))
    response = rig.ask()
    assert response.status == 502 and b"doubt" not in response.body


@pytest.mark.parametrize("attempts,asked", [
    (2, ["small", "large"]), (3, ["small", "medium", "large"])])
def test_attempts(three, attempts, asked):
    """The last attempt is the terminal tier's."""
    rig = three(limits={"attempts": attempts})
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("tier") == "3"
    assert response.frugald("attempts") == str(attempts)
    assert [a["backend"] for a in rig.attempts(response)] == asked


def test_one_attempt(three):
    """One call is made, and a doubtful answer is not kept for that."""
    rig = three(limits={"attempts": 1})
    response = rig.ask()
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == "budget"
    assert response.frugald("decision") == "escalate"
    assert len(rig.attempts(response)) == 1
    assert sum(len(up.calls) for up in (rig.small, rig.medium, rig.large)) == 1


# A backend's max_inflight.

def occupied(rig, up, **fields):
    """A client whose call occupies that upstream."""
    up.script(hang())
    client = rig.connect()
    client.post(question(**fields))
    up.wait_calls(1)
    return client


def test_a_full_backend_is_passed_over(yard):
    """One call at once: the second client gets the next tier's answer."""
    rig = yard.rig(backends={"small": {"max_inflight": 1}})
    with occupied(rig, rig.small):
        response = rig.ask()
        assert response.content == "From large."
        assert response.frugald("reason") == "backend_error"
        assert len(rig.small.calls) == 1
    rig.small.wait_gone(rig.small.calls[0])
    rig.small.script(answer("Room."))
    until(lambda: rig.ask().frugald("backend") == "small")


def test_a_full_backend_asked_by_name(yard):
    """Nobody else can answer: 503 with a time to come back."""
    rig = yard.rig(backends={"large": {"max_inflight": 1}})
    with occupied(rig, rig.large, model="large"):
        response = rig.ask(model="large")
        assert response.status == 503, response
        assert response.error["code"] == "overloaded"
        assert int(response.header("Retry-After")) >= 1
        assert rig.ask().frugald("backend") == "small"
    assert len(rig.large.calls) == 1


# Ledger.

@pytest.mark.parametrize("kept", [True, False])
def test_store_text(yard, kept):
    """All the bytes of question and answers, or not one of them."""
    rig = yard.rig()
    ledger = {"path": str(rig.gw.ledger_file), "store_text": kept}
    rig.gw.reload(standard(rig.small, rig.large, ledger=ledger))
    rig.small.script(answer("CANARY \u00e6\u4e16?", score=0.1))
    body = json.dumps(question("CANARY \u00e6"), ensure_ascii=False).encode()
    response = rig.post(body)
    row, (first, second) = rig.row(response), rig.attempts(response)
    if kept:
        assert row["request_text"].encode() == body
        assert json.loads(first["response_text"])["choices"][0]["message"][
            "content"] == "CANARY \u00e6\u4e16?"
        assert "From large." in second["response_text"]
        return
    assert row["request_text"] is None
    assert first["response_text"] is None and second["response_text"] is None
    rig.gw.stop()
    assert b"CANARY" not in rig.gw.ledger_file.read_bytes()


# Where it listens.

class Over(Client):
    """A client over a socket that is connected already."""

    def __init__(self, sock):       # pylint: disable=super-init-not-called
        self.sock = sock
        self.sock.settimeout(5 * SCALE)
        self.buf = bytearray()


def connected(family, address):
    """A client at that address."""
    sock = socket.socket(family)
    sock.connect(address)
    return Over(sock)


def expect_service(make, up):
    """An answer, a stream on the same connection, and a noticed end."""
    up.script(answer("Here."))
    with make() as client:
        client.post(question())
        assert contract.check(client.read()).content == "Here."
        client.post(question(stream=True))
        assert sse.check(client.read(), "auto").text() == "Here."
    calls = len(up.calls)
    up.script(hang())
    with make() as client:
        client.post(question())
        up.wait_calls(calls + 1)
    up.wait_gone()


def test_unix_socket(yard, tmp_path):
    """HTTP over a path; it goes away with the daemon."""
    path = tmp_path / "gw.sock"
    rig = yard.rig(listen=f"unix:{path}")
    assert stat.S_ISSOCK(path.stat().st_mode)
    expect_service(lambda: connected(socket.AF_UNIX, str(path)), rig.small)
    rig.gw.stop()
    assert not path.exists()


def test_unix_admin(yard, tmp_path):
    """Health on a path, too, and several addresses at once."""
    path = tmp_path / "admin.sock"
    small, large = yard.upstream("small"), yard.upstream("large")
    port, = free_ports(1)
    gateway = yard.gateway(standard(small, large))
    gateway.stop()
    gateway.write(standard(small, large, admin=[
        gateway.own["admin"], f"unix:{path}"], listen=[
            gateway.own["listen"], f"127.0.0.1:{port}"]))
    gateway.start()
    with connected(socket.AF_UNIX, str(path)) as client:
        client.ask("GET", "/readyz")
        assert client.read().status == 200
    for number in (port, gateway.port):
        expect_service(lambda at=number: Client(at), small)


def has_ipv6():
    """Can anybody listen on ::1 here?"""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_ipv6(yard):
    """[::1]:PORT, and no IPv4 by the way; where there is none, it says so."""
    small, large = yard.upstream("small"), yard.upstream("large")
    gateway = yard.gateway(standard(small, large))
    gateway.stop()
    address = f"[::1]:{gateway.port}"
    gateway.write(standard(small, large, listen=address))
    if has_ipv6():
        gateway.start()
        expect_service(
            lambda: connected(socket.AF_INET6, ("::1", gateway.port)), small)
        with pytest.raises(ConnectionRefusedError):
            gateway.connect()
    else:
        with pytest.raises(AssertionError, match="exit 1"):
            gateway.start()
        assert address in gateway.log()
        yard.gateways.clear()


# The log.

def test_log_file(yard, tmp_path):
    """A file; renamed, it is written on until SIGUSR1 opens a new one."""
    log, old = tmp_path / "gw.log", tmp_path / "gw.log.1"
    rig = yard.rig(log={"to": str(log)})

    def line_of(file, name):
        rig.ask(headers={"x-request-id": name})
        until(lambda: file.exists() and name in file.read_text(),
              what=f"{name} in {file}")
    line_of(log, "first")
    assert "first" not in rig.log() and 'msg="ready"' in log.read_text()
    assert not log.stat().st_mode & 0o007
    log.rename(old)
    line_of(old, "second")
    assert not log.exists()
    rig.gw.signal(signal.SIGUSR1)
    until(log.exists, what="a new log")
    line_of(log, "third")
    assert "third" not in old.read_text()
    assert "second" not in log.read_text()
    log.unlink()
    log.mkdir()
    rig.gw.signal(signal.SIGUSR1)
    time.sleep(0.1)
    assert rig.ask().status == 200


def test_no_line_is_lost_in_rotation(yard, tmp_path):
    """Under load, rename and SIGUSR1 again and again: each request once."""
    rig = yard.rig(log={"to": str(tmp_path / "gw.log")})
    names = [[f"n-{k}-{i}" for i in range(100)] for k in range(4)]

    def ask_all(mine):
        with rig.connect() as client:
            for name in mine:
                client.post(question(), headers={"x-request-id": name})
                client.read()
    threads = [threading.Thread(target=ask_all, args=(mine,))
               for mine in names]
    for thread in threads:
        thread.start()
    turn = 0
    while any(thread.is_alive() for thread in threads):
        if (tmp_path / "gw.log").exists():
            (tmp_path / "gw.log").rename(tmp_path / f"gw.log.{turn}")
            rig.gw.signal(signal.SIGUSR1)
            turn += 1
        time.sleep(0.02)
    rig.quiet()
    rig.gw.stop()
    text = "".join(file.read_text() for file in tmp_path.glob("gw.log*"))
    found = re.findall(r"n-\d-\d+\b", text)
    assert sorted(found) == sorted(sum(names, [])) and turn > 1
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [a-z]+ ", line)
               for line in text.splitlines())


# frugalctl

def ctl(*words):
    """(exit code, stdout, stderr)."""
    done = subprocess.run([ROOT / CTL, *words], capture_output=True, text=True,
                          check=False, timeout=5 * SCALE)
    return done.returncode, done.stdout, done.stderr


def test_a_made_key_works(rig):
    """What it prints goes into the file as it is; a wrong key is 401."""
    code, out, err = ctl("key", "--name", "team-a")
    assert code == 0 and not err
    key, line = out.splitlines()
    assert re.fullmatch(r"fk-[0-9a-f]{64}", key)
    assert key[3:] not in line and ctl("key")[1].splitlines()[0] != key
    rig.gw.reload(rig.gw.file.read_text() + f"\nkeys:\n  {line}\n")
    for headers in ({"Authorization": f"Bearer {key}"}, {"api-key": key}):
        response = rig.ask(headers=headers)
        assert response.status == 200
        assert rig.row(response)["key"] == "team-a"
        assert key.encode() not in rig.small.last.head
    calls = len(rig.small.calls)
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    for headers in ({}, {"Authorization": f"Bearer {wrong}"},
                    {"api-key": wrong}, {"api-key": ""},
                    {"Authorization": f"Bearer {wrong}", "api-key": key},
                    {"x-api-key": key}):
        response = rig.ask(headers=headers)
        assert response.status == 401, headers
        assert response.error["code"] == "invalid_api_key"
        assert wrong.encode() not in response.body
    assert len(rig.small.calls) == calls
    assert key not in rig.log() and wrong not in rig.log()


@pytest.mark.parametrize("words,code", [
    (["-h"], 0), (["--help"], 0), (["-V"], 0), (["--version"], 0),
    (["key", "-h"], 0), (["key", "-n", "x"], 0), ([], 2), (["keys"], 2),
    (["-Z"], 2), (["key", "--nme", "x"], 2), (["key", "--name"], 2),
    (["key", "word"], 2), (["key", "--name", ""], 2),
    (["key", "--name", "a b"], 2), (["key", "--name", "a: b"], 2),
    (["key", "--name", "x" * 65], 2)], ids=str)
def test_ctl_exit_codes(words, code):
    """0 and stdout, or 2 and stderr; never both."""
    ended, out, err = ctl(*words)
    assert ended == code
    assert bool(out) == (code == 0) and bool(err) == (code != 0)


def test_ctl_cannot_print():
    """A key that nobody got is no success."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([ROOT / CTL, "key"], stdout=full, check=False,
                              stderr=subprocess.PIPE, timeout=5 * SCALE)
    assert done.returncode == 1 and done.stderr
