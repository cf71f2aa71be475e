"""How many rows lie in which stretch of time, as somebody may know."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Cluster, Grant, Namespace, Person, Slice
from egress.models.standing import standing_of
from egress.selectors.ages import expiry_counts, queue_counts, waiting_counts
from tests import factories

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_the_queue_is_counted_by_age_as_far_as_somebody_decides_it(
    shop: Namespace, owner: Person, alice: Person, now: datetime
) -> None:
    for age in (HOUR / 2, HOUR, 2 * HOUR, 2 * DAY):
        factories.request(shop, owner, created_at=now - age)
    factories.request(shop, owner, created_at=now, status=RequestStatus.DENIED)
    factories.request(shop, alice, created_at=now)
    assert queue_counts(standing_of(alice), [now - DAY, now - HOUR]) == [1, 1, 2]
    assert queue_counts(standing_of(owner), [now - DAY, now - HOUR]) == [0, 0, 0]


def test_ends_are_counted_by_week_as_far_as_somebody_sees_the_grants(
    shop: Namespace, payments: Namespace, owner: Person, now: datetime
) -> None:
    def ending(namespace: Namespace, days: int, status: GrantStatus = GrantStatus.ACTIVE) -> Grant:
        at, host = now + days * DAY, f"host-{factories.number()}.example.com"
        return factories.grant(namespace, host=host, status=status, expires_at=at)

    for days in (-1, 0, 6, 7, 13, 14, 21):
        ending(shop, days)
    ending(shop, 8, GrantStatus.SUSPENDED)
    ending(shop, 8, GrantStatus.REVOKED)
    ending(payments, 8)
    factories.grant(shop, status=GrantStatus.PENDING)
    edges = [now + 7 * DAY, now + 14 * DAY]
    assert expiry_counts(standing_of(owner), now, now + 21 * DAY, edges) == [2, 3, 1]


def test_what_is_done_or_held_does_not_wait(cluster: Cluster, now: datetime) -> None:
    for number, (age, done) in enumerate([(HOUR, 0), (-HOUR, 0), (DAY, 1)]):
        Slice.objects.create(
            cluster=cluster, key=f"namespace:n{number}", wanted=1, done=done, due_at=now - age
        )
    assert waiting_counts(Slice.objects.all(), [now]) == [1, 1]


def test_any_number_of_stretches_is_one_query(
    shop: Namespace, owner: Person, now: datetime, django_assert_num_queries: object
) -> None:
    factories.grant(shop)
    standing = standing_of(owner)
    edges = [now + number * DAY for number in range(1, 80)]
    with django_assert_num_queries(1):  # type: ignore[operator]
        expiry_counts(standing, now, now + 80 * DAY, edges)
