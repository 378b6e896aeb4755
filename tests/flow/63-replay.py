# SPDX-License-Identifier: Apache-2.0
"""What another rule would have done to the same traffic."""

import json
import math

import pytest

from flow.recorded import (CHEAP, CHECK, EXPENSIVE, config, ctl, lay,
                           raw_score, traffic)
from stub import answer

PLAIN = {"cascades": {"auto": {"verify": ["rules", "logprob"]}}}


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory):
    """A folder with 600 requests and two configurations."""
    folder = tmp_path_factory.mktemp("replay")
    config(folder)
    config(folder, "plain.yaml", **PLAIN)
    lay(folder / "r.jsonl", traffic(600))
    return folder


def replay(folder, *options, conf="frugald.yaml"):
    """The object of --json."""
    code, out, err = ctl("replay", "-c", folder / conf, "--records",
                         folder / "r.jsonl", "--json", *options)
    assert (code, err) == (0, ""), err
    return json.loads(out)


@pytest.mark.parametrize("threshold", [0, 0.3, 0.5, 0.8, 1])
def test_threshold_on_the_raw_score(place, threshold):
    """As many as a script counts, and the money they cost."""
    rows = traffic(600)
    kept = [row for row in rows if raw_score(row) >= threshold]
    lost = [row for row in kept if not row["labels"]["small"]
            and row["labels"]["large"]]
    said = replay(place, "--threshold", threshold, conf="plain.yaml")
    assert said["accepted"]["count"] == len(kept)
    assert said["lost"]["count"] == len(lost) and said["lost"]["of"] == 600
    assert said["checked"]["count"] == 0
    spent = 600 * CHEAP + (600 - len(kept)) * EXPENSIVE
    assert said["spent_usd"] == pytest.approx(spent)
    assert said["net_saving"] == pytest.approx(1 - spent / (600 * EXPENSIVE))
    assert said["net_saving_low"] <= said["net_saving"] \
        <= said["net_saving_high"]


def clopper_pearson(k, n, delta):
    """One-sided upper limit, by bisection of the exact tail."""
    low, high = 0.0, 1.0
    for _ in range(60):
        p = (low + high) / 2
        tail = sum(math.comb(n, i) * p ** i * (1 - p) ** (n - i)
                   for i in range(k + 1))
        low, high = (p, high) if tail > delta else (low, p)
    return high


def test_limits(place):
    """Clopper and Pearson's, each missed with the delta asked for."""
    for delta in (0.05, 0.01):
        said = replay(place, "--threshold", 0.8, "--delta", delta,
                      conf="plain.yaml")
        lost = said["lost"]
        assert lost["high"] == pytest.approx(
            clopper_pearson(lost["count"], lost["of"], delta), abs=1e-6)
        assert lost["low"] < lost["share"] < lost["high"]
        assert said["delta"] == delta


def test_checks_are_asked_in_the_band(place):
    """All of them without a band; inside of it with one."""
    said = replay(place, "--threshold", 0.5)
    assert said["checked"]["count"] == 600
    band = {"check": {"backend": "large", "band": [0.3, 0.7]}}
    config(place, "band.yaml", cascades={"auto": {
        "verify": ["rules", "logprob", band]}})
    said = replay(place, "--threshold", 0.5, conf="band.yaml")
    inside = sum(0.3 <= raw_score(row) <= 0.7 for row in traffic(600))
    assert said["checked"]["count"] == inside > 0
    assert said["spent_usd"] == pytest.approx(
        600 * CHEAP + inside * CHECK
        + (600 - said["accepted"]["count"]) * EXPENSIVE)


def test_artifact_and_target(place):
    """By its cuts, as score decides; by its confidence; and anew."""
    code, out, _ = ctl("calibrate", "-c", place / "frugald.yaml", "--records",
                       place / "r.jsonl", "--max-error", 0.05, "--delta", 0.1,
                       "-o", place / "a.json", "--json")
    assert code == 0
    fitted = json.loads(out)
    said = replay(place, "--artifact", place / "a.json")
    code, lines, _ = ctl("score", "--artifact", place / "a.json", "--records",
                         place / "r.jsonl")
    lines = [json.loads(line) for line in lines.splitlines()]
    assert code == 0
    assert said["accepted"]["count"] == sum(
        line["decision"] == "accept" for line in lines)
    assert said["checked"]["count"] == sum(
        line["verify_usd"] > 0 for line in lines)
    by_confidence = replay(place, "--artifact", place / "a.json",
                           "--threshold", 0.9)
    assert 0 < by_confidence["accepted"]["count"] < 600
    assert replay(place, "--max-error", 0.05, "--delta", 0.1) == fitted


def test_for_people(place):
    """Shares with limits, money, and the rule."""
    code, out, err = ctl("replay", "-c", place / "plain.yaml", "--records",
                         place / "r.jsonl", "--threshold", 0.5)
    assert (code, err) == (0, "")
    for words in ("rule       a raw score (uncalibrated) from 0.5 is kept",
                  "read       600 rows", "accepted ", "checked ", "lost ",
                  "of 600 rows", "USD per 1,000 requests",
                  "missed with probability 0.05"):
        assert words in out, (words, out)


def test_out_of_the_ledger(yard):
    """Requests that the daemon served, texts kept, are records too."""
    rig = yard.rig(ledger={"path": "ledger.db", "store_text": True})
    rig.small.script(answer("It is 7.", score=0.3))
    rig.large.script(answer("It is 8."))
    for number in range(4):
        rig.row(rig.ask(f"Number {number}?"))
    rig.small.script(answer("It is 7.", score=0.9))
    rig.row(rig.ask("Sure?"))
    rig.row(rig.ask("Another?", model="large"))
    command = ["replay", "-c", rig.gw.file, "--cascade", "auto",
               "--threshold", 0.5]
    code, out, err = ctl(*command, "--json", cwd=rig.gw.tmp)
    assert (code, err) == (0, ""), err
    said = json.loads(out)
    assert (said["accepted"]["count"], said["accepted"]["of"]) == (1, 5)
    assert (said["lost"]["count"], said["lost"]["of"]) == (0, 4)
    assert said["labelled"] is False
    code, out, _ = ctl(*command, cwd=rig.gw.tmp)
    assert code == 0 and "5 of an enforcing cascade: may fit" in out


def test_ledger_without_texts(yard):
    """Their signals decide as their texts would have; a ledger that is not
    there is not made."""
    rig = yard.rig()
    rig.small.script(answer("It is 7.", score=0.3))
    for number in range(4):
        rig.row(rig.ask(f"Number {number}?"))
    rig.small.script(answer("It is 7.", score=0.9))
    rig.row(rig.ask("Sure?"))
    command = ["replay", "-c", rig.gw.file, "--threshold", 0.5]
    code, out, err = ctl(*command, "--json")
    assert (code, err) == (0, ""), err
    said = json.loads(out)
    assert (said["accepted"]["count"], said["accepted"]["of"]) == (1, 5)
    code, out, _ = ctl(*command)
    assert code == 0 and "5 whose texts were not stored" in out
    missing = rig.gw.tmp / "missing.db"
    conf = config(rig.gw.tmp, "other.yaml", ledger=str(missing))
    code, out, err = ctl("replay", "-c", conf, "--threshold", 0.5)
    assert (code, out) == (1, "") and "missing.db" in err
    assert not missing.exists()
