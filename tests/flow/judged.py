# SPDX-License-Identifier: Apache-2.0
"""A cascade whose replies a third backend grades."""

import json
import re

from flow.gateway import backend, merge, standard
from stub import answer

NONCE = re.compile(r"^[0-9a-f]{32}$")


def nonce_of(call):
    """The code of this call, as its rules name it."""
    rules = call.json["messages"][0]["content"]
    return re.search(r"the string ([0-9a-f]{32}),", rules)[1]


def says(text, **parts):
    """A judge that says this; @ is the call's nonce."""
    async def behaviour(call, conn):
        said = text.replace("@", nonce_of(call))
        await answer(said, **parts)(call, conn)
    return behaviour


def grades(grade, **parts):
    """A judge that gives this grade, written as JSON."""
    return says('{"nonce":"@","grade":%s}' % grade, **parts)


async def echoes(call, conn):
    """A judge that says what it was shown."""
    await answer(call.json["messages"][1]["content"])(call, conn)


async def echoes_the_reply(call, conn):
    """A judge that says what it is to grade."""
    shown = re.search(r"\n<answer [0-9a-f]{32}>\n(.*)\n</answer ",
                      call.json["messages"][1]["content"], re.S)[1]
    await answer(json.loads(shown))(call, conn)


def config(small, large, judge, options=None, **changes):
    """The usual pair; `judge` grades what is between 0.3 and 0.8."""
    options = merge({"backend": "judge", "band": [0.3, 0.8]}, options or {})
    return merge(standard(small, large), merge({
        "backends": {"judge": backend(judge, price={"input": 4.0,
                                                    "output": 8.0})},
        "cascades": {"auto": {
            "threshold": 0.5,
            "verify": [{"judge": options}, {"rules": {"truncated": True}},
                       {"logprob": {"span": "all"}}]}}}, changes))


def rig_of(yard, options=None, **changes):
    """Small, large and judge behind `auto`; options: the judge's."""
    rig = yard.rig()
    rig.judge = yard.upstream("judge")
    rig.reload(config(rig.small, rig.large, rig.judge, options, **changes))
    rig.small.script(answer("Oslo", score=0.6))
    rig.judge.script(grades(9, usage=(400, 30)))
    return rig
