"""Renewing: a request like any other, decided by somebody else, extending the same grant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.models import AuditEvent, Grant, Namespace, Person, Request
from egress.selectors.bindings import is_bound
from egress.services import grants, requests
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make

YES = {0: Verdict.APPROVED}


def renew(grant: Grant, who: Person, days: int | None = 60) -> Request:
    return requests.renew(
        grant=grant, actor=make.actor(who), reason="Still needed.", duration_days=days
    )


def approve(request: Request, who: Person) -> Request:
    return requests.decide(request=request, actor=make.actor(who), revision=1, verdicts=YES)


@pytest.mark.parametrize("status", [GrantStatus.ACTIVE, GrantStatus.EXPIRING])
def test_an_approved_renewal_extends_the_same_grant_without_a_gap(
    shop: Namespace, owner: Person, mate: Person, status: GrantStatus
) -> None:
    grant = make.grant(shop, owner, status=status)
    ends = grant.expires_at
    assert ends is not None
    request = renew(grant, owner)
    assert request.renews == grant
    grant.refresh_from_db()
    assert grant.expires_at == ends, "asking changes nothing"
    approve(request, mate)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    assert grant.expires_at == ends + timedelta(days=60)
    assert is_bound(grant)
    assert Grant.objects.count() == 1
    event = AuditEvent.objects.get(tag="grant:renewed")
    assert event.target_id == str(grant.pk)


def test_a_grant_whose_time_ran_out_unswept_is_extended_from_now(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    grant = make.grant(shop, owner)
    request = renew(grant, owner)
    Grant.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    before = timezone.now()
    approve(request, mate)
    grant.refresh_from_db()
    assert grant.expires_at is not None
    assert grant.expires_at >= before + timedelta(days=60)


def test_an_approver_may_shorten_a_renewal(shop: Namespace, owner: Person, mate: Person) -> None:
    grant = make.grant(shop, owner)
    ends = grant.expires_at
    request = renew(grant, owner)
    requests.decide(
        request=request, actor=make.actor(mate), revision=1, verdicts=YES, duration_days=5
    )
    grant.refresh_from_db()
    assert ends is not None
    assert grant.expires_at == ends + timedelta(days=5)


def test_neither_who_renews_nor_who_asked_first_decides(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    grant = make.grant(shop, mate)
    request = renew(grant, owner)
    with pytest.raises(NotAllowed) as caught:
        approve(request, mate)
    assert caught.value.reason == "OwnRequest"
    assert "the grant that this renews" in caught.value.message
    assert approve(request, alice).status == RequestStatus.APPROVED


def test_a_renewal_that_only_the_first_requester_could_decide_is_refused(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    with pytest.raises(Refused) as caught:
        renew(make.grant(shop, mate), owner)
    assert caught.value.reason == "NobodyCanApprove"


def test_only_the_team_renews(
    shop: Namespace, owner: Person, alice: Person, stranger: Person, adam: Person
) -> None:
    grant = make.grant(shop, owner)
    with pytest.raises(Missing):
        renew(grant, stranger)
    for person in (alice, adam):
        with pytest.raises(NotAllowed):
            renew(grant, person)


@pytest.mark.parametrize(
    "status", [s for s in GrantStatus if s not in (GrantStatus.ACTIVE, GrantStatus.EXPIRING)]
)
def test_only_grants_in_force_are_renewed(
    shop: Namespace, owner: Person, mate: Person, status: GrantStatus
) -> None:
    with pytest.raises(Conflict) as caught:
        renew(make.grant(shop, owner, status=status), owner)
    assert caught.value.reason == "GrantNotRenewable"


def test_a_grant_waits_for_one_renewal_at_a_time(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    grant = make.grant(shop, owner)
    renew(grant, owner)
    with pytest.raises(Conflict) as caught:
        renew(grant, owner)
    assert caught.value.reason == "RenewalPending"


def test_a_grant_that_ended_meanwhile_is_not_brought_back(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    grant = make.grant(shop, owner)
    request = renew(grant, owner)
    grants.revoke(grant=grant, actor=make.actor(owner), reason="Done.")
    with pytest.raises(Conflict) as caught:
        approve(request, mate)
    assert caught.value.reason == "GrantEnded"
    grant.refresh_from_db()
    assert grant.status == GrantStatus.REVOKED
    request.refresh_from_db()
    assert request.is_pending


def test_a_renewal_keeps_what_is_reached(shop: Namespace, owner: Person, mate: Person) -> None:
    request = renew(make.grant(shop, owner), owner)
    with pytest.raises(Refused) as caught:
        requests.edit(
            request=request,
            draft=make.draft(shop, "evil.example.net"),
            actor=make.actor(owner),
            revision=1,
        )
    assert caught.value.reason == "RenewalIsFixed"
    edited = requests.edit(
        request=request,
        draft=make.draft(shop, duration_days=20),
        actor=make.actor(owner),
        revision=1,
    )
    assert (edited.duration_days, edited.revision) == (20, 2)


def test_a_tampered_grant_is_not_made_valid_by_renewing_it(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    grant = make.grant(shop, owner)
    request = renew(grant, owner)
    Grant.objects.update(namespace_uid="another")
    with pytest.raises(Conflict) as caught:
        approve(request, mate)
    assert caught.value.reason == "GrantTampered"
    with pytest.raises((Conflict, Refused, Missing)):
        renew(Grant.objects.get(), owner)


def test_a_renewal_of_a_namespace_made_again_is_refused(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    grant = make.grant(shop, owner)
    make.gone(shop)
    make.namespace(shop.cluster, "shop", owner="team-shop")
    with pytest.raises(Refused) as caught:
        renew(grant, owner)
    assert caught.value.reason == "SubjectGone"
