# SPDX-License-Identifier: Apache-2.0
"""How long a test waits. FRUGALD_TIMEOUT_SCALE stretches it (sanitizers)."""

import os
import time

SCALE = float(os.environ.get("FRUGALD_TIMEOUT_SCALE", "1"))


def until(claim, timeout=5.0, what="it"):
    """Polls claim() until it is true; returns its value."""
    end = time.monotonic() + timeout * SCALE
    while True:
        value = claim()
        if value:
            return value
        assert time.monotonic() < end, f"waited {timeout * SCALE} s for {what}"
        time.sleep(0.01)
