"""Submitting and editing: what is accepted, from whom, and what is said about the rest."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import DatabaseError
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import AuditEvent, AuditHead, Namespace, Person, Request
from egress.services import requests
from egress.services.actor import Actor
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, Unavailable
from tests import factories as make


def test_a_developer_asks_for_their_namespace(shop: Namespace, owner: Person, mate: Person) -> None:
    draft = make.draft(shop, " API.Example.com. ", ticket="https://tickets.example/1")
    request = requests.submit(draft=draft, actor=make.actor(owner))
    assert request.status == RequestStatus.PENDING
    assert request.revision == 1
    assert (request.namespace, request.namespace_uid) == ("shop", shop.uid)
    assert request.duration_days == 90
    assert [str(row) for row in request.destinations.all()] == ["api.example.com:443 TLS"]
    event = AuditEvent.objects.get()
    assert event.tag == "request:submitted"
    assert (event.actor, event.cluster, event.namespace) == ("owner", "main", "shop")
    assert event.target_id == str(request.pk)
    assert event.host == "api.example.com"


def test_a_request_pins_the_service_account_by_uid(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    with pytest.raises(Refused) as caught:
        requests.submit(draft=make.draft(shop, service_account="web"), actor=make.actor(owner))
    # Sidecar enforcement cannot tell service accounts apart, and says so.
    assert caught.value.reason == "ServiceAccountNotEnforced"
    assert "service_account" in caught.value.fields


def test_an_approver_without_a_team_cannot_ask(shop: Namespace, alice: Person) -> None:
    with pytest.raises(NotAllowed) as caught:
        requests.submit(draft=make.draft(shop), actor=make.actor(alice))
    assert caught.value.reason == "NotTheOwner"
    assert '"team-shop"' in caught.value.message


def test_an_admin_cannot_ask_for_what_their_team_does_not_own(
    shop: Namespace, adam: Person, superuser: Person
) -> None:
    for person in (adam, superuser):
        with pytest.raises(NotAllowed):
            requests.submit(draft=make.draft(shop), actor=make.actor(person))
    assert not Request.objects.exists()


def test_a_stranger_hears_the_same_of_others_namespaces_and_of_none(
    shop: Namespace, payments: Namespace, stranger: Person, mate: Person
) -> None:
    absent = make.draft(shop)
    with pytest.raises(Refused) as of_others:
        requests.submit(draft=make.draft(shop), actor=make.actor(stranger))
    shop.delete()
    with pytest.raises(Refused) as of_none:
        requests.submit(draft=absent, actor=make.actor(stranger))
    assert of_others.value.fields == of_none.value.fields
    assert list(of_none.value.fields) == ["namespace"]


def test_a_closed_account_cannot_ask(shop: Namespace, owner: Person, mate: Person) -> None:
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    with pytest.raises(NotAllowed) as caught:
        requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert caught.value.reason == "AccountNotActive"


def test_the_portal_itself_cannot_ask(shop: Namespace, mate: Person) -> None:
    with pytest.raises(NotAllowed):
        requests.submit(draft=make.draft(shop), actor=Actor.system("expiry"))


def test_every_fault_is_told_beside_its_field(shop: Namespace, owner: Person, mate: Person) -> None:
    draft = make.draft(
        shop,
        make.destination("10.0.0.1"),
        make.destination(port="many"),
        make.destination(protocol="SMTP"),
        reason="  ",
        ticket="javascript:alert(1)",
        duration_days=0,
    )
    with pytest.raises(Refused) as caught:
        requests.submit(draft=draft, actor=make.actor(owner))
    assert set(caught.value.fields) == {
        "destinations.0.host",
        "destinations.1.port",
        "destinations.2.protocol",
        "reason",
        "ticket",
        "duration_days",
    }
    assert not Request.objects.exists()


@pytest.mark.parametrize("port", [True, 0, 65536, -1, "४४३", "4 4", "", "99999999999999999999"])
def test_a_strange_port_is_refused(
    shop: Namespace, owner: Person, mate: Person, port: int | str
) -> None:
    with pytest.raises(Refused) as caught:
        requests.submit(
            draft=make.draft(shop, make.destination(port=port)), actor=make.actor(owner)
        )
    assert "destinations.0.port" in caught.value.fields


@pytest.mark.parametrize("reason", ["a\0b", "safe\u202eevil", "x" * 2001])
def test_a_reason_that_cannot_be_read_is_refused(
    shop: Namespace, owner: Person, mate: Person, reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        requests.submit(draft=make.draft(shop, reason=reason), actor=make.actor(owner))
    assert list(caught.value.fields) == ["reason"]


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "no such", "../shop", ""])
def test_strange_names_of_cluster_and_namespace_are_refused(
    shop: Namespace, owner: Person, mate: Person, name: str
) -> None:
    draft = make.draft(shop)
    for field in ("cluster", "namespace"):
        changed = requests.RequestDraft(**{**vars(draft), field: name})
        with pytest.raises(Refused) as caught:
            requests.submit(draft=changed, actor=make.actor(owner))
        assert list(caught.value.fields) == [field]


def test_what_a_policy_blocks_is_refused_beside_its_field(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    draft = make.draft(shop, "fine.example.com", "metadata.internal", duration_days=100_00)
    with pytest.raises(Refused) as caught:
        requests.submit(draft=draft, actor=make.actor(owner))
    assert "destinations.1.host" in caught.value.fields
    assert "duration_days" in caught.value.fields


def test_what_nobody_could_approve_is_refused(shop: Namespace, owner: Person) -> None:
    with pytest.raises(Refused) as caught:
        requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert caught.value.reason == "NobodyCanApprove"
    assert "nobody else may decide" in caught.value.message


def test_an_approver_does_not_count_for_their_own_request(shop: Namespace, mate: Person) -> None:
    with pytest.raises(Refused) as caught:
        requests.submit(draft=make.draft(shop), actor=make.actor(mate))
    assert caught.value.reason == "NobodyCanApprove"


def test_what_needs_two_approvers_is_refused_with_one(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    draft = make.draft(shop, make.destination("sftp.example.com", 22))
    with pytest.raises(Refused) as caught:
        requests.submit(draft=draft, actor=make.actor(owner))
    assert caught.value.reason == "NobodyCanApprove"
    make.approver("second")
    request = requests.submit(draft=draft, actor=make.actor(owner))
    assert "review" in {finding["level"] for finding in request.findings}


def test_approvers_of_other_namespaces_do_not_count(shop: Namespace, owner: Person) -> None:
    make.approver("elsewhere", namespaces="pay*")
    make.approver("other-cluster", cluster=make.cluster())
    with pytest.raises(Refused):
        requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    make.approver("here", cluster=shop.cluster, namespaces="sho?")
    assert requests.submit(draft=make.draft(shop), actor=make.actor(owner)).is_pending


@pytest.mark.parametrize("fault", [DatabaseError("disk full"), None])
def test_without_audit_nothing_is_asked(
    shop: Namespace, owner: Person, mate: Person, fault: Exception | None
) -> None:
    if fault is None:
        AuditHead.objects.all().delete()
    with (
        patch.object(AuditEvent, "save", side_effect=fault),
        pytest.raises(Unavailable),
    ):
        requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert not Request.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_edit_raises_the_revision_and_clears_approvals(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    draft = make.draft(shop, make.destination("sftp.example.com", 22))
    request = requests.submit(draft=draft, actor=make.actor(owner))
    yes = {0: Verdict.APPROVED}
    requests.decide(request=request, actor=make.actor(mate), revision=1, verdicts=yes)
    edited = requests.edit(
        request=request,
        draft=make.draft(shop, make.destination("files.example.com", 22), duration_days=10),
        actor=make.actor(owner),
        revision=1,
    )
    assert (edited.revision, edited.duration_days) == (2, 10)
    assert [row.host for row in edited.destinations.all()] == ["files.example.com"]
    assert all(approval.cleared_at for approval in edited.approvals.all())
    after = requests.decide(request=edited, actor=make.actor(alice), revision=2, verdicts=yes)
    assert after.is_pending, "the approval of the first revision must not count"
    event = AuditEvent.objects.get(tag="request:edited")
    assert event.data["before"]["destinations"] == ["sftp.example.com:22 TLS"]
    assert event.data["after"]["destinations"] == ["files.example.com:22 TLS"]


def test_only_the_requester_edits(shop: Namespace, owner: Person, mate: Person) -> None:
    request = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    with pytest.raises(NotAllowed):
        requests.edit(request=request, draft=make.draft(shop), actor=make.actor(mate), revision=1)


def test_a_stranger_does_not_learn_of_a_request(
    shop: Namespace, owner: Person, mate: Person, stranger: Person
) -> None:
    request = make.request(shop, owner)
    actor = make.actor(stranger)
    with pytest.raises(Missing):
        requests.edit(request=request, draft=make.draft(shop), actor=actor, revision=1)
    with pytest.raises(Missing):
        requests.withdraw(request=request, actor=actor)
    with pytest.raises(Missing):
        requests.comment(request=request, actor=actor, text="hello")
    with pytest.raises(Missing):
        requests.decide(request=request, actor=actor, revision=1, verdicts={0: Verdict.APPROVED})


def test_an_edit_of_another_revision_loses(shop: Namespace, owner: Person, mate: Person) -> None:
    request = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    actor = make.actor(owner)
    requests.edit(request=request, draft=make.draft(shop, "b.example.com"), actor=actor, revision=1)
    with pytest.raises(Conflict) as caught:
        requests.edit(
            request=request, draft=make.draft(shop, "c.example.com"), actor=actor, revision=1
        )
    assert caught.value.reason == "RevisionMoved"


def test_an_edit_that_is_blocked_changes_nothing(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    with pytest.raises(Refused):
        requests.edit(
            request=request,
            draft=make.draft(shop, "x.svc.cluster.local"),
            actor=make.actor(owner),
            revision=1,
        )
    request.refresh_from_db()
    assert request.revision == 1
    assert [row.host for row in request.destinations.all()] == ["api.example.com"]


@pytest.mark.parametrize("status", [s for s in RequestStatus if s is not RequestStatus.PENDING])
def test_a_decided_request_is_neither_edited_nor_withdrawn(
    shop: Namespace, owner: Person, mate: Person, status: RequestStatus
) -> None:
    request = make.request(shop, owner, status=status)
    with pytest.raises(Conflict):
        requests.edit(request=request, draft=make.draft(shop), actor=make.actor(owner), revision=1)
    with pytest.raises(Conflict):
        requests.withdraw(request=request, actor=make.actor(owner))


def test_the_requester_takes_a_request_back(shop: Namespace, owner: Person, mate: Person) -> None:
    request = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    with pytest.raises(NotAllowed):
        requests.withdraw(request=request, actor=make.actor(mate))
    withdrawn = requests.withdraw(request=request, actor=make.actor(owner))
    assert (withdrawn.status, withdrawn.decided_by) == (RequestStatus.WITHDRAWN, "owner")
    with pytest.raises(Conflict):
        requests.withdraw(request=request, actor=make.actor(owner))
    assert AuditEvent.objects.filter(tag="request:withdrawn").count() == 1


def test_a_request_nobody_decides_lapses(shop: Namespace, owner: Person, mate: Person) -> None:
    request = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    assert requests.lapse_overdue(now=timezone.now()) == 0
    later = timezone.now() + timedelta(days=15)
    assert requests.lapse_overdue(now=later) == 1
    assert requests.lapse_overdue(now=later) == 0
    request.refresh_from_db()
    assert request.status == RequestStatus.LAPSED
    assert AuditEvent.objects.filter(tag="request:lapsed").count() == 1


def test_an_overdue_request_cannot_be_decided_before_it_is_swept(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = make.request(shop, owner, lapses_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict) as caught:
        requests.decide(
            request=request, actor=make.actor(mate), revision=1, verdicts={0: Verdict.APPROVED}
        )
    assert caught.value.reason == "Lapsed"


def test_people_who_may_read_a_request_comment_on_it(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = make.request(shop, owner)
    requests.comment(request=request, actor=make.actor(mate), text=" Which team pays? ")
    requests.comment(request=request, actor=make.actor(owner), text="Ours.\nSince May.")
    assert [c.text for c in request.comments.all()] == ["Which team pays?", "Ours.\nSince May."]
    with pytest.raises(Refused):
        requests.comment(request=request, actor=make.actor(owner), text="  ")
    assert "Ours" not in str(list(AuditEvent.objects.values()))
