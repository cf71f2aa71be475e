"""`manage.py seed_large`: a company of the size asked for, that the portal takes for real."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone

from egress.management.seeding import company
from egress.models import (
    AuditHead,
    BreakGlass,
    Cluster,
    Delivery,
    Grant,
    Namespace,
    Person,
    Recertification,
    Request,
    Slice,
)
from egress.models.standing import standing_of
from egress.selectors.access import access_check
from egress.selectors.bindings import is_bound
from egress.services import audit, break_glass, recertification
from egress.services.actor import Actor
from tests import factories

pytestmark = pytest.mark.django_db

SIZE: dict[str, Any] = {"grants": 120, "events": 700, "now": None}


def seed(**options: Any) -> str:
    out = io.StringIO()
    call_command("seed_large", stdout=out, **{**SIZE, **options})
    return out.getvalue()


def test_it_makes_what_was_asked_for_and_a_trail_that_holds() -> None:
    assert "120 grants and 700 events in" in seed()
    assert Grant.objects.count() == 120
    assert Request.objects.filter(status="pending").count() == 2
    result = audit.verify()
    assert (result.ok, result.count) == (True, 700)
    assert AuditHead.objects.get().sequence == 700


def test_its_grants_are_what_was_decided_and_answer_the_access_check() -> None:
    seed()
    grants = Grant.objects.select_related("cluster", "request__cluster")
    assert all(is_bound(one) for one in grants.prefetch_related("request__destinations"))
    grant = grants.filter(status="active").exclude(service_account="")[0]
    subject = (grant.cluster, grant.namespace, grant.service_account)
    admin = Person.objects.get(username=company.ADMIN)
    answer = access_check(admin, *subject, grant.host, grant.port)
    assert answer is not None
    assert answer.allowed


def test_each_grant_was_delivered_and_only_what_waits_is_due() -> None:
    seed(grants=2000, events=1)
    due = Slice.objects.filter(wanted__gt=F("done"))
    waiting = Grant.objects.filter(status="pending")
    assert waiting.exists()
    assert due.exists()
    assert due.count() <= waiting.count() * 2
    assert Delivery.objects.annotate(steps_made=Count("steps")).filter(steps_made__gt=0).exists()


def test_owners_are_asked_about_what_outlasts_the_cycle() -> None:
    seed(grants=1000, events=1)
    rows = Recertification.objects.select_related("grant")
    waiting = [row for row in rows if row.is_waiting]
    assert waiting
    assert all(row.grant.is_live for row in waiting)
    before = rows.count()
    recertification.tend(timezone.now())
    assert (rows.count(), rows.filter(outcome="unanswered").exists()) == (before, False)


def test_some_access_was_opened_at_once_and_the_latest_awaits_its_second_look() -> None:
    seed(grants=1000, events=1)
    outcomes = set(BreakGlass.objects.values_list("outcome", flat=True))
    assert outcomes == set(BreakGlass.Outcome.values)
    assert break_glass.lapse_unlooked(now=timezone.now()) == 0


def test_the_people_to_look_with_see_what_is_theirs() -> None:
    seed()
    standings = {
        name: standing_of(Person.objects.get(username=name))
        for name in (company.ADMIN, company.AUDITOR, company.APPROVER, company.DEVELOPER)
    }
    assert standings[company.ADMIN].is_admin
    assert standings[company.AUDITOR].is_auditor
    assert [scope.namespaces for scope in standings[company.APPROVER].scopes] == ["pay*"]
    owned = Namespace.objects.filter(standings[company.DEVELOPER].owned_namespaces())
    assert owned.exists()


def test_the_same_seed_gives_the_same_trail() -> None:
    hashes = []
    for seed_number in (7, 7, 8):
        with transaction.atomic():
            seed(seed=seed_number, now=_moment())
            hashes.append(AuditHead.objects.get().hash)
            transaction.set_rollback(True)
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def _moment() -> Any:
    from egress.management.commands.seed_large import _moment as read

    return read("2026-11-01T12:00:00")


def test_new_rows_get_numbers_behind_the_old_ones() -> None:
    seed()
    last = Cluster.objects.latest("pk").pk
    assert factories.cluster("another").pk > last
    with transaction.atomic():
        event = audit.record(
            tag=audit.Tag.CLUSTER_CHANGED,
            actor=Actor.system("test"),
            target="cluster",
            target_id=1,
            message="Something happened.",
        )
    assert event.sequence == 701
    assert audit.verify().ok


def test_a_database_in_use_is_refused(owner: Person) -> None:
    with pytest.raises(CommandError, match="not empty"):
        seed()
    assert not Grant.objects.exists()


def test_a_demo_is_filled_beside_what_it_has_but_once(owner: Person, settings: Any) -> None:
    settings.DEMO = True
    seed()
    assert Grant.objects.count() == 120
    assert Person.objects.filter(pk=owner.pk, username="owner").exists()
    with pytest.raises(CommandError, match="already"):
        seed()


@pytest.mark.parametrize("wrong", [{"grants": 1}, {"events": 0}])
def test_sizes_that_make_no_company_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="at least 50 grants"):
        seed(**wrong)
