"""What a cluster holds is read whole, and its changes arrive in time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.inventory import InventoryState, read_inventory
from tests.cluster.sandboxes import Cluster, sandbox_in_process
from tests.cluster.tampered import Tampered

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with sandbox_in_process() as running:
        yield running


def pod(namespace: str, name: str, *containers: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {"containers": [{"name": item, "image": "x"} for item in containers or ("app",)]},
    }


def test_the_inventory_holds_namespaces_accounts_and_pods(cluster: Cluster) -> None:
    made = cluster.namespace("shop", {"istio-injection": "enabled"})
    account = cluster.account("shop", "web")
    cluster.put(pod("shop", "web-1", "app", "istio-proxy"))
    cluster.put(pod("shop", "web-2"))
    read = read_inventory(cluster.gateway, clock=lambda: NOW)
    shop = read.namespaces["shop"]
    assert shop.uid == made["metadata"]["uid"]
    assert shop.labels["istio-injection"] == "enabled"
    assert shop.injected
    assert shop.service_accounts["web"] == account["metadata"]["uid"]
    assert "default" in shop.service_accounts
    assert (shop.pods, shop.uninjected_count, shop.uninjected_pods) == (2, 1, ("web-2",))
    assert read.taken_at == NOW
    assert read.cluster_uid == cluster.gateway.identity().uid
    assert set(read.resource_versions) == {"namespaces", "serviceaccounts", "pods"}
    assert not read.confirmed
    facts = read.inventory().namespaces["shop"]
    assert (facts.uid, facts.pods, facts.injected) == (shop.uid, 2, True)


def test_at_most_twenty_pods_are_named_but_all_are_counted(cluster: Cluster) -> None:
    cluster.namespace("shop")
    for number in range(25):
        cluster.put(pod("shop", f"p-{number:02}"))
    shop = read_inventory(cluster.gateway).namespaces["shop"]
    assert (shop.pods, shop.uninjected_count, len(shop.uninjected_pods)) == (25, 25, 20)


@pytest.mark.parametrize("broken", ["namespaces", "serviceaccounts", "pods"])
def test_a_part_of_the_inventory_is_no_inventory(cluster: Cluster, broken: str) -> None:
    with pytest.raises(ClusterError):
        read_inventory(Tampered(cluster.gateway, broken))


def test_an_account_without_its_namespace_is_not_shown() -> None:
    state = InventoryState()
    metadata = {"name": "web", "namespace": "gone", "uid": "u"}
    state.replace(kinds.SERVICE_ACCOUNT, [{"metadata": metadata}], "1")
    assert state.snapshot(NOW, confirmed=True).namespaces == {}
    namespace = {"metadata": {"name": "gone", "uid": "n"}}
    assert state.change(kinds.NAMESPACE, namespace, deleted=False)
    assert state.snapshot(NOW, confirmed=True).namespaces["gone"].service_accounts == {"web": "u"}


def test_an_event_that_changes_nothing_we_care_for_is_no_change() -> None:
    state = InventoryState()
    one = pod("shop", "web-1", "app", "istio-proxy")
    assert state.change(kinds.POD, one, deleted=False)
    one["status"] = {"phase": "Running", "podIP": "10.0.0.7"}
    assert not state.change(kinds.POD, one, deleted=False)
    one["status"] = {"phase": "Succeeded"}
    assert state.change(kinds.POD, one, deleted=False)


def test_of_annotations_only_those_asked_for_are_kept() -> None:
    state = InventoryState(["example.com/owner"])
    notes = {"example.com/owner": "team-shop", "example.com/large": "x" * 10_000}
    namespace = {"metadata": {"name": "shop", "uid": "n", "annotations": notes}}
    assert state.change(kinds.NAMESPACE, namespace, deleted=False)
    kept = state.snapshot(NOW, confirmed=True).namespaces["shop"].annotations
    assert kept == {"example.com/owner": "team-shop"}
    notes["example.com/large"] = "y"
    assert not state.change(kinds.NAMESPACE, namespace, deleted=False)
    notes["example.com/owner"] = "team-data"
    assert state.change(kinds.NAMESPACE, namespace, deleted=False)


def test_a_snapshot_does_not_change_afterwards(cluster: Cluster) -> None:
    state = InventoryState()
    namespace = {"metadata": {"name": "shop", "uid": "n"}}
    account = {"metadata": {"name": "web", "namespace": "shop", "uid": "u"}}
    state.change(kinds.NAMESPACE, namespace, deleted=False)
    state.change(kinds.SERVICE_ACCOUNT, account, deleted=False)
    before = state.snapshot(NOW, confirmed=True)
    state.change(kinds.SERVICE_ACCOUNT, account, deleted=True)
    after = state.snapshot(NOW, confirmed=True)
    assert before.namespaces["shop"].service_accounts == {"web": "u"}
    assert after.namespaces["shop"].service_accounts == {}
