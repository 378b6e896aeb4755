# SPDX-License-Identifier: Apache-2.0
"""Routes are matched on the raw path: no trick reaches anything else."""

import pytest

from flow.gateway import question

TRICKS = [
    "/v1/%2e%2e/admin", "/v1/../metrics", "/../metrics", "/%2e%2e/metrics",
    "/v1/chat%2fcompletions", "/v1/chat%2Fcompletions", "/v1%2fmodels",
    "/%76%31/chat/completions", "/v1/chat/%63ompletions",
    "/v1/chat/completions%00", "/v1/chat/completions%00.html",
    "/v1/chat/completions%20", "/v1/chat/completions;x=1",
    "/v1//chat/completions", "//v1/chat/completions", "/v1/chat//completions",
    "/v1/./chat/completions", "/v1/chat/../chat/completions",
    "/v1/chat/completions/..", "/v1/chat/completions//",
    "/v1\\chat\\completions", "/v1/chat/completions%3f",
    "/v1/chat/completions%0d%0aX:y", "/.%2e/v1/models", "/v1/models/../chat",
    "/metrics", "/healthz", "/readyz", "/v1/metrics", "/v1/healthz",
    "/admin", "/reload", "/config",
]


@pytest.mark.parametrize("path", TRICKS)
def test_tricks(rig, path):
    """404 or 400, and no upstream call."""
    assert rig.post(question(), path).status in (400, 404, 405)
    response = rig.get(path)
    assert response.status in (400, 404)
    assert b"frugald_requests" not in response.body
    assert not rig.small.calls and not rig.large.calls


@pytest.mark.parametrize("target", [
    "http://evil.test/v1/models", "evil.test:443", "*", "v1/models", "/"])
def test_other_targets(rig, target):
    """Absolute and odd targets are refused, or served as our own path."""
    with rig.connect(timeout=4) as client:
        client.ask("GET", target)
        response = client.read()
    if target.startswith("http://"):
        assert response.status in (200, 400, 404)
    else:
        assert response.status in (400, 404)


def test_long_path(rig):
    """Kilobytes of path are a 404 or 414, not a crash."""
    response = rig.get("/v1/models/" + "a" * 5000, check=False)
    assert response.status in (400, 404, 414)


def test_query_is_no_path(rig):
    """What stands behind ? never routes."""
    assert rig.get("/v1/models?/../metrics").json["object"] == "list"
    assert rig.get("/nothing?/v1/models").status == 404
