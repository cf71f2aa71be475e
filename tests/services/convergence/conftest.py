"""The world of tests about hosts behind a gateway."""

import pytest

from tests.services.world import World


@pytest.fixture
def gated(world: World) -> World:
    """A cluster whose traffic leaves by a gateway, with default deny in both namespaces."""
    world.enforce("gateway")
    for name in ("shop", "data"):
        world.deny_by_default(name)
    world.know_dns_capture()
    return world
