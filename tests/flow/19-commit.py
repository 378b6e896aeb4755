# SPDX-License-Identifier: Apache-2.0
"""A streaming client that waits long is kept alive, and told of errors."""

import time

import pytest

from flow import contract, sse
from flow.gateway import question
from flow.patience import SCALE
from stub import answer, error, hang, reset

COMMIT = {"commit_after": f"{int(200 * SCALE)}ms",
          "keepalive_every": f"{int(100 * SCALE)}ms"}
CONFIG = {"reply": COMMIT}
LONG = 0.9 * SCALE


def head_time(rig, **fields):
    """Asks for a stream; (seconds until the head, whole response)."""
    with rig.connect() as client:
        client.post(question(stream=True, **fields))
        start = time.monotonic()
        response = client.read_head()
        seconds = time.monotonic() - start
        client.read_body(response)
    return seconds, contract.check(response)


def test_head_and_comments_come_early(rig):
    """Role chunk at commit_after, comments, then the accepted answer."""
    rig.small.script(answer("Oslo.", delay=LONG))
    seconds, response = head_time(rig)
    assert 0.15 * SCALE < seconds < 0.6 * SCALE
    stream = sse.check(response, "auto")
    assert stream.text() == "Oslo."
    assert stream.keep_alives >= 3
    assert response.body.startswith(b"data: ")


def test_escalation_after_the_commit(rig):
    """The dear stream goes on under the same id, its role not repeated."""
    rig.small.script(answer("Perhaps.", score=0.1, delay=LONG))
    rig.large.script(answer("Oslo it is.", delay=0.3 * SCALE))
    seconds, response = head_time(rig)
    assert seconds < 0.6 * SCALE
    stream = sse.check(response, "auto")
    assert stream.text() == "Oslo it is."
    assert stream.keep_alives >= 4
    assert b"Perhaps" not in response.body


def test_usage_after_the_commit(rig):
    """The grammar of usage holds for the early role chunk too."""
    rig.small.script(answer("Oslo.", delay=LONG))
    _, response = head_time(rig, stream_options={"include_usage": True})
    assert sse.check(response, "auto", usage=True).usage["total_tokens"] == 18


@pytest.mark.parametrize("fault", ["500", "reset", "400"])
def test_errors_after_the_commit(rig, fault):
    """One error event, no [DONE]."""
    rig.small.script(answer("Perhaps.", score=0.1, delay=LONG))
    rig.large.script({"500": error(500), "reset": reset(),
                      "400": error(400, "too hot")}[fault])
    _, response = head_time(rig)
    stream = sse.check_cut(response, "auto")
    assert stream.text() == ""
    assert stream.error["code"] == ("upstream_error" if fault != "400" else None)
    assert rig.row(response)["outcome"] in ("upstream_error", "client_error")


def test_an_answer_in_time_is_not_committed_early(rig):
    """Before commit_after errors keep their real status."""
    rig.small.script(error(500))
    rig.large.script(error(500))
    response = rig.ask(stream=True)
    assert response.status == 502


def test_whole_answers_are_never_committed_early(rig):
    """Without stream the status waits for the decision."""
    rig.small.script(answer("Perhaps.", score=0.1, delay=LONG))
    rig.large.script(error(500))
    assert rig.ask().status == 502


def test_deadline_after_the_commit(rig):
    """The time is up: an error event with upstream_timeout."""
    rig.small.script(answer("Perhaps.", score=0.1, delay=LONG / 2))
    rig.large.script(hang())
    with rig.connect() as client:
        client.post(question(stream=True),
                    headers={"x-request-timeout": str(1.2 * SCALE)})
        response = client.read()
    assert sse.check_cut(response, "auto").error["code"] == "upstream_timeout"


def test_direct_streams_are_kept_alive(rig):
    """A backend asked by name may be slow as well."""
    rig.large.script(answer("Oslo.", delay=LONG))
    seconds, response = head_time(rig, model="large")
    assert seconds < 0.6 * SCALE
    stream = sse.check(response, "large", live=True)
    assert stream.keep_alives >= 3 and stream.text() == "Oslo."


def test_chunks_instead_of_comments(yard):
    """keepalive: chunk sends empty deltas, for parsers that fear comments."""
    rig = yard.rig(reply={**COMMIT, "keepalive": "chunk"})
    rig.small.script(answer("Oslo.", delay=LONG))
    _, response = head_time(rig)
    stream = sse.check(response, "auto")
    assert stream.keep_alives == 0
    empty = [c for c in stream.choices[1:-1] if c["delta"] == {}]
    assert len(empty) >= 3 and stream.text() == "Oslo."


def test_no_keep_alives(yard):
    """keepalive: off sends the early head and nothing more."""
    rig = yard.rig(reply={**COMMIT, "keepalive": "off"})
    rig.small.script(answer("Oslo.", delay=LONG))
    seconds, response = head_time(rig)
    assert seconds < 0.6 * SCALE
    stream = sse.check(response, "auto")
    assert stream.keep_alives == 0 and stream.text() == "Oslo."
