# SPDX-License-Identifier: Apache-2.0
"""A configuration dictionary as YAML text."""

import json


def emit(value, depth=0):
    """Block style for mappings, one flow line for what is in a list."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines.append("  " * depth + f"{_scalar(key)}:")
            lines.append(emit(item, depth + 1))
        else:
            lines.append("  " * depth + f"{_scalar(key)}: {_flow(item)}")
    return "\n".join(lines)


def _flow(item):
    if isinstance(item, dict):
        inner = ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in item.items())
        return "{" + inner + "}"
    if isinstance(item, list):
        return "[" + ", ".join(map(_flow, item)) + "]"
    return _scalar(item)


def _scalar(item):
    """Strings quoted unless they are plain words; true, false, numbers bare."""
    if isinstance(item, str) and item.replace("-", "").replace("_", "").isalnum() \
            and item[0].isalpha() and item not in ("true", "false", "null",
                                                   "yes", "no", "on", "off"):
        return item
    if isinstance(item, str) and item[:1].isdigit() and item.isalnum():
        return item                 # 10s, 8MiB
    if isinstance(item, float):
        return f"{item:.9f}".rstrip("0") + "0"     # never 1e-05
    return json.dumps(item)
