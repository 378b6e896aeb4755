# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of a verifier, of any kind: the answer is not kept, and the
client has one all the same."""

import json

import pytest

from flow import plugged, sse
from flow.gateway import backend, standard
from flow.judged import grades
from stub import (CLOSE, answer, completion, error, hang, head, play, reply,
                  reset)

# What may befall any that asks somebody over HTTP. Behaviour, reason, and the
# word for what was wrong (or another, where a connection was open before).

ERROR = "verifier_error"
FAULTS = {
    "missing": (None, ERROR, "connect|broken"),
    "refuses": (reset(), ERROR, "broken"),
    "hangs": (hang(), ERROR, "timeout"),
    "hangs mid-body": (play(head(200, length=500), b'{"obj', 60), ERROR,
                       "timeout"),
    "cuts": (play(CLOSE), ERROR, "broken"),
    "cuts mid-body": (play(head(200, length=500), b'{"obj', CLOSE), ERROR,
                      "broken"),
    "no HTTP": (play(b"SSH-2.0-OpenSSH\r\n", CLOSE), ERROR, "broken"),
    "500": (error(500), ERROR, "status"),
    "429": (error(429, Retry_After="1"), ERROR, "status"),
    "401": (error(401), ERROR, "status"),
    "redirect": (reply({}, 302, Location="http://127.0.0.1:1/"), ERROR,
                 "broken"),
    "empty body": (reply(b""), ERROR, "garbage"),
    "garbage": (reply(b"<html>sorry</html>"), ERROR, "garbage"),
    "cut JSON": (reply(b'{"choices":[{"message":{"content":"From'), ERROR,
                 "garbage"),
    "empty object": (reply({}), ERROR, "garbage"),
    "a list": (reply([]), ERROR, "garbage"),
    "too large": (reply(b'"' + b"x" * 9_000_000 + b'"'), ERROR, "limit"),
}

# The kinds. A new one is a class, and an instance of it in KINDS.


class Kind:
    """A verifier: its entry in `verify`, and how its fault is brought about."""

    name = None
    faults = FAULTS     # name: (behaviour, reason, why)
    some = "missing", "500", "garbage"      # of them
    calls = True        # are there attempts with purpose verify?
    kept = "From small."

    def entry(self, _):
        """What stands in the list; it may look at the rig."""
        return self.name

    def prepare(self, rig):
        """Everybody answers, and nobody is verified yet."""
        for up in (rig.small, rig.medium, rig.large):
            up.script(answer(f"From {up.name}.", score=0.6))

    def break_by(self, rig, behaviour):
        """What it asks about the first tier's reply gets this."""
        raise NotImplementedError

    def silence(self, rig):
        """Nobody listens where it asks about the first tier's reply."""
        raise NotImplementedError

    def restore(self, rig):
        """After silence()."""
        raise NotImplementedError

    def approval(self):
        """What it is to get for the first tier's answer to be kept."""
        raise NotImplementedError

    def serves_the_second(self):
        """Is the second tier verified all the same?"""
        return False


class Elsewhere(Kind):
    """It asks a server that is no tier; rig.other plays it for all tiers."""

    def break_by(self, rig, behaviour):
        rig.other.script(behaviour)

    def silence(self, rig):
        rig.other.close_port()

    def restore(self, rig):
        rig.other.open_port()


class OfTheTier(Kind):
    """It asks the tier's own backend: each tier by itself."""

    def asks(self, call):
        """Is that call of the verifier?"""
        raise NotImplementedError

    def prepare(self, rig):
        super().prepare(rig)
        self.tell(rig.small, self.approval())
        self.tell(rig.medium, self.approval(), "From small.")

    def tell(self, up, behaviour, text=None):
        """What it gets when it asks, and the text of the tier's answer."""
        first = answer(text or f"From {up.name}.", score=0.6)
        up.answer_by(lambda call: behaviour if self.asks(call) else first)

    def break_by(self, rig, behaviour):
        self.tell(rig.small, behaviour)

    def silence(self, rig):
        rig.small.script(rig.small.last_words(
            reply(completion("From small."), Connection="close")))

    def restore(self, rig):
        rig.small.open_port()

    def serves_the_second(self):
        return True


def token(logprob, content="From small."):
    """A reply of one token with that log-prob, as text."""
    return reply(b'{"object":"chat.completion","choices":[{"index":0,'
                 b'"message":{"role":"assistant","content":%s},"finish_reason":'
                 b'"stop","logprobs":{"content":[{"token":%s,"logprob":%s}]}}]}'
                 % (json.dumps(content).encode(), json.dumps(content).encode(),
                    logprob))


NO_CHOICES = reply({"object": "chat.completion", "choices": []})
OF_MODELS = {
    **FAULTS,
    "no choices": (NO_CHOICES, ERROR, "garbage"),
    "choice of nothing": (reply({"choices": [None]}), ERROR, "garbage"),
    "error in 200": (reply({"error": {"message": "sorry"}}), ERROR,
                     "error_body"),
}
OF_CHECKS = {
    **OF_MODELS,
    "null": (reply(completion(None)), ERROR, "empty"),
    "blank": (answer(" \n"), ERROR, "empty"),
    "NaN": (token(b"NaN"), ERROR, "garbage"),
    "Infinity": (token(b"Infinity"), ERROR, "garbage"),
    "no probability": (token(b"3", "..."), "no_signal", "unknown"),
    "a word for one": (token(b'"-0.1"', "..."), "no_signal", "unknown"),
}


class Check(Elsewhere):
    """Another backend."""
    name, faults = "check", OF_CHECKS

    def entry(self, _):
        return {"check": {"backend": "other"}}

    def approval(self):
        return answer("From small.", score=0.9)


class SelfCheck(OfTheTier):
    """The tier itself, directly."""
    name, faults = "self_check", OF_CHECKS

    def asks(self, call):
        return call.json.get("max_tokens") == 16

    def approval(self):
        return answer("From small.", score=0.9)


class Samples(OfTheTier):
    """The tier itself, again."""
    name, faults = "samples", OF_MODELS

    def asks(self, call):
        return call.body.startswith(b'{"temperature":')

    def approval(self):
        return answer("From small.", score=0.9)


class Judge(Elsewhere):
    """Another backend, which grades."""
    name = "judge"
    faults = {
        **OF_MODELS,
        "null": (reply(completion(None)), ERROR, "garbage"),
        "no JSON": (answer("10"), ERROR, "garbage"),
        "another's nonce": (answer('{"nonce":"%s","grade":10}' % ("0" * 32)),
                            ERROR, "nonce"),
        "NaN": (grades("NaN"), ERROR, "garbage"),
        "11": (grades(11), ERROR, "range"),
        "-1": (grades(-1), ERROR, "range"),
        "7.5": (grades(7.5), ERROR, "range"),
        "yes": (grades('"yes"'), ERROR, "range"),
        "cut": (grades(10, finish="length"), ERROR, "finish"),
    }

    def entry(self, _):
        return {"judge": {"backend": "other"}}

    def approval(self):
        return grades(9)


class Http(Elsewhere):
    """A scorer of the user's own."""
    name = "http"
    faults = {
        **FAULTS,
        "redirect": (FAULTS["redirect"][0], ERROR, "status"),
        "no score": (reply({"reason": "?"}), ERROR, "garbage"),
        "NaN": (reply(b'{"score":NaN}'), ERROR, "garbage"),
        "7": (reply({"score": 7}), ERROR, "range"),
        "-1": (reply({"score": -1}), ERROR, "range"),
        "just above": (reply(b'{"score":1.0000001}'), ERROR, "range"),
        "huge": (reply(b'{"score":1e999}'), ERROR, "range"),
        "yes": (reply({"score": "yes"}), ERROR, "garbage"),
        "true": (reply({"score": True}), ERROR, "garbage"),
        "null": (reply({"score": None}), ERROR, "garbage"),
        "twice": (reply(b'{"score":1,"score":1}'), ERROR, "garbage"),
        "beside": (reply({"score": 1, "sure": False}), ERROR, "garbage"),
    }

    def entry(self, rig):
        return {"http": {"url": f"http://127.0.0.1:{rig.other.port}/score"}}

    def approval(self):
        return reply({"score": 0.9})


class Plugin(Kind):
    """Code of the user's own, which does what the reply says."""
    name, calls, kept = "plugin", False, "0.9"
    faults = {
        "fail": (answer("fail"), ERROR, "failed"),
        "nothing": (answer("nothing"), ERROR, "failed"),
        "strange": (answer("strange"), ERROR, "range"),
        "nan": (answer("nan"), ERROR, "range"),
        "7": (answer("7"), ERROR, "range"),
        "-1": (answer("-1"), ERROR, "range"),
        "slow": (answer("slow"), ERROR, "timeout"),
    }
    some = "fail", "nan", "slow"

    def entry(self, rig):
        path = plugged.build(rig.tmp / "obeys.so")
        return {"plugin": {"path": str(path), "timeout": "150ms"}}

    def prepare(self, rig):
        super().prepare(rig)
        rig.medium.script(self.approval())

    def break_by(self, rig, behaviour):
        rig.small.script(behaviour)

    def approval(self):
        return answer(self.kept)

    def serves_the_second(self):
        return True


KINDS = {kind.name: kind for kind in (Check(), SelfCheck(), Samples(), Judge(),
                                      Http(), Plugin())}
EVERY = pytest.mark.parametrize("kind, fault", [
    (kind, fault) for kind, it in KINDS.items() for fault in it.faults])
SOME = pytest.mark.parametrize("kind, fault", [
    (kind, fault) for kind, it in KINDS.items() for fault in it.some])
STREAMS = pytest.mark.parametrize("stream", [False, True])


@pytest.fixture(scope="module")
def everybody(module_yard):
    """Each kind has a cascade of two tiers, NAME, one of three, NAME-3, and one
    where another verifier was sure before it, NAME-behind."""
    rig = module_yard.rig()
    rig.medium = module_yard.upstream("medium")
    rig.other = module_yard.upstream("other")
    backends = {"medium": backend(rig.medium), "other": backend(rig.other)}
    cascades = {}
    for name, kind in KINDS.items():
        shared = {"threshold": 0.5, "verify": [kind.entry(rig)]}
        cascades[name] = {"tiers": ["small", "large"], **shared}
        cascades[f"{name}-3"] = {"tiers": ["small", "medium", "large"],
                                 **shared}
        cascades[f"{name}-behind"] = {
            "tiers": ["small", "large"], "threshold": 0.5,
            "verify": ["logprob", kind.entry(rig)]}
    rig.reload(standard(rig.small, rig.large, backends=backends,
                        cascades=cascades))
    return rig


@pytest.fixture
def rig(everybody):
    """All as new."""
    for up in (everybody.small, everybody.medium, everybody.large,
               everybody.other):
        up.reset()
    yield everybody
    assert everybody.alive, everybody.log()[-4000:]
    everybody.quiet()


def ask(rig, kind, fault, model, stream, dead=None):
    """One request while the verifier has that fault, and the last tier, too,
    where dead says what it does."""
    it, (behaviour, _, why) = KINDS[kind], KINDS[kind].faults[fault]
    headers = {"x-request-timeout": "1"} \
        if why == "timeout" or dead is not None else {}
    it.prepare(rig)
    if dead is not None:
        rig.large.script(dead)
    if behaviour is not None:
        it.break_by(rig, behaviour)
        return rig.ask(model=model, stream=stream, headers=headers)
    it.silence(rig)
    try:
        return rig.ask(model=model, stream=stream, headers=headers)
    finally:
        it.restore(rig)


def text_of(response, model, stream):
    """What the client reads."""
    return sse.check(response, model).text() if stream else response.content


def verdicts(rig, response, kind):
    """(kind, why, score) of that verifier's, in order."""
    return [(v["kind"], v["why"], v["score"]) for v in rig.verdicts(response)
            if v["verifier"] == kind]


def is_fault(said, why):
    """No evidence, and the word for it."""
    return said[0] == "none" and said[1] in why.split("|") and said[2] is None


def faults(rig, kind, why):
    """The counter."""
    metrics = rig.metrics()
    return sum(metrics.sum("frugald_verifier_faults_total", verifier=kind,
                           why=word) for word in why.split("|"))


@EVERY
@STREAMS
def test_two_tiers(rig, kind, fault, stream):
    """The last tier's answer, and it is told why."""
    _, reason, why = KINDS[kind].faults[fault]
    before = faults(rig, kind, why)
    response = ask(rig, kind, fault, kind, stream)
    assert response.status == 200
    assert text_of(response, kind, stream) == "From large."
    assert response.frugald("backend") == "large"
    assert response.frugald("decision") == "escalate"
    assert response.frugald("reason") == reason
    said, = verdicts(rig, response, kind)
    assert is_fault(said, why), said
    assert faults(rig, kind, why) == before + 1
    row = rig.row(response)
    assert (row["decision"], row["reason"]) == ("escalate", reason)
    assert row["outcome"] == "ok"
    attempts = rig.attempts(response)
    assert [a["backend"] for a in attempts if a["purpose"] == "answer"] == \
        ["small", "large"]
    assert KINDS[kind].calls == any(a["purpose"] == "verify" for a in attempts)
    assert row["cost_pusd"] == sum(a["cost_pusd"] for a in attempts)


@EVERY
def test_behind_one_that_is_sure(rig, kind, fault):
    """What another said before does not make up for it."""
    _, reason, why = KINDS[kind].faults[fault]
    response = ask(rig, kind, fault, f"{kind}-behind", False)
    assert response.status == 200
    assert response.frugald("backend") == "large"
    assert response.frugald("reason") == reason
    said, = verdicts(rig, response, kind)
    assert is_fault(said, why), said


@EVERY
@STREAMS
def test_three_tiers(rig, kind, fault, stream):
    """The middle one is asked next, and verified in its turn."""
    _, reason, why = KINDS[kind].faults[fault]
    response = ask(rig, kind, fault, f"{kind}-3", stream)
    assert response.status == 200
    assert response.frugald("decision") == "escalate"
    said = verdicts(rig, response, kind)
    assert is_fault(said[0], why), said
    if KINDS[kind].serves_the_second():
        assert response.frugald("tier") == "2"
        assert response.frugald("reason") == "confident"
        assert not rig.large.calls and len(said) == 2
    else:
        assert response.frugald("tier") == "3"
        assert response.frugald("reason") == reason
        assert is_fault(said[1], why) and len(said) == 2
    assert [a["backend"] for a in rig.attempts(response)
            if a["purpose"] == "answer"] == \
        ["small", "medium", "large"][:int(response.frugald("tier"))]


DEAD = {        # the last tier's behaviour, status, code
    "500": (error(500), 502, "upstream_error"),
    "garbage": (reply(b"<html>"), 502, "upstream_error"),
    "reset": (reset(), 502, "upstream_error"),
    "hangs": (hang(), 504, "upstream_timeout"),
    "429": (error(429), 429, "rate_limit_exceeded"),
}


@SOME
@pytest.mark.parametrize("end", DEAD)
@STREAMS
def test_the_last_tier_dead_as_well(rig, kind, fault, end, stream):
    """That fault is the client's to know; the answer that was not verified is
    not sent for want of another."""
    behaviour, status, code = DEAD[end]
    response = ask(rig, kind, fault, kind, stream, dead=behaviour)
    assert response.status == status
    assert response.error["code"] == code
    assert set(response.json) == {"error"}
    assert verdicts(rig, response, kind)[0][0] == "none"


@SOME
@STREAMS
def test_the_last_tier_missing_as_well(rig, kind, fault, stream):
    """One tier was reached, so it is no outage of all."""
    rig.large.close_port()
    try:
        response = ask(rig, kind, fault, kind, stream)
    finally:
        rig.large.open_port()
    assert response.status == 502
    assert set(response.json) == {"error"}


@pytest.mark.parametrize("kind", KINDS)
@STREAMS
def test_without_a_fault(rig, kind, stream):
    """The same rig keeps what is approved: it is the fault that escalates."""
    it = KINDS[kind]
    it.prepare(rig)
    it.break_by(rig, it.approval())
    response = rig.ask(model=kind, stream=stream)
    assert text_of(response, kind, stream) == it.kept
    assert response.frugald("decision") == "accept"
    assert not rig.large.calls
