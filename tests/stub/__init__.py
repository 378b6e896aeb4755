# SPDX-License-Identifier: Apache-2.0
"""A scripted upstream: answers as told, remembers what it was asked."""

from .behave import (CLOSE, HANG, RESET, answer, chunked, error, hang, head,
                     play, reply, reset, segmented, sse, stream)
from .build import (chunk, completion, entries, finish_chunk, pairs,
                    role_chunk, sliced_tool_call, tool_call, usage_chunk)
from .upstream import Call, Upstream, refused_port

__all__ = [
    "CLOSE", "HANG", "RESET", "Call", "Upstream", "answer", "chunk",
    "chunked", "completion", "entries", "error", "finish_chunk", "hang",
    "head", "pairs", "play", "refused_port", "reply", "reset", "role_chunk",
    "segmented", "sliced_tool_call", "sse", "stream", "tool_call",
    "usage_chunk",
]
