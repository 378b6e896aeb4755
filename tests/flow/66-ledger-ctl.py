# SPDX-License-Identifier: Apache-2.0
"""The ledger's keeper: what the daemon wrote goes out, comes in, is removed
for good and is looked through, while the daemon is at work."""

import csv
import io
import json
import sqlite3
import threading
import time

import pytest

from flow.recorded import config, ctl, lay, traffic
from stub import answer


@pytest.fixture(name="kept")
def _kept(yard):
    """A daemon that keeps texts, two requests in its ledger."""
    rig = yard.rig(ledger={"path": "ledger.db", "store_text": True})
    rig.small.script(answer("CANARY-REPLY", score=0.9))
    rig.row(rig.ask("CANARY-FIRST", {"x-request-id": "first"}))
    rig.small.script(answer("CANARY-DOUBT", score=0.1))
    rig.row(rig.ask("CANARY-SECOND", {"x-request-id": "-second"}))
    return rig


def at(rig, verb, *options):
    """frugalctl ledger on the daemon's configuration."""
    return ctl("ledger", verb, "-c", rig.gw.file, *options, cwd=rig.gw.tmp)


def good(rig, verb, *options):
    """The same, and it went well; stdout."""
    code, out, err = at(rig, verb, *options)
    assert (code, err) == (0, ""), (code, out, err)
    return out


def bare(folder, name="ledger.db", **changes):
    """A configuration of its own with a ledger; (file, ledger)."""
    ledger = folder / name
    return config(folder, name + ".yaml", ledger=str(ledger), **changes), ledger


def ledger_of(conf, verb, *options):
    """frugalctl ledger on a configuration; it went well; stdout."""
    code, out, err = ctl("ledger", verb, "-c", conf, *options)
    assert (code, err) == (0, ""), (code, out, err)
    return out


def records(text):
    """Lines as objects by id."""
    rows = [json.loads(line) for line in text.splitlines()]
    return {row["id"]: row for row in rows}


def change(file, sql, *values):
    """One statement on a ledger."""
    ledger = sqlite3.connect(file, timeout=5)
    with ledger:
        ledger.execute(sql, values)
    ledger.close()


def held(rig, word):
    """Do the ledger's files hold the word?"""
    return any(word.encode() in file.read_bytes()
               for file in rig.gw.tmp.iterdir()
               if file.name.startswith("ledger"))


# Export.


def test_records(kept):
    """What was asked, answered, seen and decided; labels of the ledger."""
    change(kept.gw.ledger_file, "INSERT INTO labels(request_id, right)"
           " VALUES('first', 0), ('-second', 1), ('first', 1)")
    rows = records(good(kept, "export"))
    first, second = rows["first"], rows["-second"]
    assert (first["cascade"], first["mode"], first["decision"]) == \
        ("auto", "enforce", "accept")
    assert "CANARY-FIRST" in json.dumps(first["request"])
    assert first["labels"] == {"small": True}
    assert second["labels"] == {"large": True}
    one, = first["attempts"]
    assert one["backend"] == "small" and one["status"] == 200
    assert "CANARY-REPLY" in json.dumps(one["response"])
    assert one["signals"]["logprob.tokens"] > 0
    assert [each["backend"] for each in second["attempts"]] == \
        ["small", "large"]
    assert "signals" not in second["attempts"][1]


def test_of_what_is_wanted(kept):
    """Cascade, mode and time choose."""
    kept.row(kept.ask(model="large"))
    assert len(records(good(kept, "export"))) == 3
    assert len(records(good(kept, "export", "--cascade", "auto"))) == 2
    assert not good(kept, "export", "--cascade", "other")
    assert not good(kept, "export", "--mode", "eval")
    assert len(records(good(kept, "export", "--mode", "enforce",
                            "--since", "1h"))) == 3
    assert not good(kept, "export", "--until", "1h")
    assert not good(kept, "export", "--since", "2999-01-01")
    assert len(records(good(kept, "export", "--until",
                            "2999-01-01T00:00:00Z"))) == 3


def test_csv(kept, tmp_path):
    """A line a request, without its texts, harmless in a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(
        good(kept, "export", "--format", "csv"), newline="")))
    assert [row["request_id"] for row in rows] == ["first", "'-second"]
    assert rows[0]["backend"] == "small" and rows[1]["backend"] == "large"
    assert int(rows[1]["cost_pusd"]) == kept.row("-second")["cost_pusd"]
    assert rows[1]["attempts"] == "2" and rows[1]["agrees"] in ("", "0", "1")
    assert not any("CANARY" in value for row in rows for value in row.values())
    conf, _ = bare(tmp_path)
    names = ["=1+1", "+1", "@x", "\tx", 'a,"b"\r\nc', "plain"]
    ledger_of(conf, "import", lay(tmp_path / "r.jsonl", [
        {"id": name, "decision": "=cmd|' /C calc'!A0"} for name in names]))
    code, out, _ = ctl("ledger", "export", "-c", conf, "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert {row["decision"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    # The pipe that carried it made each end of a line one of Unix.
    assert [row["request_id"] for row in rows] == \
        ["'=1+1", "'+1", "'@x", "'\tx", 'a,"b"\nc', "plain"]


def test_into_a_file(kept):
    """Replaced when all is there, and only its owner's; else it stays."""
    out = kept.gw.tmp / "out.jsonl"
    out.write_text("before\n")
    assert good(kept, "export", "-o", out) == ""
    assert records(out.read_text()).keys() == {"first", "-second"}
    assert out.stat().st_mode & 0o777 == 0o600
    before = out.read_bytes()
    code, _, err = at(kept, "export", "-o", kept.gw.tmp / "none" / "out.jsonl")
    assert code == 1 and "none" in err
    broken = config(kept.gw.tmp, "broken.yaml", ledger=str(out))
    code, _, err = ctl("ledger", "export", "-c", broken, "-o", out)
    assert code == 1 and "not a database" in err
    assert out.read_bytes() == before
    assert not list(kept.gw.tmp.glob("out.jsonl.*"))


# Import.


def test_round_trip(kept, tmp_path):
    """Out, in, out: the same bytes, unknown members and all."""
    first = good(kept, "export") + "".join(line + "\n" for line in (
        '{"id":"x-1", "cascade" : "auto","unknown":{"a":[1, 2.50]}}',
        '{"mode":"eval","cascade":"auto","id":"x-2","labels":{"small":true}}'))
    file = tmp_path / "first.jsonl"
    file.write_text(first)
    conf, ledger = bare(tmp_path)
    assert ledger_of(conf, "import", file) == f"{file}: 4 imported\n"
    assert ledger_of(conf, "export") == first
    assert ledger_of(conf, "import", file) == \
        f"{file}: 0 imported, 4 there already\n"
    assert ledger_of(conf, "export") == first
    # Later labels join those of the line.
    change(ledger, "INSERT INTO labels(request_id, backend, right)"
           " VALUES('x-2', 'large', 0), ('x-1', 'small', 1)")
    rows = records(ledger_of(conf, "export"))
    assert rows["x-2"]["labels"] == {"small": True, "large": False}
    assert rows["x-1"]["labels"] == {"small": True}
    assert rows["x-1"]["unknown"] == {"a": [1, 2.5]}
    # Back where they came from they are known.
    assert good(kept, "import", file) == \
        f"{file}: 2 imported, 2 there already\n"


def test_columns(tmp_path):
    """An imported request is found by its columns, too."""
    conf, ledger = bare(tmp_path)
    row = traffic(1)[0]
    row |= {"time": "2026-01-02T03:04:05Z", "mode": "shadow",
            "decision": "escalate", "agrees": False}
    ledger_of(conf, "import", lay(tmp_path / "r.jsonl", [row]))
    found = sqlite3.connect(ledger)
    found.row_factory = sqlite3.Row
    request, = found.execute("SELECT * FROM requests")
    expected = {"request_id": row["id"], "time_us": 1767323045000000,
                "cascade": "auto", "mode": "shadow", "decision": "escalate",
                "backend": "large", "agrees": 0, "attempts": 2,
                "cost_pusd": 1_160_000_000, "request_text": None}
    assert {key: request[key] for key in expected} == expected
    attempts = list(found.execute("SELECT * FROM attempts ORDER BY id"))
    assert [(one["backend"], one["purpose"], one["verifier"], one["mode"],
             one["about"], one["status"], one["response_text"])
            for one in attempts] == [
        ("small", "answer", None, None, None, 200, None),
        ("large", "verify", "check", "blind", "small", 200, None),
        ("large", "answer", None, None, None, 200, None)]
    found.close()
    assert not ledger_of(conf, "export", "--since", "2026-01-02T03:04:06Z")
    assert ledger_of(conf, "export", "--mode", "shadow")


def test_imported_rows_are_used(tmp_path):
    """As from their file; labels given later count."""
    rows = traffic(60)
    file = lay(tmp_path / "r.jsonl", rows)
    conf, ledger = bare(tmp_path)
    command = ["replay", "-c", conf, "--threshold", 0, "--json"]
    ledger_of(conf, "import", file)
    code, out, err = ctl(*command)
    assert (code, err) == (0, "")
    assert out == ctl(*command, "--records", file)[1]
    lost = json.loads(out)["lost"]["count"]
    for row in rows:
        change(ledger, "INSERT INTO labels(request_id, backend, right)"
               " VALUES(?, 'small', 1)", row["id"])
    assert lost > json.loads(ctl(*command)[1])["lost"]["count"] == 0


def test_cascades(tmp_path):
    """Whose a record is that names none, or one that nobody knows."""
    rows = [{"id": "none"}, {"id": "b", "cascade": "b"},
            {"id": "older", "cascade": "older"}]
    file = lay(tmp_path / "r.jsonl", rows)
    two = {"cascades": {"b": {"tiers": ["small", "large"]}}}
    conf, _ = bare(tmp_path, **two)
    code, _, err = ctl("ledger", "import", "-c", conf, file)
    assert code == 1 and f"{file}:1: names no cascade" in err
    assert not ledger_of(conf, "export")
    code, _, err = ctl("ledger", "import", "-c", conf, "--cascade", "c", file)
    assert code == 2 and "there is no cascade c; there is: auto, b" in err
    ledger_of(conf, "import", "--cascade", "auto", file)
    assert records(ledger_of(conf, "export", "--cascade", "auto")).keys() == \
        {"none", "older"}
    assert records(ledger_of(conf, "export", "--cascade", "b")).keys() == {"b"}
    one, _ = bare(tmp_path, "one.db")
    ledger_of(one, "import", file)
    assert records(ledger_of(one, "export", "--cascade", "auto")).keys() == \
        {"none"}
    # The same id in another cascade is another request.
    ledger_of(conf, "import", "--cascade", "b",
              lay(tmp_path / "again.jsonl", [{"id": "none"}]))
    assert len(ledger_of(conf, "export").splitlines()) == 4


def test_wrong_lines(tmp_path):
    """Of a file all or nothing; a torn last line is passed over."""
    conf, _ = bare(tmp_path)
    file = lay(tmp_path / "r.jsonl", traffic(3))
    for line, words in (('{"id":', "not a JSON object"),
                        ('{"id": 1}', "id must be text"),
                        ('{"id": "a", "time": "noon"}', "time must be like")):
        bad = tmp_path / "bad.jsonl"
        bad.write_text(file.read_text() + line + "\n")
        code, out, err = ctl("ledger", "import", "-c", conf, bad)
        assert (code, out) == (1, "") and f"{bad}:4: {words}" in err
    assert not ledger_of(conf, "export")
    bad.write_text(file.read_text() + '{"id": "torn", "att')
    code, out, err = ctl("ledger", "import", "-c", conf, file, bad,
                         tmp_path / "none")
    assert code == 1 and "none: cannot be read" in err
    assert out == f"{file}: 3 imported\n{bad}: 0 imported, 3 there already, " \
        "1 torn at the end of the file\n"
    again = lay(tmp_path / "again.jsonl", [{"id": "a"}, {"id": "a"}])
    assert ledger_of(conf, "import", again) == \
        f"{again}: 1 imported, 1 there already\n"


def test_older_than_is_kept(tmp_path):
    """What the daemon will remove is told."""
    conf, ledger = bare(tmp_path)
    changed = config(tmp_path, "keep.yaml",
                     ledger={"path": str(ledger), "keep": "30d"})
    file = lay(tmp_path / "r.jsonl", [{"id": "a", "time": "2001-01-01"},
                                      {"id": "b"}])
    assert ledger_of(changed, "import", file) == f"{file}: 2 imported, " \
        "1 older than `keep`: the daemon will remove it\n"
    assert ledger_of(conf, "export").count("\n") == 2


# Purge.


def test_purge(kept):
    """Nothing of it is left in any file, and the daemon goes on."""
    change(kept.gw.ledger_file, "UPDATE requests SET time_us = 0"
           " WHERE request_id = 'first'")
    change(kept.gw.ledger_file, "INSERT INTO labels(request_id, right, source,"
           " time_us) VALUES('first', 1, 'CANARY-WHO', 5)")
    assert held(kept, "CANARY-FIRST") and held(kept, "CANARY-WHO")
    assert good(kept, "purge", "--older", "1d", "--cascade", "other") == \
        "removed 0 requests, 0 labels\n"
    assert good(kept, "purge", "--older", "1d") == \
        "removed 1 requests, 1 labels\n"
    for word in ("CANARY-FIRST", "CANARY-REPLY", "CANARY-WHO"):
        assert not held(kept, word), word
    assert held(kept, "CANARY-SECOND")
    kept.row(kept.ask("CANARY-THIRD"))
    assert len(kept.rows("SELECT id FROM requests")) == 2
    assert good(kept, "verify").endswith("\nsound\n")


def test_purge_texts(kept, tmp_path):
    """Words go, numbers stay; of imported records too."""
    row = traffic(1)[0]
    row |= {"request": {"say": "CANARY-IN"}, "note": "CANARY-NOTE",
            "signals": {"x.verbal": 0.5}}
    row["attempts"][0]["answer"] = "CANARY-ANSWER"
    good(kept, "import", lay(tmp_path / "r.jsonl", [row]))
    before = records(good(kept, "export"))
    assert held(kept, "CANARY-NOTE")
    assert good(kept, "purge", "--texts", "--before", "2999-01-01") == \
        "removed the texts of 3 requests\n"
    assert not held(kept, "CANARY")
    after = records(good(kept, "export"))
    assert after.keys() == before.keys()
    for name, record in after.items():
        assert "request" not in record and "note" not in record
        for mine, other in zip(record["attempts"], before[name]["attempts"]):
            assert mine == {key: value for key, value in other.items()
                            if key not in ("response", "answer")}
        assert record.get("labels") == before[name].get("labels")
    assert after[row["id"]]["signals"] == {"x.verbal": 0.5}
    assert good(kept, "purge", "--texts", "--older", "0s") == \
        "removed the texts of 0 requests\n"
    assert good(kept, "verify").endswith("\nsound\n")


# Verify.


def test_verify(kept):
    """Sound, or what is wrong; and the file is as before."""
    assert good(kept, "verify") == \
        "2 requests, 3 attempts, 4 verdicts, 0 labels\nsound\n"
    change(kept.gw.ledger_file, "INSERT INTO labels(request_id, right)"
           " VALUES('nobody', 1)")
    assert good(kept, "verify").endswith("labels of no request: 1\nsound\n")
    kept.gw.stop()
    change(kept.gw.ledger_file, "DELETE FROM requests WHERE request_id = ?",
           "first")
    before = kept.gw.ledger_file.read_bytes()
    code, out, _ = at(kept, "verify")
    assert code == 1 and out.endswith("\nnot sound\n")
    assert "fault: attempts of no request: 1\n" in out
    assert kept.gw.ledger_file.read_bytes() == before
    page = len(before) // 4096 // 2 * 4096
    kept.gw.ledger_file.write_bytes(before[:page] + b"\x5a" * 600 +
                                    before[page + 600:])
    assert at(kept, "verify")[0] == 1
    change(kept.gw.tmp / "older.db", "PRAGMA user_version = 2")
    code, out, err = ctl("ledger", "verify", "-c", config(
        kept.gw.tmp, "older.yaml", ledger=str(kept.gw.tmp / "older.db")))
    assert (code, out) == (1, "") and "is of version 2" in err


# All at once.


def test_beside_a_busy_daemon(yard, tmp_path):
    """Nobody loses a row: not the daemon, not the import."""
    rig = yard.rig(ledger={"path": "ledger.db", "store_text": True})
    statuses, stop = [], threading.Event()
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2e5))

    def ask():
        while not stop.is_set():
            statuses.append(rig.ask("x" * 500).status)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for one in askers:
        one.start()
    try:
        for turn in range(5):
            file = lay(tmp_path / f"{turn}.jsonl",
                       [{"id": f"in-{turn}-{at}", "time": past}
                        for at in range(300)])
            good(rig, "import", file)
            assert len(records(good(rig, "export"))) >= 300
            assert good(rig, "verify").endswith("sound\n")
            if turn % 2:
                continue
            assert good(rig, "purge", "--older", "1d") == \
                f"removed {600 if turn else 300} requests, 0 labels\n"
    finally:
        stop.set()
        for one in askers:
            one.join()
    assert set(statuses) == {200}
    rig.gw.stop()
    assert len(rig.rows("SELECT id FROM requests")) == len(statuses)
    assert "dropped" not in rig.log()


# What is wrong on the command line.


USAGE = [
    ([], "usage: frugalctl ledger VERB"),
    (["sell"], 'what is "sell"?'),
    (["export"], "name a configuration with -c"),
    (["import", "-c", "CONF"], "name files of records"),
    (["purge", "-c", "CONF"], "say --older AGE or --before T"),
    (["purge", "-c", "CONF", "--older", "2026-01-01"], "--older must be"),
    (["export", "-c", "CONF", "--format", "xml"], "--format must be"),
    (["export", "-c", "CONF", "--mode", "live"], "--mode must be"),
    (["verify", "-c", "CONF", "--texts"], "there is no option --texts"),
    (["verify", "-c", "none.yaml"], "none.yaml"),
]


@pytest.mark.parametrize("words,says", USAGE)
def test_usage(tmp_path, words, says):
    """Exit 2, and what to do."""
    conf, ledger = bare(tmp_path)
    code, out, err = ctl("ledger", *[str(conf) if word == "CONF" else word
                                     for word in words])
    assert (code, out) == (2, "") and says in err, err
    assert not ledger.exists()


def test_no_ledger(tmp_path):
    """None configured, or none there: nothing is made but by import."""
    conf = config(tmp_path)
    for words in (["export"], ["verify"], ["purge", "--older", "1d"]):
        code, out, err = ctl("ledger", *words, "-c", conf)
        assert (code, out) == (2, "") and "has no `ledger`" in err
    conf, ledger = bare(tmp_path)
    for words in (["export"], ["verify"], ["purge", "--older", "1d"]):
        code, out, err = ctl("ledger", *words, "-c", conf)
        assert (code, out) == (1, "") and "ledger.db" in err
    assert not ledger.exists()
    ledger_of(conf, "import", lay(tmp_path / "r.jsonl", [{"id": "1"}]))
    assert ledger.stat().st_mode & 0o777 == 0o600
    assert ctl("ledger", "-h")[0] == 0
