"""Grants: ended by people and by time, suspended with their subject, resumed by a decision."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError
from django.utils import timezone

from egress.domain.lifecycle import (
    ENDED_GRANT_STATUSES,
    LIVE_GRANT_STATUSES,
    OPEN_GRANT_STATUSES,
    GrantStatus,
)
from egress.models import AuditEvent, Grant, Namespace, Person, Priority, Slice
from egress.selectors.bindings import is_bound
from egress.services import grants
from egress.services.actor import Actor
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, Unavailable
from tests import factories as make


def revoke(grant: Grant, who: Person, reason: str = "Not needed.") -> Grant:
    return grants.revoke(grant=grant, actor=make.actor(who), reason=reason)


@pytest.mark.parametrize("status", sorted(LIVE_GRANT_STATUSES))
def test_a_live_grant_is_revoked_and_its_slice_is_due_first(
    shop: Namespace, owner: Person, status: GrantStatus
) -> None:
    ended = revoke(make.grant(shop, status=status), owner)
    assert ended.status == GrantStatus.REVOKED
    assert (ended.ended_by, ended.end_reason) == ("owner", "Not needed.")
    assert ended.ended_at is not None
    assert ended.confirmed_at is None, "ended and confirmed gone are two facts"
    row = Slice.objects.get()
    assert (row.key, row.priority) == ("namespace:shop", Priority.REVOKE)
    assert AuditEvent.objects.get().tag == "grant:revoked"


@pytest.mark.parametrize("status", sorted(ENDED_GRANT_STATUSES))
def test_an_ended_grant_is_not_revoked_again(
    shop: Namespace, owner: Person, status: GrantStatus
) -> None:
    with pytest.raises(Conflict):
        revoke(make.grant(shop, status=status), owner)
    assert not AuditEvent.objects.exists()


def test_team_approvers_and_admins_revoke(
    shop: Namespace, owner: Person, alice: Person, adam: Person, superuser: Person
) -> None:
    for who in (owner, alice, adam, superuser):
        assert revoke(make.grant(shop), who).status == GrantStatus.REVOKED


def test_others_do_not_revoke(shop: Namespace, stranger: Person, olga: Person) -> None:
    grant = make.grant(shop)
    with pytest.raises(Missing):
        revoke(grant, stranger)
    with pytest.raises(NotAllowed):
        revoke(grant, olga)


def test_the_former_owner_of_a_name_does_not_revoke_the_new_ones_grant(
    shop: Namespace, owner: Person
) -> None:
    make.gone(shop)
    again = make.namespace(shop.cluster, "shop", owner="team-other")
    with pytest.raises(Missing):
        revoke(make.grant(again), owner)


def test_a_revoke_needs_a_reason(shop: Namespace, owner: Person) -> None:
    with pytest.raises(Refused) as caught:
        revoke(make.grant(shop), owner, reason=" \n ")
    assert list(caught.value.fields) == ["reason"]


def test_without_audit_nothing_is_revoked(shop: Namespace, owner: Person) -> None:
    grant = make.grant(shop)
    with (
        patch.object(AuditEvent, "save", side_effect=DatabaseError("gone")),
        pytest.raises(Unavailable),
    ):
        revoke(grant, owner)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    assert not Slice.objects.exists()


@pytest.mark.parametrize("status", sorted(OPEN_GRANT_STATUSES))
def test_open_grants_are_suspended(shop: Namespace, status: GrantStatus) -> None:
    grant = make.grant(shop, status=status)
    count = grants.suspend(grants=[grant], reason="The namespace is gone.", actor=_inventory())
    grant.refresh_from_db()
    assert count == 1
    assert grant.status == GrantStatus.SUSPENDED
    assert Slice.objects.get().priority == Priority.REVOKE
    assert AuditEvent.objects.get().tag == "grant:suspended"


@pytest.mark.parametrize("status", sorted(ENDED_GRANT_STATUSES | {GrantStatus.SUSPENDED}))
def test_other_grants_are_not_suspended(shop: Namespace, status: GrantStatus) -> None:
    grant = make.grant(shop, status=status)
    assert grants.suspend(grants=[grant], reason="Gone.", actor=_inventory()) == 0
    assert not AuditEvent.objects.exists()


def _inventory() -> Actor:
    return Actor.system("inventory")


def resume(grant: Grant, who: Person) -> Grant:
    return grants.resume(grant=grant, actor=make.actor(who), reason="It is ours again.")


def test_an_approver_resumes_for_the_subject_as_it_is_now(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    make.gone(shop)
    again = make.namespace(shop.cluster, "shop", owner="team-shop")
    resumed = resume(grant, alice)
    assert resumed.status == GrantStatus.ACTIVE
    assert resumed.namespace_uid == again.uid
    assert resumed.expires_at == grant.expires_at, "being suspended adds no time"
    assert resumed.applied_at is None
    assert is_bound(resumed)
    assert Slice.objects.get().priority == Priority.GRANT


def test_resuming_follows_four_eyes(
    shop: Namespace, owner: Person, mate: Person, adam: Person, alice: Person
) -> None:
    with pytest.raises(NotAllowed) as caught:
        resume(make.grant(shop, mate, status=GrantStatus.SUSPENDED), mate)
    assert caught.value.reason == "OwnRequest"
    grant = make.grant(shop, mate, host="b.example.com", status=GrantStatus.SUSPENDED)
    for who in (owner, adam):
        with pytest.raises(NotAllowed):
            resume(grant, who)


def test_nothing_is_resumed_for_a_subject_that_is_gone(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    make.gone(shop)
    with pytest.raises(Refused) as caught:
        resume(grant, alice)
    assert caught.value.reason == "SubjectGone"


def test_policies_are_asked_before_resuming(shop: Namespace, owner: Person, alice: Person) -> None:
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    Namespace.objects.update(injected=False)
    with pytest.raises(Refused) as caught:
        resume(grant, alice)
    assert caught.value.reason == "NamespaceWithoutProxy"


def test_what_needs_two_approvers_is_not_resumed_by_one(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    grant = make.grant(shop, owner, port=22, status=GrantStatus.SUSPENDED)
    with pytest.raises(Refused) as caught:
        resume(grant, alice)
    assert caught.value.reason == "RequestNeeded"
    assert "more than one approver" in caught.value.message


def test_a_namespace_made_again_for_another_team_gets_nothing_by_resuming(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    make.gone(shop)
    make.namespace(shop.cluster, "shop", owner="team-new")
    with pytest.raises(Refused) as caught:
        resume(grant, alice)
    assert caught.value.reason == "RequestNeeded"
    grant.refresh_from_db()
    assert (grant.status, grant.namespace_uid) == (GrantStatus.SUSPENDED, shop.uid)


@pytest.mark.parametrize("status", [s for s in GrantStatus if s is not GrantStatus.SUSPENDED])
def test_only_suspended_grants_are_resumed(
    shop: Namespace, owner: Person, alice: Person, status: GrantStatus
) -> None:
    with pytest.raises(Conflict):
        resume(make.grant(shop, owner, status=status), alice)


def test_time_over_means_no_resuming(shop: Namespace, owner: Person, alice: Person) -> None:
    past = timezone.now() - timedelta(seconds=1)
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED, expires_at=past)
    with pytest.raises(Conflict) as caught:
        resume(grant, alice)
    assert caught.value.reason == "GrantEnded"


def test_a_tampered_grant_is_not_resumed(shop: Namespace, owner: Person, alice: Person) -> None:
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    Grant.objects.update(host="evil.example.net")
    with pytest.raises(Conflict) as caught:
        resume(grant, alice)
    assert caught.value.reason == "GrantTampered"


def test_a_grant_that_never_was_active_gets_its_full_time_when_resumed(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = make.grant(
        shop, owner, status=GrantStatus.SUSPENDED, active_at=None, expires_at=None, applied_at=None
    )
    before = timezone.now()
    resumed = resume(grant, alice)
    assert resumed.active_at is not None
    assert resumed.expires_at is not None
    assert resumed.expires_at >= before + timedelta(days=90)


@pytest.mark.parametrize("status", ["active", "expiring", "suspended"])
def test_grants_expire_when_their_time_is_over(shop: Namespace, status: str) -> None:
    now = timezone.now()
    over = make.grant(shop, status=GrantStatus(status), expires_at=now)
    left = make.grant(
        shop,
        host="b.example.com",
        status=GrantStatus(status),
        expires_at=now + timedelta(microseconds=1),
    )
    assert grants.expire_due(now=now) == 1
    assert grants.expire_due(now=now) == 0
    over.refresh_from_db()
    left.refresh_from_db()
    assert (over.status, over.ended_at) == (GrantStatus.EXPIRED, now)
    assert left.status == status
    assert Slice.objects.get().priority == Priority.REVOKE
    assert AuditEvent.objects.filter(tag="grant:expired").count() == 1


def test_a_grant_without_end_never_expires(shop: Namespace) -> None:
    make.grant(shop, expires_at=None, duration_days=None)
    assert grants.expire_due(now=timezone.now() + timedelta(days=100_000)) == 0


def test_a_grant_that_ends_soon_is_marked_once(shop: Namespace) -> None:
    now = timezone.now()
    soon = make.grant(shop, expires_at=now + timedelta(days=6))
    make.grant(shop, host="b.example.com", expires_at=now + timedelta(days=8))
    assert grants.remind_due(now=now) == 1
    assert grants.remind_due(now=now) == 0
    soon.refresh_from_db()
    assert soon.status == GrantStatus.EXPIRING
    assert soon.ended_at is None
    assert not Slice.objects.exists(), "nothing changes in the cluster"


@pytest.mark.parametrize(
    ("fields", "lapses"),
    [
        ({"status": GrantStatus.PENDING}, True),
        ({"status": GrantStatus.SUSPENDED, "active_at": None, "expires_at": None}, True),
        ({"status": GrantStatus.SUSPENDED}, False),
        ({"status": GrantStatus.ACTIVE}, False),
    ],
)
def test_what_could_not_be_applied_for_a_week_lapses(
    shop: Namespace, fields: dict[str, Any], lapses: bool
) -> None:
    now = timezone.now()
    grant = make.grant(shop, created_at=now - timedelta(days=7), **fields)
    make.grant(shop, host="b.example.com", status=GrantStatus.PENDING)
    assert grants.lapse_unapplied(now=now) == int(lapses)
    grant.refresh_from_db()
    assert (grant.status == GrantStatus.LAPSED) is lapses


def test_one_grant_that_cannot_be_ended_holds_no_other_back(shop: Namespace) -> None:
    now = timezone.now()
    first, second = (make.grant(shop, host=f"{x}.example.com", expires_at=now) for x in "ab")
    Grant.objects.filter(pk=first.pk).update(protocol="changed past the portal"[:8])
    assert grants.expire_due(now=now) == 1
    second.refresh_from_db()
    assert second.status == GrantStatus.EXPIRED


def test_without_audit_no_grant_is_ended_by_time(shop: Namespace) -> None:
    now = timezone.now()
    grant = make.grant(shop, expires_at=now)
    with patch.object(AuditEvent, "save", side_effect=DatabaseError), pytest.raises(Unavailable):
        grants.expire_due(now=now)
    grant.refresh_from_db()
    assert grant.is_live
