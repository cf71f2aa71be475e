"""A delivery makes the cluster agree with the grants of a namespace."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway
from egress.domain.naming import base
from egress.models import AuditHead, Cluster, Delivery, Grant, Namespace, OwnedObject
from egress.services.convergence.beside import Claims
from egress.services.convergence.preparing import prepare
from egress.services.convergence.work import Work
from egress.services.errors import Unavailable
from tests.services.world import World, assert_chain_is_valid, foreign_entry


def test_an_approved_grant_becomes_a_service_entry_and_active(world: World) -> None:
    grant = world.approve("api.example.com")
    assert world.converge() == 1
    grant.refresh_from_db()
    assert grant.status == "active"
    assert grant.active_at is not None
    assert grant.applied_at is not None
    assert grant.expires_at is not None
    assert (grant.expires_at - grant.active_at).days == 90
    assert world.hosts() == {("api.example.com", 443)}
    delivery = Delivery.objects.get()
    assert delivery.outcome == "done"
    assert [step.result for step in delivery.steps.all()] == ["written"]
    record = OwnedObject.objects.get()
    entry = world.entry("api.example.com")
    assert entry is not None
    assert record.uid == entry["metadata"]["uid"]
    assert record.intent_hash == ""
    assert world.tags("delivery") == ["delivery:started", "delivery:finished"]
    assert world.tags("grant") == ["grant:activated"]
    assert_chain_is_valid()


def test_a_revoked_grant_is_taken_out_and_confirmed(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.revoke(grant)
    assert world.converge() == 1
    grant.refresh_from_db()
    assert grant.status == "revoked"
    assert grant.confirmed_at is not None
    assert world.hosts() == set()
    assert not OwnedObject.objects.exists()
    assert world.tags("grant")[-2:] == ["grant:revoked", "grant:confirmed"]
    assert world.slice().wanted == world.slice().done


def test_two_ports_of_one_host_share_an_entry_and_ending_one_keeps_the_other(world: World) -> None:
    first = world.deliver("api.example.com", port=443)
    world.deliver("api.example.com", port=8443)
    assert world.hosts() == {("api.example.com", 443), ("api.example.com", 8443)}
    entry = world.entry("api.example.com")
    world.revoke(first)
    world.converge()
    first.refresh_from_db()
    assert first.confirmed_at is not None
    assert world.hosts() == {("api.example.com", 8443)}
    after = world.entry("api.example.com")
    assert entry is not None
    assert after is not None
    assert after["metadata"]["uid"] == entry["metadata"]["uid"]


def test_the_same_host_in_two_namespaces_is_independent(world: World) -> None:
    shop = world.deliver("api.example.com", "shop")
    world.deliver("api.example.com", "data")
    before = world.entry("api.example.com", "data")
    world.revoke(shop)
    world.converge()
    assert world.hosts("shop") == set()
    assert world.entry("api.example.com", "data") == before


def test_tls_origination_writes_the_rule_before_the_entry(world: World) -> None:
    world.deliver("api.example.com", port=80, protocol="HTTP", tls_origination=True)
    steps = Delivery.objects.get().steps.all()
    assert [step.kind for step in steps] == ["DestinationRule", "ServiceEntry"]


def test_a_message_that_comes_twice_changes_nothing(world: World) -> None:
    world.deliver("api.example.com")
    before = world.entry("api.example.com")
    events = len(world.tags())
    assert world.converge() == 0
    assert world.entry("api.example.com") == before
    assert len(world.tags()) == events
    assert Delivery.objects.count() == 1


def test_a_slice_marked_for_nothing_writes_nothing(world: World) -> None:
    world.deliver("api.example.com")
    before = world.entry("api.example.com")
    world.mark("shop")
    assert world.converge() == 1
    assert world.entry("api.example.com") == before
    assert Delivery.objects.count() == 1
    assert world.slice().wanted == world.slice().done


def test_a_foreign_object_under_our_name_is_left_alone_and_named(world: World) -> None:
    name = base("api.example.com")
    world.sandbox.put(foreign_entry(name, "api.example.com"))
    planted = world.entry("api.example.com")
    grant = world.approve("api.example.com")
    other = world.approve("www.example.com")
    world.converge()
    grant.refresh_from_db()
    other.refresh_from_db()
    assert grant.status == "pending"
    assert grant.failed_reason == "ForeignObject"
    assert name in grant.failed_message
    assert other.status == "active"
    assert world.entry("api.example.com") == planted
    assert world.tags("grant").count("grant:failed") == 1


def test_a_failed_grant_is_tried_again_and_told_of_once(world: World) -> None:
    planted = world.sandbox.put(foreign_entry(base("api.example.com"), "api.example.com"))
    grant = world.approve("api.example.com")
    for _ in range(3):
        world.converge()
        world.make_due()
    assert world.tags("grant").count("grant:failed") == 1
    assert world.slice().attempts == 3
    world.sandbox.remove(planted)
    world.converge()
    grant.refresh_from_db()
    assert grant.status == "active"
    assert grant.failed_reason == ""
    assert world.slice().problem_reason == ""


def test_a_host_that_a_visible_foreign_entry_has_is_not_opened(world: World) -> None:
    world.sandbox.put(foreign_entry("theirs", "api.example.com", "data", ("shop",)))
    grant = world.approve("api.example.com")
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "HostTaken"
    assert "data/theirs" in grant.failed_message
    assert world.hosts("shop") == set()


def test_a_foreign_entry_that_the_namespace_does_not_see_is_no_obstacle(world: World) -> None:
    world.sandbox.put(foreign_entry("theirs", "api.example.com", "data", (".",)))
    world.deliver("api.example.com")


def test_a_grant_whose_row_was_changed_is_not_applied(world: World) -> None:
    grant = world.approve("api.example.com")
    Grant.objects.filter(pk=grant.pk).update(host="evil.example.com")
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "Tampered"
    assert world.hosts() == set()
    assert world.tags("grant") == ["grant:failed"]


def test_a_grant_of_a_service_account_is_refused_under_sidecar(world: World) -> None:
    account = world.namespace("shop").service_accounts.get(name="web")
    grant = world.approve("api.example.com", service_account=account)
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "ServiceAccountNotEnforced"
    slice_ = world.slice()
    assert slice_.wanted == slice_.done
    assert slice_.problem_reason == "ServiceAccountNotEnforced"


def test_a_grant_that_is_over_is_not_opened_even_before_it_is_ended(world: World) -> None:
    grant = world.deliver("api.example.com")
    past = timezone.now() - timedelta(seconds=1)
    Grant.objects.filter(pk=grant.pk).update(expires_at=past)
    world.mark("shop")
    world.converge()
    grant.refresh_from_db()
    assert grant.status == "expired"
    assert grant.confirmed_at is not None
    assert world.hosts() == set()


def test_a_namespace_made_again_gets_nothing_before_the_inventory_knows(world: World) -> None:
    grant = world.approve("api.example.com")
    world.sandbox.remove({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    world.sandbox.namespace("shop")
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "SubjectGone"
    assert world.hosts() == set()


def test_another_cluster_at_the_same_address_is_never_written_to(world: World) -> None:
    world.approve("api.example.com")
    Cluster.objects.update(uid="another-cluster")
    world.converge()
    assert world.hosts() == set()
    cluster = Cluster.objects.get()
    assert not cluster.reachable
    assert "Another cluster" in cluster.problem
    assert world.tags("cluster") == ["cluster:unreachable"]
    assert world.slice().problem_reason == "WrongCluster"


def test_a_cluster_that_answers_again_is_noted_once(world: World) -> None:
    world.approve("api.example.com")
    uid = world.cluster.uid
    Cluster.objects.update(uid="another-cluster")
    world.converge()
    Cluster.objects.update(uid=uid)
    world.make_due()
    world.converge()
    world.mark("shop")
    world.converge()
    assert world.tags("cluster") == ["cluster:unreachable", "cluster:reachable"]
    assert Cluster.objects.get().problem == ""
    assert world.hosts() == {("api.example.com", 443)}


def test_a_fault_nobody_thought_of_stops_only_its_slice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.approve("api.example.com", "shop")
    good = world.approve("api.example.com", "data")
    honest = prepare

    def poisoned(claims: Claims, gateway: ClusterGateway) -> Work:
        if claims.own.row.key == "namespace:shop":
            raise ZeroDivisionError
        return honest(claims, gateway)

    monkeypatch.setattr("egress.services.convergence.deliver.prepare", poisoned)
    world.converge()
    good.refresh_from_db()
    assert good.status == "active"
    assert world.slice("shop").problem_reason == "Internal"
    assert world.slice("shop").due_at > timezone.now()


def test_switching_default_deny_on_and_off_follows_what_is_seen(world: World) -> None:
    world.deliver("api.example.com")
    rows = Namespace.objects.filter(name="shop")
    rows.update(default_deny=True, default_deny_at=timezone.now())
    world.mark("shop")
    world.converge()
    assert world.objects(kinds.SIDECAR) == ["default"]
    assert world.namespace("shop").default_deny_enforced
    rows.update(default_deny=False, default_deny_at=timezone.now())
    world.mark("shop")
    world.converge()
    assert world.objects(kinds.SIDECAR) == []
    assert not world.namespace("shop").default_deny_enforced


def test_without_audit_nothing_is_written(world: World) -> None:
    grant = world.approve("api.example.com")
    AuditHead.objects.all().delete()
    with pytest.raises(Unavailable, match="audit"):
        world.converge()
    assert world.hosts() == set()
    grant.refresh_from_db()
    assert grant.status == "pending"
    assert not Delivery.objects.exists()


def test_a_revoke_is_confirmed_although_the_same_was_granted_again(world: World) -> None:
    first = world.deliver("api.example.com")
    world.revoke(first)
    second = world.approve("api.example.com")
    world.converge()
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.confirmed_at is not None
    assert second.status == "active"
    assert world.hosts() == {("api.example.com", 443)}


def test_a_revoke_waits_for_an_installation_id_that_can_be_written(
    world: World, settings: Settings
) -> None:
    grant = world.deliver("api.example.com")
    installation, settings.INSTALLATION = settings.INSTALLATION, "no label!"
    world.revoke(grant)
    world.converge()
    row = world.slice()
    assert row.problem_reason == "InstallationNotALabel"
    assert row.wanted > row.done
    settings.INSTALLATION = installation
    world.make_due()
    world.converge()
    grant.refresh_from_db()
    assert grant.confirmed_at is not None
    assert world.hosts() == set()


def test_a_grant_that_was_ended_and_is_open_again_is_not_applied(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.revoke(grant)
    world.converge()
    Grant.objects.filter(pk=grant.pk).update(status="active", ended_at=None)
    world.mark("shop")
    world.converge()
    grant.refresh_from_db()
    assert grant.failed_reason == "Tampered"
    assert world.hosts("shop") == set()
