# SPDX-License-Identifier: Apache-2.0
"""Artifacts made by hand, and what their heads come to."""

import hashlib
import json
import math

from flow.checked import BLIND

# Quadratic B-splines over two knots, one apart from the other: with these
# weights the sum of all three is the value itself.
KNOTS = (-3.0, 0.0)
LINE = (-4.5, -1.5, 1.5)
SWITCH = (-0.5, 0.5, 1.5)       # the same over (0, 1)
CUTS = {"accept": 0.03, "check": 0.3, "after": 0.05}


def sigma(z):
    """The logistic function."""
    return 1 / (1 + math.exp(-z))


def before(score):
    """Regret before the check, of a reply whose least token has that
    probability."""
    return sigma(-4.1 - 3 * math.log(score))


def after(agree):
    """Regret after it."""
    return sigma(2 - 6 * agree)


def head(bias, *weights):
    """One head that is calibrated as it is."""
    return {"bias": bias, "weights": list(weights), "words": None,
            "calibrator": {"kind": "none"}}


BEFORE = (*(-3 * x for x in LINE), 2.0)
AFTER = (0.0, 0.0, 0.0, 0.0, *(-6 * x for x in SWITCH), 3.0)


def artifact(**changes):
    """Fits the cascade of `config`; changes replace whole members."""
    digest = hashlib.sha256(BLIND.encode()).hexdigest()
    return {
        "frugald_artifact": 1, "created": "2026-11-24T12:00:00Z",
        "cascade": "auto",
        "tiers": [{"backend": name, "model": f"{name}-model",
                   "top_logprobs": 5} for name in ("small", "large")],
        "verify": [{"logprob": {"span": "all"}},
                   {"check": {"backend": "checker", "mode": "blind"}}],
        "compare": "auto", "check_instruction": digest, "route_price": 0.1,
        "data_sha256": "0" * 64,
        "promise": {"max_error": 0.02, "delta": 0.05, "kind": "certified",
                    "n_fit": 300, "n_certify": 700, "n_report": 0,
                    "losses": 5, "risk": 0.007, "risk_upper": 0.015},
        "cuts": CUTS,
        "economics": {"accept": 0.3, "checked": 0.3, "net_saving": 0.2,
                      "net_saving_low": 0.1, "net_saving_high": 0.3,
                      "verdict": "worth it"},
        "labels": False, "words": 0,
        "signals": [{"name": "logprob.min", "stage": "before",
                     "may_miss": False,
                     "knots": list(KNOTS)},
                    {"name": "check.agree", "stage": "after",
                     "may_miss": True,
                     "knots": [0.0, 1.0]}],
        "heads": {"before": {"regret": head(-4.1, *BEFORE)},
                  "after": {"regret": head(2.0, *AFTER)}},
        **changes}


def save(path, **changes):
    """Writes it; its path."""
    path.write_text(json.dumps(artifact(**changes)))
    return str(path)


def buckets(question, reply, count):
    """Which of so many buckets the words of both fall into (FNV-1a)."""
    def bucket(side, word):
        value = 2166136261
        for byte in (side + word.lower()).encode():
            value = (value ^ byte) * 16777619 % 2 ** 32
        return (value ^ value >> 16) % count
    return {bucket("q ", word) for word in question.split()} | \
        {bucket("r ", word) for word in reply.split()}
