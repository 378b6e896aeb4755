# SPDX-License-Identifier: Apache-2.0
"""The plugin that README.md shows: compiled, loaded and asked as printed."""

import os
import re
import subprocess

import pytest

from flow.gateway import ROOT, backend
from stub import answer

SECTION = re.compile(r"^## Bring your own verifier\n(.*?)(?=^## )", re.M | re.S)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
FOLDER = "/usr/local/lib/frugald"   # as printed


def blocks():
    """(language, text) of each fenced block of the section."""
    section = SECTION.search((ROOT / "README.md").read_text())[1]
    return BLOCK.findall(section)


def block(language, part):
    """The one block of that language with part in it."""
    found = [text for kind, text in blocks()
             if kind == language and part in text]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(name="rig")
def _rig(yard, tmp_path):
    """Two upstreams behind the printed cascade."""
    (tmp_path / "numbers.c").write_text(block("c", "frugald_verifier(void)"))
    lines = [line[2:] for line in block("", "$ gcc").splitlines()]
    assert [line.split()[0] for line in lines] == ["gcc", "install"]
    for line in lines:
        subprocess.run(["sh", "-ec", line.replace("-Wall", "-Wall -Werror")],
                       check=True, cwd=tmp_path,
                       env={**os.environ, "PLUGINS": str(tmp_path / "plugins"),
                            "C_INCLUDE_PATH": str(ROOT / "include")})
    text = block("yaml", "plugin:")
    assert FOLDER in text
    rig = yard.rig()
    rig.gw.reload("\n".join([
        *(f"{key}: {value}" for key, value in rig.gw.own.items()),
        "backends:",
        f"  small: {{base_url: '{backend(rig.small)['base_url']}', model: m}}",
        f"  large: {{base_url: '{backend(rig.large)['base_url']}', model: m}}",
        text.replace(FOLDER, str(tmp_path / "plugins"))]))
    return rig


def ask(rig, says):
    """The printed request, and what the small model says to it."""
    body = re.search(r"-d '(.*)'", block("", "customers answered"), re.S)[1]
    rig.small.script(answer(says))
    return rig.post(body.encode())


def test_as_printed(rig):
    """What is printed comes back."""
    text = (ROOT / "README.md").read_text()
    says = re.search(r'Should the small model say "(.*?)"', text, re.S)[1]
    response = ask(rig, says)
    for line in block("", "x-frugald-reason").splitlines():
        name, value = line.split(": ")
        assert response.header(name) == value, line
    assert response.content == "From large."


def test_other_replies(rig):
    """All numbers are ours; none is there; one of one digit does not count."""
    right = "412 of 1,250 answered, 87 % of them content."
    response = ask(rig, right)
    assert response.content == right
    assert response.frugald("confidence") == "1.000"
    for says in ("A third answered, most of them content.", "1 in 3 did."):
        response = ask(rig, says)
        assert response.content == says
        assert response.frugald("confidence") == "0.900"    # of logprob
    assert ask(rig, "250 answered.").frugald("confidence") == "0.000"
