"""Objects of others, and checks, that hold back what gives access and nothing else."""

import pytest

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.naming import BASE_LABEL, base
from egress.models import Cluster
from egress.services import posture
from egress.services.convergence import strangers
from tests.services.convergence.behind_gateway import (
    EGRESS,
    HOST,
    can,
    exported,
    get,
)
from tests.services.world import World, foreign_entry


def test_a_foreign_entry_meant_for_the_gateway_holds_the_host_back(gated: World) -> None:
    planted = gated.sandbox.put(foreign_entry("theirs", HOST, "data", (EGRESS,)))
    grant = gated.approve(HOST, "shop")
    gated.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "HostTaken"
    assert "data/theirs" in grant.failed_message
    assert get(gated, kinds.SERVICE_ENTRY, base(HOST)) is None
    gated.sandbox.remove(planted)
    gated.settle(2)
    grant.refresh_from_db()
    assert grant.status == "active"


def test_a_foreign_entry_with_our_labels_is_seen_once_the_cluster_was_looked_over(
    world: World,
) -> None:
    theirs = foreign_entry("theirs", HOST, "data", ("shop",))
    theirs["metadata"]["labels"] = owner_labels("main") | {BASE_LABEL: base("other.example.com")}
    world.sandbox.put(theirs)
    posture.look(world.cluster, world.sandbox.gateway)
    # Nothing but the list of foreign objects is left of that look.
    Cluster.objects.update(posture=[])
    grant = world.approve(HOST)
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "HostTaken"


def test_a_copy_of_ours_is_found_among_many_pages_of_our_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "_PAGE", 1)
    world.approve(HOST, "data")
    world.converge()
    # Listed after our own in "data": by namespace.
    world.sandbox.namespace("zoo")
    theirs = foreign_entry("theirs", HOST, "zoo", ("shop",))
    theirs["metadata"]["labels"] = owner_labels("main") | {BASE_LABEL: base(HOST)}
    world.sandbox.put(theirs)
    grant = world.approve(HOST, "shop")
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "HostTaken"
    assert "zoo/theirs" in grant.failed_message


def test_a_foreign_entry_in_one_namespace_holds_only_that_one_back(gated: World) -> None:
    gated.sandbox.put(foreign_entry("theirs", HOST, "data", (".",)))
    shop, data = gated.approve(HOST, "shop"), gated.approve(HOST, "data")
    gated.converge()
    shop.refresh_from_db()
    data.refresh_from_db()
    assert (shop.status, data.failed_reason) == ("active", "HostTaken")
    assert exported(gated) == ["shop"]


OBSTACLES: dict[str, tuple[KubeObject, str]] = {
    "route": (
        {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService"}
        | {"spec": {"hosts": [HOST], "http": [{"route": [{"destination": {"host": "x"}}]}]}},
        "HostTaken",
    ),
    "rule": (
        {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule"}
        | {"spec": {"host": "*.svc.cluster.local"}},
        "GatewayHidden",
    ),
    "sidecar": (
        {"apiVersion": "networking.istio.io/v1", "kind": "Sidecar"}
        | {"spec": {"workloadSelector": {"labels": {"a": "b"}}, "egress": [{"hosts": ["./*"]}]}},
        "SidecarHidesHost",
    ),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_hides_the_gateway_from_a_namespace_holds_only_that_one_back(
    gated: World, name: str
) -> None:
    obstacle, reason = OBSTACLES[name]
    gated.sandbox.put({**obstacle, "metadata": {"name": "theirs", "namespace": "data"}})
    if name == "route":
        planted = gated.live({**obstacle, "metadata": {"name": "theirs", "namespace": "data"}})
        assert planted is not None
        gated.sandbox.patch(planted, {"spec": {"exportTo": ["."]}})
    shop, data = gated.approve(HOST, "shop"), gated.approve(HOST, "data")
    gated.converge()
    shop.refresh_from_db()
    data.refresh_from_db()
    assert (shop.status, data.failed_reason) == ("active", reason)
    assert "data/theirs" in data.failed_message
    assert exported(gated) == ["shop"]


def test_an_obstacle_never_holds_a_revoke_back(gated: World) -> None:
    grant = gated.deliver(HOST, "shop")
    gated.sandbox.put(foreign_entry("theirs", HOST, "data", (EGRESS, "shop")))
    gated.revoke(grant)
    gated.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert not can(gated)


def test_a_check_that_blocks_holds_back_what_gives_and_nothing_else(gated: World) -> None:
    old = gated.deliver("www.example.com", "shop")
    row = {"id": "PF1", "level": "block", "scope": "cluster", "enforcements": ["gateway"]}
    Cluster.objects.update(posture=[{**row, "sentence": "No gateway.", "fix": "Do."}])
    new = gated.approve(HOST, "shop")
    gated.revoke(old)
    gated.converge()
    old.refresh_from_db()
    new.refresh_from_db()
    assert old.confirmed_at is not None
    assert (new.status, new.failed_reason) == ("pending", "PostureBlocks")
    assert new.failed_message == "PF1: No gateway. Do."
    assert get(gated, kinds.SERVICE_ENTRY, base(HOST)) is None
    Cluster.objects.update(posture=[])
    gated.settle(2)
    new.refresh_from_db()
    assert new.status == "active"


def test_a_check_about_one_namespace_leaves_only_that_one_out(gated: World) -> None:
    row = {"id": "PF8", "level": "block", "scope": "namespace", "namespace": "data"}
    Cluster.objects.update(posture=[{**row, "sentence": "No DNS capture.", "fix": "Switch it on."}])
    shop = gated.approve(HOST, "shop", 5432, "TCP")
    data = gated.approve(HOST, "data", 5432, "TCP")
    gated.converge()
    shop.refresh_from_db()
    data.refresh_from_db()
    assert (shop.status, data.failed_reason) == ("active", "PostureBlocks")
    assert exported(gated) == ["shop"]
