# SPDX-License-Identifier: Apache-2.0
"""A decision a line, by the artifact alone, that anyone can check."""

import json
import math
import re
import subprocess

import pytest

from flow.gateway import ROOT
from flow.patience import SCALE
from flow.recorded import BINARY, config, ctl, lay, traffic


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory):
    """A folder with an artifact a.json, fitted on 800 requests."""
    folder = tmp_path_factory.mktemp("score")
    code, out, err = ctl("calibrate", "-c", config(folder), "--records",
                         lay(folder / "r.jsonl", traffic(800)), "--max-error",
                         0.05, "--delta", 0.1, "-o", folder / "a.json",
                         "--json")
    assert (code, err) == (0, "")
    (folder / "said.json").write_text(out)
    return folder


def score(folder, rows, *options):
    """The objects, one a row."""
    file = lay(folder / "s.jsonl", rows)
    code, out, err = ctl("score", "--artifact", folder / "a.json",
                         "--records", file, *options)
    assert (code, err) == (0, ""), err
    return [json.loads(line) for line in out.split("\n")[:-1]]


def test_a_line_a_record(place):
    """In order, with every member, numbers in range."""
    rows = traffic(300, seed=5)
    lines = score(place, rows)
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    for line in lines:
        assert set(line) == {"id", "confidence", "regret", "decision",
                             "reason", "signals", "verify_usd"}
        assert 0 <= line["confidence"] <= 1 and 0 <= line["regret"] <= 1
        assert line["decision"] in ("accept", "escalate")
        assert line["reason"] == {"accept": "confident",
                                  "escalate": "low_confidence"}[line["decision"]]
        assert line["signals"]["logprob.tokens"] == 4
        assert line["verify_usd"] in (0, pytest.approx(1e-4))
    kept = [line for line in lines if line["decision"] == "accept"]
    assert 0 < len(kept) < 300
    assert any(line["verify_usd"] for line in lines)


def quantile(values, share):
    """Linear between order statistics."""
    values, at = sorted(values), share * (len(values) - 1)
    low = math.floor(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (at - low) * (values[high] - values[low])


def test_signals_are_what_a_script_makes_of_real_replies(place):
    """From the replies' own log-probs, the tokens that spell the text."""
    file = ROOT / "tests/data/records.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    lines = score(place, rows)
    assert len(lines) == 12
    for row, line in zip(rows, lines):
        choice = row["attempts"][0]["response"]["choices"][0]
        kept = [entry for entry in choice["logprobs"]["content"]
                if entry["bytes"]]
        assert "".join(entry["token"] for entry in kept).strip() \
            == choice["message"]["content"]
        logprobs = [entry["logprob"] for entry in kept]
        margins = [entry["top_logprobs"][0]["logprob"]
                   - entry["top_logprobs"][1]["logprob"] for entry in kept]
        for name, value in {
                "min": min(logprobs), "sum": sum(logprobs),
                "mean": sum(logprobs) / len(kept), "tokens": len(kept),
                "q10": quantile(logprobs, 0.1), "q25": quantile(logprobs, 0.25),
                "median": quantile(logprobs, 0.5), "margin_min": min(margins),
                "margin_mean": sum(margins) / len(kept)}.items():
            assert line["signals"][f"logprob.{name}"] == pytest.approx(
                value, abs=1e-9), (row["id"], name)
        assert line["signals"]["check.agree"] in (0, 1)
        assert 0 <= line["signals"].get("check.p", 0) <= 1


def test_its_cuts_decide(place):
    """The line's regret against the artifact's cuts."""
    cuts = json.loads((place / "said.json").read_text())["cuts"]
    for line in score(place, traffic(300, seed=5)):
        cut = cuts["after"] if line["verify_usd"] else cuts["accept"]
        assert (line["decision"] == "accept") == (line["regret"] <= cut)


def test_promise_holds_on_other_traffic(place):
    """Of the same kind: few of all requests lose, many are kept."""
    rows = traffic(3000, seed=11)
    lines = score(place, rows)
    lost = sum(line["decision"] == "accept" and not row["labels"]["small"]
               and row["labels"]["large"] for line, row in zip(lines, rows))
    assert lost / len(rows) <= 0.06
    assert sum(line["decision"] == "accept" for line in lines) > 900


def test_what_escalates_unasked(place):
    """0 and 1, and the reason in the daemon's words."""
    rows = traffic(8, seed=3)
    first = [row["attempts"][0] for row in rows]
    first[0]["response"]["choices"][0]["finish_reason"] = "length"
    first[1]["response"]["choices"][0]["message"]["content"] = "I cannot do it"
    first[2]["response"]["choices"][0]["logprobs"] = None
    first[3]["status"] = 503
    rows[4]["attempts"] = []
    rows[5].pop("attempts")
    first[6]["response"] = {"choices": []}
    rows[7]["request"]["n"] = 3
    lines = score(place, rows)
    assert [line["reason"] for line in lines] == [
        "gate:truncated", "gate:refusal", "no_signal", "backend_error",
        "backend_error", "backend_error", "backend_error", "unsupported"]
    for line in lines:
        assert (line["confidence"], line["regret"], line["decision"]) == \
            (0, 1, "escalate")
        assert line["verify_usd"] == 0


def test_no_check_where_one_was_wanted(place):
    """Missing evidence is never acceptance."""
    lines = score(place, traffic(300, seed=5))
    asked = [at for at, line in enumerate(lines) if line["verify_usd"]]
    rows = traffic(300, seed=5)
    for row in rows:
        row["attempts"].pop(1)
    lines = score(place, rows)
    assert asked
    for at, line in enumerate(lines):
        if at in asked:
            assert (line["decision"], line["reason"]) == \
                ("escalate", "verifier_error")
            assert line["verify_usd"] is None
        else:
            assert line["verify_usd"] == 0


def test_every_row_has_its_line(place):
    """Ids that repeat and other cascades' rows too."""
    rows = traffic(4)
    rows[1]["id"] = rows[0]["id"]
    rows[2]["cascade"] = "other"
    assert len(score(place, rows)) == 4
    assert score(place, []) == []


def test_ids_are_written_as_they_were(place):
    """Whatever is in them."""
    rows = traffic(2)
    rows[0]["id"], rows[1]["id"] = 'a"\\\n\u2028é', "\U0001f600"
    assert [line["id"] for line in score(place, rows)] == \
        [row["id"] for row in rows]


def test_with_a_configuration(place):
    """Prices come from it; an artifact for another cascade is refused."""
    rows = traffic(20, seed=5)
    for row in rows:
        row["attempts"][1].pop("cost_usd")
    plain = score(place, rows)
    conf = config(place, "priced.yaml", backends={
        "large": {"price": {"input": 10.0, "output": 20.0}}})
    priced = score(place, rows, "-c", conf, "--cascade", "auto")
    for one, other in zip(plain, priced):
        if one["verify_usd"] is None:
            assert other["verify_usd"] == pytest.approx(
                (11 * 10 + 7 * 20) * 1e-6)
        assert one["regret"] == other["regret"]
    assert any(one["verify_usd"] is None for one in plain)
    other = config(place, "other.yaml",
                   backends={"large": {"model": "gpt-17"}})
    code, out, err = ctl("score", "--artifact", place / "a.json", "-c", other,
                         "--records", place / "r.jsonl")
    assert (code, out) == (2, "")
    assert "a.json" in err and "gpt-17" in err and "large-model" in err


def test_foreign_signals(tmp_path):
    """What only records bring can be fitted and scored, not deployed."""
    rows = traffic(400)
    for row in rows:
        row["signals"] = {"x.oracle": 1.0 if row["labels"]["small"] else 0.0}
    conf, file = config(tmp_path), lay(tmp_path / "r.jsonl", rows)
    code, out, _ = ctl("calibrate", "-c", conf, "--records", file,
                       "--max-error", ".05", "--delta", ".1", "-o",
                       tmp_path / "a.json", "--json")
    assert code == 0 and json.loads(out)["auroc"] > 0.95
    lines = score(tmp_path, rows)
    assert lines[0]["signals"]["x.oracle"] == float(rows[0]["labels"]["small"])
    # It is held against a cascade all the same.
    assert len(score(tmp_path, rows, "-c", conf)) == 400
    other = config(tmp_path, "other.yaml",
                   backends={"large": {"model": "gpt-17"}})
    code, _, err = ctl("score", "--artifact", tmp_path / "a.json", "-c", other,
                       "--records", file)
    assert code == 2 and "gpt-17" in err


def test_two_that_ask(tmp_path):
    """verify_usd is what both cost; each is read from its own attempts."""
    def rows_of(seed):
        rows = traffic(800, seed=seed)
        for row in rows:
            row["attempts"].insert(1, {
                **row["attempts"][1], "backend": "small", "cost_usd": 3e-5,
                "verifier": "self_check"})
        return rows
    conf = config(tmp_path, cascades={"auto": {"verify": [
        "logprob", "self_check", {"check": {"backend": "large"}}]}})
    code, _, err = ctl("calibrate", "-c", conf, "--records",
                       lay(tmp_path / "r.jsonl", rows_of(1)), "--max-error",
                       0.05, "--delta", 0.1, "-o", tmp_path / "a.json")
    assert code == 0, err
    rows = rows_of(5)
    lines = score(tmp_path, rows)
    asked = [at for at, line in enumerate(lines) if line["verify_usd"]]
    assert 0 < len(asked) < 800
    for at in asked:
        assert lines[at]["verify_usd"] == pytest.approx(1.3e-4)
        assert lines[at]["signals"]["self_check.agree"] \
            == lines[at]["signals"]["check.agree"]
    # The second said nothing of use, then the first.
    for attempt, reason in ((2, "verifier_error"), (1, "verifier_error")):
        for row in rows:
            row["attempts"][attempt]["status"] = 500
        for at, line in enumerate(score(tmp_path, rows)):
            assert (line["reason"] == reason) == (at in asked)
            if attempt == 1 and at in asked:    # the second is not asked then
                assert line["verify_usd"] == pytest.approx(3e-5)


def test_bad_artifacts(place, tmp_path):
    """Exit 2, the file named."""
    text = (place / "a.json").read_text()
    for broken in ("", "{}", "[]", text[:-9], text.replace("0.", "x", 1),
                   re.sub(r'"frugald_artifact": *1', '"frugald_artifact":9',
                          text)):
        file = tmp_path / "broken.json"
        file.write_text(broken)
        code, out, err = ctl("score", "--artifact", file, "--records",
                             place / "r.jsonl")
        assert (code, out) == (2, ""), (broken[:40], code)
        assert "broken.json" in err and len(err.splitlines()) == 1
    code, _, err = ctl("score", "--artifact", tmp_path / "none.json",
                       "--records", place / "r.jsonl")
    assert code == 2 and "none.json" in err


def test_usage(place):
    """What is missing is named."""
    for arguments, words in ((["--records", place / "r.jsonl"], "--artifact"),
                             (["--artifact", place / "a.json"], "--records"),
                             (["--json"], "there is no option --json")):
        code, out, err = ctl("score", *arguments)
        assert (code, out) == (2, "") and words in err


def test_nowhere_to_write(place):
    """Exit 1, and why."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [str(BINARY if BINARY.is_absolute() else ROOT / BINARY), "score",
             "--artifact", place / "a.json", "--records", place / "r.jsonl"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            timeout=60 * SCALE)
    assert done.returncode == 1 and "No space left" in done.stderr
