"""The audit trail, for programs that follow it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from egress.models import AuditEvent, Namespace, Person
from egress.services import audit
from tests import factories as make
from tests.api.calling import Caller, problem, rows

pytestmark = pytest.mark.django_db


def note(namespace: Namespace, who: Person, **fields: Any) -> AuditEvent:
    """Append an event about a namespace to the trail."""
    with transaction.atomic():
        return audit.record(
            tag=audit.Tag.REQUEST_COMMENTED,
            actor=make.actor(who),
            target="request",
            target_id=1,
            message="Wrote a comment.",
            cluster=namespace.cluster.name,
            namespace=namespace.name,
            **fields,
        )


def sequences(caller: Caller, **query: str) -> list[int]:
    return [row["sequence"] for row in rows(caller.get("/audit-events/", query))]


def test_people_read_what_concerns_them(
    shop: Namespace,
    payments: Namespace,
    owner: Person,
    stranger: Person,
    adam: Person,
    olga: Person,
) -> None:
    callers = {who.username: Caller(who) for who in (owner, stranger, olga)}
    first, second = note(shop, adam), note(payments, adam)
    assert first.sequence in sequences(callers["owner"])
    assert second.sequence not in sequences(callers["owner"])
    assert second.sequence in sequences(callers["stranger"])
    assert first.sequence not in sequences(callers["stranger"])
    assert {first.sequence, second.sequence} <= set(sequences(callers["olga"]))


def test_an_event_carries_its_place_in_the_chain(shop: Namespace, olga: Person) -> None:
    caller = Caller(olga)
    event = note(shop, olga, data={"before": 1, "after": [2]})
    shown = rows(caller.get("/audit-events/"))[0]
    assert (shown["sequence"], shown["hash"]) == (event.sequence, event.hash)
    assert shown["previous_hash"] == event.previous_hash
    assert shown["data"] == {"before": 1, "after": [2]}


def test_events_are_narrowed_and_followed_oldest_first(shop: Namespace, olga: Person) -> None:
    caller = Caller(olga)
    old = note(shop, olga, at=timezone.now() - timedelta(days=3), host="a.example.com")
    new = note(shop, olga, host="b.example.com")
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    commented = {"tag": "request:commented"}
    assert sequences(caller, since=yesterday, **commented) == [new.sequence]
    assert sequences(caller, until=yesterday) == [old.sequence]
    assert sequences(caller, host="a.example.com") == [old.sequence]
    assert sequences(caller, order="oldest", **commented) == [old.sequence, new.sequence]
    assert sequences(caller, actor="nobody") == []


def test_the_trail_cannot_be_written_by_the_api(shop: Namespace, adam: Person) -> None:
    caller = Caller(adam)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        problem(caller.call(method, "/audit-events/", {}), 405)


def test_a_page_of_the_trail_costs_the_same_for_one_event_and_for_thirty(
    shop: Namespace, owner: Person, django_assert_max_num_queries: Any
) -> None:
    caller = Caller(owner)
    note(shop, owner)
    sequences(caller)
    for _ in range(30):
        note(shop, owner)
    # The token with its person, standing, own requests, namespaces with their namesakes,
    # events.
    with django_assert_max_num_queries(5):
        assert len(sequences(caller)) >= 30
