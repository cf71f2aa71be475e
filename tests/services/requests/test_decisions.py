"""Deciding: by somebody else, once, on what they saw, and never wider than the wish."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError

from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.models import (
    AuditEvent,
    Grant,
    Namespace,
    Person,
    Priority,
    Request,
    RequestDestination,
    Slice,
)
from egress.selectors.bindings import binding_of, decision_digest_of, is_bound
from egress.services import requests
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, Unavailable
from tests import factories as make

YES, NO = Verdict.APPROVED, Verdict.DENIED


def asked(shop: Namespace, owner: Person, *hosts: str, **fields: Any) -> Request:
    return requests.submit(draft=make.draft(shop, *hosts, **fields), actor=make.actor(owner))


def decide(
    request: Request, who: Person, verdicts: Mapping[int, Verdict] | None = None, **fields: Any
) -> Request:
    given = {"revision": request.revision, "verdicts": verdicts or {0: YES}, **fields}
    return requests.decide(request=request, actor=make.actor(who), **given)


def test_an_approval_opens_grants_and_makes_the_slice_due(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner, "a.example.com", "b.example.com")
    decided = decide(request, mate, {0: YES, 1: YES}, note="Fine.")
    assert (decided.status, decided.decided_by) == (RequestStatus.APPROVED, "mate")
    assert decided.decision_note == "Fine."
    assert decided.decision_digest == decision_digest_of(decided)
    grants = list(Grant.objects.order_by("pk"))
    assert [grant.host for grant in grants] == ["a.example.com", "b.example.com"]
    for grant in grants:
        assert grant.status == GrantStatus.PENDING
        assert (grant.namespace_uid, grant.granted_by) == (shop.uid, "mate")
        assert grant.expires_at is None, "the time starts when access starts"
        assert grant.duration_days == 90
        assert grant.binding == binding_of(grant)
        assert is_bound(grant)
    row = Slice.objects.get()
    assert (row.key, row.wanted, row.priority) == ("namespace:shop", 1, Priority.GRANT)
    tags = list(AuditEvent.objects.order_by("sequence").values_list("tag", flat=True))
    assert tags == ["request:submitted", "request:approved", "grant:created", "grant:created"]
    event = AuditEvent.objects.get(tag="request:approved")
    assert event.data["digest"] == decided.decision_digest
    assert event.data["generator_version"]


def test_a_part_is_approved_and_the_rest_denied(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner, "a.example.com", "b.example.com", "c.example.com")
    decided = decide(request, mate, {0: YES, 1: NO, 2: YES})
    assert decided.status == RequestStatus.APPROVED
    assert [row.verdict for row in decided.destinations.all()] == [YES, NO, YES]
    hosts = set(Grant.objects.values_list("host", flat=True))
    assert hosts == {"a.example.com", "c.example.com"}


def test_denying_everything_denies_and_needs_a_note(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    with pytest.raises(Refused) as caught:
        decide(request, mate, {0: NO}, note=" ")
    assert list(caught.value.fields) == ["note"]
    decided = decide(request, mate, {0: NO}, note="Use the proxy.")
    assert (decided.status, decided.decided_by) == (RequestStatus.DENIED, "mate")
    assert not Grant.objects.exists()
    assert not Slice.objects.exists()
    assert AuditEvent.objects.filter(tag="request:denied").count() == 1


def test_a_duration_may_be_shortened_only(shop: Namespace, owner: Person, mate: Person) -> None:
    request = asked(shop, owner, duration_days=30)
    for days in (31, 0, -1, None, True, "7"):
        with pytest.raises(Refused) as caught:
            decide(request, mate, duration_days=days)
        assert list(caught.value.fields) == ["duration_days"]
    decided = decide(request, mate, duration_days=7)
    assert Grant.objects.get().duration_days == 7
    assert decided.duration_days == 7
    event = AuditEvent.objects.get(tag="request:approved")
    assert (event.data["asked_days"], event.data["duration_days"]) == (30, 7)


@pytest.mark.parametrize(
    "verdicts",
    [{}, {0: YES}, {0: YES, 1: YES, 2: YES}, {0: YES, 1: "maybe"}, {0: YES, -1: YES}],
)
def test_every_destination_needs_one_verdict(
    shop: Namespace, owner: Person, mate: Person, verdicts: dict[int, Any]
) -> None:
    request = asked(shop, owner, "a.example.com", "b.example.com")
    with pytest.raises(Refused) as caught:
        requests.decide(request=request, actor=make.actor(mate), revision=1, verdicts=verdicts)
    assert caught.value.reason == "VerdictsIncomplete"
    assert not Grant.objects.exists()


def test_nobody_decides_their_own_request(shop: Namespace, mate: Person, alice: Person) -> None:
    request = asked(shop, mate)
    with pytest.raises(NotAllowed) as caught:
        decide(request, mate)
    assert caught.value.reason == "OwnRequest"
    assert "you asked for this yourself" in caught.value.message


def test_four_eyes_hold_for_admins_and_superusers(
    shop: Namespace, alice: Person, superuser: Person
) -> None:
    superuser.groups.add(make.team("team-shop"))
    make.role(superuser, "approver")
    make.role(superuser, "admin")
    request = asked(shop, superuser)
    for verdicts in ({0: YES}, {0: NO}):
        with pytest.raises(NotAllowed) as caught:
            decide(request, superuser, verdicts, note="mine")
        assert caught.value.reason == "OwnRequest"


def test_admins_auditors_and_superusers_decide_nothing_without_being_approvers(
    shop: Namespace, owner: Person, mate: Person, adam: Person, olga: Person, superuser: Person
) -> None:
    request = asked(shop, owner)
    for person in (adam, olga, superuser):
        with pytest.raises(NotAllowed) as caught:
            decide(request, person)
        assert caught.value.reason == "NotAnApprover"
    request.refresh_from_db()
    assert request.is_pending


def test_a_team_mate_without_a_role_does_not_decide(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    colleague = make.person(teams=["team-shop"])
    with pytest.raises(NotAllowed):
        decide(asked(shop, owner), colleague)


def test_a_role_that_was_taken_away_counts_at_once(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    request = asked(shop, owner)
    alice.roles.all().delete()
    with pytest.raises(Missing):
        decide(request, alice)
    request.refresh_from_db()
    assert request.is_pending


def test_a_second_decision_loses(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    request = asked(shop, owner)
    decide(request, mate)
    for who, verdict in ((mate, YES), (alice, YES), (alice, NO)):
        with pytest.raises(Conflict) as caught:
            decide(request, who, {0: verdict}, note="late")
        assert caught.value.reason == "AlreadyDecided"
        assert "by mate" in caught.value.message
    assert Grant.objects.count() == 1
    assert AuditEvent.objects.filter(tag="request:approved").count() == 1


def test_a_decision_names_the_revision_that_was_read(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    requests.edit(
        request=request,
        draft=make.draft(shop, "evil.example.net"),
        actor=make.actor(owner),
        revision=1,
    )
    with pytest.raises(Conflict) as caught:
        decide(request, mate, revision=1)
    assert caught.value.reason == "RevisionMoved"
    assert not Grant.objects.exists()


def test_a_namespace_that_is_gone_meanwhile_gets_nothing(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    make.gone(shop)
    with pytest.raises(Refused) as caught:
        decide(request, mate)
    assert caught.value.reason == "SubjectGone"
    assert not Grant.objects.exists()


def test_a_namespace_that_was_made_again_inherits_nothing(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    make.gone(shop)
    make.namespace(shop.cluster, "shop", owner="team-shop")
    with pytest.raises(Refused) as caught:
        decide(request, mate)
    assert caught.value.reason == "SubjectGone"
    assert "made again" in caught.value.message


def test_policies_are_asked_again_at_the_decision(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner, "fine.example.com", "api.example.com")
    make.grant(shop, host="api.example.com", port=443)
    with pytest.raises(Refused) as caught:
        decide(request, mate, {0: YES, 1: YES})
    assert caught.value.reason == "AlreadyGranted"
    assert list(caught.value.fields) == ["destinations.1"], "the position of the request is named"
    assert decide(request, mate, {0: YES, 1: NO}).status == RequestStatus.APPROVED


def test_a_denial_needs_no_policy(shop: Namespace, owner: Person, mate: Person) -> None:
    request = asked(shop, owner)
    make.gone(shop)
    assert decide(request, mate, {0: NO}, note="Gone.").status == RequestStatus.DENIED


def test_a_requester_who_left_the_team_gets_nothing(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    owner.groups.clear()
    with pytest.raises(Refused) as caught:
        decide(request, mate)
    assert caught.value.reason == "RequesterMayNotAsk"


def test_a_requester_whose_account_is_closed_gets_nothing(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    with pytest.raises(Refused):
        decide(request, mate)


def test_the_database_refuses_a_second_live_grant(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner)
    make.grant(shop)
    with (
        patch("egress.services.requests.decisions.policy.findings_for", return_value=()),
        pytest.raises(Conflict) as caught,
    ):
        decide(request, mate)
    assert caught.value.reason == "AlreadyGranted"
    request.refresh_from_db()
    assert request.is_pending
    assert Grant.objects.count() == 1


@pytest.mark.parametrize("verdict", [YES, NO])
def test_without_audit_nothing_is_decided(
    shop: Namespace, owner: Person, mate: Person, verdict: Verdict
) -> None:
    request = asked(shop, owner)
    with (
        patch("egress.services.audit._append", side_effect=DatabaseError("gone")),
        pytest.raises(Unavailable),
    ):
        decide(request, mate, {0: verdict}, note="no")
    request.refresh_from_db()
    assert (request.status, request.decision_digest) == (RequestStatus.PENDING, "")
    assert not Grant.objects.exists()
    assert not Slice.objects.exists()
    assert not request.approvals.exists()


def risky(shop: Namespace, owner: Person) -> Request:
    draft = make.draft(shop, make.destination("sftp.example.com", 22), "b.example.com")
    return requests.submit(draft=draft, actor=make.actor(owner))


def test_two_people_agree_on_the_same_terms(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    request = risky(shop, owner)
    first = decide(request, mate, {0: YES, 1: YES}, duration_days=30)
    assert first.is_pending
    assert not Grant.objects.exists()
    second = decide(request, alice, {0: YES, 1: YES}, duration_days=30)
    assert (second.status, second.decided_by) == (RequestStatus.APPROVED, "mate and alice")
    assert Grant.objects.count() == 2
    tags = list(AuditEvent.objects.order_by("sequence").values_list("tag", flat=True))
    assert tags.count("request:approval-given") == 1
    assert AuditEvent.objects.get(tag="request:approved").data["approvers"] == ["mate", "alice"]


def test_one_person_does_not_count_twice(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    request = risky(shop, owner)
    decide(request, mate, {0: YES, 1: YES})
    with pytest.raises(Conflict) as caught:
        decide(request, mate, {0: YES, 1: YES})
    assert caught.value.reason == "AlreadyApproved"
    changed = decide(request, mate, {0: YES, 1: NO})
    assert changed.is_pending
    assert changed.approvals.count() == 1


@pytest.mark.parametrize(
    "other", [{"verdicts": {0: YES, 1: NO}}, {"verdicts": {0: YES, 1: YES}, "duration_days": 5}]
)
def test_two_people_with_different_terms_do_not_agree(
    shop: Namespace, owner: Person, mate: Person, alice: Person, other: dict[str, Any]
) -> None:
    request = risky(shop, owner)
    decide(request, mate, {0: YES, 1: YES})
    assert decide(request, alice, **other).is_pending
    assert not Grant.objects.exists()
    # Whoever joins the terms of the other completes them.
    assert decide(request, mate, **other).status == RequestStatus.APPROVED


def test_one_denial_is_enough(shop: Namespace, owner: Person, mate: Person, alice: Person) -> None:
    request = risky(shop, owner)
    decide(request, mate, {0: YES, 1: YES})
    assert decide(request, alice, {0: NO, 1: NO}, note="No.").status == RequestStatus.DENIED


def test_leaving_out_the_risky_part_needs_one_person_only(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    assert decide(risky(shop, owner), mate, {0: NO, 1: YES}).status == RequestStatus.APPROVED


def test_an_approval_by_somebody_who_lost_the_role_does_not_count(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    request = risky(shop, owner)
    decide(request, mate, {0: YES, 1: YES})
    mate.roles.all().delete()
    assert decide(request, alice, {0: YES, 1: YES}).is_pending
    third = make.approver("third")
    assert decide(request, third, {0: YES, 1: YES}).status == RequestStatus.APPROVED


@pytest.mark.parametrize(
    "change",
    [
        {"host": "evil.example.net"},
        {"port": 22},
        {"namespace_uid": "another"},
        {"namespace": "payments"},
        {"duration_days": 3650},
        {"service_account": "web"},
        {"tls_origination": True},
        {"protocol": "HTTP"},
    ],
)
def test_a_grant_that_was_changed_past_the_portal_is_not_bound(
    shop: Namespace, owner: Person, mate: Person, change: dict[str, Any]
) -> None:
    decide(asked(shop, owner), mate)
    Grant.objects.update(**change)
    assert not is_bound(Grant.objects.get())
    # Not even with a binding that was made to fit, as long as the decision does not.
    grant = Grant.objects.get()
    if set(change) & {"host", "port", "protocol", "tls_origination", "namespace"}:
        grant.binding = binding_of(grant)
        assert not is_bound(grant)


@pytest.mark.parametrize("what", ["host", "verdict", "duration", "uid", "status"])
def test_a_decision_that_was_changed_past_the_portal_is_not_bound(
    shop: Namespace, owner: Person, mate: Person, what: str
) -> None:
    decide(asked(shop, owner, "a.example.com", "b.example.com"), mate, {0: YES, 1: NO})
    if what == "host":
        RequestDestination.objects.filter(position=0).update(host="evil.example.net")
    elif what == "verdict":
        RequestDestination.objects.filter(position=1).update(verdict=YES)
    elif what == "duration":
        Request.objects.update(duration_days=999)
    elif what == "uid":
        Request.objects.update(namespace_uid="another")
    else:
        Request.objects.update(status=RequestStatus.DENIED)
    assert not is_bound(Grant.objects.get())


def said(request: Request, tag: str) -> str:
    """What the audit trail says about the request, in words."""
    events = AuditEvent.objects.filter(target="request", target_id=str(request.pk), tag=tag)
    return str(events.get().message)


def test_the_trail_says_in_words_what_was_trimmed_and_shortened(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner, "a.example.com", "b.example.com")
    decide(request, mate, {0: YES, 1: NO}, duration_days=30)
    assert said(request, "request:approved") == (
        "Approved a.example.com:443 for 30 days instead of 90; denied b.example.com:443."
    )


def test_the_trail_says_an_approval_as_asked_without_more_words(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = asked(shop, owner, "a.example.com", duration_days=1)
    decide(request, mate)
    assert said(request, "request:approved") == "Approved a.example.com:443 for 1 day."


def test_the_trail_names_few_of_many_destinations(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    hosts = [f"h{number}.example.com" for number in range(6)]
    request = asked(shop, owner, *hosts)
    decide(request, mate, dict.fromkeys(range(6), YES))
    assert "h3.example.com:443 and 2 more for 90 days" in said(request, "request:approved")
    long = [f"{'x' * 60}.{'y' * 60}.{letter * 60}.example.com" for letter in "abcd"]
    request = asked(shop, owner, *long)
    decide(request, mate, dict.fromkeys(range(4), YES))
    assert said(request, "request:approved") == "Approved 4 destinations for 90 days."
