# SPDX-License-Identifier: Apache-2.0
"""Questions to all tiers of a cascade, and what they leave in the ledger."""

import collections
import json
import os
import pty
import random
import re
import signal
import time

import pytest

from flow.conftest import _yard
from flow.evaluated import Place, end, large_answers, lay, line, numbers, \
    rights, small_answers
from flow.patience import until
from flow.recorded import ctl
from stub import answer, error, hang, refused_port

COUNT = 300


@pytest.fixture(name="place")
def _place(yard, tmp_path):
    """A place of one's own."""
    return Place(yard, tmp_path)


# Many questions.

@pytest.fixture(name="many", scope="module")
def _many(tmp_path_factory):
    """300 questions, asked; the place and what was said."""
    made = _yard(tmp_path_factory)
    place = Place(made, tmp_path_factory.mktemp("many"))
    lay(place.lines, [line(number) for number in range(COUNT)])
    try:
        place.said = place.run("--parallel", 8)
        yield place
    finally:
        made.close()


def test_each_has_a_row(many):
    """Of mode eval, with both answers, the verdicts and the comparison."""
    code, out, _ = many.said
    assert code == 0, many.said
    assert f"questions  {COUNT} asked of {COUNT}" in out
    assert f"answered   {COUNT} by each tier" in out
    rows = many.rows()
    assert len(rows) == len({row["request_id"] for row in rows}) == COUNT
    for row in rows:
        assert re.fullmatch("eval-[0-9a-f]{32}", row["request_id"])
        expected = {"cascade": "auto", "mode": "eval", "key": "",
                    "outcome": "ok", "tier": 2, "backend": "large",
                    "decision": None, "reason": None, "status": 0,
                    "request_text": None, "record": None, "attempts": 2}
        assert {key: row[key] for key in expected} == expected
        assert row["cost_pusd"] == 25_000_000 + 250_000_000
        assert (row["would"], row["would_reason"]) == (
            ("accept", "confident") if row["confidence"] >= 0.5
            else ("escalate", "low_confidence"))
        assert 0 < row["total_us"]
    assert {row["would"] for row in rows} == {"accept", "escalate"}


def test_attempts_and_verdicts(many):
    """One answer a tier, and what each verifier says of the first."""
    attempts = many.rows("SELECT * FROM attempts ORDER BY id")
    assert [(a["backend"], a["purpose"], a["tier"], a["fault"])
            for a in attempts] == COUNT * [("small", "answer", 1, None),
                                           ("large", "answer", 2, None)]
    verdicts = many.rows("SELECT * FROM verdicts ORDER BY id")
    assert [v["verifier"] for v in verdicts] == COUNT * ["rules", "logprob"]
    assert {v["attempt_seq"] for v in verdicts} == {0}


def test_agreement_and_labels(many):
    """Both are as the answers were; the file alone tells which."""
    out = many.said[1]
    agree = many.rows("SELECT count(*) AS n FROM requests WHERE agrees")[0]["n"]
    assert f"{agree} of {COUNT} pairs agree" in out
    labels = many.rows("SELECT l.*, agrees FROM labels AS l JOIN requests "
                       "USING (request_id) ORDER BY l.id")
    assert [label["backend"] for label in labels] == COUNT * ["small", "large"]
    assert {(label["key"], label["source"]) for label in labels} == \
        {(None, "reference")}
    right = collections.Counter(label["backend"] for label in labels
                                if label["right"])
    assert (right["small"], right["large"], agree) == \
        rights(line(number) for number in range(COUNT))
    for name in ("small", "large"):
        assert f"{right[name]} of {COUNT} right" in out
    for small, large in zip(labels[::2], labels[1::2]):
        if small["right"] and large["right"]:
            assert small["agrees"] == 1
        if small["right"] != large["right"]:
            assert small["agrees"] == 0


def test_certified_from_that_ledger_alone(many):
    """No text was kept: numbers, comparisons and labels are enough."""
    code, out, err = ctl("calibrate", "-c", many.conf, "--cascade", "auto",
                         "--max-error", 0.1, "--delta", 0.1, "-o",
                         many.folder / "a.json", "--json")
    assert (code, err) == (0, ""), err
    said = json.loads(out)
    assert said["certified"] and said["labelled"]
    assert said["n_fit"] + said["n_certify"] == COUNT
    assert 0 < said["accept"] < 1 and said["risk_upper"] <= 0.1
    command = re.search("^next +(frugalctl .*)$", many.said[1], re.M)[1]
    code, _, err = ctl(*command.split()[1:], cwd=many.folder)
    assert (code, err) == (0, "")


def test_nothing_is_asked_twice(many):
    """The same command again asks nobody."""
    before = len(many.small.calls), len(many.large.calls)
    assert before == (COUNT, COUNT)
    code, out, _ = many.run()
    assert code == 0 and f"passed over: {COUNT} that are in the ledger" in out
    assert (len(many.small.calls), len(many.large.calls)) == before
    assert len(many.rows()) == COUNT


# What goes out.

def test_lines_go_out_as_they_stand(place):
    """But for the model, the log-probs we read, and what is ours."""
    odd = ('{ "messages" : [ {"role":"user","content":"What is 1 plus 2? #7'
           ' \\u00e9\\/"} ], "temperature":1.0e0, "id":"a", "seed" : 7,'
           ' "reference":"3", "comparator":"number", "model":"other",'
           ' "stream":true, "stream_options":{"include_usage":true},'
           ' "top_p":0.10 , "messages2":null, "\\u0069d":"b" }')
    lay(place.lines, [odd])
    assert place.run()[0] == 0
    kept = (b'"messages":[ {"role":"user","content":"What is 1 plus 2? #7'
            b' \\u00e9\\/"} ],"temperature":1.0e0,"seed":7,"top_p":0.10,'
            b'"messages2":null}')
    assert place.large.call.body == b'{"model":"large-model",' + kept
    small = place.small.call
    assert small.body.endswith(kept)
    assert small.json == {**place.large.call.json, "model": "small-model",
                          "logprobs": True, "top_logprobs": 5}
    row, = place.rows()
    assert small.header("x-request-id") == row["request_id"]


def test_token_limit(place):
    """--max-tokens is for lines that say none; null says none."""
    lay(place.lines, [line(1), line(2, max_tokens=7), line(3, max_tokens=None),
                      line(4, max_completion_tokens=9)])
    assert place.run("--max-tokens", 50, "--parallel", 1)[0] == 0
    assert [(c.json.get("max_tokens"), c.json.get("max_completion_tokens"))
            for c in place.large.calls] == \
        [(50, None), (7, None), (50, None), (None, 9)]


def test_keys_are_sent(place, monkeypatch):
    """Secrets are read as the daemon reads them, and shown nowhere."""
    monkeypatch.setenv("UP_KEY", "sk-CANARY")
    place.configure(backends={"large": {"api_key": "env:UP_KEY"}})
    lay(place.lines, [line(1)])
    code, out, err = place.run()
    assert code == 0 and "CANARY" not in out + err
    assert place.large.call.header("Authorization") == "Bearer sk-CANARY"
    assert place.small.call.header("Authorization") is None


def test_standard_input(place):
    """FILE may be -."""
    told = "".join(json.dumps(line(n)) + "\n" for n in range(3))
    code, out, _ = place.run(file="-", input=told)
    assert code == 0 and "3 asked of 3" in out
    code, _, err = place.run(file="-", input=told + "[]\n")
    assert code == 1 and "standard input:4: not a JSON object" in err


def test_all_verifiers_whatever_the_band(place):
    """A check outside of its band is asked all the same, and booked."""
    place.configure(cascades={"auto": {"verify": [
        "logprob", {"check": {"backend": "large", "band": [0.01, 0.02]}}]}})
    lay(place.lines, [line(1), line(2)])
    code, out, _ = place.run()
    assert code == 0 and "of it for verifying" in out
    checks = place.rows("SELECT * FROM attempts WHERE purpose = 'verify'")
    assert [(c["verifier"], c["backend"], c["about"]) for c in checks] == \
        2 * [("check", "large", "small")]
    assert len(place.large.calls) == 4


# Which are asked.

def test_equal_lines_are_asked_once(place):
    """An id of its own makes another question of the same words."""
    lay(place.lines, [line(1), line(2), line(1), line(1, id="x"),
                      line(1, id="y"), line(1, id="x"), line(2)])
    code, out, _ = place.run()
    assert code == 0 and "4 asked of 7" in out
    assert "passed over: 3 that were there before" in out
    assert sorted(numbers(place.small.calls)) == [1, 1, 1, 2]


def test_what_makes_another_question(place):
    """Another model, verifier, comparator or reference; nothing else."""
    chain = [{"logprob": {"span": "all"}}]
    lay(place.lines, [line(1)])

    def asked(*options, **changes):
        place.configure(**changes)
        before = len(place.small.calls)
        assert place.run(*options)[0] == 0
        return len(place.small.calls) - before
    assert asked() == 1
    assert asked() == 0
    assert asked(backends={"large": {"model": "newer"}}) == 1
    assert asked(cascades={"auto": {"verify": chain}}) == 1
    assert asked(cascades={"auto": {"compare": "number"}}) == 1
    assert asked("--max-tokens", 9) == 1
    assert asked(cascades={"auto": {"threshold": 0.9}}) == 0
    assert asked(backends={"small": {"timeout": {"total": "9s"}}}) == 0
    lay(place.lines, [line(1, reference=False)])
    assert asked() == 1
    lay(place.lines, [line(1, comparator="exact")])
    assert asked() == 1


def test_only_the_first(place):
    """--limit looks at so many; the whole file is checked."""
    lay(place.lines, [line(n) for n in range(9)])
    code, out, _ = place.run("--limit", 4)
    assert code == 0 and "4 asked of 4" in out
    assert sorted(numbers(place.small.calls)) == [0, 1, 2, 3]
    lay(place.lines, [line(1), "{"])
    code, _, err = place.run("--limit", 1)
    assert code == 1 and f"{place.lines}:2: " in err


def test_what_failed_is_asked_again_when_told(place):
    """A failure has its row; --retry adds another."""
    place.large.answer_by(lambda call: error(500) if numbers([call]) == [2]
                          else large_answers(call))
    lay(place.lines, [line(n) for n in range(5)])
    code, out, err = place.run()
    assert code == 0, err
    assert "answered   4 by each tier, 1 not" in out
    assert "large      4 answers, 1 failures (last: status)" in out
    assert "large gave no answer: status" in err
    failed, = place.rows("SELECT * FROM requests WHERE outcome <> 'ok'")
    assert (failed["outcome"], failed["agrees"], failed["tier"],
            failed["backend"]) == ("upstream_error", None, 0, None)
    labels = place.rows("SELECT backend FROM labels WHERE request_id = ?",
                        failed["request_id"])
    assert labels == [{"backend": "small"}]
    code, out, _ = place.run()
    assert code == 0 and "of these 1 failed; --retry" in out
    assert len(place.small.calls) == 5
    code, out, _ = place.run("--retry")
    assert code == 0 and "1 asked of 5" in out
    assert len(place.rows()) == 6
    assert place.rows()[-1]["request_id"] == failed["request_id"] + "-2"
    place.answer()
    assert "1 asked of 5" in place.run("--retry")[1]
    assert place.rows()[-1]["request_id"] == failed["request_id"] + "-3"
    assert place.rows()[-1]["outcome"] == "ok"
    assert "0 asked of 5" in place.run("--retry")[1]


# Stopped.

def recorded(place):
    """The numbers of the questions that are in the ledger with their texts."""
    found = [int(json.loads(row["request_text"])["messages"][0]["content"]
                 .rpartition("#")[2]) for row in place.rows()]
    assert len(found) == len(set(found)), "one was recorded twice"
    return set(found)


def counts(place):
    """How often each tier was asked each question."""
    return [collections.Counter(numbers(up.calls))
            for up in (place.small, place.large)]


def test_killed_at_any_moment(place):
    """What is recorded is never asked again, and nothing is lost."""
    chance = random.Random(68)
    lay(place.lines, [line(number) for number in range(120)])
    place.answer(delay=0.02)
    place.configure(ledger={"path": str(place.ledger), "store_text": True})
    kills = []
    for _ in range(10):
        process = place.start("--quiet")
        wanted = len(place.small.calls) + chance.randrange(1, 11)
        place.small.wait_calls(wanted, 10)
        time.sleep(chance.random() * 0.04)
        process.kill()
        end(process)
        for up in (place.small, place.large):
            up.wait_idle()
        kills.append((recorded(place), counts(place)))
    assert 0 < len(kills[-1][0]) < 120
    code, _, err = place.run()
    assert code == 0, err
    assert recorded(place) == set(range(120)) and len(place.rows()) == 120
    for kept, then in kills:
        for before, after in zip(then, counts(place)):
            assert all(before[number] == after[number] for number in kept)
    for count in counts(place):
        assert set(count) == set(range(120))
        assert sum(count.values()) <= 120 + 10 * 4


def interrupted(place, count=20, **options):
    """A run with four questions in flight at the first tier."""
    lay(place.lines, [line(number) for number in range(count)])
    process = place.start(**options)
    place.small.wait_calls(4)
    return process


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM,
                                   signal.SIGHUP])
def test_interrupted(place, signo):
    """What is in flight is answered and written; the rest goes on later."""
    place.answer(delay=0.4)
    process = interrupted(place)
    process.send_signal(signo)
    code, out, err = end(process)
    assert code == 130, err
    assert "no further questions; 4 in flight are waited for" in err
    assert "left: 16; the same command goes on" in out
    for up in (place.small, place.large):
        assert len(up.calls) == 4
        assert all(call.ended and not call.gone for call in up.calls)
    assert [row["outcome"] for row in place.rows()] == 4 * ["ok"]
    place.answer()
    assert "16 asked of 20" in place.run()[1]
    assert len(place.rows()) == 20


def test_interrupted_twice(place):
    """Now means now; what it had cost is said."""
    place.large.answer_by(lambda call: hang())
    process = interrupted(place)
    place.large.wait_calls(4)
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    code, out, err = end(process)
    assert code == 130 and "left: 20" in out
    burnt = re.search(r"4 that were in flight are in no row; they had cost "
                      r"([\d.]+) USD", err)
    assert float(burnt[1]) > 4 * 0.000025, err
    for call in place.large.calls:
        place.large.wait_gone(call)
    assert place.rows() == []
    place.answer()
    assert "20 asked of 20" in place.run()[1]


def test_hangup_under_nohup(place):
    """Who ignores it goes on."""
    place.answer(delay=0.1)

    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    process = interrupted(place, count=8, preexec_fn=ignore)
    process.send_signal(signal.SIGHUP)
    code, out, _ = end(process)
    assert code == 0 and "8 asked of 8" in out


def test_budget(place):
    """Nothing is begun that might pass it."""
    lay(place.lines, [line(number) for number in range(20)])
    one = 0.000275
    code, out, err = place.run("--budget", 7.5 * one)
    assert code == 1 and "might pass the budget" in err
    assert "7 asked of 20" in out and "left: 13" in out
    assert len(place.rows()) == len(place.large.calls) == 7
    code, out, _ = place.run("--budget", 100 * one)
    assert code == 0 and "13 asked of 20" in out


def test_budget_below_one_question(place):
    """What the first one costs is not known before."""
    lay(place.lines, [line(number) for number in range(20)])
    assert place.run("--budget", 0.0001)[0] == 1
    assert len(place.rows()) == 1


def test_dead_backend(place):
    """It is not asked for the rest of the file."""
    closed = refused_port()
    place.configure(backends={"small": {"base_url": closed.url}})
    lay(place.lines, [line(number) for number in range(100)])
    code, out, err = place.run()
    assert code == 1
    assert "small failed" in err and "times in a row (connect)" in err
    assert 10 <= len(place.rows()) <= 13
    assert "small      0 answers" in out
    place.configure()
    code, out, _ = place.run("--retry")
    assert code == 0 and "100 asked of 100" in out
    closed.close()


def test_backend_that_dies(place):
    """Later is as bad; one answer in between is not."""
    lay(place.lines, [line(number) for number in range(60)])
    place.small.answer_by(lambda call: error(500) if numbers([call])[0] % 9
                          else small_answers(call))
    assert place.run("--parallel", 1)[0] == 0
    place.ledger.unlink()
    place.small.answer_by(lambda call: error(500) if numbers([call])[0] > 30
                          else small_answers(call))
    code, _, err = place.run("--parallel", 1)
    assert code == 1 and "small failed 10 times in a row (status)" in err
    assert len(place.rows()) == 41


def test_refused_questions(place):
    """What is the question's fault does not stop the others."""
    lay(place.lines, [line(number) for number in range(60)])
    place.small.answer_by(lambda call: error(400) if numbers([call])[0] > 30
                          else small_answers(call))
    assert place.run("--parallel", 1)[0] == 0
    assert len(place.rows()) == 60


# Refused.

@pytest.mark.parametrize("bad, why", [
    ("[]", "not a JSON object"),
    ('{"messages": [}', "not a JSON object: at byte 15, "),
    ("{}", "you must provide messages"),
    ('{"messages": "hello"}', "messages must be an array"),
    ('{"messages": [], "n": 0}', "n must be an integer from 1"),
    ('{"messages": [], "n": 2}', "only the last tier would be asked"),
    ('{"messages": [], "logprobs": 1}', "logprobs must be a boolean"),
    ('{"messages": [], "id": 7}', "id must be text in quotes"),
    ('{"messages": [], "reference": 7}', "reference must be text in quotes"),
    ('{"messages": [], "reference": ""}', "`auto` can compare"),
    ('{"messages": [], "reference": "Oslo", "comparator": "number"}',
     "reference is nothing that `number` can compare with"),
    ('{"messages": [], "reference": "(", "comparator": "regex"}',
     "reference is nothing that `regex` can compare with"),
    ('{"messages": [], "comparator": "judge"}', "comparator must be one of auto"),
    ('{"messages": [], "comparator": "best"}', "comparator must be one of auto"),
    ('{"messages": [], "user": "%s"}' % ("x" * (1 << 20)),
     "the line has more than 1048576 bytes"),
])
def test_wrong_lines(place, bad, why):
    """Nobody is asked before the whole file is good."""
    lay(place.lines, [line(1), "", bad, line(2)])
    code, out, err = place.run()
    assert code == 1 and out == ""
    assert f"frugalctl eval: {place.lines}:3: " in err and why in err
    assert not place.small.calls and not place.rows()


def test_torn_last_line(place):
    """It is passed over, and said to be."""
    place.lines.write_text(json.dumps(line(1)) + '\n{"messages": [{"ro')
    code, out, _ = place.run()
    assert code == 0 and "1 asked of 1" in out and "1 torn" in out
    place.lines.write_text(json.dumps(line(1)) + "\n{}")
    assert place.run()[0] == 1


def test_usage(place):
    """What cannot be is said before anything is asked."""
    lay(place.lines, [line(1)])
    code, _, err = ctl("eval", place.lines)
    assert code == 2 and "name a configuration" in err
    code, _, err = ctl("eval", "-c", place.conf)
    assert code == 2 and "name one file" in err
    code, _, err = place.run("--cascade", "none")
    assert code == 2 and "there is no cascade none" in err
    code, _, err = place.run(file=place.folder / "none.jsonl")
    assert code == 1 and "none.jsonl: cannot be read" in err
    place.configure(ledger=None)
    code, _, err = place.run()
    assert code == 2 and "has no `ledger`" in err
    place.configure(ledger="/nowhere/ledger.db")
    code, _, err = place.run()
    assert code == 1 and "/nowhere/ledger.db" in err
    place.configure(backends={"large": {"price": None}})
    code, _, err = place.run("--budget", 1)
    assert code == 2 and "large has no `price`" in err
    place.configure(cascades={"auto": {"limits": {"attempts": 1}}})
    code, _, err = place.run()
    assert code == 2 and "limits.attempts: 1" in err
    place.configure(cascades={"one": {"tiers": ["large"]}})
    code, _, err = place.run("--cascade", "one")
    assert code == 2 and "takes two" in err
    assert not place.small.calls and not place.large.calls


def test_calibration_that_is_not_there_yet(place):
    """A target may be in the file before there is anything to keep it."""
    place.configure(cascades={"auto": {
        "threshold": None, "target": {"max_error": 0.05},
        "calibration": "later.json"}})
    lay(place.lines, [line(1)])
    code, _, err = place.run()
    assert code == 0 and "done without" in err and "later.json" in err
    row, = place.rows()
    assert (row["would"], row["would_reason"]) == (None, None)


# What is kept.

def canary_place(place):
    """One question with words that must not be kept."""
    place.small.answer_by(lambda call: answer("CANARY-SMALL"))
    place.large.answer_by(lambda call: answer("CANARY-LARGE"))
    lay(place.lines, [{"messages": [{"role": "user",
                                     "content": "CANARY-PROMPT"}],
                       "reference": "CANARY-REFERENCE", "id": "CANARY-ID",
                       "user": "CANARY-USER"}])
    return place


def test_no_word_is_kept(place):
    """By default."""
    code, out, err = canary_place(place).run()
    assert code == 0 and "CANARY" not in out + err
    assert len(place.rows()) == 1 and b"CANARY" not in place.texts()


def test_texts_when_told(place):
    """store_text: true keeps what was asked and what was answered."""
    place.configure(ledger={"path": str(place.ledger), "store_text": True})
    assert canary_place(place).run()[0] == 0
    row, = place.rows()
    asked = json.loads(row["request_text"])
    assert asked == {"model": "auto", "user": "CANARY-USER", "messages": [
        {"role": "user", "content": "CANARY-PROMPT"}]}
    said = [a["response_text"] for a in
            place.rows("SELECT * FROM attempts ORDER BY id")]
    assert "CANARY-SMALL" in said[0] and "CANARY-LARGE" in said[1]
    assert b"CANARY-REFERENCE" not in place.texts()
    assert b"CANARY-ID" not in place.texts()


def test_beside_a_daemon(yard):
    """Both write the same ledger at once, and neither loses a row."""
    rig = yard.rig()
    lines = lay(rig.gw.tmp / "lines.jsonl",
                [line(number, reference=False) for number in range(150)])
    place = Place(yard, rig.gw.tmp)
    place.configure()
    process = place.start("--parallel", "8")
    names = [rig.ask(f"Question {number}").header("x-request-id")
             for number in range(150)]
    code, _, err = end(process)
    assert code == 0, err
    rig.quiet()
    until(lambda: len(rig.rows("SELECT id FROM requests")) == 300, 5,
          "all rows")
    for mode in ("eval", "enforce"):
        assert len(rig.rows("SELECT id FROM requests WHERE mode = ?",
                            mode)) == 150
    assert {row["request_id"] for row in rig.rows(
        "SELECT request_id FROM requests WHERE mode = 'enforce'")} == set(names)
    assert lines.exists() and "damaged" not in rig.log()


# Watching.

def test_progress_in_lines(place):
    """Where stderr is no terminal: a line at the end; --quiet: none."""
    lay(place.lines, [line(number) for number in range(5)])
    err = place.run()[2]
    assert re.fullmatch(r"frugalctl eval: 5 of 5, [\d.]+/s, 0\.001375 USD\n",
                        err), err
    place.ledger.unlink()
    assert place.run("--quiet")[2] == ""


def test_progress_on_a_terminal(place):
    """One line, drawn anew."""
    place.answer(delay=0.3)
    lay(place.lines, [line(number) for number in range(8)])
    ours, theirs = pty.openpty()
    process = place.start(stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:     # the other end is closed
            break
        shown += more
    os.close(ours)
    assert process.wait(10) == 0
    process.stdout.close()
    frames = shown.decode().split("\r\x1b[K")
    assert len(frames) > 3
    assert frames[-1].startswith("[" + 20 * "#" + "] 8 of 8, ")
    assert any(" left" in frame for frame in frames)
    assert shown.count(b"\n") == 1
