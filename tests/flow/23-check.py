# SPDX-License-Identifier: Apache-2.0
"""`frugald -t` reads a configuration and tells all that is wrong with it."""

import re
import socket
import subprocess

import pytest

from flow import yaml_text
from flow.gateway import ROOT, binary, standard
from flow.patience import SCALE

GOOD = """\
listen: 127.0.0.1:18080
workers: 2
backends:
  small:
    base_url: http://127.0.0.1:18000/v1
    model: tiny
    price: {input: 0.05, output: 0.10}
  large:
    base_url: http://127.0.0.1:18001/v1
    model: big
cascades:
  auto:
    match: [gpt-4o, "gpt-4o-*"]
    tiers: [small, large]
    threshold: 0.8
    verify:
      - rules: {refusal: true}
      - logprob: {span: all}
"""


def run(tmp_path, text, *options, env=None):
    """frugald -t on that text: (exit code, everything it said)."""
    file = tmp_path / "frugald.yaml"
    file.write_text(text)
    done = subprocess.run([binary(), *(options or ["-t"]), "-c", str(file)],
                          capture_output=True, text=True, check=False,
                          timeout=10 * SCALE, env=env)
    said = done.stdout + done.stderr
    assert "Sanitizer" not in said and "runtime error" not in said, said
    return done.returncode, said


def expect_fault(tmp_path, text, line, key):
    """Exit 2, and one line with file:line and key."""
    code, said = run(tmp_path, text)
    assert code == 2, said
    hits = [s for s in said.splitlines()
            if re.search(rf"frugald\.yaml:{line}\b", s) and key in s]
    assert hits, f"no fault at line {line} about {key!r} in:\n{said}"


def line_of(text, part):
    """The number of the first line with part."""
    return 1 + next(k for k, line in enumerate(text.splitlines())
                    if part in line)


def test_good(tmp_path):
    """Exit 0."""
    code, said = run(tmp_path, GOOD)
    assert code == 0, said


def test_smallest(tmp_path):
    """One backend and one cascade of it are enough."""
    code, said = run(tmp_path, "backends: {b: {base_url: 'http://127.0.0.1:1/v1'"
                     ", model: m}}\ncascades: {c: {tiers: [b]}}\n")
    assert code == 0, said


def test_what_we_emit_is_read(tmp_path):
    """The harness's own YAML is good."""
    class Up:
        """A name and an address."""
        def __init__(self, name):
            self.name, self.url = name, "http://127.0.0.1:1/v1"
    text = yaml_text.emit(standard(Up("small"), Up("large")))
    code, said = run(tmp_path, text)
    assert code == 0, said


CHANGES = {     # what to replace, by what, part of the faulty line, key
    "unknown key": ("workers: 2", "workerz: 2", "workerz", "workerz"),
    "unknown key inside": ("model: tiny", "model: tiny\n    modle: x", "modle",
                           "modle"),
    "unknown rule": ("refusal: true", "refusals: true", "rules:", "refusals"),
    "unknown verifier": ("logprob: {span", "logprop: {span", "logprop",
                         "logprop"),
    "unknown span": ("span: all", "span: some", "span", "span"),
    "a later key": ("threshold: 0.8", "threshold: 0.8\n    audit: {rate: 0.1}",
                    "audit", "audit"),
    "duplicate key": ("workers: 2", "workers: 2\nworkers: 3", "workers: 3",
                      "workers"),
    "duplicate backend": ("  large:", "  small:\n    base_url: http://x/v1\n"
                          "    model: y\n  large:", "  small:\n    base_url: "
                          "http://x", "small"),
    "no unit": ("workers: 2", "workers: 2\nlimits: {deadline: 60}",
                "deadline", "deadline"),
    "wrong unit": ("workers: 2", "workers: 2\nlimits: {deadline: 60MiB}",
                   "deadline", "deadline"),
    "size with time": ("workers: 2", "workers: 2\nlimits: {max_body: 5s}",
                       "max_body", "max_body"),
    "negative": ("workers: 2", "workers: -2", "workers", "workers"),
    "no number": ("workers: 2", "workers: many", "workers", "workers"),
    "threshold too high": ("threshold: 0.8", "threshold: 1.8", "threshold",
                           "threshold"),
    "threshold a word": ("threshold: 0.8", "threshold: high", "threshold",
                         "threshold"),
    "no threshold": ("    threshold: 0.8\n", "", "verify:", "threshold"),
    "both": ("threshold: 0.8", "threshold: 0.8\n    target: {max_error: 0.02, "
             "delta: 0.05}", "target", "target"),
    "unknown backend": ("[small, large]", "[small, larg]", "tiers", "larg"),
    "no tiers": ("    tiers: [small, large]\n", "", "  auto:", "tiers"),
    "empty tiers": ("[small, large]", "[]", "tiers", "tiers"),
    "a tier twice": ("[small, large]", "[small, small]", "tiers", "tiers"),
    "no base_url": ("    base_url: http://127.0.0.1:18000/v1\n", "", "  small:",
                    "base_url"),
    "no model": ("    model: tiny\n", "", "  small:", "model"),
    "bad url": ("http://127.0.0.1:18000/v1", "127.0.0.1:18000", "18000",
                "base_url"),
    "bad scheme": ("http://127.0.0.1:18000/v1", "file:///etc/passwd",
                   "file:", "base_url"),
    "name clash": ("  auto:\n", "  small:\n", "  small:\n    match", "small"),
    "match clash": ("match: [gpt-4o,", "match: [large,", "match", "large"),
    "price negative": ("input: 0.05", "input: -0.05", "price", "input"),
    "bad address": ("127.0.0.1:18080", "127.0.0.1", "listen", "listen"),
    "bad port": ("127.0.0.1:18080", "127.0.0.1:99999", "listen", "listen"),
    "open without keys": ("127.0.0.1:18080", "0.0.0.0:18080", "listen",
                          "keys"),
    "public admin": ("workers: 2", "admin: 0.0.0.0:9901", "admin", "admin"),
    "wrong type": ("tiers: [small, large]", "tiers: {a: b}", "tiers", "tiers"),
    "mapping for a word": ("model: tiny", "model: {a: b}", "model: {",
                           "model"),
    "alias": ("model: tiny", "model: &m tiny\n    #", "&m", ""),
    "key without digest": ("workers: 2", "keys: {a: {hash: abc}}", "hash",
                           "hash"),
    "key for no cascade": ("workers: 2", "keys:\n  a:\n    hash: \"sha256:"
                           + "0" * 64 + "\"\n    cascades: [nobody]",
                           "nobody", "cascades"),
    "missing variable": ("model: tiny", "model: tiny\n    api_key: "
                         "env:FRUGALD_NO_SUCH_VARIABLE", "api_key", "api_key"),
    "missing key file": ("model: tiny", "model: tiny\n    api_key: "
                         "file:/nonexistent/key", "api_key", "api_key"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_faults(tmp_path, case):
    """Each fault is told with file, line and key."""
    old, new, part, key = CHANGES[case]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    first, *_ = part.split("\n")
    line = line_of(text, first)
    if "\n" in part:
        line = text[:text.index(part)].count("\n") + 1
    expect_fault(tmp_path, text, line, key)


def test_literal_key_in_an_open_file(tmp_path):
    """A secret in a file that others can read is refused, and not echoed."""
    text = GOOD.replace("model: tiny",
                        "model: tiny\n    api_key: sk-literal-CANARY")
    expect_fault(tmp_path, text, line_of(text, "api_key"), "api_key")
    assert "CANARY" not in run(tmp_path, text)[1]
    (tmp_path / "frugald.yaml").chmod(0o600)
    code, said = run(tmp_path, text)
    assert code == 0 and "CANARY" not in said


def test_all_faults_at_once(tmp_path):
    """Nobody wants to fix a file one fault a run."""
    text = GOOD.replace("workers: 2", "workerz: 2") \
        .replace("model: tiny", "modle: tiny") \
        .replace("threshold: 0.8", "threshold: 8") \
        .replace("[small, large]", "[small, larg]")
    code, said = run(tmp_path, text)
    assert code == 2
    for word in ("workerz", "modle", "threshold", "larg", "model"):
        assert word in said, f"{word} is missing in:\n{said}"
    lines = set(re.findall(r"frugald\.yaml:(\d+)", said))
    assert len(lines) >= 4, said


@pytest.mark.parametrize("text", [
    "", "# nothing\n", "backends: {}\n", "- a\n- b\n", "just words\n",
    "a: [", "\t\n", "a: b: c\n", "\x00", "backends: &a {x: *a}\n",
    "? [a]\n: b\n", "!!python/object:os.system {}\n", "--- {}\n--- {}\n",
    "\ufeff"])
def test_no_configuration(tmp_path, text):
    """Broken or empty files are exit 2, with a word on where."""
    code, said = run(tmp_path, text)
    assert code == 2 and "frugald.yaml" in said


@pytest.mark.parametrize("bomb", [
    "x: " + "[" * 100_000, "{" * 50_000, "x: " + "[" * 33 + "]" * 33,
    "a: &a [x]\n" + "".join(f"b{k}: [*a, *a]\n" for k in range(50)),
    "x: " + "y" * 300_000, "".join(f"k{k}: v\n" for k in range(20_000)),
    "- " * 20_000 + "x"])
def test_bombs(tmp_path, bomb):
    """Files made to cost time or memory are refused quickly."""
    code, _ = run(tmp_path, bomb)
    assert code == 2


def test_start_with_a_bad_file(tmp_path):
    """Without -t the same: exit 2, all faults, no listener."""
    text = GOOD.replace("workers: 2", "workerz: 2")
    file = tmp_path / "frugald.yaml"
    file.write_text(text)
    done = subprocess.run([binary(), "-c", str(file)], capture_output=True,
                          text=True, check=False, timeout=5 * SCALE)
    assert done.returncode == 2
    assert f"frugald.yaml:{line_of(text, 'workerz')}" in \
        done.stdout + done.stderr


def test_port_in_use(tmp_path):
    """It cannot run: exit 1 and one clear line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = tmp_path / "frugald.yaml"
        file.write_text(GOOD.replace("18080", str(port)))
        done = subprocess.run([binary(), "-c", str(file)], capture_output=True,
                              text=True, check=False, timeout=5 * SCALE)
    assert done.returncode == 1
    assert str(port) in done.stdout + done.stderr


def words(*options, cwd=None):
    """Exit code and text of a run without a file."""
    done = subprocess.run([binary(), *options], capture_output=True, text=True,
                          check=False, timeout=5 * SCALE, cwd=cwd)
    return done.returncode, done.stdout, done.stderr


def test_options():
    """-V and -h answer on stdout, anything unknown is exit 2."""
    code, out, _ = words("-V")
    assert code == 0 and re.search(r"frugald \d+\.\d+", out)
    code, out, _ = words("-h")
    assert code == 0 and "-t" in out and "-c" in out
    assert words("-Z")[0] == 2
    assert words("-c")[0] == 2
    assert words("extra")[0] == 2
    assert words("-t", "-c", "/nonexistent/frugald.yaml")[0] in (1, 2)


@pytest.mark.parametrize("cwd, file", [
    ("/", ROOT / "config/demo.yaml"), (ROOT, "config/demo.yaml"),
    (ROOT / "config", "demo.yaml"), (ROOT / "tests", "../config/demo.yaml")])
def test_the_demonstration(cwd, file):
    """It is calibrated, and finds its artifact from anywhere."""
    code, out, said = words("-t", "-c", str(file), cwd=cwd)
    assert code == 0, said
    assert "auto: calibrated: max_error 0.05 with delta 0.1" in out + said
