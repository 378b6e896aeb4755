# SPDX-License-Identifier: Apache-2.0
"""Drives the official `openai` package: whole answers, streams, the helper.

The same tasks and results as openai_node.mjs, in process."""

import time

import openai


def run(base_url, api_key, tasks):
    """Every task in order; an exception is a result."""
    return [_timed(base_url, api_key, task) for task in tasks]


def _timed(base_url, api_key, task):
    client = openai.OpenAI(
        base_url=base_url, api_key=task.get("api_key", api_key),
        max_retries=task.get("max_retries", 0), timeout=30)
    start = time.monotonic()
    try:
        with client:
            result = MODES[task["mode"]](client, task.get("body", {}))
    except openai.OpenAIError as fault:
        result = {"error": _describe(fault)}
    return {**result, "seconds": time.monotonic() - start}


def _describe(fault):
    return {"class": type(fault).__name__, "message": fault.message,
            **{name: getattr(fault, place, None) for name, place in {
                "status": "status_code", "code": "code", "type": "type",
                "param": "param", "request_id": "request_id"}.items()}}


def _own_headers(headers):
    return {name.lower(): value for name, value in headers.items()
            if name.lower().startswith(("x-frugald-", "x-request-id"))}


def _summary(completion):
    first = completion.choices[0]
    message = first.message
    extra = message.model_extra or {}
    return {
        "id": completion.id, "model": completion.model,
        "object": completion.object, "choices": len(completion.choices),
        "usage": completion.usage and completion.usage.model_dump(),
        "content": message.content, "finish": first.finish_reason,
        "logprobs": first.logprobs and first.logprobs.model_dump(),
        "refusal": message.refusal,
        "reasoning": extra.get("reasoning_content"),
        "tool_calls": [{"id": call.id, "name": call.function.name,
                        "arguments": call.function.arguments}
                       for call in message.tool_calls or []]}


def _whole(client, body):
    raw = client.chat.completions.with_raw_response.create(**body)
    completion = raw.parse()
    return {**_summary(completion), "request_id": raw.request_id,
            "_request_id": completion._request_id,
            "headers": _own_headers(raw.headers)}


def _stream(client, body):
    raw = client.chat.completions.with_raw_response.create(stream=True, **body)
    chunks = list(raw.parse())
    choices = [choice for chunk in chunks for choice in chunk.choices]
    finishes = [c.finish_reason for c in choices if c.finish_reason]
    usage = chunks[-1].usage
    return {"request_id": raw.request_id, "headers": _own_headers(raw.headers),
            "content": "".join(c.delta.content or "" for c in choices),
            "ids": len({chunk.id for chunk in chunks}),
            "model": chunks[0].model, "usage": usage and usage.model_dump(),
            "roles": sum(1 for c in choices if c.delta.role),
            "finish": finishes[-1] if finishes else None}


def _helper(client, body):
    with client.chat.completions.stream(**body) as stream:
        for _ in stream:
            pass
        return _summary(stream.get_final_completion())


def _models(client, _):
    page = client.models.list()
    return {"ids": [model.id for model in page.data], "object": page.object}


def _model(client, body):
    return client.models.retrieve(body["model"]).model_dump()


MODES = {"whole": _whole, "stream": _stream, "helper": _helper,
         "models": _models, "model": _model}
