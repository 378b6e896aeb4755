# SPDX-License-Identifier: Apache-2.0
"""The ledger has every request, what it cost and why, and no word of it."""

import hashlib
import json
import time

import pytest

from flow import schema, sse
from flow.gateway import question, standard
from stub import CLOSE, answer, build, error, refused_port, stream


def test_accepted(rig):
    """One row, one attempt, the verdicts of the chain."""
    response = rig.ask()
    row = rig.row(response)
    expected = {"cascade": "auto", "mode": "enforce", "outcome": "ok",
                "status": 200, "stream": 0, "tier": 1, "backend": "small",
                "decision": "accept", "reason": "confident", "calibrated": 0,
                "attempts": 1, "cost_pusd": 25_000_000, "request_text": None}
    assert {key: row[key] for key in expected} == expected
    assert row["confidence"] == pytest.approx(0.9, abs=1e-3)
    assert abs(row["time_us"] / 1e6 - time.time()) < 60
    assert 0 < row["upstream_us"] <= row["total_us"]
    assert 0 <= row["overhead_us"] <= row["total_us"]
    attempt, = rig.attempts(response)
    expected = {"seq": 1, "backend": "small", "model": "small-model",
                "purpose": "answer", "tier": 1, "status": 200, "fault": None,
                "prompt_tokens": 11, "completion_tokens": 7,
                "usage_estimated": 0, "cost_pusd": 25_000_000,
                "response_text": None}
    assert {key: attempt[key] for key in expected if key != "seq"} == \
        {key: value for key, value in expected.items() if key != "seq"}
    assert 0 <= attempt["first_byte_us"] <= attempt["total_us"]
    verdicts = {v["verifier"]: v for v in rig.verdicts(response)}
    assert set(verdicts) == {"rules", "logprob"}
    assert verdicts["logprob"]["score"] == pytest.approx(0.9, abs=1e-3)
    signals = json.loads(verdicts["logprob"]["signals"])
    assert signals["logprob.min"] == pytest.approx(-0.10536, abs=1e-4)
    assert signals["logprob.tokens"] == 2


def test_escalated(rig):
    """Both attempts in order; the sum is the request's cost."""
    rig.small.script(answer("?", score=0.3))
    response = rig.ask(stream=True)
    row = rig.row(response)
    assert (row["tier"], row["backend"], row["decision"], row["reason"]) == \
        (2, "large", "escalate", "low_confidence")
    assert row["stream"] == 1 and row["attempts"] == 2
    first, second = rig.attempts(response)
    assert (first["backend"], second["backend"]) == ("small", "large")
    assert first["seq"] < second["seq"]
    assert first["cost_pusd"] + second["cost_pusd"] == row["cost_pusd"] \
        == 275_000_000
    assert second["start_us"] >= first["start_us"]


def test_gate(rig):
    """A gate's verdict has no score but a kind and a reason."""
    rig.small.script(answer("Oslo is", finish="length"))
    response = rig.ask()
    assert rig.row(response)["reason"] == "gate:truncated"
    assert rig.row(response)["confidence"] is None
    rules = [v for v in rig.verdicts(response) if v["verifier"] == "rules"]
    assert rules[0]["score"] is None and rules[0]["kind"]


def test_faults(yard):
    """A refused call is an attempt with a fault and no status."""
    closed = refused_port()
    rig = yard.rig(backends={"small": {"base_url": closed.url}})
    response = rig.ask()
    first, second = rig.attempts(response)
    assert first["fault"] and not first["status"] and not first["cost_pusd"]
    assert second["status"] == 200
    rig.large.script(error(503))
    failed = rig.ask(model="large")
    assert rig.row(failed)["outcome"] == "upstream_error"
    assert rig.attempts(failed)[0]["status"] == 503
    closed.close()


def test_direct(rig):
    """Tier 0, reason direct, no verdicts."""
    response = rig.ask(model="large")
    row = rig.row(response)
    assert (row["tier"], row["reason"], row["confidence"]) == (0, "direct", None)
    assert not rig.verdicts(response)


def test_cached_tokens_have_their_price(yard):
    """cached_input is charged for what the upstream had cached."""
    rig = yard.rig(backends={"large": {"price": {"cached_input": 1.0}}})
    rig.large.script(answer("Oslo.", usage=(100, 10, 60)))
    row = rig.row(rig.ask(model="large"))
    assert row["cost_pusd"] == (40 * 10 + 60 * 1 + 10 * 20) * 1_000_000


CANARIES = ("CANARY-PROMPT", "CANARY-REPLY", "CANARY-KEY", "CANARY-DOUBT",
            "CANARY-TOOL", "CANARY-UPSTREAM", "CANARY-ERROR")


@pytest.mark.parametrize("level", ["info", "debug"])
def test_nothing_said_is_kept(yard, monkeypatch, level):
    """No prompt, reply or key in ledger, log or metrics."""
    monkeypatch.setenv("UP_KEY", "sk-CANARY-UPSTREAM")
    key = "fk-CANARY-KEY"
    digest = hashlib.sha256(key.encode()).hexdigest()
    rig = yard.rig(
        log={"to": "stderr", "level": level},
        backends={"large": {"api_key": "env:UP_KEY"}},
        keys={"team": {"hash": f"sha256:{digest}",
                       "cascades": ["auto", "large"]}})
    headers = {"Authorization": f"Bearer {key}"}
    tools = [{"type": "function", "function": {
        "name": "CANARY-TOOL", "parameters": {"type": "object"}}}]
    rig.small.script(answer("CANARY-REPLY one."), answer("CANARY-DOUBT", 0.1),
                     error(400, "CANARY-ERROR"), answer("CANARY-REPLY"))
    rig.large.script(answer("CANARY-REPLY two."), error(400, "CANARY-ERROR"))
    for stream in (False, True, False, True):
        rig.ask("CANARY-PROMPT", headers, stream=stream, tools=tools,
                user="CANARY-PROMPT")
    rig.post(b'{"model":"auto","messages":["CANARY-PROMPT"', headers=headers)
    rig.post(question(), headers={"Authorization": f"Bearer {key}x"})
    rig.quiet()
    metrics = rig.admin("/metrics").body.decode()
    yard.gateways[0].stop()
    yard.gateways.clear()
    kept = b"".join(file.read_bytes() for file in rig.gw.tmp.iterdir()
                    if file.name.startswith("ledger"))
    assert len(rig.rows("SELECT id FROM requests")) >= 4
    for canary in CANARIES:
        assert canary not in rig.log(), canary
        assert canary not in metrics, canary
        assert canary.encode() not in kept, canary


@pytest.fixture
def told(yard):
    """A rig whose ledger keeps texts."""
    rig = yard.rig()
    rig.gw.own["ledger"] = {"path": str(rig.gw.ledger_file),
                            "store_text": True}
    rig.gw.stop()
    rig.gw.write(standard(rig.small, rig.large))
    rig.gw.start()
    return rig


def test_texts_when_told(told):
    """store_text: true keeps request and replies."""
    told.small.script(answer("REPLY-TEXT?", score=0.1))
    response = told.ask("PROMPT-TEXT")
    assert "PROMPT-TEXT" in told.row(response)["request_text"]
    first, second = told.attempts(response)
    assert "REPLY-TEXT?" in first["response_text"]
    assert "From large." in second["response_text"]


def kept(rig, **fields):
    """What the ledger keeps of a stream, beside what the client heard."""
    response = rig.ask(model="large", stream=True, **fields)
    heard = sse.check(response, "large", n=fields.get("n", 1))
    attempt, = rig.attempts(response)
    reply = json.loads(attempt["response_text"])
    schema.check("CreateChatCompletionResponse", reply)
    return reply, heard


def test_streamed_text_is_one_reply(told):
    """A stream is kept as the reply it says, log-probs and usage too."""
    told.large.script(answer("Oslo is \U0001f600 \"it\".", score=0.4))
    reply, heard = kept(told, logprobs=True, top_logprobs=2)
    choice, = reply["choices"]
    assert choice["message"] == {"role": "assistant", "refusal": None,
                                 "content": "Oslo is \U0001f600 \"it\"."}
    assert choice["message"]["content"] == heard.text()
    assert choice["logprobs"]["content"] == heard.logprobs()
    assert choice["finish_reason"] == "stop"
    assert reply["model"] == "large-model"
    assert (reply["id"], reply["created"]) == (build.ID, build.CREATED)
    assert reply["usage"] == build.usage_of((11, 7))


def test_streamed_tool_calls_are_one_reply(told):
    """Tool calls are put together by their index."""
    calls = [build.tool_call(), build.tool_call("sum", "[1, 2]", 2)]
    told.large.script(answer(None, tool_calls=calls))
    reply, heard = kept(told)
    choice, = reply["choices"]
    assert choice["message"]["tool_calls"] == calls == heard.tool_calls()
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"


def test_streamed_choices_are_one_reply(told):
    """Each choice has its own text."""
    mixed = [build.role_chunk(index=1), build.role_chunk(index=0)]
    for at, word in enumerate("a b c d e f".split()):
        mixed.append(build.chunk({"content": word}, index=at % 2))
    mixed += [build.finish_chunk(index=1),
              build.finish_chunk("length", index=0)]
    told.large.script(stream(mixed))
    reply, _ = kept(told, n=2)
    assert [(c["index"], c["message"]["content"], c["finish_reason"])
            for c in reply["choices"]] == [(0, "ace", "length"),
                                           (1, "bdf", "stop")]
    assert "usage" not in reply


def test_cut_streams_leave_no_text(told):
    """Nothing half is kept, whoever ended it."""
    parts = [build.role_chunk(), build.chunk({"content": "Half a"})]
    told.large.script(stream(parts, done=False, end=CLOSE))
    cut = told.ask(model="large", stream=True, check=False)
    attempt, = told.attempts(cut)
    assert attempt["fault"] == "broken" and attempt["response_text"] is None
    told.large.script(stream(parts))
    unfinished = told.ask(model="large", stream=True, check=False)
    attempt, = told.attempts(unfinished)
    assert attempt["fault"] == "cut" and attempt["response_text"] is None


def test_log_line(rig):
    """One line a request: id, outcome, backend, reason."""
    response = rig.ask()
    name = response.header("x-request-id")
    line = rig.wait_log(name, "outcome=ok")
    for word in ("backend=small", "status=200", "reason=confident"):
        assert word in line, line
    assert rig.log().count(name) == 1


def test_no_ledger(yard):
    """Without a ledger everything else works."""
    rig = yard.rig()
    rig.gw.stop()
    rig.gw.own.pop("ledger")
    rig.gw.write(standard(rig.small, rig.large))
    rig.gw.start()
    assert rig.ask().status == 200


def test_ledger_lives_on(yard):
    """A second start adds to the same file."""
    rig = yard.rig()
    rig.row(rig.ask())
    rig.gw.stop()
    rig.gw.start()
    rig.row(rig.ask())
    assert len(rig.rows("SELECT id FROM requests")) == 2
