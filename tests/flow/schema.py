# SPDX-License-Identifier: Apache-2.0
"""Checks objects against OpenAI's published schemas (tests/data)."""

import functools
import json
import pathlib

import jsonschema

FILE = pathlib.Path(__file__).resolve().parents[1] / "data" / "openapi-schemas.json"


def check(name, value):
    """Fails with the first fault and where it is."""
    faults = sorted(_validator(name).iter_errors(value), key=lambda f: f.path)
    assert not faults, "\n".join(
        f"{name} at {'/'.join(map(str, f.absolute_path))}: {f.message[:300]}"
        for f in faults)


@functools.lru_cache(maxsize=None)
def _validator(name):
    schemas = {key: _nullable(value) for key, value
               in json.loads(FILE.read_text())["schemas"].items()}
    root = {"$ref": f"#/components/schemas/{name}",
            "components": {"schemas": schemas}}
    return jsonschema.Draft202012Validator(root)


def _nullable(node):
    """The old `nullable: true`, which validators no longer know, as anyOf."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _nullable(value) for key, value in node.items()}
    if node.pop("nullable", False) is True:
        return {"anyOf": [node, {"type": "null"}]}
    return node
