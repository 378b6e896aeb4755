# SPDX-License-Identifier: Apache-2.0
"""People and programs say whether an answer was right; it is written down."""

import hashlib
import json
import signal
import time

import pytest

from flow.gateway import standard
from flow.patience import until
from flow.recorded import ctl
from stub import answer

TEAMS = {"team-a": "fk-a-" + "a" * 59, "team-b": "fk-b-" + "b" * 59}
KEYS = {"keys": {name: {"hash": "sha256:"
                        + hashlib.sha256(key.encode()).hexdigest(),
                        "cascades": ["auto"]} for name, key in TEAMS.items()}}


def bearer(team):
    """The header that clients send."""
    return {"Authorization": f"Bearer {TEAMS[team]}"}


def feedback(rig, body, path="/v1/feedback", **more):
    """One POST; body is bytes or an object."""
    return rig.post(body, path, **more)


def name_of(response):
    """The id that labels go by."""
    return response.header("x-request-id")


def labels(rig, name):
    """The labels of one request in the ledger, in order, without times."""
    rows = rig.rows("SELECT key, backend, right, source, time_us FROM labels "
                    "WHERE request_id = ? ORDER BY time_us", name)
    for row in rows:
        assert abs(row.pop("time_us") / 1e6 - time.time()) < 60
    return [tuple(row.values()) for row in rows]


def wait_labels(rig, name, count):
    """Until there are so many."""
    until(lambda: len(labels(rig, name)) == count, 3, f"{count} labels")
    return labels(rig, name)


def counted(rig, outcome):
    """The counter of one outcome."""
    return rig.metrics().sum("frugald_feedback_total", outcome=outcome)


# The endpoint.

def test_taken(rig):
    """202, and a row that says who was right by whose word."""
    before = counted(rig, "ok")
    name = name_of(rig.ask())
    response = feedback(rig, {"request_id": name, "label": True})
    assert (response.status, response.json) == \
        (202, {"object": "feedback", "request_id": name})
    assert response.header("Content-Type") == "application/json"
    assert name_of(response) != name
    response = feedback(rig, {"request_id": name, "label": False,
                              "backend": "small", "source": "thumbs \u00fc"},
                        path="/feedback")
    assert response.status == 202
    assert wait_labels(rig, name, 2) == [("", None, 1, None),
                                         ("", "small", 0, "thumbs \u00fc")]
    assert counted(rig, "ok") == before + 2
    line = rig.wait_log(name_of(response), "outcome=ok")
    assert f"of={name}" in line and "label=wrong" in line, line


def test_own_request_id(rig):
    """x-request-id is the feedback's own name, as with any request."""
    response = feedback(rig, {"request_id": "later", "label": True},
                        headers={"x-request-id": "my-feedback"})
    assert (response.status, name_of(response)) == (202, "my-feedback")
    assert response.json["request_id"] == "later"


def test_before_the_row(rig):
    """What is not known yet is written down all the same."""
    response = feedback(rig, {"request_id": "comes-later", "label": True})
    assert response.status == 202
    assert wait_labels(rig, "comes-later", 1) == [("", None, 1, None)]
    rig.ask(headers={"x-request-id": "comes-later"})
    assert rig.row("comes-later")["backend"] == "small"


GOOD = {"request_id": "r", "label": True}
WRONG = [
    (b"", None, None), (b"[]", None, None), (b"{", None, None),
    (b"null", None, None), (b'{"label": tru}', None, None),
    (b'{"label": true} {}', None, None), (b'{"source": "\xff"}', None, None),
    ({}, "request_id", "missing_required_parameter"),
    ({"label": True}, "request_id", "missing_required_parameter"),
    ({"request_id": "r"}, "label", "missing_required_parameter"),
    ({**GOOD, "request_id": 7}, "request_id", None),
    ({**GOOD, "request_id": ""}, "request_id", None),
    ({**GOOD, "request_id": "a b"}, "request_id", None),
    ({**GOOD, "request_id": "a" * 65}, "request_id", None),
    ({**GOOD, "label": 1}, "label", None),
    ({**GOOD, "label": "right"}, "label", None),
    ({**GOOD, "label": None}, "label", None),
    ({**GOOD, "backend": "nobody"}, "backend", None),
    ({**GOOD, "backend": "auto"}, "backend", None),
    ({**GOOD, "backend": ["small"]}, "backend", None),
    ({**GOOD, "source": ""}, "source", None),
    ({**GOOD, "source": "a\nb"}, "source", None),
    ({**GOOD, "source": "a" * 65}, "source", None),
    ({**GOOD, "score": 1}, "score", None),
    ({**GOOD, "Label": True}, "Label", None),
    (b'{"request_id": "r", "label": true, "label": true}', "label", None),
    (b'{"request_id": "r", "label": true, "\\u006cabel": false}', "label",
     None),
]


@pytest.mark.parametrize("body, param, code", WRONG)
def test_wrong_bodies(rig, body, param, code):
    """400 that names the member and the cure; nothing is written."""
    before = counted(rig, "client_error")
    response = feedback(rig, body)
    assert response.status == 400, response
    error = response.error
    assert (error["type"], error["param"], error["code"]) == \
        ("invalid_request_error", param, code)
    assert (param or "JSON object") in error["message"]
    assert counted(rig, "client_error") == before + 1
    assert not labels(rig, "r")


def test_method_and_size(rig):
    """405 with Allow; bodies are bounded at 1 MiB."""
    for method in ("GET", "PUT", "DELETE"):
        response = rig.request(method, "/v1/feedback")
        assert (response.status, response.header("Allow")) == (405, "POST")
    large = json.dumps(GOOD).encode() + b" " * (1 << 20)
    response = feedback(rig, large)
    assert response.status == 413
    assert response.error["code"] == "request_too_large"
    assert rig.get("/v1/feedback/r").status == 404


def test_keeps_the_connection(rig):
    """A label is as cheap as it can be: no new connection for the next."""
    with rig.connect() as client:
        for _ in range(3):
            client.ask("POST", "/v1/feedback", json.dumps(GOOD).encode())
            assert client.read().status == 202


def test_no_ledger(yard):
    """404 that says which key sets one."""
    rig = yard.rig()
    rig.gw.stop()
    rig.gw.own.pop("ledger")
    rig.gw.write(standard(rig.small, rig.large))
    rig.gw.start()
    response = feedback(rig, GOOD)
    assert response.status == 404
    assert response.error["code"] == "no_ledger"
    assert "`ledger: PATH`" in response.error["message"]
    assert counted(rig, "client_error") == 1


def test_draining(yard):
    """Refused as chat is, and what was taken before is written."""
    rig = yard.rig(workers=1)
    name = name_of(rig.ask())
    assert feedback(rig, {"request_id": name, "label": True}).status == 202
    with rig.connect() as late, rig.connect() as idle:
        late.send(b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\n")
        idle.ask("GET", "/v1/models")
        assert idle.read("GET").status == 200
        rig.gw.signal(signal.SIGTERM)
        assert idle.is_closed()         # so the one loop drains by now
        body = json.dumps(GOOD).encode()
        late.send(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        response = late.read()
        assert response.status == 503, response
        assert response.error["code"] == "overloaded"
    assert rig.gw.wait_exit() == 0
    assert labels(rig, name) == [("", None, 1, None)]
    assert not labels(rig, "r")


# Keys.

@pytest.fixture(name="keyed")
def _keyed(yard):
    """A daemon that two teams use."""
    return yard.rig(**KEYS)


def test_keys_are_asked(keyed):
    """As with chat."""
    for headers in ({}, {"Authorization": "Bearer fk-wrong"}):
        response = feedback(keyed, GOOD, headers=headers)
        assert response.status == 401
        assert response.error["code"] == "invalid_api_key"
    assert feedback(keyed, GOOD, headers={
        "api-key": TEAMS["team-a"]}).status == 202


def test_a_key_labels_its_own(keyed):
    """Another team's word is written with its name, and means nothing."""
    name = name_of(keyed.ask(headers=bearer("team-a")))
    for team, label in (("team-a", True), ("team-b", False)):
        response = feedback(keyed, {"request_id": name, "label": label},
                            headers=bearer(team))
        assert response.status == 202
    assert wait_labels(keyed, name, 2) == [("team-a", None, 1, None),
                                           ("team-b", None, 0, None)]
    assert keyed.row(name)["key"] == "team-a"
    for key in TEAMS.values():
        assert key not in keyed.log()


def test_records_have_the_own_ones(keyed):
    """What the ledger's requests teach is what their own key said last."""
    keyed.small.script(answer("It is 7.", score=0.3))
    command = ["replay", "-c", keyed.gw.file, "--threshold", 0, "--json"]
    names = []
    for _ in range(3):
        name = name_of(keyed.ask(headers=bearer("team-a")))
        keyed.row(name)
        names.append(name)
        for team, backend, label in (
                ("team-b", "small", False), ("team-b", "large", True)):
            feedback(keyed, {"request_id": name, "label": label,
                             "backend": backend}, headers=bearer(team))
        wait_labels(keyed, name, 2)
    code, out, err = ctl(*command)
    assert (code, err) == (0, "")
    assert json.loads(out)["labelled"] is False
    for label in (True, False):
        feedback(keyed, {"request_id": name, "label": label,
                         "backend": "small"}, headers=bearer("team-a"))
        wait_labels(keyed, name, 3 if label else 4)
    feedback(keyed, {"request_id": name, "label": True},
             headers=bearer("team-a"))
    wait_labels(keyed, name, 5)
    exported = [json.loads(line) for line in ctl(
        "ledger", "export", "-c", keyed.gw.file)[1].splitlines()]
    assert {row["id"]: row.get("labels") for row in exported}[name] == \
        {"small": False, "large": True}
    assert [row.get("labels") for row in exported].count(None) == 2
    # Labels rule where no more pairs are compared than labelled.
    for other in names[:2]:
        for backend in ("small", "large"):
            feedback(keyed, {"request_id": other, "label": True,
                             "backend": backend}, headers=bearer("team-a"))
        wait_labels(keyed, other, 4)
    said = json.loads(ctl(*command)[1])
    assert said["labelled"] is True
    assert (said["accepted"]["count"], said["lost"]["count"],
            said["lost"]["of"]) == (3, 1, 3)


# The command.

def label(rig, *arguments, **options):
    """frugalctl label with the daemon's own configuration."""
    return ctl("label", "-c", rig.gw.file, *arguments, **options)


def test_command(rig):
    """Written when it returns, beside a daemon at work."""
    name = name_of(rig.ask())
    rig.row(name)
    assert label(rig, name, "right") == (0, "1 label written\n", "")
    assert label(rig, "--backend", "large", "--source", "a person", name,
                 "wrong") == (0, "1 label written\n", "")
    assert labels(rig, name) == [(None, None, 1, None),
                                 (None, "large", 0, "a person")]


def test_command_takes_any_id(rig):
    """One that looks like an option, too."""
    rig.ask(headers={"x-request-id": "-c"})
    rig.row("-c")
    assert label(rig, "--", "-c", "right")[0] == 0
    assert labels(rig, "-c") == [(None, None, 1, None)]


def test_command_unknown_request(rig):
    """Nobody's request is an error, not a row."""
    code, out, err = label(rig, "never-asked", "right")
    assert (code, out) == (1, "")
    assert "has no request never-asked" in err
    assert not labels(rig, "never-asked")


@pytest.mark.parametrize("arguments, says", [
    ([], "name a request"), (["r"], "name a request"),
    (["r", "right", "wrong"], "name a request"),
    (["r", "good"], 'right or wrong, not "good"'),
    (["a b", "right"], "a request's id"), (["a" * 65, "right"], "request's id"),
    (["r", "right", "--backend", "nobody"], "no backend nobody"),
    (["r", "right", "--source", "a\nb"], "--source must be"),
    (["r", "right", "--source", ""], "--source must be"),
    (["r", "right", "--from", "f"], "leave out the rest"),
    (["--from", "f", "--source", "x"], "leave out the rest"),
    (["r", "right", "--cascade", "auto"], "no option --cascade")])
def test_command_usage(rig, arguments, says):
    """Exit 2 and what to say instead."""
    code, out, err = label(rig, *arguments)
    assert (code, out) == (2, ""), (code, out, err)
    assert says in err


def test_command_without_ledger(rig, tmp_path):
    """No configuration, none that keeps one, or no such file."""
    code, _, err = ctl("label", "r", "right")
    assert code == 2 and "-c" in err
    conf = tmp_path / "f.yaml"
    text = rig.gw.file.read_text()
    conf.write_text(text.replace(str(rig.gw.ledger_file), "none"))
    code, _, err = ctl("label", "-c", conf, "r", "right")
    assert code == 2 and "has no `ledger`" in err
    missing = tmp_path / "none.db"
    conf.write_text(text.replace(str(rig.gw.ledger_file), str(missing)))
    code, _, err = ctl("label", "-c", conf, "r", "right")
    assert code == 1 and "none.db" in err and not missing.exists()


def test_file(rig, tmp_path):
    """The endpoint's objects, one a line; - is stdin."""
    names = [name_of(rig.ask()) for _ in range(3)]
    for name in names:
        rig.row(name)
    lines = [json.dumps({"request_id": name, "label": at != 1})
             for at, name in enumerate(names)]
    lines[2] = json.dumps({"label": True, "request_id": names[2],
                           "backend": "large", "source": "review"})
    file = tmp_path / "labels.jsonl"
    file.write_text("\n".join([*lines[:2], "", lines[2]]))
    assert label(rig, "--from", file) == (0, "3 labels written\n", "")
    assert label(rig, "--from", "-", input=lines[0]) == \
        (0, "1 label written\n", "")
    assert labels(rig, names[0]) == [(None, None, 1, None)] * 2
    assert labels(rig, names[1]) == [(None, None, 0, None)]
    assert labels(rig, names[2]) == [(None, "large", 1, "review")]
    assert label(rig, "--from", "/dev/null") == (0, "0 labels written\n", "")


@pytest.mark.parametrize("line, says", [
    ('{"request_id": "NAME", "label": 1}', ":3: label must be true"),
    ('{"request_id": "NAME"}', ":3: you must provide label"),
    ('{"request_id": "NAME", "label": true, "backend": "nobody"}',
     ":3: backend must be"),
    ('{"request_id": "never-asked", "label": true}',
     "has no request never-asked"),
    ('{"request_id": "NAME", "label": tr', ":3: not a valid JSON object"),
    ("right", ":3: not a valid JSON object")])
def test_file_with_a_wrong_line(rig, tmp_path, line, says):
    """Named by file and line; nothing of the file is written."""
    name = name_of(rig.ask())
    rig.row(name)
    good = json.dumps({"request_id": name, "label": True})
    file = tmp_path / "labels.jsonl"
    file.write_text(f"{good}\n\n{line.replace('NAME', name)}\n{good}\n")
    code, out, err = label(rig, "--from", file)
    assert (code, out) == (1, ""), err
    assert says in err and f"{file}:3: " in err, err
    assert not labels(rig, name)


def test_torn_file(rig, tmp_path):
    """One that ends within a line was not meant to be taken."""
    name = name_of(rig.ask())
    rig.row(name)
    good = json.dumps({"request_id": name, "label": True})
    file = tmp_path / "labels.jsonl"
    file.write_text(f"{good}\n{good[:-3]}")
    code, _, err = label(rig, "--from", file)
    assert code == 1 and "its last line is torn" in err
    assert not labels(rig, name)


def test_file_that_is_not_there(rig, tmp_path):
    """Exit 1, and which."""
    code, _, err = label(rig, "--from", tmp_path / "none.jsonl")
    assert code == 1 and "none.jsonl: cannot be read" in err
