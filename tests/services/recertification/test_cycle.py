"""What time does to grants whose owners have to be asked: it asks, and only then it ends them."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.domain.notices import Kind
from egress.domain.recertification import Outcome
from egress.models import (
    AuditEvent,
    AuditHead,
    Cluster,
    Grant,
    Namespace,
    Notification,
    Person,
    Recertification,
    Slice,
)
from egress.services import grants, recertification
from egress.services.actor import Actor
from egress.services.errors import ServiceError, Unavailable
from egress.services.notifications.telling import tell_what_happened
from egress.services.recertification import cycle
from tests import factories as make
from tests.tries import tries

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PERIOD = 14 * DAY
NOW = timezone.now()


def tags() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("tag", flat=True))


def row_of(grant: Grant) -> Recertification:
    return Recertification.objects.get(grant=grant)


def told(who: Person) -> list[str]:
    rows = Notification.objects.filter(person=who, kind=Kind.RECERTIFY).order_by("pk")
    return list(rows.values_list("title", flat=True))


def test_a_grant_is_announced_reminded_of_and_ended_and_people_hear_of_each(
    shop: Namespace, owner: Person, payments: Namespace, stranger: Person
) -> None:
    grant = make.endless(shop, owner, host="api.example.com", active_at=NOW)
    tell_what_happened(NOW)
    due = NOW + 180 * DAY
    for at in (NOW, due - PERIOD - DAY):
        recertification.tend(at)
    assert tags() == []
    for at in (due - PERIOD, due - PERIOD + DAY, due - 3 * DAY, due - DAY, due, due + DAY):
        recertification.tend(at)
        tell_what_happened(at)
    grant.refresh_from_db()
    assert (grant.status, grant.ended_at, grant.ended_by) == (
        GrantStatus.EXPIRED,
        due,
        "recertification",
    )
    assert "Nobody confirmed" in grant.end_reason
    assert tags() == [
        "recertification:announced",
        "recertification:reminded",
        "grant:expired",
    ]
    assert told(owner) == [
        "Is access of shop to api.example.com:443 still needed?",
        "Access of shop to api.example.com:443 ends soon unless it is confirmed",
        "Access of shop to api.example.com:443 ended, as nobody confirmed it",
    ]
    assert told(stranger) == []
    assert Slice.objects.get().key == "namespace:shop"
    assert row_of(grant).outcome == Outcome.UNANSWERED


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ({"expires_at": None}, True),
        ({"expires_at": NOW + 181 * DAY}, True),
        ({"expires_at": NOW + 179 * DAY}, False),
        ({"expires_at": None, "status": GrantStatus.SUSPENDED}, False),
        ({"expires_at": None, "status": GrantStatus.PENDING, "active_at": None}, False),
        ({"expires_at": None, "status": GrantStatus.REVOKED}, False),
    ],
)
def test_what_outlasts_the_cycle_is_asked_about(
    shop: Namespace, fields: dict[str, Any], is_asked: bool
) -> None:
    make.grant(shop, **{"active_at": NOW, **fields})
    recertification.tend(NOW)
    recertification.tend(NOW + 170 * DAY)
    assert tags() == (["recertification:announced"] if is_asked else [])


def test_what_was_shortened_meanwhile_ends_by_itself_and_is_not_asked_about(
    shop: Namespace,
) -> None:
    grant = make.endless(shop, active_at=NOW)
    recertification.tend(NOW)
    Grant.objects.filter(pk=grant.pk).update(expires_at=NOW + 175 * DAY)
    recertification.tend(NOW + 170 * DAY)
    assert tags() == []


def test_an_upgrade_asks_for_old_grants_within_a_cycle_and_never_for_all_on_one_day(
    shop: Namespace,
) -> None:
    old = [make.endless(shop, active_at=NOW - 1000 * DAY) for _ in range(20)]
    recertification.tend(NOW)
    days = {(row.due_at - NOW).days for row in Recertification.objects.all()}
    assert len(days) == len(old)
    assert min(days) >= 14
    assert max(days) < 14 + 180
    recertification.tend(NOW + 13 * DAY)
    assert not Grant.objects.exclude(status=GrantStatus.ACTIVE).exists()


def test_a_worker_that_was_away_moves_the_end_instead_of_skipping_the_announcement(
    shop: Namespace,
) -> None:
    grant = make.endless(shop, active_at=NOW)
    recertification.tend(NOW)
    late = NOW + 400 * DAY
    recertification.tend(late)
    assert row_of(grant).due_at == late + PERIOD
    recertification.tend(late + PERIOD - DAY)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    recertification.tend(late + PERIOD)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.EXPIRED


def test_a_worker_that_was_away_over_the_last_days_reminds_and_gives_another_day(
    shop: Namespace,
) -> None:
    grant = make.endless(shop, active_at=NOW)
    recertification.tend(NOW)
    recertification.tend(NOW + 166 * DAY)
    back = NOW + 200 * DAY
    recertification.tend(back)
    assert tags() == ["recertification:announced", "recertification:reminded"]
    assert row_of(grant).due_at == back + DAY
    told_day = AuditEvent.objects.get(tag="recertification:reminded").data["due_at"]
    assert told_day.startswith(f"{back + DAY:%Y-%m-%d}")
    recertification.tend(back + DAY - timedelta(seconds=1))
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    recertification.tend(back + DAY)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.EXPIRED


def test_a_longer_time_to_answer_counts_for_those_who_were_asked_before(
    shop: Namespace, settings: Any
) -> None:
    grant = make.endless(shop, active_at=NOW)
    recertification.tend(NOW)
    recertification.tend(NOW + 166 * DAY)
    settings.RECERTIFY_ANNOUNCE_DAYS = 30
    recertification.tend(NOW + 195 * DAY)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    recertification.tend(NOW + 196 * DAY)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.EXPIRED


def test_who_comes_back_after_a_suspension_is_asked_anew(shop: Namespace) -> None:
    grant = make.endless(shop, active_at=NOW)
    recertification.tend(NOW)
    recertification.tend(NOW + 170 * DAY)
    grants.suspend(grants=[grant], reason="Gone.", actor=Actor.system("inventory"))
    recertification.tend(NOW + 300 * DAY)
    assert row_of(grant).announced_at is None
    Grant.objects.filter(pk=grant.pk).update(status=GrantStatus.ACTIVE)
    back = NOW + 310 * DAY
    recertification.tend(back)
    assert row_of(grant).due_at == back + PERIOD


def test_who_was_suspended_and_resumed_between_two_looks_is_asked_anew(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    ends = NOW + 300 * DAY
    grant = make.grant(shop, owner, host="a.example.com", active_at=NOW, expires_at=ends)
    row = make.asked_about(grant, due_at=NOW + DAY, announced_at=NOW - 13 * DAY, reminded_at=NOW)
    grants.suspend(grants=[grant], reason="Gone.", actor=Actor.system("inventory"))
    row.refresh_from_db()
    assert (row.announced_at, row.reminded_at) == (None, None)
    # As an older version left it.
    Recertification.objects.update(announced_at=NOW - 13 * DAY, reminded_at=NOW)
    grants.resume(grant=grant, actor=make.actor(alice), reason="It is back.")
    row.refresh_from_db()
    assert (row.announced_at, row.reminded_at) == (None, None)
    recertification.tend(NOW + 2 * DAY)
    assert row_of(grant).due_at == NOW + 2 * DAY + PERIOD
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE


def test_a_new_cycle_counts_for_what_was_not_announced(shop: Namespace) -> None:
    asked = make.endless(shop, active_at=NOW - 90 * DAY)
    make.asked_about(asked, days=10)
    ahead = make.endless(shop, active_at=NOW)
    recertification.tend(NOW)
    before = row_of(asked).due_at
    Cluster.objects.update(recertify_days=60)
    recertification.tend(NOW + DAY)
    assert row_of(ahead).due_at == NOW + 60 * DAY
    assert row_of(asked).due_at == before


def test_without_a_cycle_nobody_is_asked_and_what_was_asked_is_taken_back(
    shop: Namespace,
) -> None:
    grant = make.endless(shop, active_at=NOW)
    make.asked_about(grant, days=1, announced_at=NOW - 20 * DAY)
    Cluster.objects.update(recertify_days=0)
    recertification.tend(NOW + 5 * DAY)
    grant.refresh_from_db()
    assert grant.status == GrantStatus.ACTIVE
    assert row_of(grant).announced_at is None
    Cluster.objects.update(recertify_days=180)
    recertification.tend(NOW + 6 * DAY)
    assert row_of(grant).due_at >= NOW + 6 * DAY + PERIOD


def test_what_somebody_ended_is_closed_and_nothing_of_it_ends_by_this(shop: Namespace) -> None:
    grant, other = make.endless(shop, active_at=NOW), make.endless(shop, active_at=NOW)
    make.asked_about(grant, days=1, announced_at=NOW - 20 * DAY)
    adam = make.admin()
    grants.revoke(grant=grant, actor=make.actor(adam), reason="Not needed.")
    recertification.tend(NOW + 2 * DAY)
    assert row_of(grant).outcome == Outcome.GRANT_ENDED
    other.refresh_from_db()
    assert other.status == GrantStatus.ACTIVE


def test_more_than_one_round_takes_is_done_in_the_next(
    shop: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycle, "AT_ONCE", 2)
    for _ in range(5):
        make.endless(shop, active_at=NOW)
    counts = []
    for second in range(4):
        recertification.tend(NOW + timedelta(seconds=second))
        counts.append(Recertification.objects.count())
    assert counts == [2, 4, 5, 5]


def test_a_crash_between_announcing_and_telling_leaves_nobody_untold(
    shop: Namespace, owner: Person, adam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_what_happened(NOW)
    for number in range(3):
        grant = make.endless(shop, owner, host=f"h{number}.example.com", active_at=NOW)
        make.asked_about(grant, due_at=NOW + 10 * DAY, announced_at=None)
    recertification.tend(NOW)
    # Whoever should have told of it was away for longer than other news live.
    tell_what_happened(NOW + 9 * DAY)
    tell_what_happened(NOW + 9 * DAY)
    assert told(owner) == [
        "Is access of shop to h0.example.com:443, h1.example.com:443 and 1 more still needed?"
    ]
    assert told(adam) == []
    link = Notification.objects.get(person=owner, kind=Kind.RECERTIFY).link
    assert link == "/recertification?cluster=main&namespace=shop"


def test_admins_hear_of_what_nobody_could_answer(
    cluster: Cluster, adam: Person, owner: Person
) -> None:
    tell_what_happened(NOW)
    bare = make.namespace(cluster, "bare")
    robots = make.namespace(cluster, "machines", owner="team-machines")
    robot = make.person("ci", teams=["team-machines"])
    Person.objects.filter(pk=robot.pk).update(is_robot=True, password="!")
    for place in (bare, robots):
        make.asked_about(make.endless(place, owner), announced_at=None)
    recertification.tend(NOW)
    tell_what_happened(NOW)
    assert len(told(adam)) == 2
    assert told(owner) == []


def test_without_audit_nothing_is_announced(shop: Namespace) -> None:
    row = make.asked_about(make.endless(shop), announced_at=None)
    AuditHead.objects.all().delete()
    with pytest.raises(Unavailable):
        cycle.announce_due(now=NOW)
    row.refresh_from_db()
    assert row.announced_at is None


class _Life:
    """Grants, owners and a worker that comes and goes, with a record of what was announced."""

    def __init__(self, seed: int, shop: Namespace, owner: Person) -> None:
        self._rng, self._actor, self.now = random.Random(seed), make.actor(owner), NOW
        ages = [self._rng.randint(0, 400) for _ in range(4)]
        self.grants = [make.endless(shop, owner, active_at=NOW - age * DAY) for age in ages]

    def step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now += self._rng.choice([DAY / 4, DAY, 3 * DAY, 13 * DAY, 40 * DAY])
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        grant = self._rng.choice(self.grants)
        deed = self._rng.choice(["sweep", "sweep", "sweep", "part", "confirm", "drop", "cycle"])
        if deed == "sweep":
            recertification.tend(self.now)
        elif deed == "part":
            parts = [cycle.end_unanswered, cycle.remind_due, cycle.announce_due]
            self._rng.choice(parts)(now=self.now)
        elif deed == "cycle":
            Cluster.objects.update(recertify_days=self._rng.choice([0, 20, 60, 180]))
        else:
            self._answer(deed, grant)

    def _answer(self, deed: str, grant: Grant) -> None:
        answer = recertification.confirm if deed == "confirm" else recertification.drop
        try:
            with transaction.atomic():
                answer(grant=grant, actor=self._actor)
        except ServiceError:
            pass


@pytest.mark.parametrize("seed", range(tries(3, of=60)))
def test_nothing_ends_unless_it_was_announced_long_enough_ago_and_not_answered_since(
    seed: int, shop: Namespace, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = _Life(seed, shop, owner)
    for _ in range(60):
        life.step(monkeypatch)
    for grant in Grant.objects.filter(status=GrantStatus.EXPIRED):
        events = AuditEvent.objects.filter(target="grant", target_id=str(grant.pk))
        story: list[tuple[str, datetime]] = list(
            events.order_by("sequence").values_list("tag", "at")
        )
        reminded = [at for tag, at in story if tag == "recertification:reminded"]
        assert story[-1][1] - reminded[-1] >= DAY
        last = [one for one in story if one[0] != "recertification:reminded"][-2:]
        assert [tag for tag, _ in last] == ["recertification:announced", "grant:expired"]
        assert last[1][1] - last[0][1] >= PERIOD
