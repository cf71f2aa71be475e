"""Who is told of what: by the rights of the moment, once, and never by the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import resolve
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, Verdict
from egress.domain.notices import QUIET_TIME, Kind
from egress.models import (
    AuditHead,
    Cluster,
    Grant,
    Namespace,
    Notification,
    NotificationCursor,
    Person,
    Preference,
    Request,
)
from egress.models.standing import standing_of
from egress.selectors.attention import attention_of
from egress.selectors.notifications import visible_notifications
from egress.services import audit, grants, people, requests
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.notifications import telling
from egress.services.notifications.telling import tell_what_happened
from tests import factories as make

WORKER = Actor.system("convergence")


def submit(shop: Namespace, who: Person, *hosts: str) -> Request:
    return requests.submit(draft=make.draft(shop, *hosts), actor=make.actor(who))


def record(tag: Tag, *grants: Grant, actor: Actor = WORKER, **fields: Any) -> None:
    """Record an event about each grant, as convergence does."""
    audit.record_all(
        [
            Entry(
                tag=tag,
                actor=actor,
                target="grant",
                target_id=grant.pk,
                cluster=grant.cluster.name,
                namespace=grant.namespace,
                message="It was said so.",
                **fields,
            )
            for grant in grants
        ]
    )


def drift(cluster: Cluster, tag: Tag = Tag.DRIFT_FOUND) -> None:
    audit.record(
        tag=tag,
        actor=WORKER,
        target="slice",
        target_id=1,
        cluster=cluster.name,
        message="Somebody changed an object.",
    )


def tell(now: Any = None) -> int:
    return tell_what_happened(now or timezone.now())


def told(kind: Kind) -> list[str]:
    rows = Notification.objects.filter(kind=kind).order_by("person__username")
    return list(rows.values_list("person__username", flat=True))


# --- who ---------------------------------------------------------------------------------------


def test_a_request_is_told_to_those_who_may_decide_it_and_to_nobody_else(
    shop: Namespace, owner: Person, mate: Person, alice: Person, adam: Person, olga: Person
) -> None:
    make.approver("elsewhere", namespaces="payments")
    make.approver("gone", is_active=False)
    request = submit(shop, owner, "api.example.com")
    assert tell() == 2
    assert told(Kind.TO_DECIDE) == ["alice", "mate"]
    row = Notification.objects.get(person=alice)
    assert row.title == "owner asks for access of shop"
    assert row.text == "To api.example.com:443. Reason: The shop needs it."
    assert resolve(row.link).kwargs == {"pk": request.pk}


def test_an_approver_who_asks_is_not_told_of_their_own_wish(
    shop: Namespace, mate: Person, alice: Person
) -> None:
    submit(shop, mate)
    tell()
    assert told(Kind.TO_DECIDE) == ["alice"]


def test_a_decision_is_told_to_the_requester_and_settles_what_others_were_told(
    shop: Namespace, owner: Person, mate: Person, alice: Person
) -> None:
    request = submit(shop, owner)
    tell()
    deny(request, alice)
    tell()
    assert told(Kind.DECIDED) == ["owner"]
    row = Notification.objects.get(person=owner)
    assert row.title == f"Request #{request.pk} for shop was denied by alice"
    assert "Not that one." in row.text
    assert attention_of(standing_of(mate)).unread == 0


def deny(request: Request, who: Person) -> None:
    requests.decide(
        request=request,
        actor=make.actor(who),
        revision=1,
        verdicts={0: Verdict.DENIED},
        note="Not that one.",
    )


def test_a_request_that_was_decided_before_anybody_was_told_asks_nobody(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    deny(submit(shop, owner), alice)
    tell()
    assert told(Kind.TO_DECIDE) == []


def test_grants_of_one_request_that_are_applied_together_are_one_notification(
    shop: Namespace, owner: Person, team_mate: Person
) -> None:
    first = make.grant(shop, owner, "a.example.com")
    second = make.grant(shop, owner, "b.example.com", request=first.request)
    record(Tag.GRANT_ACTIVATED, first, second)
    assert tell() == 1
    row = Notification.objects.get(person=owner)
    assert row.title == "shop may reach a.example.com:443 and b.example.com:443 now"
    assert resolve(row.link).url_name == "request"


def test_a_failure_is_told_to_the_requester_and_the_owning_team(
    shop: Namespace, owner: Person, team_mate: Person, stranger: Person, alice: Person
) -> None:
    record(Tag.GRANT_FAILED, make.grant(shop, owner))
    tell()
    assert told(Kind.FAILED) == ["marge", "owner"]
    assert resolve(Notification.objects.filter(person=owner)[0].link).url_name == "grant"


def test_a_requester_who_left_the_team_hears_nothing_of_its_grants(
    shop: Namespace, owner: Person, team_mate: Person
) -> None:
    grant = make.grant(shop, owner)
    owner.groups.clear()
    record(Tag.GRANT_FAILED, grant)
    tell()
    assert told(Kind.FAILED) == ["marge"]


def test_who_revokes_need_not_be_told_but_the_others_are(
    shop: Namespace, owner: Person, team_mate: Person
) -> None:
    grants.revoke(grant=make.grant(shop, owner), actor=make.actor(team_mate), reason="Not needed.")
    tell()
    assert told(Kind.FAILED) == ["owner"]


def test_a_grant_that_ends_soon_is_told_with_its_end(shop: Namespace, owner: Person) -> None:
    soon = timezone.now() + timedelta(days=2)
    make.grant(shop, owner, expires_at=soon)
    grants.remind_due(now=timezone.now())
    tell()
    row = Notification.objects.get(person=owner)
    assert row.kind == Kind.EXPIRING
    assert f"{soon:%Y-%m-%d at %H:%M} UTC" in row.text


def test_drift_is_told_to_admins_only(
    cluster: Cluster, shop: Namespace, owner: Person, adam: Person, alice: Person, olga: Person
) -> None:
    drift(cluster)
    tell()
    assert told(Kind.DRIFT) == ["adam"]
    assert resolve(Notification.objects.get().link).url_name == "cluster"


def test_who_is_deactivated_is_told_nothing(
    shop: Namespace, owner: Person, alice: Person, adam: Person
) -> None:
    request = submit(shop, owner)
    people.deactivate(person=owner, actor=make.actor(adam), reason="Left.")
    deny(request, alice)
    tell()
    assert told(Kind.DECIDED) == []


# --- how often ---------------------------------------------------------------------------------


def test_an_event_is_told_once_however_often_one_looks(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    submit(shop, owner)
    assert [tell(), tell()] == [1, 0]


def test_of_two_workers_at_the_same_events_one_tells(
    shop: Namespace, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(shop, owner)
    honest = telling._compose

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.setattr(telling, "_compose", honest)
        assert tell() == 1
        return honest(*arguments)

    monkeypatch.setattr(telling, "_compose", overtaken)
    assert tell() == 0
    assert Notification.objects.count() == 1


def test_a_worker_that_is_overtaken_while_it_looks_for_its_place_puts_nothing_back(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    submit(shop, owner)
    tell()
    first: list[str] = []

    def overtake(execute: Any, sql: str, *rest: Any) -> Any:
        """After the first question of this worker, let another one tell of new events."""
        result = execute(sql, *rest)
        if not first:
            first.append(sql)
            submit(shop, owner, "next.example.com")
            assert tell() == 1
        return result

    with connection.execute_wrapper(overtake):
        assert tell() == 0
    assert NotificationCursor.objects.get().sequence == AuditHead.objects.get().sequence
    submit(shop, owner, "last.example.com")
    assert tell() == 1


def test_drift_of_every_sweep_is_told_once_until_it_is_read_and_some_time_went_by(
    cluster: Cluster, adam: Person
) -> None:
    now = timezone.now()
    drift(cluster)
    drift(cluster)
    assert tell(now) == 1
    assert Notification.objects.get().text.endswith("And 1 more.")
    drift(cluster)
    assert tell(now + QUIET_TIME * 2) == 0, "it is unread"
    Notification.objects.update(read_at=now)
    drift(cluster)
    assert tell(now + QUIET_TIME / 2) == 0, "it was told a moment ago"
    drift(cluster)
    assert tell(now + QUIET_TIME * 2) == 1


def test_a_grant_that_fails_again_and_again_is_told_once_but_its_end_is_told(
    shop: Namespace, owner: Person, team_mate: Person
) -> None:
    grant, other = make.grant(shop, owner), make.grant(shop, owner, "other.example.com")
    for _ in range(3):
        record(Tag.GRANT_FAILED, grant)
        tell()
    assert told(Kind.FAILED) == ["marge", "owner"]
    record(Tag.GRANT_FAILED, other)
    tell()
    assert told(Kind.FAILED) == ["marge", "marge", "owner", "owner"], "the other one is news"
    grants.revoke(grant=grant, actor=make.actor(owner), reason="Not needed.")
    tell()
    assert Notification.objects.latest("pk").title.endswith("was revoked")


def test_who_hears_by_mail_hears_again_of_a_failure_without_opening_the_list(
    shop: Namespace, owner: Person, team_mate: Person
) -> None:
    now, grant = timezone.now(), make.grant(shop, owner)
    for later, names in ((0, ["marge", "owner"]), (1, []), (7, ["marge"])):
        record(Tag.GRANT_FAILED, grant)
        tell(now + timedelta(hours=later))
        rows = Notification.objects.filter(created_at=now + timedelta(hours=later))
        assert sorted(rows.values_list("person__username", flat=True)) == names
    assert Notification.objects.filter(person=team_mate).exclude(outgoing=None).count() == 2


def test_a_failure_is_news_to_who_has_not_read_of_something_else(
    shop: Namespace, owner: Person
) -> None:
    first = make.grant(shop, owner, "a.example.com")
    a, b, c, d = (
        first,
        *(make.grant(shop, owner, f"{n}.example.com", request=first.request) for n in "bcd"),
    )
    record(Tag.GRANT_SUSPENDED, a)
    record(Tag.GRANT_FAILED, a, b)
    tell()
    record(Tag.GRANT_FAILED, c, d)
    tell()
    assert list(Notification.objects.order_by("pk").values_list("title", flat=True)) == [
        "Access of shop to a.example.com:443 is suspended",
        "Access of shop to a.example.com:443 and b.example.com:443 could not be applied",
        "Access of shop to c.example.com:443 and d.example.com:443 could not be applied",
    ]


def test_what_two_people_did_at_the_same_time_is_told_to_each_of_the_other(
    shop: Namespace, owner: Person, team_mate: Person
) -> None:
    first = make.grant(shop, owner, "a.example.com")
    second = make.grant(shop, owner, "b.example.com", request=first.request)
    grants.revoke(grant=first, actor=make.actor(team_mate), reason="Not needed.")
    grants.revoke(grant=second, actor=make.actor(owner), reason="Not needed.")
    tell()
    told_of = dict(Notification.objects.values_list("person__username", "title"))
    assert told_of == {
        "owner": "Access of shop to a.example.com:443 was revoked",
        "marge": "Access of shop to b.example.com:443 was revoked",
    }


def test_an_edited_request_is_not_told_again_to_who_has_not_read_of_it(
    shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    request = submit(shop, owner)
    tell()
    Notification.objects.filter(person=mate).update(read_at=timezone.now())
    draft = make.draft(shop, "other.example.com")
    requests.edit(request=request, draft=draft, actor=make.actor(owner), revision=1)
    assert tell() == 1
    assert Notification.objects.latest("pk").person == mate


def test_an_event_that_cannot_be_told_keeps_nobody_from_the_next(
    shop: Namespace, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from egress.services.notifications import drafts

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(drafts._COMPOSERS, "cluster", broken)
    drift(shop.cluster)
    submit(shop, owner)
    assert tell() == 1


def test_what_happened_while_no_worker_ran_for_weeks_is_passed_over(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    submit(shop, owner)
    assert tell(timezone.now() + timedelta(days=8)) == 0
    assert tell() == 0


def test_a_trail_from_a_backup_is_told_from_its_end_on(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    NotificationCursor.objects.update(sequence=10_000)
    submit(shop, owner)
    tell()
    assert NotificationCursor.objects.get().sequence == AuditHead.objects.get().sequence
    submit(shop, owner, "next.example.com")
    assert tell() == 1


def test_many_events_that_concern_nobody_are_not_read_again(
    adam: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "_WORTH_MOVING", 3)
    for _ in range(3):
        people.note_sign_in(actor=make.actor(adam))
    tell()
    assert NotificationCursor.objects.get().sequence == AuditHead.objects.get().sequence


def test_telling_costs_a_bounded_number_of_queries(
    shop: Namespace, owner: Person, django_assert_max_num_queries: Any
) -> None:
    made = make.grant(shop, owner)
    more = [make.grant(shop, owner, f"h{n}.example.com", request=made.request) for n in range(30)]
    record(Tag.GRANT_FAILED, made, *more)
    with django_assert_max_num_queries(24):
        tell()


# --- by which way ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "stored", "mailed", "in_digest"),
    [("off", 0, 0, False), ("portal", 1, 0, False), ("mail", 1, 1, False), ("digest", 1, 0, True)],
)
def test_people_hear_by_the_way_they_chose(
    shop: Namespace,
    owner: Person,
    team_mate: Person,
    way: str,
    stored: int,
    mailed: int,
    in_digest: bool,
) -> None:
    Preference.objects.create(person=team_mate, kind=Kind.FAILED, way=way)
    record(Tag.GRANT_FAILED, make.grant(shop, owner))
    tell()
    rows = Notification.objects.filter(person=team_mate)
    assert rows.count() == stored
    assert rows.filter(outgoing__person=team_mate).count() == mailed
    assert rows.filter(in_digest=True).exists() == in_digest


def test_without_a_mail_server_nothing_waits_to_be_mailed(
    shop: Namespace, owner: Person, team_mate: Person, settings: Any
) -> None:
    settings.MAIL_ENABLED = False
    record(Tag.GRANT_FAILED, make.grant(shop, owner))
    tell()
    assert not Notification.objects.exclude(outgoing=None).exists()


# --- what may be seen of it later --------------------------------------------------------------


def test_a_notification_is_hidden_from_who_may_not_see_its_request_any_more(
    shop: Namespace, owner: Person, alice: Person, stranger: Person
) -> None:
    submit(shop, owner)
    tell()
    assert attention_of(standing_of(alice)).unread == 1
    alice.roles.all().delete()
    assert attention_of(standing_of(alice)).unread == 0
    assert not visible_notifications(alice).exists()


def test_what_is_said_of_a_cluster_is_hidden_from_a_former_admin(
    cluster: Cluster, adam: Person
) -> None:
    drift(cluster)
    tell()
    assert attention_of(standing_of(adam)).unread == 1
    adam.roles.all().delete()
    assert attention_of(standing_of(adam)).unread == 0


def test_a_grant_of_a_namespace_that_has_another_owner_now_is_hidden(
    shop: Namespace, owner: Person
) -> None:
    record(Tag.GRANT_FAILED, make.grant(shop, owner, status=GrantStatus.PENDING))
    tell()
    assert attention_of(standing_of(owner)).unread == 1
    Namespace.objects.update(owner_label="team-payments")
    assert attention_of(standing_of(owner)).unread == 0
