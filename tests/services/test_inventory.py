"""The synced inventory, and what becomes of grants whose subject is gone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.cluster.inventory import read_inventory
from egress.models import Cluster, Namespace, ServiceAccount, Slice
from egress.services import inventory
from egress.services.errors import Refused
from tests.services.world import TEAM, World


def namespace_object(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def account_object(name: str, namespace: str = "shop") -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def test_namespaces_and_accounts_of_the_cluster_are_known(world: World) -> None:
    shop = world.namespace("shop")
    assert shop.owner_name == TEAM
    assert shop.injected
    assert set(shop.service_accounts.values_list("name", flat=True)) == {"default", "web"}
    assert Namespace.objects.filter(name="kube-system").exists()
    assert Cluster.objects.get().inventory_at is not None


def test_a_sync_without_news_changes_nothing_and_marks_nothing(world: World) -> None:
    world.deliver("api.example.com")
    before = world.slice().wanted
    result = world.sync()
    assert result == inventory.SyncResult()
    assert world.slice().wanted == before


def test_a_new_account_makes_the_slice_of_its_namespace_due(world: World) -> None:
    world.deliver("api.example.com")
    before = world.slice().wanted
    world.sandbox.account("shop", "api")
    world.sandbox.account("data", "api")
    assert world.sync().changed == ("data", "shop")
    assert world.slice().wanted == before + 1
    assert not Slice.objects.filter(key="namespace:data").exists()


def test_grants_of_a_deleted_namespace_are_suspended(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.sandbox.remove(namespace_object("shop"))
    result = world.sync()
    assert result.vanished == ("shop",)
    assert result.suspended == 1
    grant.refresh_from_db()
    assert grant.status == "suspended"
    assert "grant:suspended" in world.tags()
    assert not Namespace.objects.filter(name="shop", gone_at=None).exists()
    world.converge()
    assert world.slice().wanted == world.slice().done


def test_a_namespace_made_again_by_somebody_else_inherits_nothing(world: World) -> None:
    grant = world.deliver("api.example.com")
    Namespace.objects.filter(name="shop").update(default_deny=True)
    world.sandbox.remove(namespace_object("shop"))
    world.sandbox.namespace("shop")
    result = world.sync(confirmed=False)
    assert result.suspended == 1
    grant.refresh_from_db()
    assert grant.status == "suspended"
    world.converge()
    assert world.hosts() == set()
    again = world.namespace("shop")
    assert again.uid != grant.namespace_uid
    assert not again.default_deny
    assert again.owner_name == ""


def test_one_list_that_misses_a_namespace_is_not_believed(world: World) -> None:
    grant = world.deliver("api.example.com")
    world.sandbox.remove(namespace_object("shop"))
    assert world.sync(confirmed=False) == inventory.SyncResult()
    grant.refresh_from_db()
    assert grant.status == "active"


def test_a_deleted_account_suspends_its_own_grants_only(world: World) -> None:
    account = world.namespace("shop").service_accounts.get(name="web")
    own = world.approve("api.example.com", service_account=account)
    other = world.approve("www.example.com")
    world.sandbox.remove(account_object("web"))
    assert world.sync().suspended == 1
    own.refresh_from_db()
    other.refresh_from_db()
    assert own.status == "suspended"
    assert other.status == "pending"
    assert ServiceAccount.objects.get(name="web", namespace__name="shop").gone_at is not None


def test_an_account_made_again_under_its_name_is_another_account(world: World) -> None:
    account = world.namespace("shop").service_accounts.get(name="web")
    grant = world.approve("api.example.com", service_account=account)
    world.sandbox.remove(account_object("web"))
    world.sandbox.account("shop", "web")
    assert world.sync(confirmed=False).suspended == 1
    grant.refresh_from_db()
    assert grant.status == "suspended"


def test_the_inventory_of_another_cluster_is_refused(world: World) -> None:
    Cluster.objects.update(uid="another-cluster")
    world.cluster.refresh_from_db()
    with pytest.raises(Refused, match="another cluster"):
        world.sync()


def test_an_older_picture_does_not_undo_a_newer_one(world: World) -> None:
    old = read_inventory(world.sandbox.gateway)
    world.sandbox.namespace("fresh")
    world.sync()
    known = Cluster.objects.get().inventory_at
    result = inventory.sync(cluster=world.cluster, snapshot=old, now=timezone.now())
    assert result == inventory.SyncResult()
    assert Cluster.objects.get().inventory_at == known
    assert Namespace.objects.filter(name="fresh", gone_at=None).exists()


def test_a_picture_from_a_clock_that_was_wrong_holds_nothing_up(world: World) -> None:
    ahead = timezone.now() + timedelta(days=365)
    Cluster.objects.update(inventory_at=ahead)
    world.sandbox.namespace("fresh")
    world.sync()
    known = Cluster.objects.get().inventory_at
    assert known is not None
    assert known < ahead
    assert Namespace.objects.filter(name="fresh", gone_at=None).exists()
