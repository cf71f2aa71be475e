"""Who may do what: every right, for every kind of person."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from egress import rules
from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Namespace, Person
from egress.models.scope import Scope
from egress.models.standing import standing_of
from egress.permissions import permission_by
from tests import factories as make

PEOPLE = ["owner", "mate", "stranger", "alice", "adam", "olga", "superuser"]
EXPECTED: dict[str, set[str]] = {
    "egress.ask": {"owner", "mate"},
    "egress.adopt": {"owner", "mate", "adam", "superuser"},
    "egress.view_namespace": {"owner", "mate", "alice", "adam", "olga", "superuser"},
    "egress.view_cluster": {"owner", "mate", "alice", "adam", "olga", "superuser"},
    "egress.view_request": {"owner", "mate", "alice", "adam", "olga", "superuser"},
    "egress.decide": {"mate", "alice"},
    "egress.break_glass": set(),
    "egress.second_look": {"mate", "alice"},
    "egress.view_grant": {"owner", "mate", "alice", "adam", "olga", "superuser"},
    "egress.revoke_grant": {"owner", "mate", "alice", "adam", "superuser"},
    "egress.confirm_grant": {"owner", "mate"},
    "egress.resume_grant": {"mate", "alice"},
    "egress.set_default_deny": {"owner", "mate", "adam", "superuser"},
    "egress.view_audit": set(PEOPLE),
    "egress.administer": {"adam", "superuser"},
}


@pytest.fixture
def target(shop: Namespace, owner: Person) -> dict[str, Any]:
    """One object of each kind, in the owner's namespace and asked for by the owner."""
    grant = make.grant(shop, owner, status=GrantStatus.SUSPENDED)
    return {
        "egress.ask": shop,
        "egress.adopt": shop,
        "egress.view_namespace": shop,
        "egress.set_default_deny": shop,
        "egress.view_cluster": shop.cluster,
        "egress.view_request": make.request(shop, owner),
        "egress.decide": make.request(shop, owner),
        "egress.break_glass": make.request(shop, owner),
        "egress.second_look": make.opening(make.request(shop, owner), make.person()),
        "egress.view_grant": grant,
        "egress.revoke_grant": grant,
        "egress.confirm_grant": grant,
        "egress.resume_grant": grant,
        "egress.view_audit": None,
        "egress.administer": None,
    }


@pytest.mark.parametrize("permission", sorted(EXPECTED))
@pytest.mark.parametrize("name", PEOPLE)
def test_each_person_has_exactly_these_rights(
    request: pytest.FixtureRequest, target: dict[str, Any], permission: str, name: str
) -> None:
    person: Person = request.getfixturevalue(name)
    assert person.has_perm(permission, target[permission]) == (name in EXPECTED[permission])


def test_no_permission_is_left_out_of_the_table() -> None:
    assert set(EXPECTED) == set(rules.ABOUT_AN_OBJECT) | set(rules.ABOUT_THE_PORTAL)


WHO = {"team": "owner", "approver": "alice", "admin": "adam", "auditor": "olga"}


def test_the_table_in_the_docs_says_the_same() -> None:
    text = (Path(__file__).parent.parent / "docs" / "authority.md").read_text()
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    head = next(cells for cells in lines if cells[:2] == ["deed", "right"])
    told = {cells[1].strip("`"): cells for cells in lines if cells[1:] and "`egress." in cells[1]}
    assert set(told) == set(EXPECTED) - {"egress.view_audit"}
    for right, cells in told.items():
        for role, said in zip(head[2:], cells[2:], strict=True):
            assert said == ("yes" if WHO.get(role, role) in EXPECTED[right] else "no"), right


@pytest.mark.parametrize("permission", sorted(EXPECTED))
def test_visitors_and_closed_accounts_have_no_rights(
    target: dict[str, Any], superuser: Person, permission: str
) -> None:
    test = {**rules.ABOUT_AN_OBJECT, **rules.ABOUT_THE_PORTAL}[permission]
    assert not test(AnonymousUser(), target[permission])
    Person.objects.filter(pk=superuser.pk).update(is_active=False)
    assert not test(superuser, target[permission])


@pytest.mark.parametrize("permission", sorted(rules.ABOUT_AN_OBJECT))
def test_a_right_on_no_object_is_no_right(superuser: Person, permission: str) -> None:
    # Django gives superusers everything; the portal's own question must not.
    assert not permission_by(rules.ABOUT_AN_OBJECT[permission], True)(superuser, None)


def test_why_somebody_may_decide_is_told(
    shop: Namespace, owner: Person, mate: Person, adam: Person
) -> None:
    asked = make.request(shop, owner)
    allowed, why = rules.why_may_decide(mate, asked)
    assert allowed
    assert why == (
        'You may decide because you are an approver for namespace "shop" of cluster "main".'
    )
    allowed, why = rules.why_may_decide(adam, asked)
    assert not allowed
    assert "you are not an approver" in why
    assert "yourself" in rules.why_may_decide(mate, make.request(shop, mate))[1]


def test_a_renewal_is_not_for_whoever_asked_for_the_grant(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    renewal = make.request(shop, owner, renews=make.grant(shop, mate))
    assert not rules.may_decide(mate, renewal)
    assert rules.may_decide(alice, renewal)


def test_the_owner_that_an_admin_set_wins_over_the_label(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    shop.owner = make.team("team-payments")
    shop.save()
    assert not rules.may_ask(owner, shop)
    assert rules.may_ask(stranger, shop)


def test_a_namespace_without_owner_belongs_to_nobody(cluster: Cluster, owner: Person) -> None:
    owner.groups.add(make.team(""))
    assert not rules.may_ask(owner, make.namespace(cluster, "default", owner=""))


def test_a_namespace_that_is_gone_is_not_asked_for(shop: Namespace, owner: Person) -> None:
    make.gone(shop)
    assert not rules.may_ask(owner, shop)


@pytest.mark.parametrize(
    ("pattern", "name", "covers"),
    [
        ("*", "shop", True),
        ("shop", "shop", True),
        ("shop", "shop2", False),
        ("shop", "myshop", False),
        ("pay*", "payments", True),
        ("pay*", "repay", False),
        ("sho?", "shop", True),
        ("sho?", "sho", False),
        ("[s]hop", "shop", False),
        ("", "shop", False),
        ("SHOP", "shop", False),
        (".*", "shop", False),
    ],
)
def test_patterns_mean_what_they_say(pattern: str, name: str, covers: bool) -> None:
    assert Scope(None, pattern).covers(1, name) is covers


def test_a_scope_of_another_cluster_covers_nothing(cluster: Cluster) -> None:
    assert not Scope(cluster.pk + 1, "*").covers(cluster.pk, "shop")


def test_standing_is_read_freshly(owner: Person, shop: Namespace) -> None:
    assert standing_of(owner).owns(shop)
    owner.groups.clear()
    assert not standing_of(owner).owns(shop)
