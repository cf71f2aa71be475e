"""What clusters said lately lets people see what is theirs, for five minutes, and do nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress import rules
from egress.models import Cluster, OwnershipAnswer, Person
from egress.models.standing import standing_of
from egress.models.standing_rows import REMEMBERED
from egress.selectors.namespaces import askable_namespaces
from egress.services.ownership import refresh, remembering
from tests import factories as make
from tests.services.connected import Connected, company_connected
from tests.services.ownership.reviewing import bind, by_review, lie, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def mesh(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    with company_connected(settings, monkeypatch) as made:
        by_review(made)
        yield made


@pytest.fixture
def dana(mesh: Connected) -> Person:
    bind(mesh, "dana")
    return make.person("dana")


def ask(who: Person, **named: str) -> bool:
    return refresh(person=who, standing=standing_of(who), **named)


def seen(who: Person) -> list[str]:
    return [row.name for row in askable_namespaces(who)]


def test_opening_the_form_shows_what_the_cluster_says(mesh: Connected, dana: Person) -> None:
    assert seen(dana) == []
    assert ask(dana)
    assert seen(dana) == ["shop"]
    assert rules.may_ask(dana, mesh.namespace())
    assert rules.may_view_cluster(dana, mesh.cluster)
    grant = make.grant(mesh.namespace(), make.person())
    assert rules.may_view_grant(dana, grant)
    assert not rules.may_view_grant(dana, make.grant(mesh.namespace("data"), make.person()))


def test_to_act_nothing_is_remembered(mesh: Connected, dana: Person) -> None:
    ask(dana)
    acting = standing_of(dana).acting()
    assert not rules.may_ask(acting, mesh.namespace())
    assert not acting.may_own


@pytest.mark.parametrize("moved", [-REMEMBERED, REMEMBERED + timedelta(seconds=5)])
def test_it_is_remembered_for_five_minutes_of_any_clock(
    mesh: Connected, dana: Person, moved: timedelta
) -> None:
    ask(dana)
    row = OwnershipAnswer.objects.get(allowed_until__isnull=False)
    OwnershipAnswer.objects.filter(pk=row.pk).update(
        allowed_until=timezone.now() + moved if moved > REMEMBERED else row.allowed_until + moved
    )
    assert seen(dana) == []


def test_who_is_switched_off_or_cluster_that_asks_no_more_sees_nothing(
    mesh: Connected, dana: Person
) -> None:
    ask(dana)
    Cluster.objects.update(owner_by_review=False)
    assert seen(dana) == []
    Cluster.objects.update(owner_by_review=True)
    Person.objects.filter(pk=dana.pk).update(is_active=False)
    assert not rules.may_ask(Person.objects.get(pk=dana.pk), mesh.namespace())


def test_a_no_takes_the_place_of_a_yes_and_silence_does_not(mesh: Connected, dana: Person) -> None:
    ask(dana)
    OwnershipAnswer.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    lie(mesh, says({}, 500))
    assert not ask(dana)
    assert seen(dana) == ["shop"]
    lie(mesh, says({"allowed": False}))
    assert ask(dana)
    assert seen(dana) == []


def test_a_few_are_asked_at_once_the_named_one_first_and_none_twice_in_a_minute(
    mesh: Connected, dana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MOST", 2)
    lying = lie(mesh)
    ask(dana, cluster=mesh.cluster.name, namespace="shop")
    asked = [one["resourceAttributes"]["namespace"] for one in lying.asked]
    assert asked[0] == "shop"
    assert len(asked) == 2
    ask(dana, cluster=mesh.cluster.name, namespace="shop")
    later = [one["resourceAttributes"]["namespace"] for one in lying.asked[2:]]
    assert len(later) == 2
    assert not {"shop", *asked} & set(later)


def test_namespaces_of_ones_own_team_and_protected_ones_are_not_asked_about(
    mesh: Connected, owner: Person
) -> None:
    by_review(mesh, owner_by_label=True)
    mesh.cluster.namespaces.filter(name="shop").update(owner_label="team-shop")
    lying = lie(mesh)
    ask(owner)
    asked = {one["resourceAttributes"]["namespace"] for one in lying.asked}
    assert asked
    assert not asked & {"shop", "kube-system", "istio-egress", "istio-system"}


def test_without_such_a_cluster_nobody_is_asked(mesh: Connected, dana: Person) -> None:
    by_review(mesh, owner_by_review=False)
    lying = lie(mesh)
    assert not ask(dana)
    assert not lying.asked
