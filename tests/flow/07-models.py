# SPDX-License-Identifier: Apache-2.0
"""The list of models is the gateway's own."""

import pytest

SLASHED = "meta-llama/Llama-3:8B"
CONFIG = {"cascades": {"auto": {"match": ["gpt-4o", SLASHED, "gpt-*"]}}}


@pytest.mark.parametrize("path", ["/v1/models", "/models", "/v1/models/"])
def test_list(rig, path):
    """Cascades, their exact other names, backends; no patterns."""
    response = rig.get(path)
    assert response.status == 200
    body = response.json
    assert body["object"] == "list"
    names = [model["id"] for model in body["data"]]
    assert names == ["auto", "gpt-4o", SLASHED, "small", "large"]
    for model in body["data"]:
        assert set(model) >= {"id", "object", "created", "owned_by"}
    assert not rig.small.calls and not rig.large.calls


@pytest.mark.parametrize("path,name", [
    ("auto", "auto"), ("gpt-4o", "gpt-4o"), ("small", "small"),
    ("meta-llama%2FLlama-3%3A8B", SLASHED),
    ("meta-llama%2fLlama-3%3a8B", SLASHED),
    ("meta-llama/Llama-3:8B", SLASHED), ("%61uto", "auto")])
def test_one(rig, path, name):
    """The id is percent-decoded, once, and may hold a bare slash."""
    for prefix in ("/v1/models/", "/models/"):
        response = rig.get(prefix + path)
        assert response.status == 200, response
        assert response.json["id"] == name
        assert response.json["object"] == "model"


@pytest.mark.parametrize("path", ["nobody", "AUTO", "auto%2F", "%2561uto",
                                  "..", "Llama-3%208B", "auto/x", "small-model"])
def test_none(rig, path):
    """An unknown id is a 404 with the words clients look for."""
    response = rig.get("/v1/models/" + path)
    assert response.status == 404
    assert response.error["code"] == "model_not_found"
    assert response.error["param"] == "model"


@pytest.mark.parametrize("path", ["%", "%z1", "%00", "auto%00", "%ff%fe", "%a"])
def test_bad_escapes(rig, path):
    """Broken escapes and control bytes name no model."""
    response = rig.get("/v1/models/" + path)
    assert response.status in (400, 404)
