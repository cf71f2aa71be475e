"""What owners answer when they are asked whether a grant is still needed, and who may not."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus
from egress.domain.recertification import Outcome
from egress.models import AuditEvent, Cluster, Grant, Namespace, Person, Recertification, Slice
from egress.services import grants, recertification
from egress.services.errors import Conflict, Missing, NotAllowed, Refused, Unavailable
from egress.services.recertification import answers
from tests import factories as make

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def confirm(grant: Grant, who: Person, reason: str = "") -> Grant:
    return recertification.confirm(grant=grant, actor=make.actor(who), reason=reason)


def drop(grant: Grant, who: Person, note: str = "") -> Grant:
    return recertification.drop(grant=grant, actor=make.actor(who), note=note)


@pytest.fixture
def asked(shop: Namespace, owner: Person) -> Recertification:
    return make.asked_about(make.endless(shop, owner, host="api.example.com"), days=2)


def robot(who: Person) -> Person:
    Person.objects.filter(pk=who.pk).update(is_robot=True, password="!")
    return Person.objects.get(pk=who.pk)


def test_an_owner_confirms_and_the_cycle_begins_anew(asked: Recertification, owner: Person) -> None:
    confirm(asked.grant, owner, " Card payments. ")
    asked.refresh_from_db()
    assert (asked.announced_at, asked.confirmed_by, asked.note) == (
        None,
        "owner",
        "Card payments.",
    )
    assert abs(asked.due_at - timezone.now() - 180 * DAY) < DAY
    event = AuditEvent.objects.get()
    assert (event.tag, event.actor, event.target) == (
        "recertification:confirmed",
        "owner",
        "grant",
    )
    assert event.data["note"] == "Card payments."
    assert not Slice.objects.exists(), "nothing changes in the cluster"


def test_an_owner_drops_and_only_that_grant_ends_at_once(
    asked: Recertification, shop: Namespace, owner: Person
) -> None:
    other = make.asked_about(make.endless(shop, owner))
    dropped = drop(asked.grant, owner, "Nobody uses it.")
    assert (dropped.status, dropped.ended_by, dropped.end_reason) == (
        GrantStatus.REVOKED,
        "owner",
        "Dropped at its recertification. Nobody uses it.",
    )
    asked.refresh_from_db()
    other.refresh_from_db()
    assert asked.outcome == Outcome.DROPPED
    assert other.is_waiting
    assert other.grant.status == GrantStatus.ACTIVE
    assert AuditEvent.objects.get().tag == "grant:revoked"


@pytest.mark.parametrize("name", ["alice", "adam", "olga", "superuser"])
def test_approvers_admins_and_auditors_do_not_confirm(
    asked: Recertification, name: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        confirm(asked.grant, request.getfixturevalue(name))
    asked.refresh_from_db()
    assert asked.is_waiting


def test_strangers_know_nothing_of_it(asked: Recertification, stranger: Person) -> None:
    for answer in (confirm, drop):
        with pytest.raises(Missing):
            answer(asked.grant, stranger)


def test_whoever_may_revoke_may_drop(asked: Recertification, alice: Person, olga: Person) -> None:
    with pytest.raises(NotAllowed):
        drop(asked.grant, olga)
    assert drop(asked.grant, alice).status == GrantStatus.REVOKED


def test_robots_answer_nothing(asked: Recertification, owner: Person) -> None:
    make.person(teams=["team-shop"])
    for answer in (confirm, drop):
        with pytest.raises(NotAllowed, match="Robots"):
            answer(asked.grant, robot(owner))
    asked.refresh_from_db()
    assert asked.is_waiting


def test_the_owner_of_a_namespace_made_again_does_not_confirm_the_old_ones_grant(
    asked: Recertification, shop: Namespace, mate: Person
) -> None:
    make.gone(shop)
    make.namespace(shop.cluster, "shop", owner="team-shop")
    with pytest.raises(NotAllowed):
        confirm(asked.grant, mate)


@pytest.mark.parametrize("answer", [confirm, drop])
def test_an_answer_nobody_asked_for_is_a_conflict(
    shop: Namespace, owner: Person, answer: Any
) -> None:
    grants_ = [make.endless(shop), make.endless(shop), make.endless(shop)]
    make.asked_about(grants_[1], announced_at=None)
    make.asked_about(grants_[2])
    confirm(grants_[2], owner)
    for grant in grants_:
        with pytest.raises(Conflict) as refusal:
            answer(grant, owner)
        assert refusal.value.reason == "NotAsked"
    Cluster.objects.update(recertify_days=0)
    Recertification.objects.update(announced_at=timezone.now())
    with pytest.raises(Conflict):
        answer(grants_[0], owner)
    assert not Grant.objects.exclude(status=GrantStatus.ACTIVE).exists()


@pytest.mark.parametrize("answer", [confirm, drop])
def test_an_answer_to_what_has_ended_is_a_conflict(
    asked: Recertification, owner: Person, answer: Any
) -> None:
    grants.revoke(grant=asked.grant, actor=make.actor(owner), reason="Not needed.")
    with pytest.raises(Conflict) as refusal:
        answer(asked.grant, owner)
    assert refusal.value.reason == "GrantEnded"


def test_a_reason_that_is_too_long_is_refused(asked: Recertification, owner: Person) -> None:
    for answer, field in ((confirm, "reason"), (drop, "note")):
        with pytest.raises(Refused) as refusal:
            answer(asked.grant, owner, "x" * 501)
        assert list(refusal.value.fields) == [field]


def test_claims_are_read_first_and_ownership_is_asked_of_the_cluster(
    asked: Recertification, owner: Person, mate: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def gone(actor: Any) -> None:
        read.append(actor.name)
        raise NotAllowed("The account is closed.", reason="Closed")

    monkeypatch.setattr(answers, "before_asking", gone)
    for answer in (confirm, drop):
        with pytest.raises(NotAllowed, match="closed"):
            answer(asked.grant, owner)
    assert read == ["owner", "owner"]
    monkeypatch.undo()
    # The team is taken away, and the cluster that could tell does not answer.
    Cluster.objects.update(owner_by_review=True)
    mate.groups.clear()
    with pytest.raises(Unavailable):
        confirm(asked.grant, mate)
    asked.refresh_from_db()
    assert asked.is_waiting
