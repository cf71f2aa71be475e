"""The bell's own settings."""

from celery.bin.base import CLIContext
from celery.bin.worker import worker

from portal.celery import app


def test_what_beat_sends_expires_when_nobody_takes_it() -> None:
    schedule = app.conf.beat_schedule
    assert schedule
    for entry in schedule.values():
        assert entry["options"]["expires"] > 0


def test_a_worker_never_forks_its_loops_whatever_it_is_started_with() -> None:
    assert app.conf.worker_pool == "threads"
    for arguments in ([], ["--pool", "prefork"]):
        context = worker.make_context("worker", arguments, obj=CLIContext(app, True, ""))
        assert context.params["pool"].__module__ == "celery.concurrency.thread"
