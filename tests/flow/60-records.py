# SPDX-License-Identifier: Apache-2.0
"""Recorded traffic is read as it is, and what is wrong with it is said."""

import json

import pytest

from flow.recorded import (CHEAP, EXPENSIVE, attempt, check, config, ctl, lay,
                           reply, strip, traffic)


def replay(folder, rows, *options, **changes):
    """A JSON replay of these rows, everything accepted."""
    file = rows if hasattr(rows, "exists") else lay(folder / "r.jsonl", rows)
    return ctl("replay", "-c", config(folder, **changes), "--cascade", "auto",
               "--records", file, "--threshold", 0, "--json", *options)


def good(folder, rows, *options, **changes):
    """The same, and it went well; the object."""
    code, out, err = replay(folder, rows, *options, **changes)
    assert (code, err) == (0, ""), (code, err)
    return json.loads(out)


NO_CHECK = {"cascades": {"auto": {"verify": [
    {"rules": {"refusal": True, "truncated": True}}, "logprob"]}}}


def test_a_whole_file(tmp_path):
    """Each row counts; the money is that of the attempts."""
    said = good(tmp_path, traffic(50), **NO_CHECK)
    assert said["accepted"]["of"] == said["accepted"]["count"] == 50
    assert said["labelled"] is True
    assert said["expensive_usd"] == pytest.approx(50 * EXPENSIVE)
    assert said["spent_usd"] == pytest.approx(50 * CHEAP)
    lost = sum(not row["labels"]["small"] and row["labels"]["large"]
               for row in traffic(50))
    assert said["lost"]["count"] == lost > 0
    assert said["lost"]["low"] < lost / 50 < said["lost"]["high"]


def test_several_files(tmp_path):
    """One after the other, in each way to name them."""
    rows = traffic(30)
    first = lay(tmp_path / "a.jsonl", rows[:10])
    second = lay(tmp_path / "b.jsonl", rows[10:])
    for names in (["--records", first, second],
                  ["--records", first, "--records", second],
                  [f"--records={first}", second]):
        code, out, _ = ctl("replay", "-c", config(tmp_path), *names,
                           "--threshold", 0, "--json")
        assert code == 0 and json.loads(out)["accepted"]["of"] == 30


def test_torn_last_line(tmp_path):
    """What a crash left of the last line is passed over, and said."""
    file = lay(tmp_path / "r.jsonl", traffic(10))
    whole = file.read_text()
    file.write_text(whole + json.dumps(traffic(11)[10])[:700])
    assert good(tmp_path, file)["accepted"]["of"] == 10
    code, out, _ = ctl("replay", "-c", config(tmp_path), "--records", file,
                       "--threshold", 0)
    assert code == 0 and "1 torn at the end of the file" in out
    # In the middle, or with an end of its own, it is a fault.
    file.write_text(whole + '{"id":\n')
    code, _, err = replay(tmp_path, file)
    assert code == 1 and f"{file}:11: not a JSON object" in err
    # A last line without an end that is whole is a row.
    file.write_text(whole.rstrip("\n"))
    assert good(tmp_path, file)["accepted"]["of"] == 10
    # One that is whole JSON but wrong is a fault.
    file.write_text(whole + '{"id": 17}')
    code, _, err = replay(tmp_path, file)
    assert code == 1 and f"{file}:11: id must be text" in err


FAULTS = [
    ("{", "not a JSON object: at byte 2"),
    ('{"id": "a", "signals": {"x.v": NaN}}',
     "a value was expected; in or after signals.x.v"),
    ("[]", "not a JSON object: at byte 1"),
    ('{"id": NaN}', "not a JSON object"),
    ('{"id": "a"} {"id": "b"}', "not a JSON object"),
    ('{"id": "\\ud800\xff"}'.encode("latin-1"), "not a JSON object"),
    ("{}", "id is missing; give each record its own"),
    ('{"id": 1}', "id must be text in quotes"),
    ('{"id": "a", "mode": "live"}', 'mode must be "eval", "shadow" or "enf'),
    ('{"id": "a", "labels": {"small": "yes"}}',
     "labels.small must be true or false"),
    ('{"id": "a", "signals": {"x.v": 1e999}}',
     "signals.x.v must be a finite number, or null"),
    ('{"id": "a", "attempts": [{}, {"cost_usd": -1}]}',
     "attempts[1].cost_usd must be a number of dollars from 0"),
    ('{"id": "a", "attempts": [{"cost_usd": 1e400}]}',
     "attempts[0].cost_usd must be a number of dollars from 0"),
    ('{"id": "a", "time": 1795472046}', "time must be text in quotes"),
    ('{"id": "a", "attempts": [{"seconds": -1}]}',
     "attempts[0].seconds must be a number of seconds from 0"),
    ('{"id": "a", "attempts": [{"status": "200"}]}',
     "attempts[0].status must be an HTTP status, like 200"),
    ('{"id": "a", "attempts": [{"response": "hi"}]}',
     "attempts[0].response must be an object"),
    ('{"id": "a", "attempts": {"small": {}}}',
     "attempts must be a list of attempts"),
]


@pytest.mark.parametrize("line,words", FAULTS)
def test_bad_line(tmp_path, line, words):
    """File, line, member and cure; nothing on stdout."""
    file = lay(tmp_path / "r.jsonl", traffic(2))
    line = line if isinstance(line, bytes) else line.encode()
    file.write_bytes(file.read_bytes() + line + b"\n" + file.read_bytes())
    code, out, err = replay(tmp_path, file)
    assert code == 1 and out == ""
    assert err.startswith(f"frugalctl replay: {file}:3: "), err
    assert words in err and len(err.splitlines()) == 1


def test_files_that_cannot_be_read(tmp_path):
    """Exit 1 and one line with the path."""
    for file in (tmp_path / "none.jsonl", tmp_path):
        code, out, err = replay(tmp_path, file)
        assert code == 1 and out == "" and str(file) in err, err
        assert len(err.splitlines()) == 1


def test_nothing_usable(tmp_path):
    """Why, by count; and what to look at."""
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n\n")
    code, _, err = replay(tmp_path, empty)
    assert code == 1 and "no row can be used: there is none" in err
    rows = traffic(3)
    for row in rows:
        for each in row["attempts"]:
            each["backend"] = {"small": "llama", "large": "gpt"}[each["backend"]]
    code, _, err = replay(tmp_path, rows)
    assert code == 1
    assert "3 without a reply of the first tier" in err
    assert "the first tier is small, the rows name llama, gpt" in err


def test_rows_passed_over(tmp_path):
    """Ids met before, other cascades' rows, rows without a cheap reply."""
    rows = traffic(20)
    rows[3]["id"] = rows[2]["id"]
    rows[4]["cascade"] = "other"
    rows[5]["cascade"] = "older-name"
    rows[6]["attempts"] = rows[6]["attempts"][1:]
    rows[7].pop("attempts")
    file = lay(tmp_path / "r.jsonl", rows)
    other = {"other": {"tiers": ["large"]}}
    code, out, _ = ctl("replay", "-c", config(tmp_path, cascades=other),
                       "--cascade", "auto", "--records", file,
                       "--threshold", 0)
    assert code == 0
    for words in ("read       16 rows", "1 with an id that was there before",
                  "1 of another cascade", "2 without a reply of the first"):
        assert words in out, out


def test_outcomes_not_known(tmp_path):
    """Rows without an outcome are no losses, and no rows of the loss."""
    rows = traffic(20)
    rows[0].pop("labels")
    rows[1]["labels"] = {"small": False}
    rows[2]["labels"] = {"small": None, "large": True}
    for row in rows[:3]:
        row["attempts"].pop()
    said = good(tmp_path, rows, **NO_CHECK)
    assert said["accepted"]["of"] == 20 and said["lost"]["of"] == 17


def test_agreement(tmp_path):
    """Without labels the answers are compared; `agrees` says it outright."""
    rows = traffic(40, labels=False)
    said = good(tmp_path, rows, **NO_CHECK)
    assert said["labelled"] is False and said["lost"]["of"] == 40
    texts = [[each["response"]["choices"][0]["message"]["content"].split()[-1]
              for each in row["attempts"]] for row in rows]
    assert said["lost"]["count"] == sum(t[0] != t[-1] for t in texts) > 0
    for at, row in enumerate(rows):
        row["agrees"] = at >= 10
    assert good(tmp_path, rows, **NO_CHECK)["lost"]["count"] == 10


def test_costs(tmp_path):
    """cost_usd, else usage times price, else the mean of the rest."""
    rows = traffic(4)
    for row in rows[:2]:
        row["attempts"][0].pop("cost_usd")
    rows[1]["attempts"][0]["response"].pop("usage")
    priced = {"small": {"price": {"input": 10.0, "output": 20.0}}}
    said = good(tmp_path, rows, backends=priced, **NO_CHECK)
    first = (11 * 10 + 7 * 20) * 1e-6
    known = first + 2 * CHEAP
    assert said["spent_usd"] == pytest.approx(known + known / 3)


def test_gates_and_signals(tmp_path):
    """A gate, unusable log-probs and a broken reply escalate unasked."""
    rows = traffic(8)
    first = [row["attempts"][0] for row in rows]
    first[0]["response"]["choices"][0]["finish_reason"] = "length"
    first[1]["response"]["choices"][0]["message"]["content"] = " "
    first[2]["response"]["choices"][0]["logprobs"] = None
    first[3]["status"] = 503
    first[4]["response"] = {"error": {"message": "no"}}
    rows[5]["request"]["n"] = 2
    said = good(tmp_path, rows, **NO_CHECK)
    assert said["accepted"]["count"] == 2 and said["accepted"]["of"] == 8


def test_signals_instead_of_a_reply(tmp_path):
    """Where the reply is not kept its signals, given, are taken."""
    rows = [{"id": f"s{at}", "agrees": True, "signals": {"logprob.min": -0.1 * at},
             "attempts": [{"backend": "small", "cost_usd": CHEAP},
                          {"backend": "large", "cost_usd": EXPENSIVE}]}
            for at in range(10)]
    rows.append({"id": "none", "agrees": True,
                 "attempts": [{"backend": "small", "answer": "7"}]})
    code, out, _ = ctl("replay", "-c", config(tmp_path, **NO_CHECK),
                       "--records", lay(tmp_path / "r.jsonl", rows),
                       "--threshold", 0.6, "--json")
    said = json.loads(out)
    assert code == 0
    assert said["accepted"]["count"] == 6 and said["accepted"]["of"] == 11


def test_which_attempt_counts(tmp_path):
    """The first that came well; checks of another kind are none."""
    rows = traffic(3)
    failed = {"backend": "small", "purpose": "answer", "status": 500}
    rows[0]["attempts"].insert(0, failed)
    rows[1]["attempts"][1]["mode"] = "verdict"
    rows[2]["attempts"][1]["about"] = "another"
    code, out, _ = ctl("replay", "-c", config(tmp_path), "--records",
                       lay(tmp_path / "r.jsonl", rows), "--threshold", 0,
                       "--json")
    said = json.loads(out)
    assert code == 0 and said["accepted"]["count"] == 1


def test_usage(tmp_path):
    """Exit 2, what is wrong, and where to find help."""
    conf, file = config(tmp_path), lay(tmp_path / "r.jsonl", traffic(2))
    both = ["-c", conf, "--records", file]
    for arguments, words in [
            (["--nothing"], "there is no option --nothing"),
            (["-x"], "there is no option -x"),
            (["--threshold"], "--threshold wants a value"),
            (both + ["--threshold", "2"], "--threshold must be a number from"),
            (both + ["--max-error", "0", "--delta", ".1"], "--max-error must"),
            (both + ["--max-error", ".1", "--artifact", conf], "leave out"),
            (both + ["--seed", "-1"], "--seed must be a whole number"),
            (both, "name a rule"),
            (["word"], 'what is "word"?'),
            (["--records", file, "--threshold", ".5"], "name a configuration"),
            (["-c", conf, "--threshold", ".5"], "has no `ledger`"),
            (both + ["--threshold", ".5", "--cascade", "b"],
             "there is no cascade b; there is: auto")]:
        code, out, err = ctl("replay", *arguments)
        assert (code, out) == (2, ""), (arguments, code, out)
        assert words in err, (arguments, err)
    for command in ("calibrate", "score", "replay"):
        code, out, err = ctl(command, "-h")
        assert code == 0 and err == "" and out.startswith(
            f"usage: frugalctl {command} ")


def test_configuration_faults(tmp_path):
    """All of them, as the daemon lists them; and what no command can take."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("backends: {small: {model: m}}\ncascades: {a: {tiers: [b]}}")
    code, out, err = ctl("replay", "-c", bad, "--threshold", ".5")
    assert (code, out) == (2, "") and "base_url" in err and "tiers" in err
    three = config(tmp_path, cascades={"auto": {
        "tiers": ["small", "middle", "large"]}}, backends={"middle": {
            "base_url": "http://127.0.0.1:1/v1", "model": "m"}})
    code, _, err = ctl("replay", "-c", three, "--threshold", ".5")
    assert code == 2 and "has 3 tiers" in err


def test_checks_are_judged(tmp_path):
    """A check that agrees is a score of its own."""
    answers = [("12", "12"), ("12", "13")]
    rows = [{"id": str(at), "labels": {"small": True, "large": True},
             "attempts": [attempt("small", reply(small), CHEAP),
                          check(reply(large, -0.05, "large-model")),
                          attempt("large", reply(small), EXPENSIVE)]}
            for at, (small, large) in enumerate(answers)]
    code, out, _ = ctl("replay", "-c", config(tmp_path), "--records",
                       lay(tmp_path / "r.jsonl", rows), "--threshold", 0.9,
                       "--json")
    said = json.loads(out)
    assert code == 0
    assert said["checked"]["count"] == 2 and said["accepted"]["count"] == 1


def test_rows_without_texts(tmp_path):
    """Numbers alone are as good, but for the words."""
    rows = traffic(120)
    plain, bare = good(tmp_path, rows), good(tmp_path, [strip(r) for r in rows])
    assert bare["lost"]["of"] == 120 and bare["labelled"] is True
    assert bare["checked"]["count"] == 120
    pairs = [strip(row) for row in traffic(120, labels=False)]
    said = good(tmp_path, pairs, **NO_CHECK)
    assert said == good(tmp_path, traffic(120, labels=False), **NO_CHECK)
    assert said["labelled"] is False and 0 < said["lost"]["count"] < 120
    assert plain["expensive_usd"] == bare["expensive_usd"]
    # The word on the pair is all there is: without it nothing is known.
    for row in pairs[:20]:
        del row["agrees"]
    assert good(tmp_path, pairs, **NO_CHECK)["lost"]["of"] == 100


def test_whatever_else_is_in_it(tmp_path):
    """Members that nobody knows, on every level."""
    rows = traffic(20)
    strange = [{**row, "would": "accept", "note": {"a": [1, None]},
                "attempts": [{**each, "tier": 3, "fault": None}
                             for each in row["attempts"]]} for row in rows]
    assert good(tmp_path, strange) == good(tmp_path, rows)


JUDGED = {"cascades": {"auto": {
    "compare": {"by": "judge", "backend": "large"},
    "verify": NO_CHECK["cascades"]["auto"]["verify"]}}}


def test_a_judge_is_not_played(tmp_path):
    """Whether a pair is the same is what the record says, or not known."""
    rows = traffic(40, labels=False)
    assert good(tmp_path, rows, **JUDGED)["lost"]["of"] == 0
    for at, row in enumerate(rows[:30]):
        row["agrees"] = at >= 7
    said = good(tmp_path, rows, **JUDGED)
    assert (said["lost"]["count"], said["lost"]["of"]) == (7, 30)


def test_repeated_questions(tmp_path):
    """Counted, and warned of when they are many."""
    rows = traffic(60)
    def said():
        code, out, err = ctl("replay", "-c", config(tmp_path), "--records",
                             lay(tmp_path / "r.jsonl", rows),
                             "--threshold", 0)
        assert (code, err) == (0, "")
        return " ".join(out.split())
    assert "repeat" not in said()
    for row in rows[:6]:
        row["request"] = rows[59]["request"]
    assert "6 repeat the question of an earlier row" in said()
    assert "independent" not in said()
    rows[6]["request"] = rows[59]["request"]
    assert "7 repeat the question of an earlier row the limits take rows to " \
        "be independent" in said()
    for row in rows:
        row.pop("request")
    assert "repeat" not in said()
