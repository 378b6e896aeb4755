# SPDX-License-Identifier: Apache-2.0
"""A model's name is a cascade, one of its other names, or a backend."""

import json

import pytest

from flow import sse
from flow.gateway import question
from stub import answer


def test_backend_by_name(rig):
    """The named backend is asked directly and never judged."""
    rig.small.script(answer("Perhaps.", score=0.01))
    body = json.dumps(question(model="small", temperature=0.7)).encode()
    response = rig.post(body)
    assert response.content == "Perhaps."
    assert response.json["model"] == "small"
    assert response.frugald("backend") == "small"
    assert response.frugald("tier") == "0"
    assert response.frugald("decision") == "accept"
    assert response.frugald("reason") == "direct"
    assert response.frugald("confidence") is None
    assert response.frugald("attempts") == "1"
    assert rig.small.call.body == body.replace(b'"small"', b'"small-model"')
    assert not rig.large.calls


def test_backend_by_name_in_a_stream(rig):
    """Streamed live, the upstream is asked to stream."""
    response = rig.ask(model="small", stream=True)
    assert sse.check(response, "small").text() == "From small."
    assert rig.small.call.json["stream"] is True
    assert "logprobs" not in rig.small.call.json
    assert response.frugald("tier") == "0"


@pytest.mark.parametrize("name", ["auto", "gpt-4o", "gpt-4o-mini",
                                  "gpt-4o-2024-08-06"])
def test_other_names(rig, name):
    """Clients have their model's name hard-wired; it comes back in replies."""
    response = rig.ask(model=name)
    assert response.json["model"] == name
    assert response.frugald("backend") == "small"
    assert rig.small.call.json["model"] == "small-model"
    stream = sse.check(rig.ask(model=name, stream=True), name)
    assert stream.text() == "From small."


@pytest.mark.parametrize("name", ["gpt-4", "gpt-4ox", "Auto", "AUTO", " auto",
                                  "small-model", "auto\\u0000", "*", "gpt-4o*x"])
def test_unknown_names(rig, name):
    """Names are exact; only a pattern's star is not."""
    body = question(model=name)
    if "\\u" in name:
        body = json.dumps(question(model="@")).replace('"@"', f'"{name}"').encode()
    response = rig.post(body)
    if name == "gpt-4o*x":
        return
    assert response.status == 404
    assert response.error["code"] == "model_not_found"
    assert response.error["param"] == "model"
    assert response.error["type"] == "invalid_request_error"
    assert not rig.small.calls and not rig.large.calls


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions/",
                                  "/v1/chat/completions"])
def test_paths(rig, path):
    """With and without /v1, with a slash at the end."""
    assert rig.post(question(), path).content == "From small."
    assert rig.small.call.target == "/v1/chat/completions"


def test_query_is_forwarded(rig):
    """extra_query of the official clients."""
    rig.post(question(model="large"), "/v1/chat/completions?api-version=1&x=%20")
    assert rig.large.call.target == \
        "/v1/chat/completions?api-version=1&x=%20"


def test_escaped_name(rig):
    """A name written with escapes is the same name."""
    body = b'{"model":"a\\u0075to","messages":[]}'
    assert rig.post(body).content == "From small."
    assert rig.small.call.json["model"] == "small-model"


def test_star_takes_all(yard):
    """The pattern "*" means every other name; exact ones come first."""
    rig = yard.rig(cascades={"auto": {"match": ["*"]}})
    assert rig.ask(model="whatever-7b").frugald("backend") == "small"
    assert rig.ask(model="large").frugald("reason") == "direct"


def test_order_of_names(yard):
    """Exact match before backend before pattern, patterns in file order."""
    rig = yard.rig(cascades={
        "auto": {"match": ["x-*"]},
        "other": {"match": ["x-1", "x*"], "tiers": ["large"]}})
    assert rig.ask(model="x-1").frugald("backend") == "large"
    assert rig.ask(model="x-2").frugald("backend") == "small"
    response = rig.ask(model="other")
    assert response.frugald("backend") == "large"
    assert response.frugald("tier") == "1"


def test_one_tier_is_never_judged(yard):
    """A cascade of one tier is a name for a backend, answered at once."""
    rig = yard.rig(cascades={"only": {"tiers": ["large"]}})
    rig.large.script(answer("I'm sorry, but I can't help with that."))
    body = json.dumps(question(model="only")).encode()
    response = rig.post(body)
    assert response.status == 200
    assert response.frugald("decision") == "accept"
    assert rig.large.call.body == body.replace(b'"only"', b'"large-model"')
