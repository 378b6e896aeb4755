# SPDX-License-Identifier: Apache-2.0
"""From recorded traffic to an artifact with a promise, and what is said of it."""

import json

import pytest

from flow.recorded import (CHEAP, CHECK, EXPENSIVE, config, ctl, lay, strip,
                           traffic)

MEMBERS = {"n_fit", "n_certify", "n_report", "cuts", "accept", "risk",
           "risk_upper", "certified", "checked", "net_saving",
           "net_saving_low", "net_saving_high", "ece", "ece_low", "ece_high",
           "auroc", "regret_auroc", "verdict"}


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory):
    """A folder with a configuration and 800 requests."""
    folder = tmp_path_factory.mktemp("calibrate")
    config(folder)
    lay(folder / "r.jsonl", traffic(800))
    return folder


def calibrate(folder, *options, conf=None, records=None, promise=(0.05, 0.1)):
    """(exit status, stdout, stderr); the artifact is folder/a.json."""
    return ctl("calibrate", "-c", conf or folder / "frugald.yaml",
               "--cascade", "auto", "--records", records or folder / "r.jsonl",
               *(("--max-error", promise[0], "--delta", promise[1])
                 if promise else ()),
               "-o", folder / "a.json", *options)


def said(folder, *options, **more):
    """The object of --json."""
    code, out, err = calibrate(folder, "--json", *options, **more)
    assert (code, err) == (0, ""), err
    assert len(out.splitlines()) == 1
    return json.loads(out)


def test_json(place):
    """Every member, of its kind; the promise holds on the certifying rows."""
    all_said = said(place)
    assert MEMBERS <= set(all_said)
    assert all_said["n_fit"] + all_said["n_certify"] == 800
    assert all_said["n_report"] == 0 and all_said["certified"] is True
    assert 0 < all_said["accept"] < 1
    assert all_said["risk"] <= all_said["risk_upper"] <= 0.05
    assert all_said["net_saving_low"] < all_said["net_saving"] \
        < all_said["net_saving_high"]
    assert (0 <= all_said["ece_low"] <= all_said["ece"]
            <= all_said["ece_high"] <= 1)
    assert 0.5 < all_said["auroc"] <= 1 and 0.5 < all_said["regret_auroc"] <= 1
    assert set(all_said["cuts"]) == {"accept", "check", "after"}
    assert all_said["verdict"] == "worth it"
    assert all_said["labelled"] is True
    assert all_said["route_price"] == pytest.approx(0.1)


def test_the_check_pays(place):
    """At a tenth of an answer it is asked; at nine tenths it is not."""
    cheap = said(place)
    assert cheap["checked"] > 0.05
    assert cheap["cuts"]["check"] > cheap["cuts"]["accept"]
    rows = traffic(800)
    for row in rows:
        row["attempts"][1]["cost_usd"] = 1.2e-3
    dear = said(place, records=lay(place / "dear.jsonl", rows))
    assert dear["checked"] == 0 and dear["accept"] < cheap["accept"]
    assert dear["cuts"]["check"] <= dear["cuts"]["accept"]
    code, out, _ = calibrate(place, records=place / "dear.jsonl")
    assert code == 0 and "the band is empty, none is ever asked: a check " \
        "costs 120.0 % of an expensive answer" in out


def test_a_check_that_nobody_recorded(place):
    """Nothing is fitted for it, and the report says so."""
    bare = lay(place / "bare.jsonl", traffic(400, with_check=False))
    got = said(place, records=bare)
    assert got["checked"] == 0 and got["route_price"] is None
    code, out, _ = calibrate(place, records=bare)
    assert code == 0 and "no row has one, so none is ever asked" in out


def test_checks_missing_where_they_would_warn(place):
    """Live they would be asked, and might say anything: the promise holds for
    all rows, not only for those with a check."""
    rows = traffic(800)
    whole = lay(place / "whole.jsonl", traffic(800))
    for row in rows:
        if row["labels"]["large"] and not row["labels"]["small"]:
            row["attempts"] = [one for one in row["attempts"]
                               if one["purpose"] != "verify"]
    gaps = lay(place / "gaps.jsonl", rows)
    code, out, _ = calibrate(place, records=gaps)
    assert code == 0 and "were never checked" in out
    code, out, err = ctl("score", "--artifact", place / "a.json",
                         "--records", whole)
    assert (code, err) == (0, "")
    kept = {said["id"] for said in map(json.loads, out.splitlines())
            if said["decision"] == "accept"}
    lost = [row["id"] for row in traffic(800) if row["id"] in kept
            and row["labels"] == {"small": False, "large": True}]
    assert len(lost) <= 0.05 * 800


def test_a_check_asked_early(place):
    """It is paid for with every reply, barred ones too."""
    conf = config(place, "early.yaml", cascades={"auto": {"verify": [
        {"rules": {"refusal": True, "truncated": True}}, "logprob",
        {"check": {"backend": "large", "start": "early"}}]}})
    got = said(place, conf=conf)
    assert got["net_saving"] == pytest.approx(
        got["accept"] - (CHEAP + CHECK) / EXPENSIVE)
    code, out, _ = calibrate(place, conf=conf)
    assert code == 0 and "asked early: it is paid for with every reply" in out


def test_terminal_report(place):
    """Each part is there, and the file."""
    code, out, err = calibrate(place)
    assert (code, err) == (0, "")
    for words in ("cascade    auto: small before large", "read       800 rows",
                  "with 90 % confidence at most 5 % of all requests",
                  "certified on", "it takes 45 rows at least",
                  "accept at regret <=", "are checked", "at most", "USD per",
                  "a check costs 10.0 % of an expensive answer", "AUROC",
                  "verdict    worth it", f"written    {place / 'a.json'}"):
        assert words in out, (words, out)


def test_same_input_same_result(place):
    """The seed alone draws."""
    first, again = said(place, "--seed", 7), said(place, "--seed", 7)
    assert first == again
    assert said(place, "--seed", 8) != first


def test_out_of_fold(place):
    """Better cuts, and never called certified."""
    got = said(place, "--fit", "out-of-fold")
    assert got["certified"] is False and got["n_fit"] == got["n_certify"] == 800
    code, out, _ = calibrate(place, "--fit", "out-of-fold")
    assert code == 0 and "estimated, out of fold," in out
    assert "certified" not in out


def test_report_share(place):
    """Rows kept for the report fit and certify nothing."""
    got = said(place, "--report-share", 0.25)
    assert got["n_report"] == 200
    assert got["n_fit"] + got["n_certify"] == 600


def test_too_few_to_certify(place):
    """No fault: the file is written and takes nothing."""
    few = lay(place / "few.jsonl", traffic(60))
    got = said(place, records=few, promise=(0.01, 0.1))
    assert got["accept"] == 0 and got["verdict"] == "bypass"
    assert got["cuts"]["accept"] < 0
    code, out, _ = calibrate(place, records=few, promise=(0.01, 0.1))
    assert code == 0 and "it takes 230 rows at least" in out
    assert "these are too few, so nothing is accepted" in out
    assert (place / "a.json").exists()


def test_bypass_is_written(place):
    """An expensive cheap tier: nothing to save, exit 0, cuts all the same."""
    rows = traffic(400)
    for row in rows:
        row["attempts"][0]["cost_usd"] = 9.9e-4
    got = said(place, records=lay(place / "b.jsonl", rows))
    assert got["verdict"] == "bypass" and got["net_saving"] <= 0.01


def test_without_prices(place):
    """Nothing is claimed to be saved."""
    rows = traffic(400)
    for row in rows:
        for each in row["attempts"]:
            each.pop("cost_usd")
    code, out, _ = calibrate(place, records=lay(place / "n.jsonl", rows))
    assert code == 0 and "saving     not known" in out
    got = said(place, records=place / "n.jsonl")
    assert got["verdict"] == "bypass" and got["risk_upper"] <= 0.05


def test_pairs_without_labels(place):
    """Then a loss is an answer that differs."""
    pairs = lay(place / "p.jsonl", traffic(600, labels=False))
    got = said(place, records=pairs, promise=(0.1, 0.1))
    assert got["labelled"] is False and got["accept"] > 0
    code, out, _ = calibrate(place, records=pairs, promise=(0.1, 0.1))
    assert code == 0 and "differs from the expensive one" in out


def test_enforced_rows_never_certify(place):
    """They were chosen by a score: they may fit."""
    rows = traffic(400)
    for row in rows[:300]:
        row["mode"] = "enforce"
    mixed = lay(place / "e.jsonl", rows)
    got = said(place, records=mixed)
    assert got["n_certify"] <= 100
    code, out, _ = calibrate(place, records=mixed)
    assert code == 0 and "300 of an enforcing cascade: may fit" in out
    for row in rows:
        row["mode"] = "enforce"
    enforced = lay(place / "e.jsonl", rows)
    got = said(place, records=enforced)
    assert got["n_certify"] == 0 and got["accept"] == 0
    assert got["certified"] is False
    out = calibrate(place, records=enforced)[1]
    assert "not known: there is no row" in out
    assert "nothing is certified, no row may; fitted on 400" in out
    kind = json.loads((place / "a.json").read_text())["promise"]["kind"]
    assert kind == "estimated"


def test_target_of_the_configuration(place):
    """The promise need not be said twice."""
    conf = config(place, "target.yaml", cascades={"auto": {
        "threshold": None, "calibration": "/nowhere/a.json",
        "target": {"max_error": 0.05, "delta": 0.1}}})
    assert said(place, conf=conf, promise=None) == said(place)
    code, _, err = calibrate(place, promise=None)
    assert code == 2 and "name the promise" in err
    code, out, _ = calibrate(place, "--max-error", "0.05", promise=None)
    assert code == 0 and "with 95 % confidence" in out


def test_refused(place):
    """Exit 2 for what was typed, 1 for what cannot be."""
    base = ["-c", place / "frugald.yaml", "--records", place / "r.jsonl"]
    code, _, err = ctl("calibrate", *base, "--max-error", ".1", "--delta", ".1")
    assert code == 2 and "-o" in err
    for option in ("--max-error", "--delta"):
        code, _, err = calibrate(place, option, "1.5")
        assert code == 2 and f"{option} must be a number between" in err
    code, _, err = calibrate(place, "--fit", "best")
    assert code == 2 and "--fit must be split or out-of-fold" in err
    code, _, err = calibrate(place, "--report-share", "1")
    assert code == 2 and "--report-share must be" in err
    code, out, err = calibrate(place, "-o", place / "none" / "a.json")
    assert code == 1 and out == "" and "none/a.json" in err


def test_secrets_are_not_asked_for(place):
    """The daemon's keys need not be there where this runs."""
    conf = config(place, "keys.yaml", backends={
        "large": {"api_key": "env:NO_SUCH_KEY"}})
    assert said(place, conf=conf) == said(place)


def test_a_failed_run_keeps_the_old_file(place):
    """The artifact is replaced whole, or not at all."""
    assert calibrate(place)[0] == 0
    before = (place / "a.json").read_bytes()
    bad = place / "bad.jsonl"
    bad.write_text("{}\n")
    code, _, err = calibrate(place, records=bad)
    assert code == 1 and f"{bad}:1: id is missing" in err
    assert (place / "a.json").read_bytes() == before


def test_rows_without_texts(place):
    """They fit and certify like others."""
    bare = lay(place / "bare.jsonl", [strip(row) for row in traffic(800)])
    got = said(place, records=bare)
    assert got["certified"] is True and got["accept"] > 0.1
    assert got["n_fit"] + got["n_certify"] == 800 and got["checked"] > 0
    artifact = json.loads((place / "a.json").read_text())
    assert artifact["words"] == 0 and artifact["comparator"] is None
    # One of them among others takes the words from all.
    mixed = traffic(800)
    mixed[5] = strip(mixed[5])
    said(place, records=lay(place / "mixed.jsonl", mixed))
    assert json.loads((place / "a.json").read_text())["words"] == 0
    said(place)
    assert json.loads((place / "a.json").read_text())["words"] > 0


def test_in_the_shadow(place):
    """A cascade that decides by nothing yet."""
    conf = config(place, "shadow.yaml", ledger=str(place / "none.db"),
                  cascades={"auto": {"threshold": None, "mode": "shadow"}})
    rows = traffic(800)
    for row in rows:
        row["mode"] = "shadow"
    shadow = lay(place / "shadow.jsonl", rows)
    got = said(place, conf=conf, records=shadow)
    assert got == said(place) and got["certified"] is True
    code, _, err = calibrate(place, conf=conf, records=shadow, promise=None)
    assert code == 2 and "name the promise with --max-error" in err


def test_two_that_ask(place):
    """They are one check with two prices."""
    conf = config(place, "two.yaml", cascades={"auto": {"verify": [
        "logprob", "self_check", {"check": {"backend": "large"}}]}})
    rows = traffic(800)
    for row in rows:
        own = json.loads(json.dumps(row["attempts"][1]))
        own.update(backend="small", verifier="self_check", cost_usd=CHECK / 2)
        row["attempts"].insert(1, own)
    two = lay(place / "two.jsonl", rows)
    got = said(place, conf=conf, records=two)
    assert got["route_price"] == pytest.approx(0.15) and got["checked"] > 0
    code, out, _ = calibrate(place, conf=conf, records=two)
    assert code == 0 and "here it is self_check and check, taken together\n" \
        "           a check costs 15.0 % of an expensive answer" in out
    stages = {signal["name"]: signal["stage"] for signal in json.loads(
        (place / "a.json").read_text())["signals"]}
    assert stages["self_check.agree"] == stages["check.agree"] == "after"
    assert stages["logprob.min"] == "before"


def judged(count, hidden, labels):
    """Pairs with a judge's word, which calls every so many-th loss the same;
    a share of rows has labels."""
    rows, losses = [strip(row) for row in traffic(count)], 0
    for at, row in enumerate(rows):
        right = row["labels"]
        lost = right["large"] and not right["small"]
        losses += lost
        row["agrees"] = not lost or (hidden > 0 and losses % hidden == 0)
        if labels == 0 or at % labels:
            del row["labels"]
    return rows


JUDGE = {"cascades": {"auto": {"compare": {"by": "judge",
                                           "backend": "third"}}},
         "backends": {"third": {"base_url": "http://127.0.0.1:1/v1",
                                "model": "third-model"}}}


def test_the_error_of_a_judge(place):
    """Taken off the promise; the artifact is for this judge alone."""
    conf = config(place, "judge.yaml", **JUDGE)
    file = lay(place / "judged.jsonl", judged(3000, 10, 2))
    got = said(place, conf=conf, records=file, promise=(0.15, 0.1))
    error = got["comparator"]
    assert error["by"] == "judge" and error["backend"] == "third"
    assert error["in_guarantee"] is True and error["labelled"] == 1500
    assert 0 < error["missed"] / 1500 < error["error_upper"] < 0.15
    assert got["labelled"] is False and got["risk_upper"] <= 0.15
    naive = said(place, records=file, promise=(0.15, 0.1))
    assert naive["comparator"] is None and naive["accept"] > got["accept"] > 0
    code, out, _ = calibrate(place, conf=conf, records=file,
                             promise=(0.15, 0.1))
    assert code == 0
    for words in ("that is wrong where the expensive one is right",
                  "comparator whether answers differ is the word of third;",
                  f"on 1500 rows with both labels it hid {error['missed']}",
                  "its error is in the promise"):
        assert words in out, (words, out)
    artifact = json.loads((place / "a.json").read_text())
    assert artifact["comparator"] == pytest.approx(error)
    rows = ("--records", place / "judged.jsonl")
    assert ctl("score", "--artifact", place / "a.json", *rows)[0] == 0
    assert ctl("score", "--artifact", place / "a.json", "-c", conf, *rows)[0] \
        == 0
    other = config(place, "other.yaml", cascades={"auto": {"compare": {
        "by": "judge", "backend": "large"}}})
    code, _, err = ctl("score", "--artifact", place / "a.json", "-c", other,
                       *rows)
    assert code == 2 and "who compares is third there and large here" in err


def test_the_error_of_a_judge_that_nobody_knows(place):
    """It is said to be left out, on paper and in the file."""
    conf = config(place, "judge.yaml", **JUDGE)
    for hidden, labels, words in (
            (0, 0, "no row has both labels to hold it against, so its error "
                   "is NOT in the promise"),
            (3, 2, ": its error is NOT in the promise")):
        file = lay(place / "judged.jsonl", judged(1000, hidden, labels))
        got = said(place, conf=conf, records=file)
        assert got["comparator"]["in_guarantee"] is False
        assert got["certified"] is True and got["risk_upper"] <= 0.05
        code, out, _ = calibrate(place, conf=conf, records=file)
        assert code == 0 and words in " ".join(out.split()), out
        assert "differs from the expensive one" in out


def test_a_judge_where_labels_rule(place):
    """Its word is not asked for."""
    conf = config(place, "judge.yaml", **JUDGE)
    got = said(place, conf=conf)
    assert got["labelled"] is True and got["comparator"] is None
