# SPDX-License-Identifier: Apache-2.0
"""The clients that people use see an OpenAI server.

Each program is run once with all its tasks; the upstreams look at the first
word of the question to know what to do."""

import hashlib
import json

import pytest

from flow import drivers
from flow.gateway import question
from stub import (CLOSE, answer, chunk, error, hang, pairs, role_chunk, stream,
                  tool_call)

KEY = "fk-clients-" + "k" * 53
CONFIG = {"keys": {"team": {
    "hash": "sha256:" + hashlib.sha256(KEY.encode()).hexdigest(),
    "cascades": ["auto"]}}, "cascades": {"closed": {"tiers": ["large"]}}}
OPENAI = ["openai_python", "openai_node"]
ALL = OPENAI + ["ai_sdk", "langchain"]
LONG = "Oslo is the capital of Norway. " * 20
CALLS = [tool_call("lookup", '{"city":"Oslo"}', 1),
         tool_call("convert", '{"amount":1.50,"unit":"kr"}', 2)]
TOOLS = [{"type": "function", "function": {
    "name": "lookup", "description": "Looks up", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}}}},
    {"type": "function", "function": {
        "name": "convert", "description": "Converts", "parameters": {
            "type": "object", "properties": {
                "amount": {"type": "number"}, "unit": {"type": "string"}}}}}]
SURE = {
    "accept": answer("Oslo is the capital."), "long": answer(LONG),
    "utf8": answer("Ærøskøbing 🦊 — déjà vu"),
    "reason": answer("Oslo.", reasoning="Think of fjords."),
    "tools0": answer("No tool needed."),
    "tools1": answer(None, tool_calls=CALLS[:1], tokens=pairs("call lookup x")),
    "tools2": answer(None, tool_calls=CALLS, tokens=pairs("call both tools x")),
    "refuse": answer("I'm sorry, but I can't help with that."),
}
DEAR = {
    "400": error(400, "temperature is too hot", "bad_value",
                 param="temperature"),
    "context": error(400, "maximum context length is 10 tokens",
                     "context_length_exceeded", param="messages"),
    "422": error(422, "cannot process"), "401": error(401, "bad key"),
    "429": error(429, "slow down", "rate_limit_exceeded", "requests",
                 Retry_After="1"),
    "500": error(500, "broken"), "hang": hang(),
    "mid": stream([role_chunk(), chunk({"content": "Half an "})], done=False,
                  end=CLOSE),
    "midjson": stream([role_chunk(), chunk({"content": "Half an "}),
                       {"error": {"message": "CUDA", "code": 500}}]),
    "refuse": answer(None, refusal="I will not.", finish="stop"),
}


def word_of(call):
    """The first word of the question, and the rest."""
    return call.json["messages"][-1]["content"].split(" ")[0]


@pytest.fixture(scope="module")
def deaf(module_rig):
    """The rig, its upstreams answering by the question."""
    rig = module_rig
    rig.reset()
    seen = {}

    def dear(call):
        word = word_of(call)
        seen[call.json["messages"][-1]["content"]] = True
        if word == "retry429":
            same = [c for c in rig.large.calls if c.body and c.body == call.body]
            return DEAR["429"] if len(same) < 2 else answer("At last.")
        return DEAR.get(word, answer("The dear answer.", reasoning=None)
                        if word not in SURE else SURE[word])
    rig.small.answer_by(lambda call: SURE.get(
        word_of(call), answer("Perhaps.", score=0.1)))
    rig.large.answer_by(dear)
    return rig


def task(word, mode="whole", **more):
    """One task: a question that starts with that word."""
    fields = {k: more.pop(k) for k in ("tools", "model", "n", "logprobs",
                                       "top_logprobs", "stream_options")
              if k in more}
    return {"mode": mode, "body": question(f"{word} please", **fields), **more}


TASKS = {
    **{f"{word} {mode}": task(word, mode)
       for word in ("accept", "escalate", "long", "utf8", "reason", "refuse")
       for mode in ("whole", "stream", "helper")},
    **{f"tools{k} {mode}": task(f"tools{k}", mode, tools=TOOLS)
       for k in range(3) for mode in ("whole", "stream", "helper")},
    **{f"{word} {mode}": task(word, mode)
       for word in ("400", "context", "422", "401", "429", "500")
       for mode in ("whole", "stream")},
    "mid stream": task("mid", "stream"),
    "midjson stream": task("midjson", "stream"),
    "nobody whole": task("accept", model="nobody"),
    "closed whole": task("accept", model="closed"),
    "wrong key whole": task("accept", api_key="fk-wrong"),
}
MORE = {                        # for the official clients only
    "gpt-4o whole": task("accept", model="gpt-4o"),
    "gpt-4o stream": task("accept", "stream", model="gpt-4o"),
    "usage stream": task("accept", "stream",
                         stream_options={"include_usage": True}),
    "dear usage stream": task("escalate", "stream",
                              stream_options={"include_usage": True}),
    "logprobs whole": task("accept", logprobs=True, top_logprobs=2),
    "logprobs helper": task("accept", "helper", logprobs=True, top_logprobs=2),
    "n2 whole": task("escalate", n=2), "n2 helper": task("escalate", "helper",
                                                         n=2),
    "models": {"mode": "models", "body": {}},
    "model": {"mode": "model", "body": {"model": "gpt-4o"}},
    "model missing": {"mode": "model", "body": {"model": "no/such model"}},
    "retry500": task("500", max_retries=2), "retry429": task(
        "retry429", max_retries=2),
}


@pytest.fixture(scope="module")
def results(deaf):
    """results(client): every task's result by name; each program runs once."""
    done = {}

    def get(client):
        if client not in done:
            tasks = {**TASKS, **MORE} if client in OPENAI else {
                name: t for name, t in TASKS.items() if t["mode"] != "helper"}
            tagged = [_tag(t, client) for t in tasks.values()]
            found = drivers.run(client, f"http://127.0.0.1:{deaf.port}/v1", KEY,
                                tagged)
            done[client] = dict(zip(tasks, found))
        return done[client]
    return get


def _tag(one, client):
    """The client's name into the question, to count its upstream calls."""
    one = json.loads(json.dumps(one))
    for message in one["body"].get("messages", []):
        message["content"] += f" {client}"
    return one


def modes(client):
    """The ways in which that client asks."""
    return ["whole", "stream", "helper"] if client in OPENAI \
        else ["whole", "stream"]


each = pytest.mark.parametrize("client", ALL)
official = pytest.mark.parametrize("client", OPENAI)
TEXTS = {"accept": "Oslo is the capital.", "escalate": "The dear answer.",
         "long": LONG, "utf8": "Ærøskøbing 🦊 — déjà vu", "reason": "Oslo.",
         "tools0": "No tool needed."}


@each
@pytest.mark.parametrize("word", TEXTS)
def test_texts(results, client, word):
    """Whole or streamed, cheap or dear: the text arrives, and ends."""
    for mode in modes(client):
        found = results(client)[f"{word} {mode}"]
        assert "error" not in found, found
        assert found["content"] == TEXTS[word], mode
        assert found["finish"] == "stop", mode
        if mode != "helper":
            assert found["model"] == "auto"


@each
@pytest.mark.parametrize("count", [1, 2])
def test_tool_calls(results, client, count):
    """Names, ids and arguments are put together as they were made."""
    for mode in modes(client):
        found = results(client)[f"tools{count} {mode}"]
        assert "error" not in found, found
        assert found["finish"] in ("tool_calls", "tool-calls"), mode
        if "tool_calls" not in found:
            continue
        calls = found["tool_calls"]
        assert [c["id"] for c in calls] == ["call_1", "call_2"][:count]
        assert [c["name"] for c in calls] == ["lookup", "convert"][:count]
        for call, sent in zip(calls, CALLS):
            arguments = sent["function"]["arguments"]
            assert call.get("arguments", arguments) == arguments
            assert call.get("input", json.loads(arguments)) == \
                json.loads(arguments)


@official
def test_headers_and_ids(results, client):
    """_request_id and the extra headers are to be had."""
    for mode in ("whole", "stream"):
        found = results(client)[f"accept {mode}"]
        headers = found["headers"]
        assert found["request_id"] == headers["x-request-id"]
        assert headers["x-frugald-backend"] == "small"
        assert headers["x-frugald-decision"] == "accept"
        dear = results(client)[f"escalate {mode}"]["headers"]
        assert dear["x-frugald-backend"] == "large"
        assert dear["x-frugald-reason"] == "low_confidence"
    found = results(client)["accept whole"]
    assert found["_request_id"] == found["request_id"]
    assert found["id"].startswith("chatcmpl-")
    assert found["logprobs"] is None


@official
def test_stream_and_whole_are_one(results, client):
    """The helper's final object is the whole answer's."""
    for word in ("accept", "escalate", "long", "utf8", "reason"):
        whole = results(client)[f"{word} whole"]
        final = results(client)[f"{word} helper"]
        for member in ("content", "finish", "refusal", "reasoning",
                       "tool_calls", "object", "model"):
            assert final[member] == whole[member], (word, member)


@official
def test_streams_are_consistent(results, client):
    """One id, one role."""
    for word in ("accept", "escalate", "long", "tools1", "tools2"):
        found = results(client)[f"{word} stream"]
        assert found["ids"] == 1 and found["roles"] == 1, word
        assert found["usage"] is None


@official
def test_usage(results, client):
    """Counted in whole answers, in streams when asked."""
    for name in ("accept whole", "usage stream", "dear usage stream"):
        assert results(client)[name]["usage"]["total_tokens"] == 18, name


def test_usage_of_others(results):
    """What the AI SDK and LangChain make of it."""
    for mode in ("whole", "stream"):
        found = results("ai_sdk")[f"accept {mode}"]["usage"]
        assert found["inputTokens"] == 11 and found["outputTokens"] == 7, mode
        found = results("langchain")[f"accept {mode}"]["usage"]
        assert found["input_tokens"] == 11 and found["output_tokens"] == 7, mode
        assert found["total_tokens"] == 18


@official
def test_log_probs(results, client):
    """Asked for: given, cut to two alternatives."""
    for name in ("logprobs whole", "logprobs helper"):
        entries = results(client)[name]["logprobs"]["content"]
        assert "".join(e["token"] for e in entries) == TEXTS["accept"]
        assert all(len(e["top_logprobs"]) == 2 for e in entries)


@official
def test_two_choices(results, client):
    """n = 2."""
    assert results(client)["n2 whole"]["choices"] == 2
    assert results(client)["n2 helper"]["choices"] == 2


@official
def test_refusal(results, client):
    """The dear model's refusal is told as one."""
    for mode in ("whole", "helper"):
        assert results(client)[f"refuse {mode}"]["refusal"] == "I will not."


def test_reasoning(results):
    """Reasoning arrives where clients look for it."""
    for client in OPENAI:
        for mode in ("whole", "helper"):
            assert results(client)[f"reason {mode}"]["reasoning"] == \
                "Think of fjords."
    for mode in ("whole", "stream"):
        assert results("ai_sdk")[f"reason {mode}"]["reasoning"] == \
            "Think of fjords."


@official
def test_names(results, client):
    """gpt-4o is answered as gpt-4o; the list can be read."""
    for mode in ("whole", "stream"):
        assert results(client)[f"gpt-4o {mode}"]["model"] == "gpt-4o"
    assert "auto" in results(client)["models"]["ids"]
    assert results(client)["models"]["object"] == "list"
    assert results(client)["model"]["id"] == "gpt-4o"


ERRORS = {      # class, status, code, type, param
    "400": ("BadRequestError", 400, "bad_value", "invalid_request_error",
            "temperature"),
    "context": ("BadRequestError", 400, "context_length_exceeded",
                "invalid_request_error", "messages"),
    "422": ("UnprocessableEntityError", 422, None, "invalid_request_error",
            None),
    "401": ("InternalServerError", 502, "upstream_auth_failed", "server_error",
            None),
    "429": ("RateLimitError", 429, "rate_limit_exceeded", "requests", None),
    "500": ("InternalServerError", 502, "upstream_error", "server_error", None),
    "nobody": ("NotFoundError", 404, "model_not_found",
               "invalid_request_error", "model"),
    "closed": ("PermissionDeniedError", 403, "permission_denied",
               "invalid_request_error", "model"),
    "wrong key": ("AuthenticationError", 401, "invalid_api_key",
                  "invalid_request_error", None),
}


@official
@pytest.mark.parametrize("case", ERRORS)
def test_errors(results, client, case):
    """The class, and all fields of it."""
    kind, status, code, type_, param = ERRORS[case]
    for mode in ("whole", "stream"):
        if f"{case} {mode}" not in TASKS:
            continue
        found = results(client)[f"{case} {mode}"]["error"]
        assert found["class"] == kind, found
        assert (found["status"], found["code"], found["param"]) == \
            (status, code, param)
        assert found["type"] == type_ or case == "429"
        assert found["request_id"]
        assert "status code (no body)" not in found["message"]


@pytest.mark.parametrize("client", ["ai_sdk", "langchain"])
@pytest.mark.parametrize("case", ["400", "500", "429"])
def test_errors_of_others(results, client, case):
    """They tell status and message too."""
    for mode in ("whole", "stream"):
        found = results(client)[f"{case} {mode}"]["error"]
        assert found["status"] == ERRORS[case][1], found
        if case == "400":
            assert "temperature is too hot" in found["message"]


@each
@pytest.mark.parametrize("case", ["mid", "midjson"])
def test_errors_under_way(results, client, case):
    """A stream that breaks is an error for every client, never an end."""
    found = results(client)[f"{case} stream"]
    assert "error" in found, found
    assert "JSON" not in found["error"]["message"]
    if client in OPENAI:
        assert found["error"]["class"] == "APIError"
        assert found["error"]["code"] == "upstream_error"


@official
def test_an_unknown_model_cannot_be_read(results, client):
    """NotFoundError with the word for it."""
    found = results(client)["model missing"]["error"]
    assert (found["class"], found["code"]) == ("NotFoundError",
                                               "model_not_found")


@official
def test_retries(results, deaf, client):
    """No repeats of what was tried to the end; a 429 is waited for."""
    found = results(client)["retry500"]["error"]
    assert found["status"] == 502
    asked = [c for c in deaf.large.calls if word_of(c) == "500"
             and client in c.json["messages"][-1]["content"]]
    assert len(asked) == 3, "whole, stream, and one with retries allowed"
    found = results(client)["retry429"]
    assert found["content"] == "At last."
    assert found["seconds"] > 0.8, "Retry-After: 1 was not obeyed"
