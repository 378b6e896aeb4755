# SPDX-License-Identifier: Apache-2.0
"""A cascade whose replies are checked by a third backend."""

from flow.gateway import backend, merge, standard
from stub import answer

BLIND = "\nReply with the final answer only, no working."


def config(small, large, checker, check=None, **changes):
    """The usual pair; `checker` judges what is between 0.3 and 0.8."""
    options = merge({"backend": "checker", "band": [0.3, 0.8]}, check or {})
    return merge(standard(small, large), merge({
        "backends": {"checker": backend(checker, price={"input": 4.0,
                                                        "output": 8.0})},
        "cascades": {"auto": {
            "threshold": 0.5,
            "verify": [{"rules": {"truncated": True}}, {"check": options},
                       {"logprob": {"span": "all"}}]}}}, changes))


def rig_of(yard, check=None, **changes):
    """Small, large and checker behind `auto`; check: its options."""
    rig = yard.rig()
    rig.checker = yard.upstream("checker")
    rig.reload(config(rig.small, rig.large, rig.checker, check, **changes))
    rig.small.script(answer("Oslo", score=0.6))
    rig.checker.script(answer("Oslo", score=0.9, usage=(30, 2)))
    return rig


def verdict(rig, response, verifier="check"):
    """The ledger's verdict of that verifier; None when it gave none."""
    found = [v for v in rig.verdicts(response) if v["verifier"] == verifier]
    assert len(found) <= 1, found
    return found[0] if found else None

