# SPDX-License-Identifier: Apache-2.0
"""A scorer of the user's own: what it is asked, and whatever it answers."""

import json
import socket
import subprocess

import pytest

from flow.checked import verdict
from flow.gateway import Rig, binary, merge, standard
from flow.patience import until
from stub import CLOSE, HANG, answer, hang, head, play, reply, reset

CANARY = "sk-canary-5150"
REASON = "canary-reason"


def config(small, large, scorer, options=None, **changes):
    """The usual pair; `scorer` says what its replies are worth."""
    asked = merge({"url": f"http://127.0.0.1:{scorer.port}/score/"},
                  options or {})
    return standard(small, large, **merge({
        "cascades": {"auto": {"verify": [
            {"logprob": {"span": "all"}}, {"http": asked}]}}}, changes))


def rig_of(yard, options=None, env=None, **changes):
    """Small and large behind `auto`, and a scorer that is content."""
    small, large = yard.upstream("small"), yard.upstream("large")
    scorer = yard.upstream("scorer")
    rig = Rig(yard.gateway(config(small, large, scorer, options, **changes),
                           env=env), small, large)
    rig.reset()
    rig.scorer = scorer
    rig.scorer.script(reply({"score": 0.9}))
    return rig


@pytest.fixture
def scored(yard):
    """One with a price."""
    rig = rig_of(yard, {"usd": 0.0025, "timeout": "400ms"})
    yield rig
    assert not rig.scorer.faults, rig.scorer.faults
    rig.quiet()


def verify_attempt(rig, response):
    """The one call of the scorer, as the ledger has it."""
    found = [a for a in rig.attempts(response) if a["purpose"] == "verify"]
    assert len(found) == 1, found
    return found[0]


# What it says counts.

def test_accepted(scored):
    """A good score keeps the reply, and the books have the call."""
    response = scored.ask()
    assert response.content == "From small."
    assert response.frugald("decision") == "accept"
    assert response.frugald("reason") == "confident"
    assert response.frugald("confidence") == "0.900"
    assert response.frugald("calibrated") == "false"
    assert response.frugald("attempts") == "1"
    assert not scored.large.calls
    said = verdict(scored, response, "http")
    assert (said["kind"], said["score"], said["why"]) == ("score", 0.9, None)
    assert json.loads(said["signals"]) == {"http.score": 0.9}
    assert said["cost_pusd"] == 2_500_000_000 and said["us"] > 0
    call = verify_attempt(scored, response)
    assert (call["backend"], call["model"]) == (None, None)
    assert (call["verifier"], call["about"]) == ("http", "small")
    assert (call["status"], call["fault"]) == (200, None)
    assert call["cost_pusd"] == 2_500_000_000 and call["total_us"] > 0
    assert call["start_us"] > 0
    small = scored.attempts(response)[0]["cost_pusd"]
    assert scored.row(response)["cost_pusd"] == small + call["cost_pusd"]
    counted = scored.metrics()
    assert counted.sum("frugald_attempts_total", backend="http",
                       status="200") == 1
    assert counted.sum("frugald_verdicts_total", verifier="http",
                       kind="score") == 1
    assert counted.sum("frugald_cost_usd_total", purpose="verify") == 0.0025


def test_escalated(scored):
    """A bad one does not."""
    scored.scorer.script(reply({"score": 0.2, "reason": "no"}))
    response = scored.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "low_confidence"
    assert response.frugald("confidence") == "0.200"
    assert response.frugald("attempts") == "2"


@pytest.mark.parametrize("score,kept", [
    (b"0", False), (b"-0", False), (b"0.4999", False), (b"0.5", True),
    (b"5e-1", True), (b"1", True), (b"1.000", True)])
def test_bounds(scored, score, kept):
    """From 0 to 1, in any spelling JSON has; the threshold is kept."""
    scored.scorer.script(reply(b'{"score": %s}' % score))
    response = scored.ask()
    assert response.frugald("backend") == ("small" if kept else "large")
    assert response.frugald("confidence") == f"{abs(float(score)):.3f}"


def test_band(yard):
    """Asked only where the signals so far cannot tell."""
    rig = rig_of(yard, {"band": [0.3, 0.8]})
    rig.small.script(answer("Sure.", score=0.95))
    assert rig.ask().frugald("backend") == "small"
    rig.small.script(answer("Unsure.", score=0.1))
    assert rig.ask().frugald("backend") == "large"
    assert not rig.scorer.calls
    rig.small.script(answer("Perhaps.", score=0.6))
    response = rig.ask()
    assert response.frugald("backend") == "small"
    assert response.frugald("confidence") == "0.900"
    assert len(rig.scorer.calls) == 1


# What it is asked.

ODD_REQUEST = (b'\n{ "model":"auto" ,"messages":[{"role":"user",'
               b'"content":"\\u004fslo?\\n \xe2\x82\xac"}],\t"x":1e2 ,'
               b'"x":1e3, "stream":%s }\r\n')
ODD_REPLY = (b'{ "object" : "chat.completion","choices":[ {"index":0,'
             b'"finish_reason":"stop","message":{"role":"assistant",'
             b'"content":"\\u004fslo. \xe2\x82\xac"},"logprobs":{"content":[{'
             b'"token":"\\u004fslo. \xe2\x82\xac","logprob":-0.01,'
             b'"top_logprobs":[]}]}}],"odd":[1.0,1e2] }\n')


@pytest.mark.parametrize("stream", [b"false", b"true"])
def test_question(scored, stream):
    """Request and reply byte for byte, and nothing of the client's head."""
    scored.small.script(reply(ODD_REPLY))
    request = ODD_REQUEST % stream
    response = scored.post(request, "/v1/chat/completions?tag=client",
                           headers=[("x-request-id", "abc.1"),
                                    ("Authorization", "Bearer client-key")],
                           check=False)
    assert response.status == 200 and response.frugald("backend") == "small"
    call = scored.scorer.call
    assert call.body == (b'{"request_id": "abc.1", "cascade": "auto", '
                         b'"request": %s, "reply": %s}' % (request, ODD_REPLY))
    assert (call.method, call.target) == ("POST", "/score/")
    assert call.header("Host") == f"127.0.0.1:{scored.scorer.port}"
    assert call.header("Content-Type") == "application/json"
    assert call.header("x-request-id") == "abc.1"
    assert call.header("User-Agent").startswith("frugald/")
    assert call.header("Authorization") is None


def test_large_questions(scored):
    """What does not fit into one write arrives whole."""
    text = "x" * 2_000_000
    scored.small.script(answer("y" * 500_000, tokens=[("y" * 500_000, -0.1)]))
    assert scored.ask(text).frugald("backend") == "small"
    asked = scored.scorer.call.json
    assert asked["request"]["messages"][0]["content"] == text
    content = asked["reply"]["choices"][0]["message"]["content"]
    assert content == "y" * 500_000


def test_connections_are_kept(yard):
    """One for all, while it answers as it should."""
    rig = rig_of(yard, workers=1)
    for _ in range(5):
        assert rig.ask().frugald("backend") == "small"
    assert rig.scorer.accepted == 1


# Secrets.

def secret_rig(yard, tmp_path):
    """Headers of all kinds; log and ledger tell all they ever do."""
    key = tmp_path / "scorer.key"
    key.write_text(CANARY + "-file\n")
    headers = {"Authorization": "env:SCORER_AUTH", "x-key": f"file:{key}",
               "X-Team": "a b"}
    ledger = str(tmp_path / "ledger.db")
    rig = rig_of(yard, {"headers": headers, "timeout": "300ms"},
                 env={"SCORER_AUTH": f"Bearer {CANARY}"},
                 log={"level": "debug"},
                 ledger={"path": ledger, "store_text": True})
    rig.gw.ledger_file = ledger
    return rig


def check_no_canary(rig, *texts):
    """It is in nothing that is kept or shown."""
    whole = [rig.log(), *texts]
    for table in ("requests", "attempts", "verdicts"):
        whole += [json.dumps(row) for row in rig.rows(f"SELECT * FROM {table}")]
    for text in whole:
        assert CANARY not in text, text


def test_secret_headers(yard, tmp_path):
    """They reach the scorer, and nobody else."""
    rig = secret_rig(yard, tmp_path)
    responses = [rig.ask()]
    call = rig.scorer.call
    assert call.header("Authorization") == f"Bearer {CANARY}"
    assert call.header("x-key") == f"{CANARY}-file"
    assert call.header("X-Team") == "a b"
    for behaviour in (reply({"error": CANARY}, 500), reply(b"<html>"),
                      reply({"score": 1, "x": CANARY}), reset(), hang(),
                      reply({"score": 0.9}, 302, Location="/" + CANARY)):
        rig.scorer.script(behaviour)
        responses.append(rig.ask())
    for response in responses:
        rig.row(response)
    check_no_canary(rig, *[repr(r) + bytes(r.body).decode()
                           for r in responses],
                    rig.admin("/metrics").body.decode())
    for up in (rig.small, rig.large):
        for call in up.calls:
            assert CANARY not in call.head.decode("latin-1")


def test_secrets_in_faults(yard, tmp_path):
    """What is wrong with a header is told without its value."""
    rig = rig_of(yard)
    scorer = rig.scorer
    spaced = tmp_path / "spaced.key"
    spaced.write_text(f" {CANARY}\n")
    for headers, word in (({"Authorization": f"Bearer {CANARY}"}, "0600"),
                          ({"x-key": f"file:{spaced}"}, "space"),
                          ({"x-key": f"{CANARY}\u00e9"}, "ASCII"),
                          ({"Host": CANARY}, "frugald's")):
        rig.write(config(rig.small, rig.large, scorer, {"headers": headers}))
        told = subprocess.run([binary(), "-t", "-c", str(rig.file)],
                              capture_output=True, text=True, timeout=20,
                              check=False)
        assert told.returncode == 2
        assert "cascades.auto.verify.http.headers." in told.stderr
        assert word in told.stderr and CANARY not in told.stderr + told.stdout
    check_no_canary(rig)


# The reason it gives.

def test_reasons(yard):
    """At the level debug, quoted and cut; in nothing else."""
    rig = rig_of(yard, log={"level": "debug"})
    rig.scorer.script(reply({
        "score": 0.2, "reason": f"{REASON} \u00e9\x00\" run=x\nerror "
        + "\U0001f600" * 10_000}))
    response = rig.ask()
    name = response.header("x-request-id")
    line = rig.wait_log(f"run={name}", "verifier=http", "score=0.200")
    assert f'reason="{REASON} \\xC3\\xA9"' in line      # up to the NUL
    rig.scorer.script(reply({"score": 0.2, "reason": f"{REASON}2 \"\n"
                             + "\U0001f600" * 10_000}))
    response = rig.ask()
    line = rig.wait_log("verifier=http", f'{REASON}2 \\"\\n\\xF0')
    assert len(line) < 1200
    row = json.dumps([rig.row(response), rig.attempts(response),
                      rig.verdicts(response)])
    assert REASON not in row and REASON not in repr(response)


def test_no_reasons_without_debug(scored):
    """Not at the level info."""
    scored.scorer.script(reply({"score": 0.2, "reason": REASON}))
    scored.row(scored.ask())
    assert REASON not in scored.log()


# Whatever else it does.

def score(text):
    """A body with this for a score."""
    return reply(b'{"score": %s}' % text)


HUGE = b'{"score": 0.9, "reason": "' + b"x" * (1 << 20) + b'"}'
FAULTS = {      # behaviour, why, status of the attempt
    "reset": (reset(), "broken", 0),
    "closed": (play(CLOSE), "broken", 0),
    "no HTTP": (play(b"0.9\n", CLOSE), "broken", 0),
    "cut": (play(head(200, length=500), b'{"sco', CLOSE), "broken", 200),
    "500": (reply({"score": 0.9}, 500), "status", 500),
    "500, cut": (play(head(500, length=500), CLOSE), "status", 500),
    "404": (reply(b"not here", 404), "status", 404),
    "201": (reply({"score": 0.9}, 201), "status", 201),
    "204": (reply(b"", 204, length=False), "status", 204),
    "302": (reply(b"", 302, Location="/other"), "status", 302),
    "empty": (reply(b""), "garbage", 200),
    "garbage": (reply(b"<html>sorry</html>"), "garbage", 200),
    "bare number": (reply(b"0.9"), "garbage", 200),
    "list": (reply(b"[]"), "garbage", 200),
    "list of it": (reply(b'[{"score": 0.9}]'), "garbage", 200),
    "no end": (reply(b'{"score": 0.9'), "garbage", 200),
    "more": (reply(b'{"score": 0.9}{}'), "garbage", 200),
    "NaN": (score(b"NaN"), "garbage", 200),
    "Infinity": (score(b"Infinity"), "garbage", 200),
    "yes": (score(b'"yes"'), "garbage", 200),
    "text": (score(b'"0.9"'), "garbage", 200),
    "true": (score(b"true"), "garbage", 200),
    "null": (score(b"null"), "garbage", 200),
    "deep": (score(b"[" * 40 + b"]" * 40), "garbage", 200),
    "missing": (reply({"reason": "none"}), "garbage", 200),
    "doubled": (reply(b'{"score": 0.1, "score": 0.9}'), "garbage", 200),
    "unknown": (reply({"score": 0.9, "verdict": "ok"}), "garbage", 200),
    "reason of another type": (reply({"score": 0.9, "reason": None}),
                               "garbage", 200),
    "no UTF-8": (reply(b'{"score": 0.9, "reason": "\xff"}'), "garbage", 200),
    "7": (score(b"7"), "range", 200),
    "-1": (score(b"-1"), "range", 200),
    "1e999": (score(b"1e999"), "range", 200),
    "a little more": (score(b"1.0000001"), "range", 200),
    "huge": (reply(HUGE), "limit", 200),
    "huge, in chunks": (reply(HUGE, length=None), "limit", 200),
    "hang": (hang(), "timeout", 0),
    "hang behind the head": (play(head(200, length=14), b'{"score"', HANG),
                             "timeout", 200),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(scored, name):
    """Never accepted, never an error while a further tier lives; asked once,
    and paid for."""
    behaviour, why, status = FAULTS[name]
    scored.scorer.script(behaviour)
    response = scored.ask()
    assert response.status == 200 and response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    assert response.frugald("attempts") == "2"
    assert len(scored.scorer.calls) == 1
    said = verdict(scored, response, "http")
    assert (said["kind"], said["why"], said["score"]) == ("none", why, None)
    call = verify_attempt(scored, response)
    assert (call["status"], call["fault"]) == (status, why)
    assert call["cost_pusd"] == said["cost_pusd"] == 2_500_000_000
    counted = scored.metrics()
    assert counted.sum("frugald_verifier_faults_total", verifier="http",
                       why=why) == 1
    assert counted.sum("frugald_attempts_total", backend="http",
                       status=str(status)) == 1
    if why == "timeout":
        scored.scorer.wait_gone()


def test_nobody_there(scored):
    """A connection that is refused costs nothing."""
    scored.scorer.close_port()
    response = scored.ask()
    scored.scorer.open_port()
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    assert verdict(scored, response, "http")["why"] == "connect"
    call = verify_attempt(scored, response)
    assert (call["fault"], call["status"], call["cost_pusd"]) == (
        "connect", 0, 0)
    assert scored.ask().frugald("backend") == "small"


def test_nobody_answers_the_call(yard):
    """A connection that never stands costs nothing either."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        with socket.create_connection(place):   # the queue is full then
            rig = rig_of(yard, {"url": f"http://127.0.0.1:{place[1]}/",
                                "timeout": "300ms", "usd": 1})
            response = rig.ask()
    assert response.content == "From large."
    assert verdict(rig, response, "http")["why"] == "timeout"
    assert verify_attempt(rig, response)["cost_pusd"] == 0


def test_no_tls_there(yard):
    """A scorer that speaks no TLS where it should."""
    rig = rig_of(yard)

    async def speak(conn):
        conn.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    rig.scorer.on_accept = speak
    rig.reload(config(rig.small, rig.large, rig.scorer, {
        "url": f"https://127.0.0.1:{rig.scorer.port}/"}))
    response = rig.ask()
    assert response.content == "From large."
    assert verdict(rig, response, "http")["why"] == "tls"


def test_redirects_are_not_followed(scored):
    """Nobody else is asked for it."""
    other = f"http://127.0.0.1:{scored.large.port}/score"
    scored.scorer.script(reply(b"", 307, Location=other))
    assert scored.ask().frugald("reason") == "verifier_error"
    assert [c.target for c in scored.large.calls] == ["/v1/chat/completions"]


def test_no_proxy_of_the_environment(yard):
    """Only who is named is asked."""
    proxy = yard.upstream("proxy")
    url = f"http://127.0.0.1:{proxy.port}"
    rig = rig_of(yard, env={"http_proxy": url, "HTTP_PROXY": url,
                            "ALL_PROXY": url, "all_proxy": url,
                            "no_proxy": "", "NO_PROXY": ""})
    assert rig.ask().frugald("backend") == "small"
    assert not proxy.calls and proxy.accepted == 0


def test_the_request_has_less_time(yard):
    """A quarter of what is left is for verifying, whatever `timeout` says."""
    rig = rig_of(yard, {"timeout": "60s"})
    rig.scorer.script(hang())
    response = rig.ask(headers={"x-request-timeout": "2"})
    assert response.content == "From large."
    assert response.frugald("reason") == "verifier_error"
    call = rig.scorer.call
    assert 0.2 < rig.scorer.wait_gone() - call.arrived < 1.0
    assert verdict(rig, response, "http")["why"] == "timeout"


def test_both_gone(scored):
    """No scorer and no last tier: that fault is the client's to know."""
    scored.scorer.script(reply(b"", 500))
    scored.large.script(reply(b"", 500))
    response = scored.ask(check=False)
    assert response.status == 502


# Who leaves, and what changes meanwhile.

def test_the_client_leaves(yard):
    """The scorer is left alone at once, and paid."""
    rig = rig_of(yard, {"timeout": "30s", "usd": 0.5})
    rig.scorer.script(hang())
    body = json.dumps({"model": "auto", "messages": [
        {"role": "user", "content": "Oslo?"}]}).encode()
    with rig.connect() as client:
        client.post(body, headers=[("x-request-id", "left-1")])
        rig.scorer.wait_calls(1)
    rig.scorer.wait_gone()
    assert rig.row("left-1")["outcome"] == "client_gone"
    call = verify_attempt(rig, "left-1")
    assert (call["verifier"], call["fault"]) == ("http", "aborted")
    assert call["cost_pusd"] == 500_000_000_000
    assert not rig.large.calls
    rig.quiet()


def test_reload_meanwhile(yard):
    """A request lives under the configuration that it was born with."""
    rig = rig_of(yard, {"timeout": "20s", "headers": {"X-Which": "first"}})
    rig.scorer.script(play(0.7, *_whole(0.9)))
    body = json.dumps({"model": "auto", "messages": []}).encode()
    with rig.connect() as client:
        client.post(body)
        rig.scorer.wait_calls(1)
        rig.reload(config(rig.small, rig.large, rig.scorer,
                          {"headers": {"X-Which": "second"}}))
        response = client.read()
    assert response.frugald("backend") == "small"
    rig.scorer.script(reply({"score": 0.9}))
    assert rig.ask().frugald("backend") == "small"
    assert [c.header("X-Which") for c in rig.scorer.calls] == ["first",
                                                              "second"]


def _whole(value):
    body = json.dumps({"score": value}).encode()
    return head(200, length=len(body)), body


# Money.

def test_no_money_for_it(yard):
    """A call that costs more than is left for verifying is not made."""
    rig = rig_of(yard, {"usd": 0.01},
                 cascades={"auto": {"limits": {"verify_usd": 0.009}}})
    response = rig.ask()
    assert response.content == "From large."
    assert response.frugald("reason") == "budget"
    assert not rig.scorer.calls
    rig.reload(config(rig.small, rig.large, rig.scorer, {"usd": 0.01},
                      cascades={"auto": {"limits": {"verify_usd": 0.01}}}))
    response = rig.ask()
    assert response.frugald("backend") == "small"
    assert float(response.frugald("cost-usd")) > 0.01
    assert len(rig.scorer.calls) == 1


def test_a_secret_in_the_clear(yard):
    """A warning at the start, as for backends."""
    rig = rig_of(yard, {"band": [0, 0], "url": "http://192.0.2.1/score",
                        "headers": {"x-key": "env:SCORER_AUTH"}},
                 env={"SCORER_AUTH": CANARY})
    until(lambda: "cross the network in the clear" in rig.log(), 3, "a warning")
    assert CANARY not in rig.log()
