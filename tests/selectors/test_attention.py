"""The numbers that every page shows: as many as the lists behind them, in one query."""

from typing import Any

import pytest
from django.utils import timezone

from egress.domain.notices import Kind
from egress.models import Namespace, Notification, Person
from egress.models.standing import Standing, standing_of
from egress.selectors import attention
from egress.selectors.attention import Attention, attention_of
from egress.selectors.requests import queue
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_it_counts_what_waits_and_what_is_unread_in_one_query(
    shop: Namespace, payments: Namespace, owner: Person, django_assert_num_queries: Any
) -> None:
    alice = make.approver(namespaces="sh*")
    for number in range(3):
        make.request(shop, owner, f"h{number}.example.com")
    make.request(payments, owner)
    for number in range(2):
        told(alice, number)
    told(owner, 9)
    standing = standing_of(alice)
    with django_assert_num_queries(1):
        assert attention_of(standing) == Attention(to_decide=3, unread=2)
    assert queue(standing).count() == 3
    assert attention_of(standing_of(owner)) == Attention(to_decide=0, unread=1)


def test_where_nothing_can_be_found_it_counts_none(shop: Namespace, owner: Person) -> None:
    make.request(shop, owner)
    nowhere = make.approver(namespaces="[a]*")
    switched_off = make.approver(is_active=False)
    told(switched_off, 1)
    for standing in (Standing(), standing_of(nowhere), standing_of(switched_off)):
        assert attention_of(standing) == Attention(0, 0)


def test_composing_the_numbers_asks_nothing_so_that_it_can_be_kept(
    shop: Namespace, owner: Person, django_assert_num_queries: Any
) -> None:
    alice, adam = make.approver(namespaces="sh*"), make.admin("adam")
    for standing in map(standing_of, (alice, adam, owner)):
        with django_assert_num_queries(0):
            attention._composed.__wrapped__(standing, "any")


def test_a_kept_query_counts_what_waits_now(shop: Namespace, owner: Person) -> None:
    standing = standing_of(make.approver(namespaces="sh*"))
    for number in range(3):
        assert attention_of(standing).to_decide == number
        make.request(shop, owner, f"h{number}.example.com")


def test_another_standing_has_another_query(shop: Namespace, owner: Person) -> None:
    make.request(shop, owner)
    alice = make.approver(namespaces="sh*")
    assert attention_of(standing_of(alice)).to_decide == 1
    alice.roles.update(namespaces="other")
    assert attention_of(standing_of(alice)).to_decide == 0


def told(who: Person, event: int) -> None:
    Notification.objects.create(
        person=who,
        event=event,
        kind=Kind.APPLIED,
        title="It is in force",
        created_at=timezone.now(),
    )
