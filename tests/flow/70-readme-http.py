# SPDX-License-Identifier: Apache-2.0
"""The verifier of the README: its files and commands, run as they are printed.

Only ports are changed, those of a real machine for free ones, in the
configuration and in the commands; the scorer itself takes its port as an
argument and runs byte for byte.
"""

import os
import re
import signal
import socket
import subprocess

import pytest

from flow.gateway import ROOT, binary, free_ports
from flow.patience import SCALE, until
from stub import answer

HEADING = "### Over HTTP\n"
PORTS = ("8000", "8001", "8080", "9400")
WRONG = 'Yes: "Lamps may be returned within 60 days."'
RIGHT = 'No: "Lamps may be returned within 30 days."'


def section():
    """The text under the heading."""
    text = (ROOT / "README.md").read_text()
    assert text.count(HEADING) == 1
    return re.split(r"^###? ", text.split(HEADING)[1], flags=re.M)[0]


def block(language):
    """The one fenced block of that language."""
    found = [text for word, text in re.findall(
        r"^```(\w*)\n(.*?)^```$", section(), re.M | re.S) if word == language]
    assert len(found) == 1, found
    return found[0]


def files():
    """The names that stand before the blocks, in their order."""
    return re.findall(r"`([\w.]+)`:\n\n```", section())


def commands():
    """What is typed, and what is printed for it, one by one."""
    parts = re.split(r"^\$ ", block(""), flags=re.M)
    assert parts[0] == ""
    return [part.rstrip("\n") for part in parts[1:]]


class Printed:
    """The README at work: a folder, its ports, its processes."""

    def __init__(self, folder):
        self.folder = folder
        self.port = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        self.processes = []
        self.env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        (folder / "frugald").symlink_to(binary())
        python, config = files()
        (folder / python).write_text(block("python"))
        (folder / config).write_text(self.moved(block("yaml")))

    def moved(self, text):
        """Every port of the README as the one that stands for it."""
        return re.sub(r"\b(%s)\b" % "|".join(PORTS),
                      lambda m: self.port[m[1]], text)

    def start(self, command, port):
        """One that ends with &; until it listens."""
        assert command.endswith(" &")
        with open(self.folder / "log", "ab") as log:
            self.processes.append(subprocess.Popen(
                ["bash", "-c", "exec " + self.moved(command[:-2])],
                cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log))
        until(lambda: self.listens(port), 10, command)

    def listens(self, port):
        """Can it be reached?"""
        assert self.processes[-1].poll() is None, self.log()
        try:
            socket.create_connection(("127.0.0.1", int(self.port[port]))).close()
        except OSError:
            return False
        return True

    def type(self, command):
        """What it prints, lines as they are on a terminal."""
        done = subprocess.run(["bash", "-c", self.moved(command)],
                              cwd=self.folder, env=self.env, text=True,
                              capture_output=True, timeout=30 * SCALE,
                              check=True)
        return done.stdout.replace("\r\n", "\n")

    def log(self):
        """Of all that was started."""
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        """All of it; the daemon, which was started last, ends well."""
        for process in self.processes:
            process.terminate()
        ended = [process.wait(30 * SCALE) for process in self.processes]
        assert ended == [-signal.SIGTERM, 0], self.log()


@pytest.fixture
def printed(tmp_path, yard):
    """All of it but the curl, and the two models."""
    made = Printed(tmp_path)
    made.small = yard.upstream("small", port=int(made.port["8000"]))
    made.large = yard.upstream("large", port=int(made.port["8001"]))
    made.small.script(answer(WRONG))
    made.large.script(answer(RIGHT))
    scorer, daemon, made.curl = commands()
    try:
        made.start(scorer, "9400")
        made.start(daemon, "8080")
        yield made
    finally:
        made.stop()


def split_command(text):
    """The command itself, and the lines that are printed behind it."""
    at = text.index("\nHTTP/")
    return text[:at], text[at + 1:]


def as_pattern(text):
    """The printed output as a pattern: … stands for anything in its line, or
    for lines where it is alone."""
    return "\n".join(".*" if line == "…"
                     else re.escape(line).replace("…", r"[^\n]*")
                     for line in text.split("\n"))


def test_as_printed(printed):
    """What the README shows is what one sees."""
    command, shown = split_command(printed.curl)
    said = printed.type(command)
    assert re.fullmatch(as_pattern(shown), said.rstrip("\n"), re.S), said
    assert re.search(r'"([^"]+)"', WRONG)[1] in section()
    assert len(printed.small.calls) == len(printed.large.calls) == 1


def test_a_right_quote(printed):
    """The scorer is content with what stands there."""
    printed.small.script(answer(RIGHT))
    said = printed.type(split_command(printed.curl)[0])
    assert "x-frugald-backend: small\n" in said
    assert "x-frugald-confidence: 1.000\n" in said
    assert not printed.large.calls


def test_one_of_two(printed):
    """And half content with half of it."""
    printed.small.script(answer(f"{RIGHT} {WRONG}"))
    said = printed.type(split_command(printed.curl)[0])
    assert "x-frugald-backend: large\n" in said
    assert "x-frugald-confidence: 0.500\n" in said
