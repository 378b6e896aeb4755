# SPDX-License-Identifier: Apache-2.0
"""A thousand mixed requests with clients that leave at random times."""

import json
import random
import threading
import time

from flow.gateway import question
from flow.patience import SCALE, until
from stub import (CLOSE, RESET, answer, chunked, error, head, play, reset,
                  stream, role_chunk, chunk)

COUNT = 1000
FAULTS = [error(500), error(429), reset(), play(CLOSE),
          play(head(length=500), b"{", RESET),
          play(head(), chunked(b'{"id"'), CLOSE),
          stream([role_chunk(), chunk({"content": "x"})], done=False, end=CLOSE)]


def mood(dice):
    """What an upstream does with one call."""
    kind = dice.random()
    if kind < 0.2:
        return dice.choice(FAULTS)
    return answer("Some words of an answer.", score=dice.choice([0.1, 0.9]),
                  delay=dice.random() * 0.05, pause=dice.random() * 0.005)


def one_client(rig, seed, tally):
    """Requests one after another, left at any point."""
    dice = random.Random(seed)
    for _ in range(COUNT // 20):
        client = rig.connect()
        body = json.dumps(question(
            model=dice.choice(["auto", "auto", "large", "nobody"]),
            stream=dice.random() < 0.5)).encode()
        try:
            tally.append(one_request(client, dice, body))
        except (ConnectionError, EOFError):
            tally.append("broken")
        finally:
            client.close()


def one_request(client, dice, body):
    """To the end, or to some point on the way."""
    plan = dice.random()
    if plan < 0.1:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                    b"Content-Length: 100\r\n\r\n{"[:dice.randrange(90)])
        client.reset()
        return "left early"
    client.post(body)
    if plan < 0.4:
        time.sleep(dice.random() * 0.1)
        getattr(client, dice.choice(["reset", "close"]))()
        return "left"
    response = client.read()
    assert response.status in (200, 404, 429, 502, 503), response
    return response.status


def test_storm(yard):
    """Every gauge is 0 afterwards, every request has its row."""
    rig = yard.rig()
    dice = random.Random(7)
    rig.small.answer_by(lambda call: mood(dice))
    rig.large.answer_by(lambda call: mood(dice))
    tally = []
    threads = [threading.Thread(target=one_client, args=(rig, seed, tally))
               for seed in range(20)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tally) == COUNT and tally.count(200) > COUNT / 4
    assert "broken" not in tally, "answers were cut off"
    assert time.monotonic() - start < 60 * SCALE
    rig.quiet()
    until(lambda: rig.small.gauge == rig.large.gauge == 0)
    assert rig.ask(model="auto", check=False).status in (200, 429, 502)
    check_books(rig)


def check_books(rig):
    """Counters and ledger tell of the same requests; those that no backend
    was named for are only counted."""
    metrics = rig.metrics()
    total = int(metrics.sum("frugald_requests_total")
                - metrics.sum("frugald_requests_total", outcome="client_error"))
    until(lambda: len(rig.rows("SELECT id FROM requests")) == total)
    orphans = rig.rows("SELECT id FROM attempts WHERE request NOT IN "
                       "(SELECT id FROM requests)")
    assert not orphans
    attempts = int(rig.metrics().sum("frugald_attempts_total"))
    assert len(rig.rows("SELECT id FROM attempts")) == attempts
    outcomes = {row["outcome"] for row in rig.rows(
        "SELECT DISTINCT outcome FROM requests")}
    assert outcomes <= {"ok", "client_gone", "client_error", "upstream_error"}
    assert "client_gone" in outcomes


def test_descriptors_do_not_leak(yard):
    """Aborted requests leave no open file behind."""
    rig = yard.rig()
    rig.small.script(answer("Oslo.", delay=0.05))
    rig.ask()
    before = rig.open_files()
    for turn in range(150):
        client = rig.connect()
        client.post(question(stream=turn % 2 == 0))
        if turn % 3:
            time.sleep(0.01)
            client.reset()
        else:
            client.read()
            client.close()
    rig.quiet()
    until(lambda: rig.open_files() <= before + 8)
