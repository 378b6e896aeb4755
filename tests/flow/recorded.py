# SPDX-License-Identifier: Apache-2.0
"""Recorded traffic, made up by a seed, and frugalctl at work on it."""

import json
import math
import os
import pathlib
import random
import subprocess

from flow import yaml_text
from flow.gateway import ROOT, merge
from flow.patience import SCALE
from stub.build import completion, entries

BINARY = pathlib.Path(os.environ.get("FRUGALCTL", "build/release/frugalctl"))

CHEAP, CHECK, EXPENSIVE = 6e-5, 1e-4, 1e-3      # USD a call


def ctl(*arguments, **options):
    """(exit status, stdout, stderr) of frugalctl."""
    path = BINARY if BINARY.is_absolute() else ROOT / BINARY
    timeout = options.pop("timeout", 60) * SCALE
    done = subprocess.run([str(path), *map(str, arguments)],
                          capture_output=True, text=True, check=False,
                          timeout=timeout, **options)
    assert "Sanitizer" not in done.stderr, done.stderr
    assert done.returncode >= 0, (done.returncode, done.stderr)
    return done.returncode, done.stdout, done.stderr


def config(folder, name="frugald.yaml", **changes):
    """A configuration of one cascade `auto`, small before large; the file."""
    backends = {side: {"base_url": "http://127.0.0.1:1/v1",
                       "model": f"{side}-model"} for side in ("small", "large")}
    cascade = {"tiers": ["small", "large"], "threshold": 0.5,
               "verify": [{"rules": {"refusal": True, "truncated": True}},
                          "logprob", {"check": {"backend": "large"}}]}
    file = folder / name
    file.write_text(yaml_text.emit(merge(
        {"backends": backends, "cascades": {"auto": cascade}}, changes)) + "\n")
    return file


def lay(file, rows):
    """Writes rows as JSON Lines; the file."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def tokens(text, logprob):
    """The reply's words, the last one with that log-prob."""
    words = text.split(" ")
    words = [words[0]] + [" " + word for word in words[1:]]
    return entries([(word, logprob if at == len(words) - 1 else -0.05)
                    for at, word in enumerate(words)], top=3)


def reply(text, logprob=-0.1, model="small-model", **extra):
    """A whole reply with log-probs."""
    return completion(text, model=model, logprobs=tokens(text, logprob),
                      **extra)


def attempt(backend, response, cost, **extra):
    """One attempt; for an answer unless extra says otherwise."""
    return {"backend": backend, "purpose": "answer", "status": 200,
            "seconds": 0.5, "cost_usd": cost, "response": response, **extra}


def check(response, cost=CHECK, backend="large", **extra):
    """A blind check, by the large model."""
    return attempt(backend, response, cost, **{
        "purpose": "verify", "verifier": "check", "mode": "blind",
        "about": "small", **extra})


def record(number, chance, with_check=True, labels=True):
    """One request. The small model is right with a probability that its
    log-prob shows; the large one nearly always is, and its check agrees."""
    a, b = chance.randrange(10, 90), chance.randrange(10, 90)
    doubt = chance.random()
    small_right = chance.random() > 0.95 * doubt
    large_right = chance.random() < 0.95
    small = a + b if small_right else a + b + chance.randrange(1, 9)
    large = a + b if large_right else a + b + 10
    checked = large if chance.random() < 0.95 else a + b - 10
    logprob = -0.02 - 2 * doubt * (0.8 + 0.4 * chance.random())
    attempts = [attempt("small", reply(f"The sum is {small}", logprob), CHEAP)]
    if with_check:
        attempts.append(check(reply(str(checked), -0.1, "large-model")))
    attempts.append(attempt("large", reply(f"It is {large}", -0.05,
                                           "large-model"), EXPENSIVE))
    row = {"id": f"r{number:05}", "cascade": "auto",
           "request": {"model": "auto", "messages": [
               {"role": "user", "content": f"What is {a} plus {b}?"}]},
           "attempts": attempts}
    if labels:
        row["labels"] = {"small": small_right, "large": large_right}
    return row


def traffic(count, seed=1, **options):
    """So many requests; the same for the same seed."""
    chance = random.Random(seed)
    return [record(number, chance, **options) for number in range(count)]


def strip(row):
    """The row as a ledger without texts has it: numbers, the word on the pair,
    labels and costs. agrees is whether both gave the same number."""
    texts = [each["response"]["choices"][0]["message"]["content"].split()[-1]
             for each in row["attempts"]]
    first = row["attempts"][0]["response"]["choices"][0]["logprobs"]["content"]
    bare = {**row, "agrees": texts[0] == texts[-1], "attempts": [
        {**each, "response": None} for each in row["attempts"]]}
    bare.pop("request")
    bare["attempts"][0]["signals"] = {
        "logprob.min": min(entry["logprob"] for entry in first),
        "logprob.tokens": len(first)}
    if len(texts) > 2:
        bare["attempts"][0]["signals"].update(
            {"check.agree": float(texts[0] == texts[1]), "check.p": None})
    return bare


def raw_score(row):
    """What `logprob` gives the row's first attempt."""
    content = row["attempts"][0]["response"]["choices"][0]["logprobs"]["content"]
    return math.exp(min(entry["logprob"] for entry in content))
