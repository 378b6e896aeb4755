# SPDX-License-Identifier: Apache-2.0
"""What holds for every response, whatever the test is about."""

import re

from flow import schema

OWN = {"x-request-id", "x-frugald-backend", "x-frugald-tier",
       "x-frugald-decision", "x-frugald-reason", "x-frugald-confidence",
       "x-frugald-calibrated", "x-frugald-attempts", "x-frugald-cost-usd",
       "x-frugald-overhead-ms", "x-frugald-upstream-request-id"}
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
REASON = re.compile(
    r"confident|low_confidence|gate:[a-z_]+|no_signal|verifier_error"
    r"|backend_error|backend_open|context_length|deadline|budget|unsupported"
    r"|audit|drift_guard|not_worth_it|shadow|direct")


def check(response):
    """Headers and schemas of one response; returns it."""
    assert ID.fullmatch(response.header("x-request-id")), response
    assert response.header("Server") is None
    assert response.header("Content-Encoding") is None
    _check_own_headers(response)
    if response.status >= 400:
        check_error(response)
    elif response.header("Content-Type", "").startswith("application/json"):
        _check_object(response)
    return response


def check_error(response):
    """The four members, strings where strings are due."""
    assert response.header("Content-Type") == "application/json", response
    body = response.json
    schema.check("ErrorResponse", body)
    error = body["error"]
    assert set(error) >= {"message", "type", "param", "code"}, error
    assert isinstance(error["message"], str) and error["message"], error
    assert error["code"] is None or isinstance(error["code"], str), error


def _check_own_headers(response):
    for name, value in response.headers:
        if name.lower().startswith("x-frugald-"):
            assert name.lower() in OWN, f"unknown header {name}"
            assert value, f"empty {name}"
    decision = response.frugald("decision")
    assert decision in (None, "accept", "escalate")
    assert decision is None or REASON.fullmatch(response.frugald("reason"))
    confidence = response.frugald("confidence")
    assert confidence is None or re.fullmatch(r"[01]\.\d{3}", confidence)


def _check_object(response):
    body = response.json
    if body["object"] == "feedback":
        _check_feedback(response, body)
        return
    name = {"chat.completion": "CreateChatCompletionResponse",
            "list": "ListModelsResponse", "model": "Model"}.get(body["object"])
    assert name, f"unknown object {body['object']!r}"
    schema.check(name, body)


def _check_feedback(response, body):
    assert response.status == 202, response
    assert set(body) == {"object", "request_id"}, body
    assert ID.fullmatch(body["request_id"]), body
