# SPDX-License-Identifier: Apache-2.0
"""A verifier of the user's, in a shared object: heard, doubted, waited for."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from flow import plugged, sse, yaml_text
from flow.gateway import binary, merge, standard
from flow.patience import SCALE, until
from flow.recorded import config as recorded_config
from flow.recorded import ctl, lay, traffic
from stub import answer

LONG = "60s"    # a timeout that no test waits for


@pytest.fixture(name="so", scope="session")
def _so(tmp_path_factory):
    """A plugin that does what the reply says."""
    return plugged.build(tmp_path_factory.mktemp("so") / "obeys.so")


def rig_of(yard, path, *before, options=None, **changes):
    """The usual pair behind `auto`, and behind `line`, which runs it inline."""
    rig = yard.rig()
    line = {"path": str(path), "run": "inline"}
    rig.reload(plugged.config(rig, path, *before, options=options, **merge(
        {"cascades": {"line": {"tiers": ["small", "large"], "threshold": 0.5,
                               "verify": [{"plugin": line}]}}}, changes)))
    return rig


def ask(rig, says, model="auto", **more):
    """The cheap tier says what the plugin is to do."""
    rig.small.script(answer(says))
    return rig.ask(model=model, **more)


def verdict(rig, response):
    """The plugin's."""
    found = [v for v in rig.verdicts(response) if v["verifier"] == "plugin"]
    assert len(found) == 1, found
    return found[0]


# What it says.

SAYS = {    # the reply: reason, kind, why, confidence
    "0.9": ("confident", "score", None, "0.900"),
    "0.5": ("confident", "score", None, "0.500"),
    "1": ("confident", "score", None, "1.000"),
    "0.2": ("low_confidence", "score", None, "0.200"),
    "0": ("low_confidence", "score", None, "0.000"),
    "reject": ("gate:plugin", "reject", "plugin", None),
    "pass": ("no_signal", "pass", None, None),
    "7": ("verifier_error", "none", "range", None),
    "-1": ("verifier_error", "none", "range", None),
    "1.0000001": ("verifier_error", "none", "range", None),
    "nan": ("verifier_error", "none", "range", None),
    "strange": ("verifier_error", "none", "range", None),
    "nothing": ("verifier_error", "none", "failed", None),
    "fail": ("verifier_error", "none", "failed", None),
}


@pytest.mark.parametrize("model", ["auto", "line"])
def test_what_it_says(yard, so, model):
    """On threads and on the loop alike; what is no verdict is never kept."""
    rig = rig_of(yard, so)
    for says, (reason, kind, why, confidence) in SAYS.items():
        response = ask(rig, says, model)
        kept = reason == "confident"
        assert response.frugald("reason") == reason, says
        assert response.content == (says if kept else "From large.")
        assert response.frugald("confidence") == confidence
        said = verdict(rig, response)
        assert (said["kind"], said["why"]) == (kind, why), says
        score = float(says) if kind == "score" else None
        assert said["score"] == score
        assert json.loads(said["signals"]) == {"plugin.score": score}
        purposes = [a["purpose"] for a in rig.attempts(response)]
        assert set(purposes) == {"answer"}
    faults = rig.metrics()
    for why, count in (("range", 5), ("failed", 2)):
        assert faults.sum("frugald_verifier_faults_total", verifier="plugin",
                          why=why) == count


@pytest.mark.parametrize("run", ["pool", "inline"])
def test_what_it_sees(yard, so, run):
    """Both bodies, their texts, and whose they are."""
    rig = rig_of(yard, so, options={"run": run})
    rig.small.script(answer('look "here"\n'))
    response = rig.post({"model": "auto", "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "First \u20ac?"},
        {"role": "assistant", "content": "Well."},
        {"role": "user", "content": [{"type": "text", "text": "Second?"}]}]},
        headers={"x-request-id": "my-request"})
    assert response.frugald("confidence") == "1.000"


def test_no_text(yard, so):
    """A call of a tool has none."""
    rig = rig_of(yard, so)
    rig.small.script(answer(None, tool_calls=[{
        "id": "c1", "type": "function",
        "function": {"name": "f", "arguments": "{}"}}]))
    assert rig.ask().frugald("reason") == "no_signal"


def test_behind_another_score(yard, so):
    """Without objection another verifier's score counts."""
    rig = rig_of(yard, so, "logprob")
    assert ask(rig, "pass").frugald("confidence") == "0.900"
    assert ask(rig, "0.3").frugald("reason") == "low_confidence"


def test_streams(yard, so):
    """The reply that was judged is replayed."""
    rig = rig_of(yard, so)
    response = ask(rig, "0.75", stream=True)
    assert sse.check(response, "auto").text() == "0.75"
    assert response.frugald("confidence") == "0.750"


def test_reasons_are_for_the_debug_log(yard, so):
    """One line, quoted, cut; and nothing at the usual level."""
    rig = rig_of(yard, so, log={"level": "debug"})
    ask(rig, "0.9")
    line = rig.wait_log("plugin=obeys", "kind=score")
    assert r'score=0.900 reason="it \"says\"\n0.9"' in line
    ask(rig, "endless reason")
    assert "x" * 90 in rig.wait_log("plugin=obeys", "reason=xxx")
    quiet = rig_of(yard, so)
    ask(quiet, "0.9")
    assert "plugin=obeys" not in quiet.log()


# When it is asked.

def test_band(yard, so):
    """Outside of it the score so far decides."""
    rig = rig_of(yard, so, "logprob", options={"band": [0.3, 0.7]})
    rig.small.script(answer("0.8", score=0.95))
    assert rig.ask().frugald("confidence") == "0.950"
    rig.small.script(answer("0.8", score=0.2))
    assert rig.ask().frugald("confidence") == "0.200"
    rig.small.script(answer("0.8", score=0.6))
    response = rig.ask()
    assert response.frugald("confidence") == "0.800"
    assert verdict(rig, response)["score"] == 0.8


def test_what_only_reads_goes_first(yard, so):
    """On threads it is asked last, and not at all where a gate has spoken."""
    rig = rig_of(yard, so)
    rig.reload(plugged.config(rig, so, cascades={"auto": {"verify": [
        {"plugin": {"path": str(so)}}, {"rules": {"must": ["0"]}}]}}))
    response = ask(rig, "reject")
    assert response.frugald("reason") == "gate:must"
    assert [v["verifier"] for v in rig.verdicts(response)] == ["rules"]
    order = [v["verifier"] for v in rig.verdicts(ask(rig, "0.9"))]
    assert order == ["rules", "plugin"]


# When it takes its time.

def test_slow(yard, so):
    """Its time is not ours, and others are served meanwhile."""
    rig = rig_of(yard, so, options={"timeout": LONG})
    response = ask(rig, "slow")
    assert response.frugald("confidence") == "0.900"
    assert verdict(rig, response)["us"] >= 300_000
    row = rig.row(response)
    assert row["overhead_us"] <= row["total_us"] - 300_000


def hang(rig, count=1, model="auto"):
    """So many requests that wait for a judge who never comes; threads."""
    rig.small.script(answer("hang"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(
        rig.ask(model=model))) for _ in range(count)]
    for thread in threads:
        thread.start()
    rig.small.wait_calls(count)
    return found, threads


def test_it_hangs(yard, so):
    """Given up in time; the others go on, and so does the end."""
    rig = rig_of(yard, so, options={"timeout": "700ms"})
    found, threads = hang(rig, 2)
    assert ask(rig, "0.9").frugald("confidence") == "0.900"
    assert ask(rig, "0.8", "line").frugald("confidence") == "0.800"
    for thread in threads:
        thread.join()
    for response in found:
        assert response.content == "From large."
        assert response.frugald("reason") == "verifier_error"
        said = verdict(rig, response)
        assert said["why"] == "timeout" and said["us"] >= 700_000
    rig.quiet()
    begin = time.monotonic()
    rig.gw.stop()
    assert time.monotonic() - begin < 5 * SCALE
    assert "threads=2" in rig.wait_log("left behind")


def test_all_hang(yard, so, tmp_path):
    """Nobody is left to judge: faults, until a reload brings a better one."""
    path = tmp_path / "mine.so"
    shutil.copy(so, path)
    rig = rig_of(yard, path, options={"timeout": "300ms"})
    _, threads = hang(rig, 4)
    for thread in threads:
        thread.join()
    response = ask(rig, "0.9")
    assert response.content == "From large."
    assert verdict(rig, response)["why"] == "timeout"
    plugged.build(path, plugged.OBEYS, "-DFACTOR=0.8")
    rig.reload(rig.gw.file.read_text())
    assert ask(rig, "0.9").frugald("confidence") == "0.720"


def test_time_of_the_request(yard, so):
    """Verifying has a quarter of what is left, whatever its own patience."""
    rig = rig_of(yard, so, options={"timeout": LONG})
    response = ask(rig, "hang", headers={"x-request-timeout": "2"})
    assert response.content == "From large."
    assert verdict(rig, response)["why"] == "timeout"


def test_client_gone(yard, so):
    """Nobody waits for it any more."""
    rig = rig_of(yard, so, options={"timeout": LONG})
    rig.small.script(answer("hang"))
    with rig.connect() as client:
        client.post({"model": "auto", "messages": []})
        rig.small.wait_calls(1)
        time.sleep(0.1)
    rig.quiet()
    assert rig.alive


def test_many_at_once(yard, so):
    """More than there are threads: each gets its own verdict."""
    rig = rig_of(yard, so, options={"timeout": LONG})
    rig.small.script(answer("slow"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(rig.ask()))
               for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.frugald("confidence") for r in found] == ["0.900"] * 20


def test_too_many_at_once(yard, so):
    """The queue is full: a fault at once, and no wait."""
    rig = rig_of(yard, so, options={"timeout": LONG},
                 limits={"deadline": "20s"})
    _, threads = hang(rig, 4 + 256)
    until(lambda: rig.metrics().sum("frugald_inflight") == 260)
    time.sleep(0.3)     # all are at the plugin
    response = ask(rig, "0.9")
    assert response.frugald("reason") == "verifier_error"
    assert verdict(rig, response)["why"] == "busy"
    for thread in threads:
        thread.join()


# What becomes of it at a reload.

def notes(file):
    """What it has noted."""
    return file.read_text().split("\n")[:-1] if file.exists() else []


def test_reload_swaps_it(yard, so, tmp_path):
    """The same path, another file; and the old one is closed."""
    path, file = tmp_path / "mine.so", tmp_path / "notes"
    shutil.copy(so, path)
    rig = yard.rig()
    conf = plugged.config(rig, path, options={"options": str(file)})
    rig.reload(conf)
    assert ask(rig, "0.9").frugald("confidence") == "0.900"
    assert notes(file) == ["open"]
    plugged.build(path, plugged.OBEYS, "-DFACTOR=0.8")
    rig.reload(conf)
    assert ask(rig, "0.9").frugald("confidence") == "0.720"
    until(lambda: notes(file) == ["open", "open", "close"])
    rig.reload(standard(rig.small, rig.large))
    until(lambda: notes(file) == ["open", "open", "close", "close"])
    assert ask(rig, "0.1").frugald("confidence") == "0.900"


def test_no_close_while_it_works(yard, so, tmp_path):
    """It is closed when the last judge has come back, and not before."""
    file = tmp_path / "notes"
    rig = yard.rig()
    rig.reload(plugged.config(rig, so, options={
        "options": str(file), "timeout": "200ms"}))
    assert ask(rig, "wait").frugald("reason") == "verifier_error"
    rig.reload(standard(rig.small, rig.large))
    time.sleep(0.3)
    assert notes(file) == ["open"]
    (tmp_path / "notes.go").touch()
    until(lambda: notes(file) == ["open", "gone on", "close"])


def test_broken_at_reload(yard, so, tmp_path):
    """The old one answers on, and the log says why."""
    path = tmp_path / "mine.so"
    shutil.copy(so, path)
    rig = yard.rig()
    conf = plugged.config(rig, path)
    rig.reload(conf)
    before = rig.generation
    broken = {
        "cannot be written": (lambda: os.chmod(path, 0o666), "go-w"),
        "is of another ABI": (lambda: plugged.build(
            path, plugged.OBEYS.replace("= FRUGALD_VERIFIER_ABI", "= 7")),
            "ABI 7"),
        "is no more": (path.unlink, "No such file"),
    }
    for breaks, word in broken.values():
        breaks()
        rig.write(conf)
        rig.signal(signal.SIGHUP)
        line = rig.wait_log("fault=", word)
        assert "cascades.auto.verify.plugin" in line and "`path`" in line
        time.sleep(0.1)
        assert rig.generation == before
        assert ask(rig, "0.9").frugald("confidence") == "0.900"
    shutil.copy(so, path)
    rig.reload(conf)


# What is refused.

def check(folder, *entry, **options):
    """frugald -t with that plugin: (exit code, what it said)."""
    class Up:       # pylint: disable=too-few-public-methods
        """A name and an address."""
        def __init__(self, name):
            self.name, self.url = name, "http://127.0.0.1:1/v1"
    small, large = Up("small"), Up("large")
    file = folder / "frugald.yaml"
    file.write_text(yaml_text.emit(standard(
        small, large, cascades={"auto": {"verify": [
            *entry, {"plugin": options}]}})) + "\n")
    done = subprocess.run([binary(), "-t", "-c", str(file)], text=True,
                          capture_output=True, check=False, timeout=20 * SCALE)
    said = done.stdout + done.stderr
    assert "Sanitizer" not in said, said
    return done.returncode, said


def expect_refusal(folder, *words, **options):
    """Exit 2, and one line that has all those words."""
    code, said = check(folder, **options)
    lines = [line for line in said.splitlines()
             if "cascades.auto.verify.plugin" in line]
    assert code == 2 and len(lines) == 1, said
    for word in words:
        assert word in lines[0], said


def test_refused_files(so, tmp_path):
    """Not there, not ours, not a plugin: each with its cure."""
    good = plugged.build(tmp_path / "good.so")
    assert check(tmp_path, path=str(good))[0] == 0
    expect_refusal(tmp_path, "`path`", "No such file",
                   path=str(tmp_path / "none.so"))
    (tmp_path / "link.so").symlink_to(good)
    expect_refusal(tmp_path, "symbolic link", path=str(tmp_path / "link.so"))
    expect_refusal(tmp_path, "no regular file", path=str(tmp_path))
    (tmp_path / "text.so").write_text("hello\n")
    expect_refusal(tmp_path, "does not load", path=str(tmp_path / "text.so"))
    good.chmod(0o757)
    expect_refusal(tmp_path, "chmod go-w", path=str(good))
    good.chmod(0o755)
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    shutil.copy(good, open_to_all / "good.so")
    open_to_all.chmod(0o777)
    expect_refusal(tmp_path, "chmod go-w", path=str(open_to_all / "good.so"))
    expect_refusal(tmp_path, "ABI 7", path=str(plugged.build(
        tmp_path / "abi.so",
        plugged.OBEYS.replace("= FRUGALD_VERIFIER_ABI", "= 7"))))
    expect_refusal(tmp_path, "exports no frugald_verifier()", path=str(
        plugged.build(tmp_path / "symbol.so",
                      plugged.OBEYS.replace("*frugald_verifier(void)",
                                            "*verifier(void)"))))


def test_refused_entries(so, tmp_path):
    """Those faults stand with the line of the entry."""
    for words, options in (
            (("path", "is missing"), {}),
            (("absolute",), {"path": "mine.so"}),
            (("`..`",), {"path": "/usr/lib/../lib/mine.so"}),
            (("`band`", "`run: pool`"), {"path": str(so), "run": "inline",
                                         "band": [0, 1]}),
            (("run", "pool"), {"path": str(so), "run": "fork"}),
            (("timeout",), {"path": str(so), "timeout": "0s"})):
        code, said = check(tmp_path, **options)
        assert code == 2 and "frugald.yaml:" in said, said
        assert any(all(word in line for word in words)
                   for line in said.splitlines()), said


def test_refused_options(so, tmp_path):
    """In the plugin's own words; one that takes none must be given none."""
    expect_refusal(tmp_path, "`options`", "refuses them",
                   'want no "refuse this"?, but a file',
                   path=str(so), options="refuse this")
    expect_refusal(tmp_path, "refuses them", path=str(so),
                   options="refuse " + "x" * 3000)
    deaf = plugged.build(tmp_path / "deaf.so", plugged.OBEYS.replace(
        ".open = open_it,", "").replace(
            "static void *open_it", "void *open_it"))
    expect_refusal(tmp_path, "`options`", "takes none", path=str(deaf),
                   options="x")
    assert check(tmp_path, path=str(deaf))[0] == 0


def test_offline_commands_load_none(tmp_path):
    """What only reads records has no need of its code."""
    file = recorded_config(tmp_path, cascades={"auto": {"verify": [
        "logprob", {"plugin": {"path": "/nonexistent/mine.so"}}]}})
    rows = lay(tmp_path / "r.jsonl", traffic(60))
    code, out, err = ctl("replay", "-c", file, "--records", rows,
                         "--threshold", 0.5)
    assert (code, err) == (0, ""), err
    assert out
    assert check(tmp_path, path="/nonexistent/mine.so")[0] == 2


CPP = """
#include <frugald/verifier.h>

static int judge(void *, const frugald_case *c, frugald_verdict *v)
{
	v->kind = FRUGALD_SCORE;
	v->score = c->content_n ? 0.625 : 0;
	return 0;
}

const struct frugald_verifier *frugald_verifier()
{
	static const struct frugald_verifier v = {
		FRUGALD_VERIFIER_ABI, sizeof(v), "cpp", nullptr, nullptr, judge
	};
	return &v;
}
"""


def test_cpp(yard, tmp_path):
    """It may be C++, without a state, and hide all but its one function."""
    rig = rig_of(yard, plugged.build(tmp_path / "cpp.so", CPP, "-std=c++11",
                                     "-fvisibility=hidden", compiler="g++"))
    assert ask(rig, "anything").frugald("confidence") == "0.625"
