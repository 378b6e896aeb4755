# SPDX-License-Identifier: Apache-2.0
"""`python -m stub [PORT [SCORE [TEXT]]]`: an honest server to play with."""

import sys
import threading

from . import Upstream, answer


def main(port="8000", score="0.9", text="Hello there."):
    """Serves until interrupted."""
    up = Upstream(port=int(port))
    up.script(answer(text, float(score)))
    print(f"answers {text!r} at {up.url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        up.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
