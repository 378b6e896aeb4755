# SPDX-License-Identifier: Apache-2.0
"""From one's own traffic to a promise: 300 questions in the shadow, or by
`frugalctl eval`, calibrated from the ledger alone, kept after a reload."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flow.gateway import merge, standard
from flow.patience import until
from flow.recorded import ctl, traffic
from stub import reply

N = 300
PROMISE = {"max_error": 0.1, "delta": 0.1}
CHAIN = [{"rules": {"refusal": True, "truncated": True}}, "logprob",
         {"check": {"backend": "large"}}]


def text_of(call):
    """What was asked, and was it a check?"""
    asked = call.json["messages"][-1]["content"]
    text, _, instruction = asked.partition("\n")
    return text, bool(instruction)


def scripted(rows):
    """Behaviours of both models: to each question its recorded replies."""
    by_text = {row["request"]["messages"][0]["content"]: row["attempts"]
               for row in rows}

    def small(call):
        return reply(by_text[text_of(call)[0]][0]["response"])

    def large(call):
        text, is_check = text_of(call)
        return reply(by_text[text][1 if is_check else 2]["response"])
    return small, large


def unique(rows):
    """No question twice."""
    return list({row["request"]["messages"][0]["content"]: row
                 for row in rows}.values())


@pytest.fixture(name="own", params=[
    ("shadow", False), ("shadow", True), ("eval", False), ("eval", True)],
    ids=lambda p: f"{p[0]}-{'texts' if p[1] else 'textless'}")
def _own(yard, request):
    """A daemon whose ledger holds N pairs, and how they came there."""
    mode, texts = request.param
    rig = yard.rig()
    rig.rows = unique(traffic(2000, seed=11))[:N + 100]
    assert len(rig.rows) == N + 100
    small, large = scripted(rig.rows)
    rig.small.answer_by(small)
    rig.large.answer_by(large)
    rig.base = merge(standard(rig.small, rig.large), {
        "ledger": {"path": str(rig.ledger_file), "store_text": texts},
        "cascades": {"auto": {"verify": CHAIN, "threshold": 0.5}}})
    rig.source, rig.texts = mode, texts
    (by_shadow if mode == "shadow" else by_eval)(rig)
    yield rig
    rig.quiet()


def ask(rig, row, **fields):
    """The row's question, by a client."""
    return rig.post({**row["request"], **fields})


def pairs(rig):
    """Rows whose two answers were compared."""
    return rig.rows_of("SELECT * FROM requests WHERE agrees IS NOT NULL")


def by_shadow(rig):
    """N clients are served by the last tier, every third one streaming."""
    rig.rows_of = rig.gw.rows
    rig.reload(merge(rig.base, {"cascades": {"auto": {"mode": "shadow"}}}))
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(
            lambda job: ask(rig, job[1], stream=job[0] % 3 == 0),
            enumerate(rig.rows[:N])))
    assert {r.status for r in got} == {200}
    assert {r.frugald("reason") for r in got} == {"shadow"}
    until(lambda: len(pairs(rig)) == N, 20, "all pairs in the ledger")


def by_eval(rig):
    """The same by the command, while the daemon has the ledger open."""
    rig.rows_of = rig.gw.rows
    rig.reload(rig.base)
    file = rig.gw.tmp / "questions.jsonl"
    file.write_text("".join(
        json.dumps({"messages": row["request"]["messages"]}) + "\n"
        for row in rig.rows[:N]))
    code, out, err = ctl("eval", "-c", rig.gw.file, "--cascade", "auto",
                         "--parallel", 4, file)
    assert code == 0, err
    assert str(N) in out
    assert len(pairs(rig)) == N


def calibrated(rig):
    """The artifact that `calibrate` makes of the ledger; its path."""
    path = rig.gw.tmp / "auto.calibration.json"
    code, out, err = ctl("calibrate", "-c", rig.gw.file, "--cascade", "auto",
                         "--max-error", PROMISE["max_error"], "--delta",
                         PROMISE["delta"], "-o", path)
    assert code == 0, err
    assert f"{N} rows" in out
    return path, json.loads(path.read_text())


def test_from_own_traffic_to_a_promise(own):
    """Calibrate, reload, traffic, report; not one request is lost on the way."""
    assert all(row["mode"] == own.source for row in pairs(own))
    path, artifact = calibrated(own)
    promise = artifact["promise"]
    assert promise["kind"] == "certified"
    assert promise["n_fit"] + promise["n_certify"] == N
    assert artifact["economics"]["accept"] > 0
    # Words are signals only where there are texts.
    assert bool(artifact["words"]) == own.texts
    stop, seen = threading.Event(), []

    def keep_asking():
        while not stop.is_set():
            seen.append(ask(own, own.rows[len(seen) % N]))
    client = threading.Thread(target=keep_asking)
    client.start()
    own.reload(merge(own.base, {"cascades": {"auto": {
        "mode": "enforce", "threshold": None, "target": PROMISE,
        "calibration": str(path)}}}))
    stop.set()
    client.join()
    assert {r.status for r in seen} == {200}
    after = [ask(own, row) for row in own.rows[N:]]
    assert {r.status for r in after} == {200}
    assert {r.frugald("calibrated") for r in after} == {"true"}
    assert {r.frugald("decision") for r in after} == {"accept", "escalate"}
    for response in after[:10]:
        row = own.row(response)
        assert (row["mode"], row["calibrated"]) == ("enforce", 1)
    page = own.gw.tmp / "auto.html"
    code, out, err = ctl("report", "-c", own.gw.file, "--cascade", "auto",
                         "-o", page)
    assert code == 0, err
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "certified" in page.read_text()


def test_enforced_rows_certify_nothing(own):
    """What escalations leave are pairs chosen by the score under test."""
    path, artifact = calibrated(own)
    own.reload(merge(own.base, {"cascades": {"auto": {
        "mode": "enforce", "threshold": 1.0}}}))
    for row in own.rows[N:]:
        assert ask(own, row).status == 200
    until(lambda: len(pairs(own)) > N + 50, 20, "pairs of escalations")
    marked = own.rows_of("SELECT * FROM requests WHERE mode = 'enforce' "
                         "AND agrees IS NOT NULL")
    assert marked
    code, out, err = ctl("calibrate", "-c", own.gw.file, "--cascade", "auto",
                         "--max-error", PROMISE["max_error"], "--delta",
                         PROMISE["delta"], "-o", path)
    assert code == 0, err
    again = json.loads(path.read_text())["promise"]
    assert again["n_certify"] <= artifact["promise"]["n_certify"] + N // 4
    assert "may fit, never certify" in " ".join(out.split())
