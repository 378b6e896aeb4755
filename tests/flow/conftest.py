# SPDX-License-Identifier: Apache-2.0
"""Fixtures: upstreams, gateways, and the usual pair with one in front."""

import pytest

from flow import checked as checking
from flow.gateway import Gateway, Rig, standard
from stub import Upstream


class Yard:
    """Makes upstreams and gateways and takes them down again."""

    def __init__(self, folders):
        self.folders = folders
        self.ups, self.gateways = [], []

    def upstream(self, name="small", **options):
        """A scripted server."""
        self.ups.append(Upstream(name, **options))
        return self.ups[-1]

    def gateway(self, config, **options):
        """A running daemon."""
        folder = self.folders()
        self.gateways.append(Gateway(config, folder, **options))
        return self.gateways[-1]

    def rig(self, **changes):
        """Two upstreams and a daemon with the standard configuration."""
        small, large = self.upstream("small"), self.upstream("large")
        rig = Rig(self.gateway(standard(small, large, **changes)), small, large)
        rig.reset()
        return rig

    def close(self):
        """Stops all; each daemon must end well."""
        try:
            for gateway in self.gateways:
                print(f"--- end of the log of {gateway.port}:")
                print("\n".join(gateway.log().splitlines()[-30:]))
                gateway.stop()
        finally:
            for gateway in self.gateways:
                if gateway.alive:
                    gateway.process.kill()
            for up in self.ups:
                up.stop()


def _yard(factory):
    return Yard(lambda: factory.mktemp("gw"))


@pytest.fixture
def yard(tmp_path_factory):
    """For one test."""
    made = _yard(tmp_path_factory)
    yield made
    made.close()


@pytest.fixture
def checked(yard):
    """A rig with a checker, for one test."""
    rig = checking.rig_of(yard)
    yield rig
    rig.quiet()


@pytest.fixture(scope="module")
def module_yard(tmp_path_factory):
    """For one story."""
    made = _yard(tmp_path_factory)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def module_rig(request, module_yard):
    """One rig for a story; the story's CONFIG is laid over the standard."""
    return module_yard.rig(**getattr(request.module, "CONFIG", {}))


@pytest.fixture
def rig(module_rig):
    """The story's rig, its upstreams as new."""
    module_rig.reset()
    yield module_rig
    assert module_rig.alive, module_rig.log()[-4000:]
    for up in (module_rig.small, module_rig.large):
        assert not up.faults, up.faults
    module_rig.quiet()


