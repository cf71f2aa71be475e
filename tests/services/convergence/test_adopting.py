"""Ours is written first, then theirs is deleted, and nothing is deleted that was not decided."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import KubeObject
from egress.cluster.kube import KubeGateway
from egress.domain.lifecycle import GrantStatus, Verdict
from egress.models import Adoption, AuditEvent, Cluster, DeliveryStep, Person, Request, Slice
from egress.services import audit, grants, posture, requests
from tests import factories as make
from tests.services.adopting import HOST, Adopting, adopting_company, grants_of

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["gateway", "sidecar"])
def company(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Adopting]:
    with adopting_company(settings, monkeypatch, request.param) as made:
        yield made


def test_an_approved_adoption_writes_ours_and_then_deletes_theirs(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    assert company.can()
    request = company.adopted(entry, owner, alice)

    company.converge()
    (grant,) = grants_of(request)
    assert grant.status == GrantStatus.ACTIVE, grant.failed_message
    assert company.live(entry), "both exist for a moment"
    assert company.can()
    assert company.outcome(request) == Adoption.Outcome.WAITING

    company.converge()
    assert company.live(entry) is None
    assert company.can(), "what was open is open"
    assert not company.can(who="data")
    assert company.outcome(request) == Adoption.Outcome.DELETED
    step = DeliveryStep.objects.get(uid=entry["metadata"]["uid"])
    assert (step.action, step.result) == ("delete", "written")
    assert f"- {HOST}" in step.diff
    assert "deletes 1" in step.delivery.summary
    event = AuditEvent.objects.get(tag="adoption:finished")
    assert event.data["decided_by"] == "alice"
    assert (event.target, event.target_id) == ("request", str(request.pk))
    assert audit.verify().ok


def test_the_idle_cycle_after_an_adoption_writes_nothing(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.converge(3)
    before = DeliveryStep.objects.count()
    company.converge(2)
    assert DeliveryStep.objects.count() == before
    assert not grants_of(request)[0].failed_reason


def test_an_entry_that_was_changed_after_the_approval_is_left_alone(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.touch(entry)
    version = company.live(entry)["metadata"]["resourceVersion"]  # type: ignore[index]
    company.converge(3)

    (grant,) = grants_of(request)
    assert grant.status == GrantStatus.PENDING
    assert grant.failed_reason == "AdoptionStale"
    assert "anew" in grant.failed_message
    assert company.live(entry)["metadata"]["resourceVersion"] == version  # type: ignore[index]
    assert company.outcome(request) == Adoption.Outcome.STALE
    assert AuditEvent.objects.filter(tag="adoption:stopped").count() == 1


def test_an_entry_that_is_changed_after_ours_was_written_is_left_alone(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.converge()
    company.touch(entry)
    company.converge(2)

    (grant,) = grants_of(request)
    assert grant.status == GrantStatus.ACTIVE, "what is in force stays in force"
    assert grant.failed_reason == "AdoptionStale"
    assert company.live(entry)
    assert company.can()


def test_an_entry_that_was_made_again_is_not_the_one_that_was_decided(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.mesh.company.cluster.remove(entry)
    again = company.plant()
    company.converge(3)

    assert company.live(again)
    assert grants_of(request)[0].failed_reason == "AdoptionStale"


def test_an_entry_that_its_owner_deleted_meanwhile_is_replaced_all_the_same(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.mesh.company.cluster.remove(entry)
    company.converge(2)

    assert grants_of(request)[0].status == GrantStatus.ACTIVE
    assert company.outcome(request) == Adoption.Outcome.GONE
    assert company.can()


def test_a_grant_that_is_revoked_before_the_deletion_leaves_theirs_alone(
    company: Adopting, owner: Person, alice: Person, adam: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.converge()
    (grant,) = grants_of(request)
    grants.revoke(grant=grant, actor=make.actor(adam), reason="Not after all.")
    company.converge(3)

    assert company.live(entry)
    assert company.outcome(request) == Adoption.Outcome.ABANDONED
    grant.refresh_from_db()
    assert grant.confirmed_at


def test_after_a_revoke_ours_is_gone_and_nothing_comes_back(
    company: Adopting, owner: Person, alice: Person, adam: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.converge(2)
    (grant,) = grants_of(request)
    grants.revoke(grant=grant, actor=make.actor(adam), reason="Over.")
    company.converge(3)

    grant.refresh_from_db()
    assert grant.confirmed_at
    assert company.live(entry) is None
    assert not company.can()


class Dies(BaseException):
    """The worker is killed."""


def die_at(monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    real = KubeGateway.delete

    def delete(self: KubeGateway, *args: Any, **more: Any) -> None:
        if more.get("dry_run"):
            return real(self, *args, **more)
        if not before:
            real(self, *args, **more)
        raise Dies

    monkeypatch.setattr(KubeGateway, "delete", delete)


@pytest.mark.parametrize("before", [True, False])
def test_a_worker_that_dies_at_the_deletion_is_followed_by_one_that_goes_on(
    company: Adopting, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.converge()
    with monkeypatch.context() as patch:
        die_at(patch, before=before)
        with pytest.raises(Dies):
            company.converge()
    assert company.can()
    past = timezone.now() - timedelta(minutes=10)
    Slice.objects.filter(lease_until__isnull=False).update(lease_until=past)
    company.converge(3)
    assert company.live(entry) is None
    assert company.outcome(request) == Adoption.Outcome.DELETED
    assert AuditEvent.objects.filter(tag="adoption:finished").count() == 1
    assert company.can()


def test_a_deletion_that_the_cluster_refuses_is_told_and_tried_again(
    company: Adopting, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    company.converge()

    def refuses(self: KubeGateway, *args: Any, **more: Any) -> None:
        raise ClusterError("A policy does not let the portal delete this.", Fault.FORBIDDEN)

    with monkeypatch.context() as patch:
        patch.setattr(KubeGateway, "delete", refuses)
        company.converge()
    adoption = Adoption.objects.get(request=request)
    assert adoption.is_waiting
    assert "does not let" in adoption.message
    company.converge()
    assert company.live(entry) is None


def test_several_hosts_and_ports_are_all_in_force_before_theirs_goes(
    company: Adopting, owner: Person, alice: Person
) -> None:
    ports = [
        {"number": 443, "name": "tls", "protocol": "TLS"},
        {"number": 8443, "name": "more", "protocol": "TLS"},
    ]
    entry = company.plant(hosts=[HOST, "other.partner.example.com"], ports=ports)
    request = company.adopted(entry, owner, alice)
    assert len(grants_of(request)) == 4
    company.converge()
    for _ in range(4):
        if company.live(entry) is None:
            break
        company.converge()
    assert company.live(entry) is None
    for host in (HOST, "other.partner.example.com"):
        assert company.can(host)
        assert company.can(host, 8443)
    assert {grant.status for grant in grants_of(request)} == {GrantStatus.ACTIVE}


def test_a_row_that_was_changed_past_the_portal_deletes_nothing(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry, victim = company.plant(), company.plant("victim", hosts=["victim.example.com"])
    request = company.adopted(entry, owner, alice)
    metadata = victim["metadata"]
    Adoption.objects.filter(request=request).update(
        name="victim", uid=metadata["uid"], resource_version=metadata["resourceVersion"]
    )
    company.converge(3)
    assert company.live(victim)
    assert company.live(entry)
    assert grants_of(request)[0].failed_reason == "AdoptionTampered"


def test_entries_that_nobody_asked_to_adopt_stay_untouched(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    bystander = company.plant("bystander", hosts=["by.example.com"])
    company.adopted(entry, owner, alice)
    company.converge(3)
    seen = company.live(bystander)
    assert seen is not None
    assert seen["metadata"]["resourceVersion"] == bystander["metadata"]["resourceVersion"]


def test_a_denied_adoption_changes_nothing(company: Adopting, owner: Person, alice: Person) -> None:
    entry: KubeObject = company.plant()
    asked: Request = company.adopt(entry, owner)
    requests.decide(
        request=asked,
        actor=make.actor(alice),
        revision=1,
        verdicts={0: Verdict.DENIED},
        note="No.",
    )
    company.converge(2)
    assert company.live(entry)
    assert not grants_of(asked)


def test_a_look_between_the_approval_and_the_delivery_changes_nothing(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopted(entry, owner, alice)
    posture.look(Cluster.objects.get(pk=company.cluster.pk), company.gateway)
    company.converge()
    posture.look(Cluster.objects.get(pk=company.cluster.pk), company.gateway)
    company.converge(2)
    assert company.live(entry) is None
    assert company.outcome(request) == Adoption.Outcome.DELETED
