"""Grants: list, read, revoke, resume, renew."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import AuditEvent, Grant, Namespace, Person, Request
from tests import factories as make
from tests.api.calling import Caller, problem, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(shop: Namespace, owner: Person) -> Grant:
    """An active grant of the shop, asked for by the owner."""
    return make.grant(shop, owner, "api.example.com")


def revoke(who: Person, grant: Grant, reason: object = "Not needed any more.") -> Any:
    return Caller(who).post(f"/grants/{grant.pk}/revoke/", {"reason": reason})


# --- list and read ------------------------------------------------------------------------------


def test_everybody_sees_the_grants_that_are_theirs_to_see(
    grant: Grant,
    payments: Namespace,
    owner: Person,
    stranger: Person,
    alice: Person,
    adam: Person,
    olga: Person,
) -> None:
    other = make.grant(payments, stranger)
    assert [row["id"] for row in rows(Caller(owner).get("/grants/"))] == [grant.pk]
    assert [row["id"] for row in rows(Caller(stranger).get("/grants/"))] == [other.pk]
    for who in (alice, adam, olga):
        assert [row["id"] for row in rows(Caller(who).get("/grants/"))] == [other.pk, grant.pk]


def test_a_stranger_cannot_tell_a_hidden_grant_from_none(grant: Grant, stranger: Person) -> None:
    caller = Caller(stranger)
    hidden, absent = caller.get(f"/grants/{grant.pk}/"), caller.get("/grants/424242/")
    assert problem(hidden, 404)["detail"] == problem(absent, 404)["detail"]
    for action in ("revoke", "resume", "renew"):
        problem(caller.post(f"/grants/{grant.pk}/{action}/", {}), 404)


def test_a_grant_is_shown_with_its_conditions(shop: Namespace, owner: Person) -> None:
    drifted = make.grant(
        shop,
        owner,
        drifted_at=timezone.now(),
        failed_reason="Refused",
        failed_message="The cluster said no.",
    )
    shown = Caller(owner).get(f"/grants/{drifted.pk}/").json()
    assert (shown["host"], shown["port"], shown["status"]) == ("api.example.com", 443, "active")
    assert shown["conditions"] == {
        "applied": True,
        "enforced": False,
        "drifted": True,
        "failed_reason": "Refused",
        "failed_message": "The cluster said no.",
        "confirmed_gone": False,
    }


def test_a_grant_is_enforced_once_its_own_namespace_is_held_to_its_grants(
    shop: Namespace, owner: Person, grant: Grant
) -> None:
    caller = Caller(owner)
    Namespace.objects.filter(pk=shop.pk).update(default_deny_enforced=True)
    assert caller.get(f"/grants/{grant.pk}/").json()["conditions"]["enforced"]
    assert rows(caller.get("/grants/"))[0]["conditions"]["enforced"]
    make.gone(shop)
    again = make.namespace(shop.cluster, "shop", owner="team-shop", default_deny_enforced=True)
    assert again.uid != grant.namespace_uid
    assert not rows(caller.get("/grants/"))[0]["conditions"]["enforced"]


def test_grants_are_narrowed(
    shop: Namespace, payments: Namespace, owner: Person, adam: Person
) -> None:
    now = timezone.now()
    soon = make.grant(shop, owner, "soon.example.com", expires_at=now + timedelta(days=1))
    ended = make.grant(payments, owner, "ended.example.com", status=GrantStatus.REVOKED)
    caller = Caller(adam)

    def found(**query: str) -> list[int]:
        return [row["id"] for row in rows(caller.get("/grants/", query))]

    assert found(host="soon.example.com") == [soon.pk]
    assert found(status="revoked") == [ended.pk]
    assert found(namespace="payments", cluster="main") == [ended.pk]
    before = (now + timedelta(days=2)).isoformat()
    assert found(expires_before=before) == [soon.pk]


def test_a_list_costs_the_same_for_one_grant_and_for_twenty(
    shop: Namespace, owner: Person, django_assert_num_queries: Any
) -> None:
    caller = Caller(owner)
    make.grant(shop, owner, "first.example.com")
    caller.get("/grants/")
    # The token with its person, standing, grants.
    with django_assert_num_queries(3):
        rows(caller.get("/grants/"))
    for number in range(20):
        make.grant(shop, owner, f"h{number}.example.com")
    with django_assert_num_queries(3):
        assert len(rows(caller.get("/grants/"))) == 21


# --- revoke -------------------------------------------------------------------------------------


def test_the_team_its_approvers_and_admins_revoke(
    shop: Namespace, owner: Person, mate: Person, alice: Person, adam: Person
) -> None:
    for who in (owner, mate, alice, adam):
        grant = make.grant(shop, owner, f"{who.username}.example.com")
        answer = revoke(who, grant)
        assert answer.status_code == 200, answer.content
        shown = answer.json()
        assert (shown["status"], shown["ended_by"]) == ("revoked", who.username)
        assert not shown["conditions"]["confirmed_gone"], "the cluster was not looked at yet"
    assert AuditEvent.objects.filter(tag="grant:revoked", source="api").count() == 4


def test_an_auditor_sees_a_grant_but_cannot_revoke_it(grant: Grant, olga: Person) -> None:
    problem(revoke(olga, grant), 403, "NotTheTeam")
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_a_grant_is_revoked_once(grant: Grant, owner: Person, alice: Person) -> None:
    revoke(owner, grant)
    problem(revoke(alice, grant), 409, "GrantEnded")


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "a\0b", "a\u202eb", "a\udfffb", 3, None])
def test_a_revoke_needs_a_readable_reason(grant: Grant, owner: Person, reason: object) -> None:
    assert [*problem(revoke(owner, grant, reason), 422)["errors"]] == ["reason"]
    grant.refresh_from_db()
    assert grant.is_live


# --- resume -------------------------------------------------------------------------------------


def test_an_approver_resumes_a_suspended_grant(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    answer = Caller(alice).post(f"/grants/{grant.pk}/resume/", {"reason": "It is ours again."})
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "active"
    again = Caller(alice).post(f"/grants/{grant.pk}/resume/", {"reason": "Again."})
    problem(again, 409, "GrantNotSuspended")


def test_nobody_resumes_what_they_asked_for_and_admins_do_not_at_all(
    shop: Namespace, mate: Person, owner: Person, adam: Person
) -> None:
    grant = make.grant(shop, mate, status=GrantStatus.SUSPENDED)
    reason = {"reason": "Please."}
    problem(Caller(mate).post(f"/grants/{grant.pk}/resume/", reason), 403, "OwnRequest")
    for who in (owner, adam):
        problem(Caller(who).post(f"/grants/{grant.pk}/resume/", reason), 403, "NotAnApprover")


# --- renew --------------------------------------------------------------------------------------


def test_the_team_asks_for_more_time_once(grant: Grant, owner: Person, alice: Person) -> None:
    caller = Caller(owner)
    body = {"reason": "Still in use.", "duration_days": 30}
    answer = caller.post(f"/grants/{grant.pk}/renew/", body)
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["renews"], shown["status"], shown["duration_days"]) == (grant.pk, "pending", 30)
    problem(caller.post(f"/grants/{grant.pk}/renew/", body), 409, "RenewalPending")
    assert Request.objects.filter(status=RequestStatus.PENDING).count() == 1


def test_who_is_not_of_the_team_cannot_renew(grant: Grant, alice: Person, adam: Person) -> None:
    body = {"reason": "Still in use.", "duration_days": 30}
    for who in (alice, adam):
        problem(Caller(who).post(f"/grants/{grant.pk}/renew/", body), 403, "NotTheOwner")


def test_an_ended_grant_cannot_be_renewed(shop: Namespace, owner: Person, alice: Person) -> None:
    ended = make.grant(shop, owner, status=GrantStatus.EXPIRED)
    body = {"reason": "Still in use.", "duration_days": 30}
    problem(Caller(owner).post(f"/grants/{ended.pk}/renew/", body), 409, "GrantNotRenewable")


def test_all_wrong_fields_of_a_renewal_are_named_at_once(grant: Grant, owner: Person) -> None:
    body = {"reason": " ", "duration_days": 10**50, "host": "b.example.com"}
    answer = Caller(owner).post(f"/grants/{grant.pk}/renew/", body)
    assert set(problem(answer, 422)["errors"]) == {"reason", "duration_days", "host"}
