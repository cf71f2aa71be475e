"""Tasks are thin, harmless when doubled, and never raise what a sweep makes good."""

from datetime import timedelta

import pytest
from celery.schedules import crontab
from django.db import OperationalError
from django.utils import timezone

from egress import tasks
from egress.models import AuditCheck, Cluster, Notification
from portal.celery import app
from tests.services.conftest import sandbox, world  # noqa: F401 (fixtures)
from tests.services.world import World


def test_a_message_makes_a_grant_active(world: World) -> None:  # noqa: F811
    grant = world.approve("api.example.com")
    tasks.converge(cluster_id=world.cluster.pk)
    grant.refresh_from_db()
    assert grant.status == "active"


def test_messages_that_come_twice_or_for_nothing_change_nothing(world: World) -> None:  # noqa: F811
    world.deliver("api.example.com")
    before = world.entry("api.example.com")
    for cluster_id in (world.cluster.pk, world.cluster.pk, 12345, None):
        tasks.converge(cluster_id=cluster_id)
    assert world.entry("api.example.com") == before


def test_a_message_for_one_cluster_leaves_the_others(world: World) -> None:  # noqa: F811
    world.approve("api.example.com")
    tasks.converge(cluster_id=world.cluster.pk + 1)
    assert world.hosts() == set()


def test_a_database_that_is_away_is_left_to_the_sweep(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(**_: object) -> int:
        raise OperationalError("database is locked")

    monkeypatch.setattr("egress.services.convergence.converge", locked)
    tasks.converge()


def test_the_audit_chain_is_checked_and_the_result_kept(db: None) -> None:
    tasks.verify_audit()
    assert AuditCheck.objects.get().valid


def test_drift_is_searched_when_beat_says_so(world: World) -> None:  # noqa: F811
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.remove(entry)
    Cluster.objects.update(swept_at=None)
    tasks.full_sweep()
    world.converge()
    assert world.hosts() == {("api.example.com", 443)}


def test_beat_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    schedule = app.conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} <= set(app.tasks)
    assert isinstance(schedule["verify-audit"]["schedule"], crontab)


def test_expired_sessions_are_cleared(db: None) -> None:
    tasks.clear_sessions()


def test_what_was_read_long_ago_is_cleared_every_night(world: World) -> None:  # noqa: F811
    now = timezone.now()
    old, fresh = now - timedelta(days=91), now
    for event, read_at in enumerate((old, fresh, None), start=1):
        Notification.objects.create(
            person=world.requester,
            event=event,
            kind="applied",
            about="test",
            title="It is in force",
            link="/",
            created_at=old,
            read_at=read_at,
        )
    tasks.clear_notifications()
    assert sorted(Notification.objects.values_list("event", flat=True)) == [2, 3]
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert "egress.tasks.clear_notifications" in scheduled
