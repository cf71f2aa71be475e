"""Deliveries: what was done in clusters, for those who may know of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.models import Delivery, DeliveryStep, Namespace, Person, Slice
from tests import factories as make
from tests.api.calling import Caller, rows

pytestmark = pytest.mark.django_db


def delivered(namespace: Namespace, at: datetime | None = None, **fields: Any) -> Delivery:
    """Return a delivery of two steps into a namespace."""
    now = at or timezone.now()
    row, _ = Slice.objects.get_or_create(
        cluster=namespace.cluster, key=f"namespace:{namespace.name}", defaults={"due_at": now}
    )
    values = {"outcome": Delivery.Outcome.DONE, "finished_at": now, **fields}
    made = Delivery.objects.create(
        cluster=namespace.cluster,
        slice=row,
        generation=1,
        fence=1,
        worker="worker-1",
        generator_version="1",
        started_at=now,
        **values,
    )
    for position in (1, 0):
        DeliveryStep.objects.create(
            delivery=made,
            position=position,
            action="create",
            api_version="networking.istio.io/v1",
            kind="ServiceEntry",
            namespace=namespace.name,
            name=f"entry-{position}",
        )
    return made


def ids(caller: Caller, **query: str) -> list[int]:
    return [row["id"] for row in rows(caller.get("/deliveries/", query))]


def test_people_see_what_was_done_in_their_namespaces(
    shop: Namespace,
    payments: Namespace,
    owner: Person,
    stranger: Person,
    alice: Person,
    olga: Person,
) -> None:
    first, second = delivered(shop), delivered(payments)
    assert ids(Caller(owner)) == [first.pk]
    assert ids(Caller(stranger)) == [second.pk]
    assert ids(Caller(alice)) == ids(Caller(olga)) == [second.pk, first.pk]
    only = make.approver(namespaces="pay*")
    assert ids(Caller(only)) == [second.pk]


def test_a_namespace_made_again_by_others_does_not_show_them_the_past(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    before = delivered(shop, long_ago)
    make.gone(shop, timezone.now() - timedelta(days=1))
    again = make.namespace(shop.cluster, "shop", owner="team-payments")
    after = delivered(again)
    assert ids(Caller(stranger)) == [after.pk]
    assert before.pk not in ids(Caller(stranger))


def test_namespaces_of_one_name_in_two_clusters_are_kept_apart(
    shop: Namespace, owner: Person
) -> None:
    elsewhere = make.namespace(make.cluster("two"), "shop", owner="team-payments")
    delivered(elsewhere)
    assert ids(Caller(owner)) == []


def test_a_delivery_is_shown_with_its_steps_in_order(shop: Namespace, owner: Person) -> None:
    delivered(shop, outcome=Delivery.Outcome.FAILED, reason="Forbidden", message="Not allowed.")
    shown = rows(Caller(owner).get("/deliveries/"))[0]
    assert (shown["slice"], shown["outcome"]) == ("namespace:shop", "failed")
    assert [step["name"] for step in shown["steps"]] == ["entry-0", "entry-1"]


def test_deliveries_are_narrowed(shop: Namespace, payments: Namespace, adam: Person) -> None:
    first = delivered(shop, outcome=Delivery.Outcome.FAILED)
    second = delivered(payments)
    caller = Caller(adam)
    assert ids(caller, namespace="shop") == ids(caller, outcome="failed") == [first.pk]
    assert ids(caller, cluster="main", outcome="done") == [second.pk]


def test_a_list_costs_the_same_for_one_delivery_and_for_ten(
    shop: Namespace, owner: Person, django_assert_num_queries: Any
) -> None:
    caller = Caller(owner)
    delivered(shop)
    ids(caller)
    # The token with its person, standing, own places, deliveries, steps.
    with django_assert_num_queries(5):
        ids(caller)
    for _ in range(9):
        delivered(shop)
    with django_assert_num_queries(5):
        assert len(ids(caller)) == 10
