"""Package indexes are named by admins, and production is warned of them."""

import pytest

from egress.domain.access import Inventory
from egress.domain.policies import Level
from egress.domain.policies.packages import STAGE_LABEL
from tests.domain.examples import inventory, namespace, reasons, to
from tests.domain.policies.meshes import SIDECAR, on

NAMED = ("packages.example.com", "*.mirror.example.net")


def stage(name: str) -> Inventory:
    """Namespace `default` of a stage."""
    return inventory(namespace("default", labels={STAGE_LABEL: name}))


@pytest.mark.parametrize(
    ("host", "warned"),
    [
        ("packages.example.com", True),
        ("a.mirror.example.net", True),
        ("mirror.example.net", False),
        ("notpackages.example.com", False),
        ("*.example.com", True),
        ("*.mirror.example.net", True),
        ("*.b.mirror.example.net", True),
        ("*.example.org", False),
    ],
)
def test_production_is_warned_of_package_indexes(host: str, warned: bool) -> None:
    found = on(SIDECAR, to(host), inventory=stage("production"), package_hosts=NAMED)
    assert ("PackagesInProduction" in reasons(found, Level.WARN)) is warned


def test_builds_may_reach_them_without_a_remark() -> None:
    wished = to("packages.example.com")
    found = on(SIDECAR, wished, inventory=stage("build"), package_hosts=NAMED)
    assert "PackagesInProduction" not in reasons(found)
    unnamed = on(SIDECAR, wished, inventory=stage("production"))
    assert "PackagesInProduction" not in reasons(unnamed)
