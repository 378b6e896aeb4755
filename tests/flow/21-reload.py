# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a good file is taken up between two requests, a bad one not at all."""

import signal
import threading
import time

import pytest

from flow.gateway import merge, question, standard
from flow.http1 import Client
from flow.patience import until
from stub import answer


def config(rig, **changes):
    """The rig's configuration, changed."""
    return standard(rig.small, rig.large, **changes)


def test_new_cascade(yard):
    """The generation counts up, the new name is served, the old one too."""
    rig = yard.rig()
    assert rig.ask(model="fresh").status == 404
    before = rig.generation
    rig.gw.reload(config(rig, cascades={"fresh": {"tiers": ["large"]}}))
    assert rig.generation == before + 1
    assert rig.ask(model="fresh").content == "From large."
    assert rig.ask().content == "From small."
    names = [m["id"] for m in rig.get("/v1/models").json["data"]]
    assert "fresh" in names
    assert rig.row(rig.ask(model="fresh"))["generation"] == before + 1


def test_threshold_changes(yard):
    """What was accepted before is escalated after."""
    rig = yard.rig()
    rig.small.script(answer("Oslo.", score=0.7))
    assert rig.ask().frugald("backend") == "small"
    rig.gw.reload(config(rig, cascades={"auto": {"threshold": 0.8}}))
    assert rig.ask().frugald("reason") == "low_confidence"


def test_open_connections_see_it(yard):
    """A kept connection is served by the new generation."""
    rig = yard.rig()
    with rig.connect() as client:
        client.post(question())
        assert client.read().status == 200
        rig.gw.reload(config(rig, cascades={"fresh": {"tiers": ["large"]}}))
        client.post(question(model="fresh"))
        assert client.read().content == "From large."


def test_requests_keep_their_generation(yard):
    """A request under way ends by the rules it was born with."""
    rig = yard.rig()
    rig.small.script(answer("Perhaps.", score=0.1, delay=0.5))
    found = []
    thread = threading.Thread(target=lambda: found.append(rig.ask()))
    thread.start()
    rig.small.wait_calls(1)
    rig.gw.reload({"backends": {"other": {"base_url": rig.large.url,
                                          "model": "other-model"}},
                   "cascades": {"auto": {"tiers": ["other"]}}})
    thread.join()
    assert found[0].frugald("backend") == "large"
    assert rig.large.call.json["model"] == "large-model"
    assert rig.ask().frugald("backend") == "other"


BAD = {
    "unknown key": ("\nworkerz: 3\n", "workerz"),
    "no yaml": ("\n\tx: [\n", ""),
    "unknown backend": ("\ncascades:\n  auto:\n    tiers: [nobody]\n", "tiers"),
    "wrong unit": ("\nlimits:\n  deadline: 5 parsecs\n", "deadline"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_file_changes_nothing(yard, case):
    """The log names file, line and key; the old generation answers on."""
    rig = yard.rig()
    before = rig.generation
    text, key = BAD[case]
    good = rig.gw.file.read_text()
    if case == "unknown backend":
        good = good[:good.index("cascades:")]
    rig.gw.write(good + text)
    rig.gw.signal(signal.SIGHUP)
    line = rig.gw.wait_log("frugald.yaml:", key)
    assert any(f"frugald.yaml:{n}" in line for n in range(1, 200)), line
    time.sleep(0.2)
    assert rig.generation == before
    assert rig.ask().content == "From small."
    rig.gw.reload(config(rig, cascades={"fresh": {"tiers": ["large"]}}))
    assert rig.ask(model="fresh").status == 200


def test_vanished_file(yard):
    """No file at all is a bad file."""
    rig = yard.rig()
    before = rig.generation
    rig.gw.file.unlink()
    rig.gw.signal(signal.SIGHUP)
    time.sleep(0.3)
    assert rig.generation == before and rig.ask().status == 200


def test_under_load(yard):
    """Good and bad files in turn while clients ask: not one request fails."""
    rig = yard.rig()
    stop, faults, served = threading.Event(), [], []

    def keep_asking(stream):
        client = Client(rig.port)
        while not stop.is_set():
            client.post(question(stream=stream))
            response = client.read()
            served.append(1)
            if response.status != 200 or not response.whole:
                faults.append(response)
    threads = [threading.Thread(target=keep_asking, args=(k % 2 == 0,))
               for k in range(6)]
    for thread in threads:
        thread.start()
    generations = []
    for turn in range(30):
        more = {"cascades": {f"c{turn}": {"tiers": ["large"]}}}
        rig.gw.write(merge(rig.gw.own, config(rig, **more)) if turn % 3
                     else "nonsense: [\n")
        rig.gw.signal(signal.SIGHUP)
        time.sleep(0.05)
        generations.append(rig.generation)
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults, faults[:3]
    assert generations == sorted(generations)
    assert generations[-1] > generations[0] + 5
    assert len(served) > 100
    until(lambda: rig.metrics().sum("frugald_inflight") == 0)


def test_listeners_cannot_move_quietly(yard):
    """A changed listen address is refused or taken up, never half."""
    rig = yard.rig()
    port = rig.gw.port
    rig.gw.write(merge(config(rig), {"listen": "127.0.0.1:1"}))
    rig.gw.signal(signal.SIGHUP)
    time.sleep(0.3)
    with Client(port) as client:
        client.post(question())
        assert client.read().status == 200
