"""Second factors: what takes one beyond single addresses, and what one may always do without."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from egress.domain.lifecycle import Verdict
from egress.models import Cluster, Delegation, Namespace, Person
from egress.services import (
    clusters,
    delegations,
    grants,
    owners,
    people,
    requests,
    rollback,
    tokens,
)
from egress.services.actor import Actor
from egress.services.errors import Conflict, NotAllowed
from tests import factories as make

pytestmark = pytest.mark.django_db
NO_FACTOR = "needs a second factor"


@pytest.fixture(autouse=True)
def _needed(settings: Any) -> None:
    settings.MFA_REQUIRED = "deciders"


def with_factor(person: Person) -> Person:
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    return person


def lend(who: Person, **others: str) -> Delegation:
    return delegations.delegate(
        **({"delegate": "stranger"} | others),
        ends_at=timezone.now() + timedelta(days=5),
        reason="I am away.",
        actor=make.actor(who),
    )


def test_an_admin_without_one_sets_no_password_but_their_own(adam: Person, alice: Person) -> None:
    new = "another long enough passphrase"
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        people.set_password(person=alice, password=new, actor=make.actor(adam))
    people.set_password(person=adam, password=new, actor=make.actor(adam))
    with_factor(adam)
    people.set_password(person=alice, password=new, actor=make.actor(adam))


def test_an_admin_without_one_takes_no_other_name_at_clusters(
    adam: Person, cluster: Cluster
) -> None:
    named = {"person": adam, "actor": make.actor(adam), "first_name": "A", "last_name": ""}
    people.change_person(**named, email="adam@example.com")
    Cluster.objects.update(owner_by_review=True, review_user="email")
    people.change_person(**named, email="adam@example.com")
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        people.change_person(**named, email="boss@example.com")


def test_lending_a_right_takes_one_and_ending_ones_own_loan_does_not(
    adam: Person, alice: Person, stranger: Person
) -> None:
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        lend(alice)
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        lend(adam, lender="alice")
    lent = lend(with_factor(alice))
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        delegations.revoke_delegation(delegation=lent, actor=make.actor(adam))
    delegations.revoke_delegation(delegation=lent, actor=make.actor(stranger))
    Authenticator.objects.all().delete()
    lent = make.delegation(alice, stranger)
    delegations.revoke_delegation(delegation=lent, actor=make.actor(alice))


def test_the_team_of_a_catalogue_entry_decides_with_one_only(
    alice: Person, owner: Person, shop: Namespace
) -> None:
    make.preset(make.team("vendors"), "a.example.com")
    vera, said = make.person("vera", teams=["vendors"]), {0: Verdict.DENIED}
    asked = make.request(shop, owner, "a.example.com")
    decision = {"request": asked, "actor": make.actor(vera), "revision": 1, "verdicts": said}
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        requests.decide(**decision, note="No.")
    with_factor(vera)
    assert requests.decide(**decision, note="No.").status == "denied"


def test_robots_of_ones_own_teams_take_none(owner: Person, shop: Namespace) -> None:
    make.role(owner, "admin")
    mine, theirs, actor = make.team("team-shop"), make.team("team-bank"), make.actor(owner)
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        people.create_robot(username="far", teams=[mine, theirs], actor=actor)
    robot = people.create_robot(username="near", teams=[mine], actor=actor)
    token, _ = tokens.create(owner=robot, name="ci", scopes=["read"], days=3, actor=actor)
    tokens.revoke(token=token, actor=actor)
    people.close_robot(robot=robot, actor=actor)


def test_robots_of_others_take_one(adam: Person, mate: Person, shop: Namespace) -> None:
    team, actor = make.team("team-shop"), make.actor(adam)
    robot = people.create_robot(username="bot", teams=[team], actor=make.actor(mate))
    asked = {"owner": robot, "name": "ci", "scopes": ["read"], "days": 3}
    token, _ = tokens.create(**asked, actor=make.actor(mate))
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        tokens.create(**asked, actor=actor)
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        tokens.revoke(token=token, actor=actor)
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        people.close_robot(robot=robot, actor=actor)


def test_a_team_revokes_its_own_grants_without_one_whatever_else_they_are(
    adam: Person, alice: Person, owner: Person, shop: Namespace
) -> None:
    grant = make.grant(shop, owner)
    for who in (adam, alice):
        with pytest.raises(NotAllowed, match=NO_FACTOR):
            grants.revoke(grant=grant, actor=make.actor(who), reason="Not needed.")
    make.role(owner, "admin")
    assert grants.revoke(grant=grant, actor=make.actor(owner), reason="Not needed.").ended_at


def test_an_ended_token_administers_nothing_any_more(
    adam: Person, shop: Namespace, settings: Any
) -> None:
    settings.MFA_REQUIRED = "nobody"
    asked = {"owner": adam, "name": "x", "scopes": ["admin"], "days": 3}
    token, _ = tokens.create(**asked, actor=make.actor(adam))
    late = Actor.of(adam, "api", "", token)
    owners.set_owner(namespace=shop, team=make.team("team-bank"), actor=late)
    tokens.revoke(token=token, actor=make.actor(adam))
    with pytest.raises(NotAllowed, match="revoked or expired"):
        owners.set_owner(namespace=shop, team=None, actor=late)


def test_an_operator_at_the_command_line_needs_none(cluster: Cluster) -> None:
    operator = Actor.system("manage.py", source="command")
    clusters.set_drift_policy(cluster=cluster, policy="flag", actor=operator)
    with pytest.raises(Conflict):
        rollback.allow_older_generator(cluster=cluster, actor=operator)
    with pytest.raises(NotAllowed):
        clusters.set_drift_policy(cluster=cluster, policy="heal", actor=Actor.system("worker"))


@pytest.mark.parametrize("scope", ["decide", "admin"])
def test_without_one_nobody_makes_a_token_that_may_get_power_later(
    scope: str, owner: Person
) -> None:
    given: dict[str, Any] = {"owner": owner, "name": "ci", "days": 5, "actor": make.actor(owner)}
    with pytest.raises(NotAllowed, match=NO_FACTOR):
        tokens.create(scopes=["read", scope], **given)
    tokens.create(scopes=["read", "request"], **given)
    with_factor(owner)
    tokens.create(scopes=["read", scope], **given)
