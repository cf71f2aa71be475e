"""Admins choose what tells who owns namespaces; what does not count is not stored."""

from typing import Any

import pytest

from egress.models import AuditEvent, Cluster, OwnershipAnswer
from egress.services import clusters, owners
from egress.services.actor import Actor
from egress.services.errors import Conflict, NotAllowed, Refused
from egress.services.ownership import settings as ownership
from egress.services.ownership.sources import owner_label_in
from tests import factories as make
from tests.services.world import World

LABEL = "egress-portal.io/owner"


def change(world: World, **wanted: Any) -> Cluster:
    actor = Actor.of(world.admin, "web")
    return ownership.change(cluster=world.cluster, actor=actor, **wanted)


def labels_of(world: World) -> set[str]:
    return set(world.cluster.namespaces.values_list("owner_label", flat=True)) - {""}


def test_labels_that_do_not_count_are_forgotten_and_come_back(world: World) -> None:
    before = labels_of(world)
    assert before
    change(world, owner_by_label=False)
    assert labels_of(world) == set()
    change(world, owner_by_label=True)
    assert labels_of(world) == before
    tags = AuditEvent.objects.filter(tag="cluster:changed")
    assert [event.data["after"] for event in tags.order_by("sequence")] == [
        {"owner_by_label": False},
        {"owner_by_label": True},
    ]


def test_owners_set_by_admins_are_not_dropped_by_the_way(world: World) -> None:
    namespace = world.cluster.namespaces.filter(gone_at=None).first()
    actor = Actor.of(world.admin, "web")
    clusters.set_owner(namespace=namespace, team=make.team("team-x"), actor=actor)
    with pytest.raises(Conflict) as caught:
        change(world, owner_by_admin=False)
    assert caught.value.reason == "OwnersSet"
    clusters.set_owner(namespace=namespace, team=None, actor=actor)
    change(world, owner_by_admin=False)
    with pytest.raises(Conflict) as caught:
        clusters.set_owner(namespace=namespace, team=make.team("team-x"), actor=actor)
    assert caught.value.reason == "OwnersElsewhere"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("review_user", "uid"),
        ("review_user_prefix", "system:"),
        ("review_user_prefix", "a\nb"),
        ("review_team_prefix", " x"),
        ("review_team_prefix", "x" * 101),
    ],
)
def test_names_that_cannot_be_are_refused_by_field(world: World, name: str, value: str) -> None:
    with pytest.raises(Refused) as caught:
        change(world, **{name: value})
    assert list(caught.value.fields) == [name]


def test_other_names_make_old_answers_worthless(world: World) -> None:
    namespace = world.cluster.namespaces.first()
    OwnershipAnswer.objects.create(
        person=world.requester, namespace=namespace, asked_at=namespace.seen_at
    )
    change(world, review_user_prefix="oidc:")
    assert not OwnershipAnswer.objects.exists()


def test_only_admins_change_them_and_try(world: World) -> None:
    actor = Actor.of(world.requester, "web")
    with pytest.raises(NotAllowed):
        ownership.change(cluster=world.cluster, actor=actor, owner_by_review=True)
    with pytest.raises(NotAllowed):
        ownership.try_review(cluster=world.cluster, person="x", namespace="y", actor=actor)


def test_trying_names_what_is_not_there(world: World) -> None:
    actor = Actor.of(world.admin, "web")
    with pytest.raises(Refused) as caught:
        ownership.try_review(cluster=world.cluster, person="no\0", namespace="no", actor=actor)
    assert set(caught.value.fields) == {"person", "namespace"}


def test_an_annotation_names_the_owner_where_the_label_does_not(settings: Any) -> None:
    settings.OWNER_ANNOTATION = ""
    assert owner_label_in({}, {"a/owner": "team-a"}) == ""
    settings.OWNER_ANNOTATION = "a/owner"
    assert owner_label_in({}, {"a/owner": " team-a "}) == "team-a"
    assert owner_label_in({LABEL: "team-b"}, {"a/owner": "team-a"}) == "team-b"


def test_several_namespaces_are_given_to_a_team_at_once_or_none(world: World) -> None:
    rows = list(world.cluster.namespaces.filter(gone_at=None)[:2])
    actor, team = Actor.of(world.admin, "web"), make.team("team-new")
    keys = [row.pk for row in rows]
    with pytest.raises(Refused):
        owners.set_owners(namespaces=[*keys, 10**9], team=team, actor=actor)
    with pytest.raises(Refused):
        owners.set_owners(namespaces=[], team=team, actor=actor)
    assert not AuditEvent.objects.filter(tag="namespace:owner-set").exists()
    assert owners.set_owners(namespaces=keys, team=team, actor=actor) == rows
    assert AuditEvent.objects.filter(tag="namespace:owner-set").count() == 2
    assert owners.set_owners(namespaces=keys, team=team, actor=actor) == []
    with pytest.raises(NotAllowed):
        owners.set_owners(namespaces=keys, team=None, actor=Actor.of(world.requester, "web"))
