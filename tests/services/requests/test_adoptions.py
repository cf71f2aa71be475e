"""Asking for adoption, and deciding it: a request about one version of one object."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.kube import KubeGateway
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.domain.objects import ObjectKey
from egress.models import Adoption, AuditEvent, Cluster, Grant, Person
from egress.selectors.bindings import decision_digest_of, is_bound
from egress.services import requests
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, Unavailable
from tests import factories as make
from tests.services.adopting import HOST, REASON, Adopting, adopting_company, grants_of, pin

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(alice: Person, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adopting]:
    with adopting_company(settings, monkeypatch) as made:
        yield made


def test_the_team_asks_for_exactly_what_the_entry_opens(company: Adopting, owner: Person) -> None:
    entry = company.plant()
    request = company.adopt(entry, owner)

    (asked,) = request.destinations.all()
    assert (asked.host, asked.port, asked.protocol) == (HOST, 443, "TLS")
    assert (request.namespace, request.service_account) == ("shop", "")
    assert request.reason == REASON
    adoption = request.adoption
    assert adoption.uid == entry["metadata"]["uid"]
    assert adoption.manifest["spec"] == entry["spec"]
    assert "managedFields" not in adoption.manifest["metadata"]
    assert not [one for one in request.findings if one["level"] == "block"]
    event = AuditEvent.objects.get(tag="request:submitted")
    assert event.data["adopts"]["uid"] == adoption.uid
    assert "in place of ServiceEntry shop/partner" in event.message


def test_an_admin_asks_for_what_nobody_feels_responsible_for(
    company: Adopting, adam: Person, alice: Person
) -> None:
    request = company.adopt(company.plant(), adam)
    assert company.approve(request, alice).status == RequestStatus.APPROVED


def test_others_may_not_ask(company: Adopting, stranger: Person, alice: Person) -> None:
    entry = company.plant()
    with pytest.raises(Missing):
        company.adopt(entry, stranger)
    with pytest.raises(NotAllowed):
        company.adopt(entry, alice)
    assert not Adoption.objects.exists()


def test_nobody_decides_their_own_adoption(company: Adopting, mate: Person) -> None:
    request = company.adopt(company.plant(), mate)
    with pytest.raises(NotAllowed):
        company.approve(request, mate)


def test_an_approval_opens_bound_grants_and_names_what_is_deleted(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopted(company.plant(), owner, alice)
    (grant,) = grants_of(request)
    assert is_bound(grant)
    assert grant.duration_days == 30
    event = AuditEvent.objects.get(tag="request:approved")
    assert event.data["adopts"]["object"] == "ServiceEntry shop/partner"


def test_the_decision_is_bound_to_the_version_of_the_object(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopted(company.plant(), owner, alice)
    request.refresh_from_db()
    assert request.decision_digest == decision_digest_of(request)
    request.adopts_digest = "0" * 64
    assert request.decision_digest != decision_digest_of(request)


def test_two_approvers_must_agree_where_a_finding_asks_for_it(
    company: Adopting, owner: Person, alice: Person, mate: Person
) -> None:
    entry = company.plant(hosts=["ip-10-20-3-7.card-network.example.com"])
    request = company.adopt(entry, owner)
    assert any(one["level"] == "review" for one in request.findings), request.findings
    assert company.approve(request, alice).status == RequestStatus.PENDING
    assert company.approve(request, mate).status == RequestStatus.APPROVED


def test_an_adoption_is_approved_as_a_whole(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopt(company.plant(hosts=[HOST, "b.example.com"]), owner)
    with pytest.raises(Refused) as caught:
        requests.decide(
            request=request,
            actor=make.actor(alice),
            revision=1,
            verdicts={0: Verdict.APPROVED, 1: Verdict.DENIED},
            note="Half.",
        )
    assert caught.value.reason == "AdoptionIsWhole"
    assert not Grant.objects.exists()


def test_a_shorter_duration_may_be_approved(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopt(company.plant(), owner)
    company.approve(request, alice, duration_days=3)
    assert grants_of(request)[0].duration_days == 3


def test_a_version_that_is_not_there_any_more_cannot_be_asked_for(
    company: Adopting, owner: Person
) -> None:
    entry = company.plant()
    company.touch(entry)
    with pytest.raises(Conflict) as caught:
        company.adopt(entry, owner)
    assert caught.value.reason == "AdoptionStale"
    company.mesh.company.cluster.remove(entry)
    with pytest.raises(Conflict, match="not there any more"):
        company.adopt(entry, owner)


def test_an_entry_that_changed_since_it_was_asked_for_is_not_approved(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopt(entry, owner)
    company.touch(entry)
    with pytest.raises(Conflict) as caught:
        company.approve(request, alice)
    assert caught.value.reason == "AdoptionStale"
    assert "anew" in caught.value.message
    request.refresh_from_db()
    assert request.status == RequestStatus.PENDING
    assert not Grant.objects.exists()


def test_what_grants_cannot_equal_is_refused_with_the_reason(
    company: Adopting, owner: Person
) -> None:
    entry = company.plant(exportTo=["*"])
    with pytest.raises(Refused, match="every namespace") as caught:
        company.adopt(entry, owner)
    assert caught.value.reason == "ExportedToAll"


def test_a_rule_of_somebody_else_that_came_meanwhile_refuses_the_approval(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopt(company.plant(), owner)
    company.mesh.company.plant("DestinationRule", "shop", "theirs", spec={"host": HOST})
    with pytest.raises(Refused) as caught:
        company.approve(request, alice)
    assert caught.value.reason == "OthersHaveASay"


def test_the_portal_s_own_objects_are_not_foreign(
    company: Adopting, owner: Person, alice: Person
) -> None:
    Cluster.objects.update(enforcement="sidecar")
    entry = company.plant()
    company.adopted(entry, owner, alice)
    company.converge(2)
    (ours,) = company.gateway.list(kinds.SERVICE_ENTRY, "shop").items
    with pytest.raises(Refused) as caught:
        company.adopt(ours, owner)
    assert caught.value.reason == "NotForeign"


def test_an_adoption_is_asked_for_once(
    company: Adopting, owner: Person, mate: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopt(entry, owner)
    with pytest.raises(Conflict) as caught:
        company.adopt(entry, mate)
    assert caught.value.reason == "AdoptionPending"
    company.approve(request, alice)
    with pytest.raises(Conflict) as caught:
        company.adopt(entry, mate)
    assert caught.value.reason == "AdoptionUnderWay"


def test_after_a_denial_it_may_be_asked_for_again(
    company: Adopting, owner: Person, alice: Person
) -> None:
    entry = company.plant()
    request = company.adopt(entry, owner)
    requests.decide(
        request=request,
        actor=make.actor(alice),
        revision=1,
        verdicts={0: Verdict.DENIED},
        note="Not like this.",
    )
    assert company.adopt(entry, owner).pk != request.pk


def test_a_cluster_that_nobody_can_look_at_adopts_nothing(
    company: Adopting, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = company.plant()

    def silent(self: KubeGateway, *args: Any, **more: Any) -> Any:
        raise ClusterError("It does not answer.", Fault.TIMEOUT, retryable=True)

    monkeypatch.setattr(KubeGateway, "list", silent)
    with pytest.raises(Unavailable):
        company.adopt(entry, owner)


def test_what_the_portal_may_not_delete_is_not_asked_for(
    company: Adopting, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = company.plant()

    def forbidden(self: KubeGateway, *args: Any, **more: Any) -> None:
        assert more["dry_run"], "nothing is deleted by asking"
        raise ClusterError("serviceentries is forbidden.", Fault.FORBIDDEN)

    monkeypatch.setattr(KubeGateway, "delete", forbidden)
    with pytest.raises(Refused) as caught:
        company.adopt(entry, owner)
    assert caught.value.reason == "RemovalNotPermitted"
    assert company.live(entry)


def test_only_entries_can_be_adopted(company: Adopting, owner: Person) -> None:
    wrong = pin(company.plant())
    wrong = replace(wrong, key=ObjectKey(wrong.key.api_version, "Sidecar", "shop", "partner"))
    with pytest.raises(Refused) as caught:
        requests.adopt(
            cluster=company.cluster,
            pin=wrong,
            actor=make.actor(owner),
            reason=REASON,
            duration_days=3,
        )
    assert caught.value.reason == "KindNotAdoptable"


def test_an_edit_keeps_what_is_reached(company: Adopting, owner: Person) -> None:
    request = company.adopt(company.plant(), owner)
    shop = company.mesh.namespace()
    edited = requests.edit(
        request=request,
        draft=make.draft(shop, HOST, reason="Better words."),
        actor=make.actor(owner),
        revision=1,
    )
    assert edited.reason == "Better words."
    with pytest.raises(Refused) as caught:
        requests.edit(
            request=edited,
            draft=make.draft(shop, "other.example.com"),
            actor=make.actor(owner),
            revision=2,
        )
    assert caught.value.reason == "AdoptionIsFixed"


def test_a_row_that_was_changed_past_the_portal_is_not_approved(
    company: Adopting, owner: Person, alice: Person
) -> None:
    request = company.adopt(company.plant(), owner)
    victim = company.plant("victim", hosts=["victim.example.com"])["metadata"]
    Adoption.objects.update(
        name="victim", uid=victim["uid"], resource_version=victim["resourceVersion"]
    )
    with pytest.raises(Conflict) as caught:
        company.approve(request, alice)
    assert caught.value.reason == "AdoptionTampered"


def test_a_preview_shows_what_comes_and_what_goes(company: Adopting, owner: Person) -> None:
    entry = company.plant()
    seen = requests.preview_adoption(
        cluster=company.cluster, key=pin(entry).key, actor=make.actor(owner)
    )
    assert seen.pin == pin(entry)
    assert HOST in seen.objects
    assert seen.manifest["spec"] == entry["spec"]
    assert company.live(entry)


def test_an_admin_may_reword_what_they_asked_for(company: Adopting, adam: Person) -> None:
    request = company.adopt(company.plant(), adam)
    edited = requests.edit(
        request=request,
        draft=make.draft(company.mesh.namespace(), HOST, reason="Better words."),
        actor=make.actor(adam),
        revision=1,
    )
    assert edited.reason == "Better words."


def test_an_admin_may_not_reword_what_they_asked_for_into_something_else(
    company: Adopting, adam: Person
) -> None:
    request = company.adopt(company.plant(), adam)
    for draft in (
        make.draft(company.mesh.namespace(), "other.example.com"),
        make.draft(company.mesh.namespace("payments"), HOST),
    ):
        with pytest.raises(Refused) as caught:
            requests.edit(request=request, draft=draft, actor=make.actor(adam), revision=1)
        assert caught.value.reason == "AdoptionIsFixed"


def test_an_entry_with_too_many_destinations_is_refused_before_it_is_judged(
    company: Adopting, owner: Person
) -> None:
    ports = [{"number": n, "name": f"p-{n}", "protocol": "TLS"} for n in range(1, 22)]
    with pytest.raises(Refused, match="at most 20") as caught:
        company.adopt(company.plant(ports=ports), owner)
    assert caught.value.reason == "TooManyDestinations"
