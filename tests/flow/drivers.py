# SPDX-License-Identifier: Apache-2.0
"""Runs the client programs of tests/clients, Python here, Node beside us."""

import json
import shutil
import subprocess

from clients import openai_python
from flow.gateway import ROOT
from flow.patience import SCALE

NODE = ROOT / "build/clients/node"
PROGRAMS = ROOT / "tests/clients"


def run(client, base_url, api_key, tasks):
    """The results of tasks by that client, in order."""
    if client == "openai_python":
        return openai_python.run(base_url, api_key, tasks)
    return _run_node(client, base_url, api_key, tasks)


def _run_node(client, base_url, api_key, tasks):
    folder = _programs()
    given = json.dumps({"base_url": base_url, "api_key": api_key,
                        "tasks": tasks})
    done = subprocess.run(
        [NODE / "node_modules/node/bin/node", folder / f"{client}.mjs"],
        input=given, capture_output=True, text=True, check=False,
        timeout=max(60, 20 * len(tasks)) * SCALE)
    assert done.returncode == 0, f"{client}: {done.stderr[-3000:]}"
    results = json.loads(done.stdout)
    assert len(results) == len(tasks)
    return results


def _programs():
    """The programs laid beside the packages, where Node looks for them."""
    folder = NODE / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS.glob("*.mjs"):
        shutil.copy(program, folder)
    return folder
