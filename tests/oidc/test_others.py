"""What providers say of others than who acts: lenders, requesters, earlier approvers, teams."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from egress.domain.authority import Stage
from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.models import BreakGlass, Namespace, Person, ProviderAccount, Request, Role
from egress.models.person import staffed_teams
from egress.models.standing import standing_of
from egress.services import break_glass, grants, tokens
from egress.services import requests as service
from egress.services.errors import Missing, NotAllowed, Refused, Unavailable
from egress.services.people.last_admin import refuse_without_admin
from egress.services.sign_in import refresh_claims
from tests import factories as make
from tests.oidc.conftest import SignsIn, called
from tests.oidc.provider import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def for_two(shop: Namespace, owner: Person, monkeypatch: pytest.MonkeyPatch) -> Request:
    """What two have to agree to."""
    stages = (Stage("approvers", 2),)
    monkeypatch.setattr("egress.services.requests.decisions.stages_for", lambda *_: stages)
    return make.request(shop, owner)


@pytest.fixture
def nora(provider: Provider, signs_in: SignsIn) -> Person:
    """Somebody of team-shop and of the approvers' team, by the word of the provider."""
    make.role(make.team("approvers"), Role.APPROVER)
    provider.hire("nora", "shop-devs", "egress-approvers")
    signs_in("nora")
    return called("nora")


def decide(request: Request, who: Person, verdict: Verdict = Verdict.APPROVED) -> Request:
    return service.decide(
        request=request, actor=make.actor(who), revision=1, verdicts={0: verdict}, note="Looked."
    )


def leave(provider: Provider, *people: Person) -> None:
    """Let people leave the company, a while after somebody asked about them."""
    for person in people:
        del provider.people[person.username]
    grow_old()


def grow_old() -> None:
    ProviderAccount.objects.update(read_at=timezone.now() - timedelta(days=5))


def test_who_is_closed_at_the_provider_has_no_right_until_they_sign_in_again(
    provider: Provider, signs_in: SignsIn, nora: Person
) -> None:
    nora.groups.add(make.team("team-by-hand"))
    for role in (Role.APPROVER, Role.ADMIN, Role.BREAK_GLASS):
        make.role(nora, role)
    provider.hire("nora")
    with pytest.raises(NotAllowed):
        refresh_claims(nora)
    standing = standing_of(nora)
    assert not any([standing.is_active, standing.is_admin, standing.decides, standing.may_own])
    assert Person.objects.get().is_active, "no admin switched the account off"
    provider.hire("nora", "shop-devs")
    signs_in("nora")
    assert standing_of(nora).is_admin
    assert standing_of(nora).teams == {"team-shop", "team-by-hand"}


def test_a_right_given_by_hand_is_not_lent_by_somebody_who_is_closed(
    provider: Provider, nora: Person, stranger: Person
) -> None:
    make.role(nora, Role.APPROVER)
    make.delegation(nora, stranger)
    assert standing_of(stranger).scopes
    ProviderAccount.objects.update(closed_at=timezone.now())
    assert standing_of(stranger).scopes == ()


@pytest.mark.parametrize("verdict", [Verdict.APPROVED, Verdict.DENIED])
def test_a_lender_who_left_lends_nothing_at_the_next_decision(
    provider: Provider,
    nora: Person,
    stranger: Person,
    shop: Namespace,
    owner: Person,
    verdict: Verdict,
) -> None:
    asked = make.request(shop, owner)
    make.delegation(nora, stranger)
    leave(provider, nora)
    with pytest.raises((Missing, NotAllowed)):
        decide(asked, stranger, verdict)
    assert ProviderAccount.objects.get().closed_at


def test_nothing_is_decided_by_a_lent_right_while_nobody_can_tell_of_the_lender(
    provider: Provider, nora: Person, stranger: Person, shop: Namespace, owner: Person
) -> None:
    asked = make.request(shop, owner)
    make.delegation(nora, stranger)
    grow_old()
    provider.mood = "fails"
    with pytest.raises(Unavailable, match='vouches for "nora"'):
        decide(asked, stranger, Verdict.DENIED)
    provider.mood = ""
    assert decide(asked, stranger).status == RequestStatus.APPROVED


def test_of_a_lender_who_was_read_lately_nobody_is_asked(
    provider: Provider, nora: Person, stranger: Person, shop: Namespace, owner: Person
) -> None:
    asked = make.request(shop, owner)
    make.delegation(nora, stranger)
    provider.calls.clear()
    assert decide(asked, stranger).status == RequestStatus.APPROVED
    assert provider.calls == []


def test_nothing_is_approved_for_a_requester_who_left(
    provider: Provider, nora: Person, alice: Person, shop: Namespace
) -> None:
    asked = make.request(shop, nora)
    leave(provider, nora)
    with pytest.raises(Refused) as no:
        decide(asked, alice)
    assert no.value.reason == "RequesterMayNotAsk"
    assert decide(asked, alice, Verdict.DENIED).status == RequestStatus.DENIED


def test_nothing_is_approved_for_a_requester_who_lost_the_group(
    provider: Provider, nora: Person, alice: Person, shop: Namespace
) -> None:
    asked = make.request(shop, nora)
    provider.hire("nora", "egress-approvers")
    grow_old()
    with pytest.raises(Refused) as no:
        decide(asked, alice)
    assert no.value.reason == "RequesterMayNotAsk"


def test_nothing_is_approved_while_nobody_can_tell_of_the_requester_but_it_can_be_denied(
    provider: Provider, nora: Person, alice: Person, shop: Namespace
) -> None:
    asked = make.request(shop, nora)
    grow_old()
    provider.mood = "fails"
    with pytest.raises(Unavailable, match='vouches for "nora"'):
        decide(asked, alice)
    assert decide(asked, alice, Verdict.DENIED).status == RequestStatus.DENIED


@pytest.mark.parametrize("lends", [False, True])
def test_the_approval_of_somebody_who_left_is_not_heard(
    provider: Provider, nora: Person, for_two: Request, lends: bool
) -> None:
    first = make.person("first") if lends else nora
    if lends:
        make.delegation(nora, first)
    assert decide(for_two, first).status == RequestStatus.PENDING
    leave(provider, nora)
    assert decide(for_two, make.approver("second")).status == RequestStatus.PENDING
    assert decide(for_two, make.approver("third")).status == RequestStatus.APPROVED


def test_the_approval_of_somebody_who_lost_the_group_is_not_heard(
    provider: Provider, nora: Person, for_two: Request
) -> None:
    make.approver("second")
    decide(for_two, nora)
    provider.hire("nora", "shop-devs")
    grow_old()
    assert decide(for_two, called("second")).status == RequestStatus.PENDING


def test_a_call_with_a_key_asks_about_others_without_holding_it(
    provider: Provider, nora: Person, owner: Person, shop: Namespace
) -> None:
    """It would raise, and not be answered, if others were read in its transaction."""
    mate, asked = make.approver("mate"), make.request(shop, nora)
    make.delegation(nora, mate)
    _, secret = tokens.create(
        owner=mate, name="ci", scopes=["read", "decide"], days=5, actor=make.actor(mate)
    )
    leave(provider, nora)
    answer = Client().post(
        f"/api/v1/requests/{asked.pk}/approve/",
        json.dumps({"revision": 1}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "one"},
    )
    assert answer.json()["reason"] == "RequesterMayNotAsk"
    # What was found out stays, though the call was rolled back.
    assert ProviderAccount.objects.get().closed_at


def test_nothing_is_opened_at_once_for_a_requester_who_left(
    provider: Provider, nora: Person, alice: Person, shop: Namespace
) -> None:
    make.role(alice, Role.BREAK_GLASS)
    asked = make.request(shop, nora)
    leave(provider, nora)
    with pytest.raises(Refused):
        break_glass.open_at_once(
            request=asked, actor=make.actor(alice), revision=1, reason="The shop is down now."
        )
    assert not BreakGlass.objects.exists()


def test_nothing_is_resumed_while_nobody_can_tell_of_the_requester(
    provider: Provider, nora: Person, alice: Person, shop: Namespace
) -> None:
    grant = make.grant(shop, nora, status=GrantStatus.SUSPENDED)
    grow_old()
    provider.mood = "fails"
    with pytest.raises(Unavailable):
        grants.resume(grant=grant, actor=make.actor(alice), reason="It is back.")
    provider.mood = ""
    assert grants.resume(grant=grant, actor=make.actor(alice), reason="Back.").status == "active"


def test_a_team_of_nobody_but_closed_people_lets_no_robot_act(
    provider: Provider, nora: Person
) -> None:
    robot = Person.objects.create(username="bot", is_robot=True, password="!")
    robot.groups.add(make.team("team-shop"))
    nora.groups.add(make.team("team-shop"))
    assert staffed_teams(robot) == {"team-shop"}
    ProviderAccount.objects.update(closed_at=timezone.now())
    assert staffed_teams(robot) == frozenset()
    assert standing_of(robot).teams == frozenset()


def test_a_closed_admin_is_no_admin_that_is_left(provider: Provider, nora: Person) -> None:
    make.role(nora, Role.ADMIN)
    refuse_without_admin()
    ProviderAccount.objects.update(closed_at=timezone.now())
    with pytest.raises(Refused):
        refuse_without_admin()


def test_standings_are_still_one_query(nora: Person, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        standing_of(nora)
