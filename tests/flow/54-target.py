# SPDX-License-Identifier: Apache-2.0
"""A calibrated cascade: an artifact's heads and cuts decide."""

import json
import math
import signal
import subprocess

import pytest

from flow import checked, fitted
from flow.checked import verdict
from flow.gateway import binary, merge
from stub import answer, completion, error, reply

TARGET = {"max_error": 0.02, "delta": 0.05}


def config(rig, path, **changes):
    """`auto` with a target and that artifact."""
    base = checked.config(rig.small, rig.large, rig.checker)
    base["cascades"]["auto"] = {
        "tiers": ["small", "large"], "target": TARGET, "calibration": path,
        "verify": [{"logprob": {"span": "all"}},
                   {"check": {"backend": "checker"}}]}
    return merge(base, changes)


def cascade(**changes):
    """Changes of `auto`."""
    return {"cascades": {"auto": changes}}


BY_THRESHOLD = cascade(target=None, threshold=0.9)


def rig_of(yard, fit=None, **changes):
    """The usual three; fit: changes of the artifact."""
    rig = checked.rig_of(yard)
    rig.artifact = rig.gw.tmp / "auto.json"
    rig.reload(config(rig, fitted.save(rig.artifact, **(fit or {})),
                      **changes))
    return rig


@pytest.fixture
def rig(yard):
    """For one test."""
    made = rig_of(yard)
    yield made
    made.quiet()


def sure(rig, score):
    """The cheap reply's least token has that probability."""
    rig.small.script(answer("Oslo", score=score))
    return rig.ask()


def shown(regret):
    """Confidence as the header has it."""
    return f"{1 - regret:.3f}"


def test_accepted_unchecked(rig):
    """Regret is below the first cut."""
    assert fitted.before(0.95) < 0.03
    response = sure(rig, 0.95)
    assert response.frugald("backend") == "small"
    assert response.frugald("decision") == "accept"
    assert response.frugald("reason") == "confident"
    assert response.frugald("confidence") == shown(fitted.before(0.95))
    assert response.frugald("calibrated") == "true"
    assert not rig.checker.calls and not rig.large.calls


@pytest.mark.parametrize("said, backend, agree", [("Oslo", "small", 1),
                                                  ("Bergen", "large", 0)])
def test_checked(rig, said, backend, agree):
    """Between the first two cuts the check is asked, the third decides."""
    assert 0.03 < fitted.before(0.6) < 0.3
    rig.checker.script(answer(said))
    response = sure(rig, 0.6)
    assert response.frugald("backend") == backend
    assert response.frugald("confidence") == shown(fitted.after(agree))
    assert response.frugald("calibrated") == "true"
    assert len(rig.checker.calls) == 1


def test_not_worth_a_check(rig):
    """Above the second cut: the last tier, at once."""
    assert fitted.before(0.3) > 0.3
    response = sure(rig, 0.3)
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == "low_confidence"
    assert response.frugald("confidence") == shown(fitted.before(0.3))
    assert not rig.checker.calls


def test_beyond_the_knots(rig):
    """No extrapolation: impossible is as e^-3."""
    response = sure(rig, 1e-30)
    assert response.frugald("confidence") == \
        f"{1 - fitted.sigma(-4.1 + 9):.3f}"


@pytest.mark.parametrize("missing", [
    reply(completion("Oslo")),
    answer("Oslo is it", tokens=[("Oslo", 0.0), (" is", 0.0), (" it", 0.0)]),
    answer("Oslo", tokens=[("Rome", -0.01)]),
    answer("Oslo", tokens=[("Oslo", 5.0)])])
def test_unusable_log_probs(rig, missing):
    """The head was fitted to replies that had them: nothing is asked."""
    rig.small.script(missing)
    response = rig.ask()
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == "no_signal"
    assert not rig.checker.calls


@pytest.mark.parametrize("said, backend, reason", [
    (answer("Oslo"), "small", "confident"),
    (reply(completion("Oslo")), "large", "no_signal"),
    (answer("Oslo", tokens=[("Oslo", -9999)]), "large", "no_signal")])
def test_a_signal_that_was_never_missing(yard, said, backend, reason):
    """The heads have no weight for its absence, so that is no evidence."""
    rig = rig_of(yard, {
        "signals": [fitted.artifact()["signals"][0],
                    {"name": "check.logp", "stage": "after",
                     "may_miss": False, "knots": [-3.0, 0.0]}],
        "heads": {"before": {"regret": fitted.head(-4.1, *fitted.BEFORE)},
                  "after": {"regret": fitted.head(-6.0, *([0.0] * 8))}}})
    rig.checker.script(said)
    response = sure(rig, 0.6)
    assert response.frugald("backend") == backend
    assert response.frugald("reason") == reason
    rig.quiet()


def test_the_check_fails(rig):
    """No second stage without a check."""
    rig.checker.script(error(500))
    response = sure(rig, 0.6)
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == "verifier_error"


def test_the_books(rig):
    """Both stages of the head, with their signals."""
    response = sure(rig, 0.6)
    assert rig.row(response)["calibrated"] == 1
    names = [v["verifier"] for v in rig.verdicts(response)]
    assert names == ["logprob", "head", "check", "head"]
    first, last = [v for v in rig.verdicts(response)
                   if v["verifier"] == "head"]
    for said, regret in ((first, fitted.before(0.6)),
                         (last, fitted.after(1))):
        assert said["score"] == pytest.approx(1 - regret)
        assert said["cost_pusd"] == 0
        assert json.loads(said["signals"]) == {
            "head.confidence": pytest.approx(1 - regret, abs=1e-6),
            "head.regret": pytest.approx(regret, abs=1e-6)}
    assert rig.metrics().sum("frugald_calibrated", cascade="auto") == 1
    rig.wait_log("cascade=auto", "calibrated=true", "certified on 700 rows")


@pytest.mark.parametrize("cuts, score, backend, asked", [
    ((-1, -1, -1), 1.0, "large", 0), ((-1, 0.3, 0.05), 0.95, "small", 1),
    ((-1, 0.3, -1), 0.95, "large", 1), ((0.03, 0.03, -1), 0.6, "large", 0),
    ((0.03, 0.03, -1), 0.95, "small", 0), ((1, 1, 1), 0.01, "small", 0)])
def test_cuts(yard, cuts, score, backend, asked):
    """Below 0 a cut takes nothing; an empty band asks nobody."""
    rig = rig_of(yard, {"cuts": dict(zip(fitted.CUTS, cuts))})
    assert sure(rig, score).frugald("backend") == backend
    assert len(rig.checker.calls) == asked


def test_early(yard):
    """When it is begun is no matter of what was fitted."""
    rig = rig_of(yard, **cascade(verify=[
        {"logprob": {"span": "all"}},
        {"check": {"backend": "checker", "start": "early"}}]))
    rig.small.script(answer("Oslo", score=0.6, delay=0.2))
    assert rig.ask().frugald("backend") == "small"
    assert len(rig.checker.calls) == 1


def test_threshold(yard):
    """threshold and band look at the calibrated confidence."""
    rig = rig_of(yard, **merge(BY_THRESHOLD, cascade(verify=[
        {"logprob": {"span": "all"}},
        {"check": {"backend": "checker", "band": [0.85, 0.95]}}])))
    for score, backend, asked in ((0.95, "small", 0), (0.6, "small", 1),
                                  (0.3, "large", 0)):
        rig.checker.reset()
        rig.checker.script(answer("Oslo"))
        response = sure(rig, score)
        assert response.frugald("backend") == backend, score
        assert response.frugald("calibrated") == "true"
        assert len(rig.checker.calls) == asked, score


def test_labels(yard):
    """Fitted on labels: confidence has a head of its own, regret decides."""
    heads = {"before": {"regret": fitted.head(-4.1, *fitted.BEFORE),
                        "confidence": fitted.head(0.0, 0, 0, 0, 0)},
             "after": {"regret": fitted.head(2.0, *fitted.AFTER),
                       "confidence": fitted.head(1.0, *[0] * 8)}}
    rig = rig_of(yard, {"labels": True, "heads": heads})
    response = sure(rig, 0.95)
    assert response.frugald("backend") == "small"
    assert response.frugald("confidence") == "0.500"
    response = sure(rig, 0.6)
    assert response.frugald("confidence") == f"{fitted.sigma(1):.3f}"


def test_words(yard):
    """What the question is about counts, too."""
    count, asked = 64, "Capital of Norway"
    weights = [0.0] * count
    has = fitted.buckets(asked, "Oslo", count)
    for bucket in has:
        weights[bucket] = 5.0
    before = {**fitted.head(-4.1, *fitted.BEFORE), "words": weights}
    rig = rig_of(yard, {"words": count, "heads": {
        "before": {"regret": before},
        "after": fitted.artifact()["heads"]["after"]}})
    rig.small.script(answer("Oslo", score=0.95))
    response = rig.ask(asked)
    assert response.frugald("backend") == "large"
    z = -4.1 - 3 * math.log(0.95) + 5 * len(has) ** 0.5
    assert response.frugald("confidence") == f"{1 - fitted.sigma(z):.3f}"
    response = rig.ask("?")
    assert response.frugald("confidence") != f"{1 - fitted.sigma(z):.3f}"


def test_no_check(yard):
    """A chain of what only reads: the first cut is all there is."""
    rig = rig_of(yard, {
        "verify": [{"logprob": {"span": "all"}}], "check_instruction": None,
        "signals": fitted.artifact()["signals"][:1],
        "heads": {"before": fitted.artifact()["heads"]["before"]},
        "cuts": {"accept": 0.03, "check": 0.03, "after": -1}},
        **cascade(verify=[{"logprob": {"span": "all"}}]))
    assert sure(rig, 0.95).frugald("backend") == "small"
    assert sure(rig, 0.6).frugald("backend") == "large"


# What is refused, at -t and at a reload.

REFUSED = {     # changes of the artifact, of the configuration, words told
    "another model": ({}, {"backends": {"small": {"model": "tiny"}}},
                      ["small-model", "tiny"]),
    "another backend": ({}, cascade(tiers=["checker", "large"]),
                        ["small", "checker"]),
    "more alternatives": ({}, {"backends": {"small": {"top_logprobs": 7}}},
                          ["5", "7"]),
    "another list": ({}, cascade(verify=[
        {"rules": {"truncated": True}}, {"logprob": {"span": "all"}},
        {"check": {"backend": "checker"}}]), ["rules"]),
    "another mode": ({}, cascade(verify=[
        {"logprob": {"span": "all"}},
        {"check": {"backend": "checker", "mode": "verdict"}}]),
        ["verify"]),
    "another comparison": ({}, cascade(compare="number"),
                           ["auto", "number"]),
    "another instruction": ({"check_instruction": "f" * 64}, {}, ["ffff"]),
    "a stricter target": ({}, cascade(target={"max_error": 0.01}),
                          ["0.02", "0.01"]),
    "another delta": ({}, cascade(target={"delta": 0.1}), ["0.05", "0.1"]),
    "a foreign signal": ({"signals": [
        {"name": "x.verbal", "stage": "before", "may_miss": False,
         "knots": [-3.0, 0.0]},
        fitted.artifact()["signals"][1]]}, {}, ["x.verbal"]),
    "a cut above all regret": ({"cuts": {
        "accept": 0.1, "check": 5, "after": 0.1}}, {}, ["above 1"]),
    "a promise its rows do not show": ({"promise": {
        **fitted.artifact()["promise"], "risk_upper": 0.9}}, {},
        ["certified"]),
    "more losses than rows": ({"promise": {
        **fitted.artifact()["promise"], "losses": 800}}, {}, ["certified"]),
    "another kind of promise": ({"promise": {
        **fitted.artifact()["promise"], "kind": "sworn"}}, {}, ["kind"]),
    "a newer format": ({"frugald_artifact": 2}, {}, ["version 2"]),
    "cuts the wrong way": ({"cuts": {"accept": 0.5, "check": 0.1,
                                     "after": 0.1}}, {}, ["cuts"]),
    "a weight too few": ({"heads": {
        **fitted.artifact()["heads"],
        "before": {"regret": fitted.head(1.0, 1, 2)}}}, {}, ["weights"]),
    "no file": ({}, cascade(calibration="/nonexistent/a.json"),
                ["/nonexistent/a.json"]),
}


def check(file):
    """`frugald -t`: exit code and what is said."""
    done = subprocess.run([binary(), "-t", "-c", str(file)], timeout=20,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", REFUSED)
def test_refused(yard, name):
    """-t says why, with file, line and key; a reload changes nothing."""
    fit, changes, words = REFUSED[name]
    rig = rig_of(yard)
    before = rig.generation
    other = rig.gw.tmp / "other.json"
    rig.gw.write(config(rig, fitted.save(other, **fit)) if fit
                 else config(rig, str(rig.artifact), **changes))
    code, said = check(rig.gw.file)
    assert code == 2, said
    line = said.splitlines()[0]
    at = [n for n, text in enumerate(rig.gw.file.read_text().splitlines(), 1)
          if "calibration:" in text][0]
    assert f"frugald.yaml:{at}: cascades.auto.calibration: " in line
    for word in words:
        assert word in line, (word, line)
    rig.signal(signal.SIGHUP)
    rig.wait_log("reload refused")
    rig.wait_log("cascades.auto.calibration", words[0])
    assert rig.generation == before
    assert sure(rig, 0.95).frugald("calibrated") == "true"


def test_a_damaged_file(yard):
    """Whatever is in it, it is refused and nothing else happens."""
    rig = rig_of(yard)
    good = rig.artifact.read_bytes()
    for bad in (b"", b"{", b"[]", b"null", b"\xff\xfe", good[:-20],
                good.replace(b"-4.1", b"1e999"), good * 2):
        rig.artifact.write_bytes(bad)
        code, said = check(rig.gw.file)
        assert code == 2 and str(rig.artifact) in said, (bad[:40], said)


def test_two_at_once(yard):
    """Every cascade's fault is told."""
    rig = rig_of(yard)
    wrong = config(rig, str(rig.artifact), **cascade(compare="json"))
    wrong["cascades"]["other"] = {**wrong["cascades"]["auto"],
                                  "calibration": "/nonexistent/b.json"}
    rig.gw.write(wrong)
    code, said = check(rig.gw.file)
    assert code == 2
    assert "cascades.auto.calibration" in said
    assert "cascades.other.calibration" in said


def test_said_at_check(yard):
    """-t says what a good one decides by."""
    rig = rig_of(yard)
    code, said = check(rig.gw.file)
    assert code == 0
    assert "calibrated: max_error 0.02 with delta 0.05, certified" in said
    rig.gw.write(config(rig, None, **cascade(
        target=None, calibration=None, threshold=0.5)))
    code, said = check(rig.gw.file)
    assert code == 0 and "uncalibrated" in said


def test_reload_to_and_fro(yard):
    """Calibrated or not is a matter of the generation."""
    rig = rig_of(yard)
    rig.reload(config(rig, None, **cascade(target=None, calibration=None,
                                           threshold=0.5)))
    assert sure(rig, 0.95).frugald("calibrated") == "false"
    assert rig.metrics().sum("frugald_calibrated", cascade="auto") == 0
    rig.reload(config(rig, str(rig.artifact)))
    assert sure(rig, 0.95).frugald("calibrated") == "true"


def test_its_own_advice(yard):
    """An artifact that saves nothing is obeyed, and said to."""
    economics = {**fitted.artifact()["economics"], "verdict": "bypass"}
    rig = rig_of(yard, {"economics": economics})
    rig.wait_log("cascade=auto", "warn", "it saves nothing")
    assert sure(rig, 0.95).frugald("backend") == "small"
