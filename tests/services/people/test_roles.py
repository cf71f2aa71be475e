"""Roles and teams: given and taken by admins, and never the last admin's."""

from typing import Any

import pytest

from egress import rules
from egress.models import AuditEvent, Namespace, Person, Risk, Role, RoleBinding
from egress.models.scope import Scope
from egress.models.standing import standing_of
from egress.services import people
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from tests import factories as make


def test_an_admin_makes_an_approver_for_some_namespaces(
    adam: Person, owner: Person, payments: Namespace, shop: Namespace
) -> None:
    people.bind_role(
        role="approver",
        person=owner,
        cluster=payments.cluster,
        namespaces="pay*",
        actor=make.actor(adam),
    )
    assert rules.is_approver_for(owner, payments.cluster, "payments")
    assert not rules.is_approver_for(owner, shop.cluster, "shop")
    assert not rules.is_approver_for(owner, make.cluster(), "payments")
    event = AuditEvent.objects.get(tag="role:bound")
    assert (event.data["person"], event.data["namespaces"]) == ("owner", "pay*")


def test_an_admin_lets_somebody_break_the_glass_in_a_scope(
    adam: Person, owner: Person, payments: Namespace
) -> None:
    people.bind_role(
        role="break-glass",
        person=owner,
        cluster=payments.cluster,
        namespaces="pay*",
        destinations="*.partners.com",
        max_risk=Risk.WARN,
        actor=make.actor(adam),
    )
    scope = Scope(payments.cluster_id, "pay*", "*.partners.com", Risk.WARN)
    standing = standing_of(owner)
    assert (standing.break_glass, standing.scopes) == ((scope,), ())
    assert standing_of(adam).break_glass == ()


def test_a_role_of_a_team_is_its_members(adam: Person, owner: Person, shop: Namespace) -> None:
    people.bind_role(role=Role.APPROVER, team=make.team("team-shop"), actor=make.actor(adam))
    assert rules.is_approver_for(owner, shop.cluster, "shop")


def test_others_give_and_take_no_roles(
    owner: Person, alice: Person, olga: Person, adam: Person
) -> None:
    for who in (owner, alice, olga):
        with pytest.raises(NotAllowed):
            people.bind_role(role="admin", person=who, actor=make.actor(who))
        with pytest.raises(NotAllowed):
            people.unbind_role(binding=adam.roles.get(), actor=make.actor(who))
        with pytest.raises(NotAllowed):
            people.create_team(name="mine", actor=make.actor(who))
        with pytest.raises(NotAllowed):
            people.set_members(team=make.team("a"), people=[who], actor=make.actor(who))
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"role": "king"}, "role"),
        ({"namespaces": "["}, "namespaces"),
        ({"namespaces": ""}, "namespaces"),
        ({"namespaces": "a\nb"}, "namespaces"),
        ({"role": "admin", "namespaces": "shop"}, "namespaces"),
        ({"role": "break-glass", "destinations": "not a host"}, "destinations"),
        ({"person": None}, "person"),
    ],
)
def test_a_binding_that_means_nothing_is_refused(
    adam: Person, owner: Person, given: dict[str, Any], field: str
) -> None:
    values = {"role": "approver", "person": owner, **given}
    with pytest.raises(Refused) as caught:
        people.bind_role(actor=make.actor(adam), **values)
    assert field in caught.value.fields


def test_a_role_is_bound_once(adam: Person, owner: Person) -> None:
    people.bind_role(role="auditor", person=owner, actor=make.actor(adam))
    with pytest.raises(Conflict):
        people.bind_role(role="auditor", person=owner, actor=make.actor(adam))


def test_a_role_is_taken_away_once(adam: Person, alice: Person) -> None:
    binding = alice.roles.get()
    people.unbind_role(binding=binding, actor=make.actor(adam))
    assert not RoleBinding.objects.filter(person=alice).exists()
    with pytest.raises(Missing):
        people.unbind_role(binding=binding, actor=make.actor(adam))
    assert AuditEvent.objects.get().data["person"] == "alice"


def test_the_last_admin_keeps_the_role(adam: Person, superuser: Person) -> None:
    binding = adam.roles.get()
    Person.objects.filter(pk=superuser.pk).update(is_active=False)
    with pytest.raises(Refused) as caught:
        people.unbind_role(binding=binding, actor=make.actor(adam))
    assert caught.value.reason == "LastAdmin"
    assert RoleBinding.objects.filter(pk=binding.pk).exists()
    Person.objects.filter(pk=superuser.pk).update(is_active=True)
    people.unbind_role(binding=binding, actor=make.actor(adam))


def test_the_last_admin_stays_in_the_team_of_admins(owner: Person) -> None:
    admins = make.team("admins")
    owner.groups.add(admins)
    make.role(admins, Role.ADMIN)
    with pytest.raises(Refused):
        people.set_members(team=admins, people=[], actor=make.actor(owner))
    assert owner.groups.filter(pk=admins.pk).exists()


def test_members_of_a_team_are_set(adam: Person, owner: Person, mate: Person) -> None:
    team = people.create_team(name="team-new", actor=make.actor(adam))
    with pytest.raises(Conflict):
        people.create_team(name=" team-new ", actor=make.actor(adam))
    people.set_members(team=team, people=[owner, mate], actor=make.actor(adam))
    people.set_members(team=team, people=[mate], actor=make.actor(adam))
    assert [person.username for person in team.user_set.all()] == ["mate"]
    event = AuditEvent.objects.filter(tag="team:members-set").first()
    assert event is not None
    assert (event.data["before"], event.data["after"]) == (["mate", "owner"], ["mate"])
