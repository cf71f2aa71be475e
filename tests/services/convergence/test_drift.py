"""Drift is found, told of with who made it, and healed or flagged."""

from collections.abc import Callable
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.models import AuditEvent, Cluster, Delivery, Grant, Namespace
from egress.services import convergence
from egress.services.convergence import drift
from tests.services.convergence.crashing import Moments, mortal, watched
from tests.services.world import World, foreign_entry

FLAG = Cluster.DriftPolicy.FLAG


def search(world: World) -> int:
    return convergence.full_sweep(Cluster.objects.get(pk=world.cluster.pk))


def add_a_port(world: World, host: str = "api.example.com") -> None:
    entry = world.entry(host)
    assert entry is not None
    port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
    ports = [*entry["spec"]["ports"], port]
    world.sandbox.patch(entry, {"spec": {"ports": ports}}, manager="kubectl-edit")


def test_a_hand_edit_is_healed_and_its_author_named(world: World) -> None:
    world.deliver("api.example.com")
    add_a_port(world)
    assert search(world) == 1
    found = AuditEvent.objects.get(tag="drift:found")
    assert "ServiceEntry shop/" in found.message
    assert "kubectl-edit" in found.message
    assert Grant.objects.get().drifted_at is not None
    world.converge()
    assert world.hosts() == {("api.example.com", 443)}
    assert Grant.objects.get().drifted_at is None
    assert "drift:healed" in world.tags()
    assert search(world) == 0


def test_a_deleted_object_comes_back(world: World) -> None:
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.remove(entry)
    assert search(world) == 1
    assert "was deleted" in AuditEvent.objects.get(tag="drift:found").message
    world.converge()
    assert world.hosts() == {("api.example.com", 443)}


def test_an_object_without_our_labels_is_found_by_its_name(world: World) -> None:
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    labels = dict.fromkeys(entry["metadata"]["labels"])
    world.sandbox.patch(entry, {"metadata": {"labels": labels}})
    assert search(world) == 1
    world.converge()
    healed = world.entry("api.example.com")
    assert healed is not None
    assert healed["metadata"]["labels"] == entry["metadata"]["labels"]
    assert healed["metadata"]["uid"] == entry["metadata"]["uid"]


def test_an_object_deleted_and_made_again_by_somebody_is_told_of_and_left_alone(
    world: World,
) -> None:
    grant = world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.remove(entry)
    world.sandbox.put(foreign_entry(entry["metadata"]["name"], "api.example.com"))
    theirs = world.entry("api.example.com")
    assert search(world) == 1
    assert "was replaced" in AuditEvent.objects.get(tag="drift:found").message
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "ForeignObject"
    assert world.entry("api.example.com") == theirs
    assert search(world) == 0
    assert world.tags().count("drift:found") == 1


def test_flagging_shows_drift_once_and_changes_nothing(world: World) -> None:
    Cluster.objects.update(drift_policy=FLAG)
    world.deliver("api.example.com")
    add_a_port(world)
    drifted = world.entry("api.example.com")
    for _ in range(3):
        assert search(world) == 1
    assert world.converge() == 0
    assert world.entry("api.example.com") == drifted
    assert world.tags().count("drift:found") == 1
    assert Grant.objects.get().drifted_at is not None
    assert world.slice().problem_reason == "Drifted"


def test_a_flag_is_taken_back_when_somebody_puts_it_right(world: World) -> None:
    Cluster.objects.update(drift_policy=FLAG)
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    add_a_port(world)
    search(world)
    drifted = world.entry("api.example.com")
    assert drifted is not None
    world.sandbox.patch(drifted, {"spec": {"ports": entry["spec"]["ports"]}})
    assert search(world) == 0
    assert Grant.objects.get().drifted_at is None
    assert world.slice().problem_reason == ""


def test_what_istio_writes_to_status_is_no_drift(world: World) -> None:
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.patch(entry, {"metadata": {"annotations": {"team/note": "ours"}}})
    for _ in range(20):
        assert search(world) == 0
    assert Delivery.objects.count() == 1


def test_a_slice_that_is_due_is_left_to_its_delivery(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.revoke(grant)
    assert search(world) == 0
    assert "drift:found" not in world.tags()


def test_default_deny_removed_by_hand_is_put_back(world: World) -> None:
    world.namespace("shop")
    type(world.namespace("shop")).objects.filter(name="shop").update(default_deny=True)
    world.mark("shop")
    world.converge()
    sidecar = world.sandbox.gateway.get(kinds.SIDECAR, "shop", "default")
    assert sidecar is not None
    world.sandbox.remove(sidecar)
    assert search(world) == 1
    world.converge()
    assert world.objects(kinds.SIDECAR) == ["default"]


def test_a_search_asks_the_cluster_three_times_however_much_it_holds(world: World) -> None:
    for number in range(5):
        world.approve(f"api-{number}.example.com")
    world.converge()
    calls = Moments()
    assert drift.search(world.cluster, mortal(world.sandbox.gateway, calls)) == 0
    assert calls.seen.count("before pages") == 3
    assert calls.seen.count("before get") == 0


@pytest.mark.parametrize("is_delivered", [True, False])
def test_a_decision_during_the_search_is_no_drift(world: World, is_delivered: bool) -> None:
    world.deliver("api.example.com")
    decided: list[Grant] = []

    def meanwhile(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "pages" and not decided:
            decided.append(world.approve("new.example.com"))
            if is_delivered:
                world.converge()
        return answer

    assert drift.search(world.cluster, watched(world.sandbox.gateway, meanwhile)) == 0
    assert "drift:found" not in world.tags()


def test_what_a_foreign_object_holds_back_is_told_with_it(world: World) -> None:
    world.approve("www.example.com", "shop", 80, "HTTP", tls_origination=True)
    world.converge()
    entry = world.entry("www.example.com")
    (rule,) = world.sandbox.gateway.list(kinds.DESTINATION_RULE, "shop").items
    assert entry is not None
    labels = dict.fromkeys(rule["metadata"]["labels"])
    world.sandbox.patch(rule, {"metadata": {"labels": labels}}, manager="kubectl-edit")
    world.sandbox.remove(entry)
    metadata = {"name": entry["metadata"]["name"], "namespace": "shop"}
    body = {"apiVersion": entry["apiVersion"], "kind": entry["kind"], "spec": entry["spec"]}
    world.sandbox.put({**body, "metadata": metadata}, manager="kubectl-edit")
    assert search(world) == 1
    told = AuditEvent.objects.get(tag="drift:found").message
    assert f"ServiceEntry shop/{metadata['name']} was replaced" in told
    assert f"DestinationRule shop/{rule['metadata']['name']} was changed" in told


def copied(entry: KubeObject, namespace: str = "shop", **metadata: Any) -> KubeObject:
    """Return what somebody gets who copies an object of the portal, labels and all."""
    kept = {name: entry["metadata"][name] for name in ("name", "labels", "annotations")}
    return {
        "apiVersion": entry["apiVersion"],
        "kind": entry["kind"],
        "metadata": {**kept, "namespace": namespace, **metadata},
        "spec": entry["spec"],
    }


@pytest.mark.parametrize("policy", Cluster.DriftPolicy.values)
def test_default_deny_is_not_called_enforced_while_its_sidecar_is_gone(
    world: World, policy: str
) -> None:
    Cluster.objects.update(drift_policy=policy)
    Namespace.objects.filter(name="shop").update(default_deny=True)
    world.mark("shop")
    world.converge()
    assert world.namespace("shop").default_deny_enforced
    sidecar = world.sandbox.gateway.get(kinds.SIDECAR, "shop", "default")
    assert sidecar is not None
    world.sandbox.remove(sidecar)
    search(world)
    assert not world.namespace("shop").default_deny_enforced
    world.converge()
    assert world.namespace("shop").default_deny_enforced == (policy == "heal")


def test_default_deny_that_somebody_opened_is_not_called_enforced(world: World) -> None:
    Cluster.objects.update(drift_policy=FLAG)
    Namespace.objects.filter(name="shop").update(default_deny=True)
    world.mark("shop")
    world.converge()
    sidecar = world.sandbox.gateway.get(kinds.SIDECAR, "shop", "default")
    assert sidecar is not None
    for mode, enforced in (("ALLOW_ANY", False), ("REGISTRY_ONLY", True)):
        change = {"spec": {"outboundTrafficPolicy": {"mode": mode}}}
        world.sandbox.patch(sidecar, change, manager="kubectl-edit")
        search(world)
        assert world.namespace("shop").default_deny_enforced is enforced


@pytest.mark.parametrize("namespace", ["shop", "data"])
def test_a_copy_of_our_object_is_shown_once_and_left_alone(world: World, namespace: str) -> None:
    world.deliver("api.example.com", "shop")
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.put(copied(entry, namespace, name="copied"))
    for _ in range(3):
        assert search(world) == 1
        assert world.converge() == 0
    assert "copied" in world.objects(namespace=namespace)
    assert world.tags().count("drift:found") == 1
    row = world.slice(namespace)
    assert (row.problem_reason, row.wanted) == ("Drifted", row.done)
    assert "was not written by this portal" in row.problem
    world.sandbox.remove(copied(entry, namespace, name="copied"))
    assert search(world) == 0
    assert world.slice(namespace).problem_reason == ""


def test_what_took_the_place_of_a_revoked_object_is_told_of_once(world: World) -> None:
    grant = world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.remove(entry)
    other = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
    world.sandbox.put({**copied(entry), "spec": {**entry["spec"], "ports": [other]}})
    world.revoke(grant)
    world.converge()
    for _ in range(3):
        assert search(world) == 1
        assert world.converge() == 0
    assert world.tags().count("drift:found") == 1
    assert "was replaced" in world.slice().problem
