# SPDX-License-Identifier: Apache-2.0
"""Log-probs are asked for behind the client's back and given back cut."""

import json

import pytest

from flow import sse
from flow.gateway import question
from stub import answer, completion, error, pairs, reply


@pytest.mark.parametrize("asked,sent", [(1, 5), (2, 5), (5, 5), (8, 8), (20, 20)])
def test_client_gets_what_it_asked(rig, asked, sent):
    """The larger of both is asked upstream, the client's k comes back."""
    response = rig.ask(logprobs=True, top_logprobs=asked)
    assert rig.small.call.json["top_logprobs"] == sent
    held = response.json["choices"][0]["logprobs"]
    assert [e["token"] for e in held["content"]] == ["From", " small."]
    assert [len(e["top_logprobs"]) for e in held["content"]] == [asked] * 2
    assert held["content"][0]["logprob"] == pytest.approx(-0.10536, abs=1e-4)
    assert held["refusal"] is None


@pytest.mark.parametrize("fields", [{}, {"top_logprobs": 0}])
def test_tokens_without_alternatives(rig, fields):
    """logprobs: true alone means empty lists."""
    response = rig.ask(logprobs=True, **fields)
    held = response.json["choices"][0]["logprobs"]["content"]
    assert [e["top_logprobs"] for e in held] == [[], []]


@pytest.mark.parametrize("fields", [{}, {"logprobs": False}, {"logprobs": None}])
def test_nothing_injected_leaks(rig, fields):
    """Who did not ask gets null."""
    response = rig.ask(**fields)
    assert response.json["choices"][0]["logprobs"] is None
    assert b"alt1" not in response.body and b'"token"' not in response.body


def test_the_terminal_tier_is_asked_what_the_client_asked(rig):
    """Its body is the client's, its log-probs pass."""
    rig.small.script(answer("hm", score=0.1))
    response = rig.ask(logprobs=True, top_logprobs=2)
    assert rig.large.call.json["top_logprobs"] == 2
    held = response.json["choices"][0]["logprobs"]["content"]
    assert len(held[0]["top_logprobs"]) == 2
    rig.ask()
    assert "logprobs" not in rig.large.last.json


def test_stream_is_cut_to_k(rig):
    """The same in a replay."""
    response = rig.ask(stream=True, logprobs=True, top_logprobs=1)
    stream = sse.check(response, "auto")
    assert [len(e["top_logprobs"]) for e in stream.logprobs()] == [1, 1]


@pytest.mark.parametrize("stream", [False, True])
def test_entries_are_completed(rig, stream):
    """Servers leave out empty lists and bytes; strict clients want them."""
    bare = [{"token": t, "logprob": p} for t, p in pairs("Oslo it is.")]
    body = completion("Oslo it is.", logprobs=bare)
    del body["choices"][0]["logprobs"]["refusal"]
    rig.small.script(reply(body))
    response = rig.ask(logprobs=True, stream=stream)
    assert response.frugald("backend") == "small"
    found = sse.check(response, "auto").logprobs() if stream \
        else response.json["choices"][0]["logprobs"]["content"]
    assert [e["token"] for e in found] == ["Oslo", " it", " is."]
    assert all(e["bytes"] is None and e["top_logprobs"] == [] for e in found)


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices_are_not_judged(rig, stream):
    """n > 1 goes straight to the terminal tier."""
    body = json.dumps(question(n=2, stream=stream)).encode()
    response = rig.post(body)
    assert response.frugald("reason") == "unsupported"
    assert response.frugald("backend") == "large"
    assert response.frugald("tier") == "2"
    assert response.frugald("attempts") == "1"
    assert not rig.small.calls
    assert rig.large.call.json["n"] == 2
    if stream:
        assert sse.check(response, "auto", n=2).text(1) == "From large."
    else:
        assert [c["index"] for c in response.json["choices"]] == [0, 1]


def test_n_of_one_is_judged(rig):
    """n = 1 is what everybody means."""
    assert rig.ask(n=1).frugald("backend") == "small"


REJECTIONS = {
    "403": (403, "You are not allowed to request logprobs from this model"),
    "400": (400, "logprobs are not supported with reasoning models."),
    "422": (422, "top_logprobs: unknown field"),
    "500": (500, "logprobs is not supported with tools + stream"),
}


def rejects_logprobs(status, message):
    """A server that answers only without log-probs."""
    def choose(call):
        if "logprobs" in call.json or "top_logprobs" in call.json:
            return error(status, message)
        return answer("Unscored.")
    return choose


@pytest.mark.parametrize("case", REJECTIONS)
def test_rejection_is_remembered(yard, case):
    """Asked once without, then always, until the next generation."""
    rig = yard.rig()
    rig.small.answer_by(rejects_logprobs(*REJECTIONS[case]))
    response = rig.ask()
    assert response.status == 200
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == "no_signal"
    first, second = rig.small.calls
    assert first.json["logprobs"] is True
    assert "logprobs" not in second.json and "top_logprobs" not in second.json
    assert second.json["model"] == "small-model"
    rig.ask()
    assert len(rig.small.calls) == 3
    assert "logprobs" not in rig.small.last.json
    rig.small.answer_by(lambda call: answer("Scored."))
    rig.gw.reload(rig.gw.file.read_text() + "# changed\n")
    assert rig.ask().content == "Scored."
    assert rig.small.last.json["logprobs"] is True


def test_other_rejections_are_not_retried(rig):
    """A 400 about something else is the client's."""
    rig.small.script(error(400, "messages must alternate"))
    assert rig.ask().frugald("backend") == "large"
    assert len(rig.small.calls) == 1


def test_client_asked_and_the_server_rejects(rig):
    """Fields that the client sent itself are not taken from it quietly."""
    rig.large.script(error(400, "logprobs is not supported",
                           param="logprobs"))
    response = rig.ask(model="large", logprobs=True)
    assert response.status == 400
    assert len(rig.large.calls) == 1
