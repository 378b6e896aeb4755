# SPDX-License-Identifier: Apache-2.0
"""Client keys: who may ask at all, and who may ask for what."""

import hashlib

import pytest

from flow.gateway import merge, question, standard

ALICE, BOB = "fk-alice-" + "a" * 55, "fk-bob-" + "b" * 57


def digest(key):
    """The configured half of a key."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


CONFIG = {"keys": {"alice": {"hash": digest(ALICE), "cascades": ["auto"]},
                   "bob": {"hash": digest(BOB), "cascades": ["other"]}},
          "cascades": {"other": {"tiers": ["large"]}}}


def bearer(key):
    """The header that clients send."""
    return {"Authorization": f"Bearer {key}"}


def test_right_key(rig):
    """Served; the key's name is in the ledger, the key goes nowhere."""
    response = rig.ask(headers=bearer(ALICE))
    assert response.status == 200
    assert rig.row(response)["key"] == "alice"
    assert ALICE.encode() not in rig.small.call.head
    assert ALICE not in rig.log()


@pytest.mark.parametrize("headers", [
    {}, bearer("fk-wrong"), bearer(ALICE[:-1]), bearer(ALICE + "a"),
    bearer(ALICE[:-1] + "b"), bearer(""), {"Authorization": ALICE},
    {"Authorization": f"Basic {ALICE}"}, {"Authorization": ""},
    {"Authorization": "Bearer"}, bearer(digest(ALICE)),
    bearer(digest(ALICE)[7:]), {"x-api-key": "wrong"}],
    ids=lambda h: "-".join(h.values())[:24] or "none")
def test_wrong_keys(rig, headers):
    """401 with the scheme, and the key is not echoed."""
    for response in (rig.ask(headers=headers),
                     rig.get("/v1/models", headers=headers)):
        assert response.status == 401, response
        assert response.error["code"] == "invalid_api_key"
        assert response.error["type"] == "invalid_request_error"
        assert response.header("WWW-Authenticate").startswith("Bearer")
        for value in headers.values():
            key = value.split()[-1] if value.strip() else ""
            assert len(key) < 8 or key.encode() not in response.body
    assert not rig.small.calls


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_scheme_is_without_case(rig, scheme):
    """RFC 9110: the scheme's case does not matter, nor a second space."""
    response = rig.ask(headers={"Authorization": f"{scheme} {ALICE}"})
    assert response.status == 200


def test_no_right_to_this_cascade(rig):
    """403 that names the model."""
    for model in ("auto", "gpt-4o"):
        response = rig.ask(model=model, headers=bearer(BOB))
        assert response.status == 403, response
        assert response.error["code"] == "permission_denied"
        assert response.error["type"] == "invalid_request_error"
        assert response.error["param"] == "model"
    assert rig.ask(model="other", headers=bearer(BOB)).status == 200
    assert not rig.small.calls


def test_backends_are_no_way_round(rig):
    """A key for cascades does not open the backends behind them."""
    response = rig.ask(model="large", headers=bearer(ALICE))
    assert response.status == 403


def test_the_list_shows_what_is_allowed(rig):
    """And one model that is not allowed cannot be read either."""
    names = [m["id"] for m in
             rig.get("/v1/models", headers=bearer(BOB)).json["data"]]
    assert names == ["other"]
    assert rig.get("/v1/models/other", headers=bearer(BOB)).status == 200
    assert rig.get("/v1/models/auto", headers=bearer(BOB)).status in (403, 404)


def test_refusals_come_before_the_body(rig):
    """A wrong key costs no upload: the answer comes on the head."""
    with rig.connect() as client:
        client.ask("POST", "/v1/chat/completions", b"", {
            **bearer("wrong"), "Content-Length": "1000",
            "Expect": "100-continue"})
        assert client.read().status == 401


def test_admin_needs_no_key(rig):
    """Its listener is separate."""
    assert rig.admin("/metrics").status == 200


def test_open_gateway_ignores_keys(yard):
    """Without keys any Authorization is taken, and forwarded to nobody."""
    rig = yard.rig()
    response = rig.ask(headers=bearer("sk-anything"))
    assert response.status == 200
    assert rig.small.call.header("Authorization") is None
    assert not rig.row(response)["key"]


def test_keys_none_opens_any_address(yard):
    """`keys: none` said out loud."""
    small, large = yard.upstream("small"), yard.upstream("large")
    rig = yard.gateway(standard(small, large, keys="none"))
    assert rig.get("/v1/models").status == 200


def test_a_new_key_after_reload(rig):
    """Keys are part of the generation."""
    carol = "fk-carol-" + "c" * 55
    assert rig.ask(headers=bearer(carol)).status == 401
    config = merge(standard(rig.small, rig.large), CONFIG)
    rig.gw.reload(merge(config, {"keys": {"carol": {
        "hash": digest(carol), "cascades": ["auto"]}}}))
    assert rig.ask(headers=bearer(carol)).status == 200
    rig.gw.reload(config)
    assert rig.ask(headers=bearer(carol)).status == 401
    assert rig.post(question(), headers=bearer(ALICE)).status == 200
