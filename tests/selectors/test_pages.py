"""What pages show: timelines, progress, approvers and the state of clusters."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.deciding import wanted_of
from egress.domain.authority import Stage
from egress.domain.lifecycle import GrantStatus, Verdict
from egress.domain.naming import base
from egress.models import (
    Cluster,
    Delivery,
    DeliveryStep,
    Namespace,
    Person,
    RoleBinding,
    Slice,
)
from egress.models.scope import Scope, covering
from egress.selectors import clusters, grants, people
from egress.selectors import requests as selectors
from egress.services import grants as grant_services
from egress.services import requests
from tests import factories as make


def decided(shop: Namespace, owner: Person, mate: Person) -> Any:
    asked = requests.submit(draft=make.draft(shop), actor=make.actor(owner))
    return requests.decide(
        request=asked, actor=make.actor(mate), revision=1, verdicts={0: Verdict.APPROVED}
    )


def test_the_timeline_tells_what_happened_in_order(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = decided(shop, owner, mate)
    requests.comment(request=request, actor=make.actor(owner), text="Thanks.")
    make.grant(shop, host="other.example.com")
    grant_services.revoke(grant=request.grants.get(), actor=make.actor(owner), reason="Not needed.")
    entries = selectors.talk_of(request).timeline
    assert [(entry.tag, entry.actor) for entry in entries] == [
        ("request:submitted", "owner"),
        ("request:approved", "mate"),
        ("grant:created", "mate"),
        ("request:commented", "owner"),
        ("grant:revoked", "owner"),
    ]
    assert all(entry.text and entry.actor for entry in entries)


def test_the_timeline_of_a_renewal_leaves_out_what_was_before(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    first = decided(shop, owner, mate)
    grant = first.grants.get()
    now = timezone.now()
    type(grant).objects.filter(pk=grant.pk).update(
        status=GrantStatus.ACTIVE, active_at=now, expires_at=now + timedelta(days=90)
    )
    renewal = requests.renew(
        grant=grant, actor=make.actor(owner), reason="Needed.", duration_days=30
    )
    requests.decide(
        request=renewal, actor=make.actor(mate), revision=1, verdicts={0: Verdict.APPROVED}
    )
    tags = [entry.tag for entry in selectors.talk_of(renewal).timeline]
    assert tags == ["request:submitted", "request:approved", "grant:renewed"]


def test_a_request_is_found_by_those_who_may_read_it(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    request = make.request(shop, owner)
    assert selectors.request_with_all(request.pk, owner) == request
    assert selectors.request_with_all(request.pk, stranger) is None
    assert selectors.request_with_all(0, owner) is None


def test_progress_shows_the_last_step_of_each_object_of_the_grant(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = decided(shop, owner, mate)
    (waiting,) = grants.progress(request)
    assert (waiting.steps, waiting.state_words) == ([], "It waits for the worker to apply it.")
    name = base(waiting.grant.host)
    written(shop, name, "create")
    mended = written(shop, name, "update")
    origination = written(shop, f"{name}-orig", "create")
    (item,) = grants.progress(request)
    assert item.steps == [mended, origination]


def test_progress_leaves_out_what_later_deliveries_did_for_other_grants(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = decided(shop, owner, mate)
    mine = written(shop, base(request.grants.get().host), "create")
    written(shop, base("other.example.com"), "delete")
    (item,) = grants.progress(request)
    assert item.steps == [mine]


def written(namespace: Namespace, name: str, action: str) -> DeliveryStep:
    delivery = Delivery.objects.create(
        cluster=namespace.cluster, slice=Slice.objects.get(), generation=1, fence=1, worker="w",
        generator_version="1", started_at=timezone.now(),
    )  # fmt: skip
    return DeliveryStep.objects.create(
        delivery=delivery, position=0, action=action, api_version="v1", kind="ServiceEntry",
        namespace=namespace.name, name=name,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": GrantStatus.ACTIVE}, "in force"),
        ({"status": GrantStatus.EXPIRING}, "Renew it"),
        ({"status": GrantStatus.SUSPENDED}, "resume"),
        ({"status": GrantStatus.REVOKED}, "taking it out"),
        ({"status": GrantStatus.REVOKED, "confirmed_at": timezone.now()}, "seen gone"),
        ({"failed_reason": "Forbidden", "failed_message": "403 of the API."}, "403 of the API."),
        ({"drifted_at": timezone.now()}, "back by itself"),
    ],
)
def test_every_state_has_words(shop: Namespace, fields: dict[str, Any], words: str) -> None:
    assert words in grants.words_for(make.grant(shop, **fields))


def test_drift_that_is_only_flagged_is_not_promised_to_go_away(shop: Namespace) -> None:
    shop.cluster.drift_policy = Cluster.DriftPolicy.FLAG
    said = grants.words_for(make.grant(shop, drifted_at=timezone.now()))
    assert "until an admin applies the grant again" in said
    assert "by itself" not in said


def test_what_needs_attention_is_listed(shop: Namespace, owner: Person, stranger: Person) -> None:
    soon = make.grant(shop, status=GrantStatus.EXPIRING)
    broken = make.grant(shop, host="b.example.com", failed_reason="Forbidden")
    make.grant(shop, host="c.example.com", failed_reason="Forbidden", status=GrantStatus.REVOKED)
    assert list(grants.expiring_soon(owner)) == [soon]
    assert list(grants.failed(owner)) == [broken]
    assert not grants.failed(stranger).exists()


def test_approvers_are_found_by_scope_team_and_account(shop: Namespace) -> None:
    make.approver("everywhere")
    make.approver("here", cluster=shop.cluster, namespaces="sh*")
    make.approver("closed", is_active=False)
    make.approver("elsewhere", namespaces="pay*")
    make.role(make.team("leads"), "approver", namespaces="shop")
    lead = make.person("lead", teams=["leads"])
    make.role(lead, "approver")
    make.approver("other-host", destinations="other.example.com")
    make.delegation(lead, make.person("stand-in"))
    make.preset(make.team("vendors"), "api.example.com")
    make.person("vera", teams=["vendors"])
    asked = make.request(shop, make.person())
    found = [person.username for person in people.deciders_of(asked)]
    assert found == ["everywhere", "here", "lead", "stand-in", "vera"]
    voices = people.voices_for(wanted_of(asked), (Stage("approval", 1),))
    assert [voice.person for voice in voices] == found
    assert {v.person: v.authority for v in voices}["stand-in"] == "lead"
    own = [person.username for person in people.deciders_of(make.request(shop, lead))]
    assert own == ["everywhere", "here", "vera"]


@pytest.mark.parametrize("namespace", ["shop", "pay", "pay-api", "pay-a%", "a_b", "[a]"])
def test_the_database_finds_the_bindings_that_a_scope_covers(
    namespace: str, cluster: Cluster
) -> None:
    patterns = ["*", "shop", "sh?p", "pay*", "*-api", "p?y-*", "pay-a%", "a_b", "[a]", "SHOP"]
    for pattern in patterns:
        make.role(make.person(), "approver", namespaces=pattern)
    found = RoleBinding.objects.filter(covering(namespace)).values_list("namespaces", flat=True)
    meant = [one for one in patterns if Scope(None, one).covers(cluster.pk, namespace)]
    assert sorted(found) == sorted(meant)


def test_the_state_of_a_cluster_is_counted(shop: Namespace) -> None:
    make.grant(shop, failed_reason="Forbidden")
    make.grant(shop, host="b.example.com", drifted_at=timezone.now())
    make.grant(shop, host="c.example.com", status=GrantStatus.REVOKED)
    due = Slice.objects.create(cluster=shop.cluster, key="namespace:shop", wanted=2, done=1, due_at=timezone.now())  # fmt: skip  # noqa: E501
    (facts,) = clusters.facts_of(Cluster.objects.all())
    assert (facts.namespaces, facts.open_grants) == (1, 2)
    assert (facts.failed_grants, facts.drifted_grants) == (1, 1)
    assert (facts.waiting_slices, facts.waiting_since) == (1, due.due_at)


def test_teams_are_named_in_order(db: None) -> None:
    assert people.teams_of(make.person(teams=["team-b", "team-a"])) == ["team-a", "team-b"]
