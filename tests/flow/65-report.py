# SPDX-License-Identifier: Apache-2.0
"""A report shows what the records hold: each number that can be counted by
hand is, and nothing else is in it."""

import json
import math
import re
import xml.etree.ElementTree as xml

import pytest

from flow.recorded import (CHEAP, CHECK, EXPENSIVE, config, ctl, lay,
                           raw_score, traffic)

NAMES = {"h": "http://www.w3.org/1999/xhtml", "s": "http://www.w3.org/2000/svg"}
FIGURES = ("account", "cost", "risk", "reliability")
NO_CHECK = {"cascades": {"auto": {"verify": [
    {"rules": {"refusal": True, "truncated": True}}, "logprob"]}}}


class Page:
    """A report, parsed as XML."""

    def __init__(self, file):
        self.bytes = file.read_bytes()
        self.root = xml.fromstring(self.bytes)

    @property
    def text(self):
        """All text, blanks joined."""
        body = self.root.find("h:body", NAMES)
        return " ".join("".join(body.itertext()).split())

    def badges(self):
        """The words at the top."""
        return [b.text for b in self.root.findall(".//h:strong", NAMES)]

    def table(self, name):
        """Rows of a table by their first cell: texts of the other cells."""
        table, = self.root.findall(f".//h:table[@id='{name}']", NAMES)
        rows = {}
        for row in table.findall("h:tbody/h:tr", NAMES):
            cells = [" ".join("".join(cell.itertext()).split())
                     for cell in row]
            rows.setdefault(cells[0], []).append(cells[1:])
        return rows

    def figure(self, name):
        """The SVG of that figure, or None."""
        for svg in self.root.findall(".//s:svg", NAMES):
            title = svg.find("s:title", NAMES)
            if title is not None and title.get("id") == f"{name}-t":
                return svg
        return None


def report(folder, rows, *options, **changes):
    """(page, summary) of these rows."""
    file = lay(folder / "rows.jsonl", rows)
    code, out, err = ctl("report", "-c", config(folder, **changes),
                         "--cascade", "auto", "--records", file,
                         "-o", folder / "report.html", *options)
    assert (code, err) == (0, ""), (code, err)
    return Page(folder / "report.html"), " ".join(out.split())


def share(value):
    """A share as the page writes it."""
    digits = 2 if 0.005 <= value * 100 < 0.995 else 1
    return f"{value * 100:.{digits}f} %"


def usd(value):
    """USD with three digits, at least cents."""
    decimals = 2
    while decimals < 9 and 0 < value * 10 ** decimals < 99.5:
        decimals += 1
    return f"${value:.{decimals}f}" if value > 0 else "$0"


def mean(values):
    """Of booleans or numbers."""
    values = list(values)
    return sum(values) / len(values)


def auroc(pairs):
    """Of (value, right), in the better direction."""
    right = [value for value, good in pairs if good]
    wrong = [value for value, good in pairs if not good]
    area = mean((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return max(area, 1 - area)


@pytest.fixture(scope="module", name="rows")
def _rows():
    return traffic(600)


@pytest.fixture(scope="module", name="estimate")
def _estimate(rows, tmp_path_factory):
    return report(tmp_path_factory.mktemp("estimate"), rows,
                  "--max-error", 0.05, "--delta", 0.1)


def test_whole(estimate):
    """Well-formed, small, all figures there with a text alternative."""
    page, summary = estimate
    assert len(page.bytes) < 200_000
    for name in FIGURES:
        svg = page.figure(name)
        assert svg is not None and svg.get("role") == "img", name
        assert len(svg.find("s:desc", NAMES).text) > 40
    assert page.badges()[1] == "estimated"
    assert "Estimated, not certified" in page.text
    assert "Estimated, not certified" in summary
    assert "(n = 600)" in page.text
    assert "nan" not in re.findall(r"\w+", page.text.lower())


def test_nothing_is_loaded(estimate):
    """No script, no reference to anything outside."""
    page, _ = estimate
    for element in page.root.iter():
        tag = element.tag.rsplit("}", 1)[-1]
        assert tag not in ("script", "link", "img", "iframe", "object", "use")
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name not in ("href", "src") and "://" not in value
    style = page.root.find(".//h:style", NAMES).text
    assert "prefers-color-scheme:dark" in style and "@media print" in style
    assert "@import" not in style and "url(" not in \
        style.replace("url(#hatch)", "")


def test_no_word_is_in_it(estimate, rows):
    """Prompts and replies stay where they are."""
    page, summary = estimate
    for row in rows[:20]:
        said = [row["request"]["messages"][0]["content"]]
        said += [a["response"]["choices"][0]["message"]["content"]
                 for a in row["attempts"] if a["purpose"] == "answer"]
        for text in said:
            assert text not in page.text and text not in summary


def test_naive_policies(estimate, rows):
    """Always one or the other, and the best in hindsight."""
    page, _ = estimate
    table = page.table("policies")
    small = mean(row["labels"]["small"] for row in rows)
    large = mean(row["labels"]["large"] for row in rows)
    lost = [row["labels"]["large"] and not row["labels"]["small"]
            for row in rows]
    cheap, = table["always small"]
    assert cheap[0] == share(1) and cheap[1] == share(0)
    assert cheap[2].startswith(share(mean(lost)))
    assert cheap[3] == share(small)
    assert cheap[6].startswith(usd(1000 * CHEAP))
    expensive, = table["always large"]
    assert expensive[0] == share(0) and expensive[3] == share(large)
    assert expensive[6].startswith(usd(1000 * EXPENSIVE))
    best, = table["best in hindsight"]
    assert best[0] == share(1 - mean(lost))
    cost = CHEAP + mean(lost) * EXPENSIVE
    assert best[6].startswith(usd(1000 * cost))


def number(text):
    """The first number of a cell."""
    return float(re.search(r"[\d.]+", text.replace(",", "")).group())


def test_account_adds_up(estimate):
    """Answering and verifying are the cost; checks have their price."""
    page, _ = estimate
    for name, (cells,) in page.table("policies").items():
        checked, answering, verifying, cost = (number(cells[at])
                                               for at in (1, 4, 5, 6))
        assert answering + verifying == pytest.approx(cost, rel=0.006), name
        assert verifying == pytest.approx(1000 * CHECK * checked / 100,
                                          abs=1e-3), name
    cells, = page.table("policies")["this cascade"]
    accepted = number(cells[0]) / 100
    assert number(cells[4]) == pytest.approx(
        1000 * (CHEAP + (1 - accepted) * EXPENSIVE), rel=0.01)
    lot, = page.table("policies")["by lot, same cost"]
    assert number(lot[6]) == pytest.approx(number(cells[6]), rel=0.006)


def test_signals(estimate, rows):
    """AUROC, direction and share missing of a signal are those of the rows."""
    page, _ = estimate
    signals = page.table("signals")
    pairs = [(raw_score(row), row["labels"]["small"]) for row in rows]
    cells, = signals["logprob.min"]
    assert float(cells[1]) == pytest.approx(auroc(pairs), abs=6e-4)
    assert cells[3:] == ["high", "600", share(0)]
    low, high = (float(part) for part in cells[2].split(" to "))
    assert low < float(cells[1]) < high
    strengths = [float(cells[0][1]) for cells in signals.values()
                 if cells[0][1] != "–"]
    assert strengths == sorted(strengths, reverse=True)
    assert "check.agree" in signals


def test_bins(estimate):
    """All rows are in the bins, and the ECE is theirs."""
    page, _ = estimate
    for stage, (cells,) in page.table("quality").items():
        bins = page.table("bins")[stage]
        counts = [int(row[1].replace(",", "")) for row in bins]
        assert sum(counts) == int(cells[0].replace(",", "")) == 600
        error = sum(n * abs(float(row[2]) - float(row[3]))
                    for n, row in zip(counts, bins)) / 600
        assert float(cells[1].split()[0]) == pytest.approx(error, abs=2e-3)


def test_same_bytes(estimate, rows, tmp_path):
    """Same input, same page; another seed, another."""
    page, _ = estimate
    options = "--max-error", 0.05, "--delta", 0.1
    again, _ = report(tmp_path, rows, *options)
    assert again.bytes == page.bytes
    other, _ = report(tmp_path, rows, *options, "--seed", 7)
    assert other.bytes != page.bytes


def test_uncalibrated(rows, tmp_path):
    """Without artifact and promise: the threshold in use, said aloud."""
    page, summary = report(tmp_path, rows, **NO_CHECK)
    assert page.badges()[1] == "uncalibrated"
    assert page.badges()[0] != "worth it"
    assert "keeps no promise" in page.text and "keeps no promise" in summary
    assert "uncalibrated, with the threshold 0.5" in page.text
    kept = [raw_score(row) >= 0.5 for row in rows]
    lost = [k and row["labels"]["large"] and not row["labels"]["small"]
            for k, row in zip(kept, rows)]
    cells, = page.table("policies")["this cascade"]
    assert cells[0] == share(mean(kept))
    assert cells[2].startswith(share(mean(lost)))
    assert "Raw score in use" in page.table("quality")
    fitted, = page.table("policies")["fitted cuts"]
    assert number(fitted[2]) <= number(cells[2])


def test_artifact(rows, tmp_path):
    """Certified figures are the artifact's; its own rows are told apart."""
    artifact = tmp_path / "a.json"
    file = lay(tmp_path / "fit.jsonl", traffic(1500, seed=5))
    code, _, err = ctl("calibrate", "-c", config(tmp_path), "--records", file,
                       "--max-error", 0.05, "--delta", 0.1, "-o", artifact)
    assert code == 0, err
    page, summary = report(tmp_path, rows, "--artifact", artifact)
    assert page.badges()[1] == "certified"
    assert "Certified: with 90 % confidence at most 5 % of all" in page.text
    assert "flatter" not in summary
    made = json.loads(artifact.read_text())
    assert made["created"] in page.text
    code, out, err = ctl("report", "-c", config(tmp_path), "--records", file,
                         "--artifact", artifact, "-o", tmp_path / "own.html")
    assert code == 0, err
    assert "the rows that the artifact was made from" in " ".join(out.split())
    assert "flatter it" in Page(tmp_path / "own.html").text


def test_own_artifact(rows, tmp_path):
    """The cascade's `calibration` is taken when none is named."""
    artifact = tmp_path / "a.json"
    promise = {"max_error": 0.05, "delta": 0.1}
    file = lay(tmp_path / "fit.jsonl", traffic(1500, seed=5))
    code, _, err = ctl("calibrate", "-c", config(tmp_path), "--records", file,
                       "--max-error", 0.05, "--delta", 0.1, "-o", artifact)
    assert code == 0, err
    named, _ = report(tmp_path, rows, "--artifact", artifact)
    own, _ = report(tmp_path, rows, cascades={"auto": {
        "calibration": str(artifact), "threshold": None, "target": promise}})
    assert own.badges()[1] == "certified"
    assert own.table("policies") == named.table("policies")
    assert "with the threshold" not in own.text


def test_rows_left_for_a_report(tmp_path):
    """Of its own rows only those count that fitting left, when the seed tells
    which; with another seed they are all called its own."""
    artifact = tmp_path / "a.json"
    file = lay(tmp_path / "fit.jsonl", traffic(1500, seed=5))
    code, _, err = ctl("calibrate", "-c", config(tmp_path), "--records", file,
                       "--max-error", 0.05, "--delta", 0.1, "-o", artifact,
                       "--report-share", 0.3, "--seed", 9)
    assert code == 0, err
    said = {}
    for seed in (9, 1):
        code, out, err = ctl("report", "-c", config(tmp_path), "--records",
                             file, "--artifact", artifact, "--seed", seed,
                             "-o", tmp_path / "x.html")
        assert code == 0, err
        said[seed] = Page(tmp_path / "x.html").text, " ".join(out.split())
    page, summary = said[9]
    assert "Measured on 450 rows of eval and shadow traffic, those that " \
        "calibrating left for a report" in page
    assert "flatter it" not in summary
    page, summary = said[1]
    assert "Measured on 1,500 rows" in page
    assert "left 450 for a report: name the --seed" in summary


def test_summary_fits_a_terminal(rows, tmp_path):
    """No line of words or numbers is wider than 79 columns."""
    file = lay(tmp_path / "rows.jsonl", rows)
    code, out, _ = ctl("report", "-c", config(tmp_path), "--records", file,
                       "-o", tmp_path / "x.html")
    assert code == 0
    lines = [line for line in out.splitlines()
             if not line.startswith("written")]
    assert max(map(len, lines)) <= 79
    assert [line for line in lines if line.startswith("verdict")]


def test_without_labels(tmp_path):
    """Pairs alone: the loss is a difference, and said to be an upper bound."""
    page, _ = report(tmp_path, traffic(400, labels=False),
                     "--max-error", 0.1, "--delta", 0.1)
    assert "the true loss is smaller" in page.text
    cells, = page.table("policies")["always large"]
    assert cells[3] == share(1)


def test_check_in_money(rows, tmp_path):
    """A check dearer than an answer is not worth asking for, in dollars."""
    dear = json.loads(json.dumps(rows))
    for row in dear:
        for attempt in row["attempts"]:
            if attempt["purpose"] == "verify":
                attempt["cost_usd"] = 1.2 * EXPENSIVE
    page, summary = report(tmp_path, dear, "--max-error", 0.05,
                           "--delta", 0.1)
    assert "it is not worth asking for" in page.text
    assert "it is not worth asking for" in summary
    assert "1,000 checks by large cost $1.20, 120.0 %" in page.text
    assert page.table("policies")["this cascade"][0][1] == share(0)


def test_no_prices(rows, tmp_path):
    """Without prices there is no verdict, but all else is there."""
    some = json.loads(json.dumps(rows))
    for row in some:
        for attempt in row["attempts"]:
            del attempt["cost_usd"]
    page, summary = report(tmp_path, some, "--max-error", 0.05, "--delta",
                           0.1)
    assert page.badges()[0] == "no verdict"
    assert "show no price" in page.text and "show no price" in summary
    cells, = page.table("policies")["this cascade"]
    assert number(cells[0]) > 10 and "$" not in "".join(cells[6:])
    assert page.figure("risk") is not None and page.figure("cost") is None


def test_no_check(tmp_path):
    """A cascade without a check says so, and draws no line of one."""
    page, _ = report(tmp_path, traffic(400, with_check=False), "--max-error",
                     0.05, "--delta", 0.1, **NO_CHECK)
    assert "No check is configured" in page.text
    assert "check asked of all" not in page.text


def test_in_the_shadow(rows, tmp_path):
    """Nothing decides yet: no operating point, no verdict, all else."""
    shadow = {"cascades": {"auto": {"threshold": None, "mode": "shadow"}},
              "ledger": str(tmp_path / "none.db")}
    page, summary = report(tmp_path, rows, **shadow)
    assert page.badges() == ["no verdict", "uncalibrated"]
    assert "nothing decides yet. The configuration has neither `threshold` " \
        "nor `target` to decide by. It runs in the shadow: large answers." \
        in page.text
    assert "nan" not in re.findall(r"\w+", page.text.lower())
    assert "nan" not in re.findall(r"\w+", summary.lower())
    assert set(page.table("policies")) >= {"always large", "always small"}
    assert "this cascade" not in page.table("policies")
    assert page.figure("cost") is not None and page.figure("risk") is not None
    page, _ = report(tmp_path, rows, "--max-error", 0.05, "--delta", 0.1,
                     **shadow)
    assert page.badges()[1] == "estimated"
    assert "It runs in the shadow: large answers." in page.text


def test_two_that_ask(rows, tmp_path):
    """The check is named where it is more than one."""
    some = json.loads(json.dumps(rows))
    for row in some:
        row["attempts"].insert(1, {**row["attempts"][1], "backend": "small",
                                   "verifier": "self_check"})
    page, summary = report(tmp_path, some, "--max-error", 0.05, "--delta",
                           0.1, cascades={"auto": {"verify": [
                               "logprob", "self_check",
                               {"check": {"backend": "large"}}]}})
    for text in (page.text, summary):
        assert "Here the check is self_check and check, taken together. " \
            "1,000 checks by small and large cost $0.200, 20.0 %" in text
    assert "checked by small and large." in page.text
    assert "self_check.agree" in page.table("signals")


def test_a_model_compares(rows, tmp_path):
    """Whose word a loss is, and whether its error is in the promise."""
    some = json.loads(json.dumps(rows))
    for at, row in enumerate(some):
        row["agrees"] = row["labels"]["small"] or not row["labels"]["large"]
        if at % 2:
            del row["labels"]
    judge = {"cascades": {"auto": {"compare": {"by": "judge",
                                               "backend": "large"}}}}
    page, summary = report(tmp_path, some, "--max-error", 0.05, "--delta",
                           0.1, **judge)
    for text in (page.text, summary):
        assert "Whether they differ is the word of large. On 300 rows with " \
            "both labels it hid 0 losses (upper limit 0.99 %): that error is " \
            "in the promise" in text
        assert "the true loss is smaller" not in text
    for row in some:
        row.pop("labels", None)
    page, _ = report(tmp_path, some, "--max-error", 0.05, "--delta", 0.1,
                     **judge)
    assert "No row has both labels to hold it against" in page.text


def test_enforced_rows_prove_nothing(rows, tmp_path):
    """They are counted and set aside."""
    some = json.loads(json.dumps(rows))
    for row in some[:250]:
        row["mode"], row["decision"] = "enforce", "escalate"
    page, _ = report(tmp_path, some, "--max-error", 0.05, "--delta", 0.1)
    assert "Measured on 350 rows" in page.text
    assert "250 rows of enforced traffic" in page.text


EVIL = "x.</style><script>alert(1)</script>&\"'\u202e"


def test_names_stay_text(rows, tmp_path):
    """A signal's name from a record is text, whatever it looks like."""
    some = json.loads(json.dumps(rows[:300]))
    for at, row in enumerate(some):
        row["attempts"][0]["signals"] = {EVIL: at % 7}
    page, _ = report(tmp_path, some, "--max-error", 0.1, "--delta", 0.1)
    assert b"<script" not in page.bytes and "\u202e" not in page.text
    assert EVIL[:-1] in "".join(page.table("signals"))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_rows(tmp_path, count):
    """Almost nothing to measure on is a report that says so."""
    page, _ = report(tmp_path, traffic(count), "--max-error", 0.05,
                     "--delta", 0.1)
    assert "few" in page.text
    assert page.badges()[0] in ("bypass", "no promise", "no verdict")


def test_outcome_not_known(tmp_path):
    """Rows without the large model's answer cannot be judged."""
    some = traffic(20, labels=False)
    for row in some:
        row["attempts"] = row["attempts"][:1]
    page, _ = report(tmp_path, some, **NO_CHECK)
    assert page.badges() == ["no verdict", "uncalibrated"]
    assert "no rows to measure on" in page.text


def test_usage(tmp_path, rows):
    """What is wrong is said, with the exit status of its kind."""
    file = lay(tmp_path / "rows.jsonl", rows[:5])
    conf = config(tmp_path)
    code, _, err = ctl("report", "-c", conf, "--records", file)
    assert code == 2 and "-o" in err
    code, _, err = ctl("report", "-c", conf, "-o", tmp_path / "x.html",
                       "--records", tmp_path / "none")
    assert code == 1 and "none" in err
    code, _, err = ctl("report", "-c", conf, "--records", file,
                       "-o", tmp_path / "no" / "x.html")
    assert code == 1 and "x.html" in err
    code, out, _ = ctl("report", "-h")
    assert code == 0 and "--artifact" in out


def test_share_of_a_percent():
    """The test's own idea of how shares are written."""
    assert share(0.0093) == "0.93 %" and share(0.39) == "39.0 %"
    assert usd(0.06) == "$0.0600" and math.isclose(number("1,234.5"), 1234.5)
