"""Who could reach a host at a moment, and how that is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from egress.domain.history import Reach
from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Grant, Namespace, Person
from egress.models.standing import standing_of
from egress.selectors.access_history import (
    Question,
    Reached,
    doubts,
    drift_within,
    grants_that_mattered,
    reached,
)
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from tests import factories as make

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOST = "api.example.com"


def ended_grant(where: Namespace, host: str = HOST, **fields: Any) -> Grant:
    """Return a grant that was open from NOON for ten days, and seen gone an hour later."""
    times: dict[str, Any] = {
        "created_at": NOON - timedelta(minutes=1),
        "active_at": NOON,
        "expires_at": NOON + 10 * DAY,
        "ended_at": NOON + 10 * DAY,
        "confirmed_at": NOON + 10 * DAY + timedelta(hours=1),
        "status": GrantStatus.EXPIRED,
    }
    return make.grant(where, host=host, **{**times, **fields})


def question(
    host: str = HOST, at: datetime = NOON + DAY, until: datetime | None = None, **more: Any
) -> Question:
    return Question(host, at, until or at, **more)


def found(who: Person, asked: Question) -> list[Reached]:
    return reached(grants_that_mattered(standing_of(who), asked), asked)


def happen(tag: Tag, grant: Grant, at: datetime, message: str = "It happened.") -> None:
    with transaction.atomic():
        audit.record(
            tag=tag,
            actor=Actor.system("expiry"),
            target="grant",
            target_id=grant.pk,
            message=message,
            cluster=grant.cluster.name,
            namespace=grant.namespace,
            host=grant.host,
            at=at,
        )


@pytest.mark.parametrize(
    ("at", "reach"),
    [
        (NOON - DAY, None),
        (NOON - timedelta(seconds=30), Reach.GRANTED),
        (NOON, Reach.OPEN),
        (NOON + 9 * DAY, Reach.OPEN),
        (NOON + 10 * DAY, Reach.CLOSING),
        (NOON + 10 * DAY + timedelta(hours=1), None),
        (NOON + 99 * DAY, None),
    ],
)
def test_the_answer_is_that_of_the_moment(
    olga: Person, shop: Namespace, at: datetime, reach: Reach | None
) -> None:
    ended_grant(shop)
    assert [one.best for one in found(olga, question(at=at))] == ([reach] if reach else [])


def test_a_span_lists_every_period_in_it(olga: Person, shop: Namespace) -> None:
    ended_grant(shop)
    (one,) = found(olga, question(at=NOON - DAY, until=NOON + 99 * DAY))
    assert [period.reach for period in one.periods] == [Reach.GRANTED, Reach.OPEN, Reach.CLOSING]
    assert one.best is Reach.OPEN


@pytest.mark.parametrize(
    ("granted", "asked", "covered"),
    [
        (HOST, HOST, True),
        (HOST, "www.example.com", False),
        ("*.example.com", HOST, True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        (HOST, "*.example.com", True),
        ("*.api.example.com", "*.example.com", True),
        ("notexample.com", "*.example.com", False),
        ("*.example.com", "*.api.example.com", True),
        ("203.0.113.0/24", "203.0.113.7/32", True),
        ("203.0.113.0/24", "203.0.114.7/32", False),
        ("203.0.113.7/32", "203.0.113.0/24", False),
        ("2001:db8::/48", "2001:db8::1/128", True),
    ],
)
def test_wildcards_and_ranges_cover_what_they_cover_in_the_access_check(
    olga: Person, shop: Namespace, granted: str, asked: str, covered: bool
) -> None:
    ended_grant(shop, granted)
    assert bool(found(olga, question(asked))) is covered


def test_a_grant_that_still_stands_and_one_that_lapsed(olga: Person, shop: Namespace) -> None:
    open_one = ended_grant(
        shop, status=GrantStatus.ACTIVE, ended_at=None, confirmed_at=None, port=1
    )
    lapsed = ended_grant(shop, status=GrantStatus.LAPSED, active_at=None, confirmed_at=None, port=2)
    unconfirmed = ended_grant(shop, confirmed_at=None, port=3)
    later = found(olga, question(at=NOON + 50 * DAY))
    assert {one.grant: one.best for one in later} == {
        open_one: Reach.OPEN,
        unconfirmed: Reach.CLOSING,
    }
    assert lapsed in [one.grant for one in found(olga, question(at=NOON))]


def test_cluster_namespace_account_and_port_narrow_the_answer(
    olga: Person, shop: Namespace, payments: Namespace
) -> None:
    elsewhere = make.namespace(make.cluster("second"), "shop")
    whole = ended_grant(shop)
    web = ended_grant(shop, service_account=shop.service_accounts.get(name="web"), port=80)
    others = {ended_grant(payments), ended_grant(elsewhere)}

    def grants(**more: Any) -> set[Grant]:
        return {one.grant for one in found(olga, question(**more))}

    assert grants() == {whole, web} | others
    assert grants(cluster=shop.cluster, namespace="shop") == {whole, web}
    assert grants(cluster=shop.cluster, namespace="shop", service_account="web") == {whole, web}
    assert grants(cluster=shop.cluster, namespace="shop", service_account="default") == {whole}
    assert grants(port=80) == {web}


def test_nobody_learns_of_grants_they_may_not_see(
    owner: Person, stranger: Person, shop: Namespace
) -> None:
    ended_grant(shop)
    assert len(found(owner, question())) == 1
    assert found(stranger, question()) == []


def test_the_trail_tells_more_than_the_row(olga: Person, shop: Namespace) -> None:
    grant = ended_grant(shop)
    happen(Tag.GRANT_CREATED, grant, grant.created_at, "Granted.")
    happen(Tag.GRANT_ACTIVATED, grant, NOON)
    happen(Tag.GRANT_FAILED, grant, NOON + DAY)
    happen(Tag.GRANT_SUSPENDED, grant, NOON + 2 * DAY)
    happen(Tag.GRANT_RESUMED, grant, NOON + 3 * DAY)
    (held,) = found(olga, question(at=NOON + 2 * DAY + timedelta(hours=1)))
    assert held.best is Reach.SUSPENDED
    assert [event.tag for event in held.proof] == [
        "grant:created",
        "grant:activated",
        "grant:suspended",
        "grant:resumed",
    ]
    assert held.missing == ["expired", "confirmed"], "no event says so, the row does"
    happen(Tag.GRANT_EXPIRED, grant, NOON + 10 * DAY, "Its time is over.")
    happen(Tag.GRANT_CONFIRMED, grant, NOON + 10 * DAY + timedelta(hours=1))
    (again,) = found(olga, question(at=NOON + 4 * DAY))
    assert (again.best, again.missing) == (Reach.OPEN, [])
    assert again.ending is not None
    assert again.ending.message == "Its time is over."


def test_many_grants_cost_as_many_questions_as_one(
    olga: Person, shop: Namespace, django_assert_num_queries: Any
) -> None:
    for port in range(1, 21):
        ended_grant(shop, port=port)
    standing = standing_of(olga)
    with django_assert_num_queries(2):
        assert len(reached(grants_that_mattered(standing, question()), question())) == 20


def test_what_was_before_the_cluster_was_connected_is_not_known(
    olga: Person, shop: Namespace, cluster: Cluster
) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(connected_at=NOON)
    cluster.refresh_from_db()
    seen = standing_of(olga)
    assert "since 2026-03-01 12:00 UTC" in doubts(seen, question(at=NOON - DAY), [cluster])[0]
    assert "since" not in " ".join(doubts(seen, question(at=NOON + DAY), [cluster]))


def test_of_many_clusters_the_first_are_named_and_the_rest_is_counted(olga: Person) -> None:
    for _ in range(13):
        make.cluster()
    told = doubts(standing_of(olga), question(at=NOON - 9 * DAY), Cluster.objects.all())
    assert len([sentence for sentence in told if "The portal serves cluster" in sentence]) == 10
    assert "So it is with 3 more of the clusters." in told


def deny(namespace: Namespace, by: Person, on: bool, at: datetime) -> None:
    """Record a decision about default deny."""
    with transaction.atomic():
        audit.record(
            tag=Tag.NAMESPACE_DEFAULT_DENY_SET,
            actor=make.actor(by),
            target="namespace",
            target_id=namespace.pk,
            cluster=namespace.cluster.name,
            namespace=namespace.name,
            message="Decided.",
            data={"before": not on, "after": on},
            at=at,
        )


def held(who: Person, where: Namespace, at: datetime, until: datetime | None = None) -> str:
    asked = question(at=at, until=until, cluster=where.cluster, namespace=where.name)
    return " ".join(doubts(standing_of(who), asked, []))


def test_whether_the_namespace_was_held_to_its_grants_is_said(
    shop: Namespace, adam: Person, owner: Person
) -> None:
    assert "was not on at that time" in held(owner, shop, NOON + DAY)
    deny(shop, adam, True, NOON)
    deny(shop, adam, False, NOON + 5 * DAY)
    assert "was decided on by adam on 2026-03-01 12:00 UTC" in held(owner, shop, NOON + DAY)
    assert "was not on at that time" in held(owner, shop, NOON + 6 * DAY)
    assert "was not on when it began" in held(owner, shop, NOON - DAY, NOON + DAY)


def test_a_namespace_that_was_let_go_within_the_span_is_not_called_held(
    shop: Namespace, adam: Person, owner: Person
) -> None:
    deny(shop, adam, True, NOON)
    deny(shop, owner, False, NOON + 5 * DAY)
    deny(shop, adam, True, NOON + 6 * DAY)
    told = held(owner, shop, NOON + DAY, NOON + 9 * DAY)
    assert "was switched off by owner on 2026-03-06 12:00 UTC" in told
    assert "was decided on" not in told


def test_what_was_decided_for_a_namespace_does_not_hold_the_one_made_again(
    shop: Namespace, adam: Person
) -> None:
    deny(shop, adam, True, NOON)
    Namespace.objects.filter(pk=shop.pk).update(gone_at=NOON + 3 * DAY)
    make.namespace(shop.cluster, "shop")
    assert "was decided on by adam" in held(adam, shop, NOON + DAY)
    assert "was not on at that time" in held(adam, shop, NOON + 4 * DAY)
    both = held(adam, shop, NOON + DAY, NOON + 4 * DAY)
    assert "was decided on by adam" in both
    assert "was not on when it began" in both


def test_nobody_is_told_what_was_decided_for_a_namespace_of_others(
    stranger: Person, alice: Person, shop: Namespace, payments: Namespace, adam: Person
) -> None:
    deny(shop, adam, True, NOON)
    told = held(stranger, shop, NOON + DAY)
    assert "You know of no namespace" in told
    assert "adam" not in told
    absent = question(cluster=shop.cluster, namespace="absent")
    like_none = " ".join(doubts(standing_of(stranger), absent, []))
    assert like_none == told.replace("shop", "absent")
    assert "was decided on by adam" in held(alice, shop, NOON + DAY), "she approves there"


def test_drift_of_that_time_is_listed_as_far_as_it_may_be_seen(
    olga: Person, owner: Person, shop: Namespace, payments: Namespace
) -> None:
    for name, at in (("shop", NOON - 9 * DAY), ("shop", NOON), ("payments", NOON)):
        with transaction.atomic():
            audit.record(
                tag=Tag.DRIFT_FOUND,
                actor=Actor.system("sweep"),
                target="slice",
                target_id=1,
                cluster="main",
                namespace=name,
                message=f"{name} at {at:%d}",
                at=at,
            )
    asked = question(at=NOON + timedelta(hours=3))
    assert [e.message for e in drift_within(standing_of(olga), asked)] == [
        "payments at 01",
        "shop at 01",
    ]
    assert [e.message for e in drift_within(standing_of(owner), asked)] == ["shop at 01"]
    long_ago = question(at=NOON - 10 * DAY, until=NOON - 8 * DAY, namespace="shop")
    assert [e.message for e in drift_within(standing_of(olga), long_ago)] == ["shop at 20"]
