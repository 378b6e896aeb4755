# SPDX-License-Identifier: Apache-2.0
"""Sums as questions, two models that answer them, frugalctl eval at work."""

import asyncio
import json
import random
import re
import sqlite3
import subprocess

from flow import yaml_text
from flow.gateway import ROOT, merge, standard
from flow.patience import SCALE
from flow.recorded import BINARY, ctl
from stub import answer

SUM = re.compile(r"What is (\d+) plus (\d+)\? #(\d+)")


def line(number, reference=True, **members):
    """One question of its own; the right answer with it."""
    chance = random.Random(number)
    a, b = chance.randrange(10, 90), chance.randrange(10, 90)
    made = {"messages": [{"role": "user",
                          "content": f"What is {a} plus {b}? #{number}"}]}
    if reference:
        made["reference"] = str(a + b)
    return {**made, **members}


def lay(file, lines):
    """Writes lines, objects or text, as JSON Lines; the file."""
    file.write_text("".join(
        (one if isinstance(one, str) else json.dumps(one)) + "\n"
        for one in lines))
    return file


def numbers(calls):
    """Which questions these calls put, in order."""
    return [int(SUM.search(call.body.decode())[3]) for call in calls]


def small_answers(call):
    """Right as often as its log-probs say; behaviour for answer_by()."""
    a, b, number = map(int, SUM.search(call.body.decode()).groups())
    chance = random.Random(1000 + number)
    doubt = chance.random()
    right = chance.random() > 0.95 * doubt
    said = a + b + (0 if right else chance.randrange(1, 9))
    logprob = -0.02 - 2 * doubt * (0.8 + 0.4 * chance.random())
    return answer(f"The sum is {said}", tokens=[
        ("The", -0.05), (" sum", -0.05), (" is", -0.05),
        (f" {said}", logprob)])


def large_answers(call):
    """Nearly always right."""
    a, b, number = map(int, SUM.search(call.body.decode()).groups())
    wrong = random.Random(2000 + number).random() > 0.95
    return answer(f"It is {a + b + 10 * wrong}")


def later(answers, delay):
    """The same, after a while."""
    def behaviour_of(call):
        behaviour = answers(call)

        async def slow(call, conn):
            await asyncio.sleep(delay)
            await behaviour(call, conn)
        return slow
    return behaviour_of


class Place:
    """A folder with a configuration, its two upstreams, its ledger."""

    def __init__(self, yard, folder, **changes):
        self.folder = folder
        self.small, self.large = yard.upstream("small"), yard.upstream("large")
        self.conf = folder / "frugald.yaml"
        self.ledger = folder / "ledger.db"
        self.lines = folder / "lines.jsonl"
        self.answer()
        self.configure(**changes)

    def answer(self, delay=0.0):
        """As above."""
        self.small.answer_by(later(small_answers, delay))
        self.large.answer_by(later(large_answers, delay))

    def configure(self, **changes):
        """The usual pair; changes are laid over it."""
        base = merge(standard(self.small, self.large),
                     {"ledger": str(self.ledger)})
        self.conf.write_text(yaml_text.emit(merge(base, changes)) + "\n")

    def command(self, *options, file=None):
        """The words of the command."""
        return ("eval", "-c", self.conf, *options, file or self.lines)

    def run(self, *options, file=None, **more):
        """(exit status, stdout, stderr)."""
        return ctl(*self.command(*options, file=file), **more)

    def start(self, *options, **more):
        """The running program."""
        path = BINARY if BINARY.is_absolute() else ROOT / BINARY
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            [str(path), *map(str, self.command(*options))], text=True,
            **{**pipes, **more})

    def rows(self, sql="SELECT * FROM requests ORDER BY id", *values):
        """Of the ledger, as dictionaries."""
        if not self.ledger.exists():
            return []
        ledger = sqlite3.connect(self.ledger, timeout=5)
        ledger.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in ledger.execute(sql, values)]
        finally:
            ledger.close()

    def texts(self):
        """All bytes that the ledger's files hold."""
        return b"".join(file.read_bytes()
                        for file in self.folder.glob("ledger.db*"))


def end(process, timeout=30):
    """(exit status, stdout, stderr) once it has ended."""
    try:
        out, err = process.communicate(timeout=timeout * SCALE)
    finally:
        process.kill()
    assert "Sanitizer" not in err, err
    return process.returncode, out, err
