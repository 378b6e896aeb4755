# SPDX-License-Identifier: Apache-2.0
"""Every response has a request id; a good one of the client's is kept."""

import pytest

from flow.gateway import question


@pytest.mark.parametrize("name", ["req-1", "A" * 64, "a.b_c-D9", "7"])
def test_good_ids_are_kept(rig, name):
    """And go into the ledger and upstream."""
    response = rig.ask(headers={"x-request-id": name})
    assert response.header("x-request-id") == name
    assert rig.small.last.header("x-request-id") == name
    assert rig.row(name)["outcome"] == "ok"
    rig.wait_log(name)


@pytest.mark.parametrize("name", ["", "A" * 65, "a b", "a/b", "é", "a;b",
                                  "%0d%0a", "'--"])
def test_other_ids_are_replaced(rig, name):
    """Anything else could be an injection."""
    response = rig.ask(headers={"x-request-id": name})
    assert response.header("x-request-id") != name
    assert response.status == 200


def test_ids_are_made(rig):
    """Different ones, on errors too."""
    made = {rig.ask().header("x-request-id"),
            rig.post(b"{").header("x-request-id"),
            rig.get("/nothing").header("x-request-id"),
            rig.get("/v1/models").header("x-request-id")}
    assert len(made) == 4


def test_own_headers_can_be_turned_off(yard):
    """`reply.headers: false` leaves the request id only."""
    rig = yard.rig(reply={"headers": False})
    for stream in (False, True):
        response = rig.post(question(stream=stream))
        names = {name.lower() for name, _ in response.headers}
        assert not {n for n in names if n.startswith("x-frugald")}
        assert response.header("x-request-id")
