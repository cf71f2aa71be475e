"""The bell's own settings."""

from portal.celery import app


def test_what_beat_sends_expires_when_nobody_takes_it() -> None:
    schedule = app.conf.beat_schedule
    assert schedule
    for entry in schedule.values():
        assert entry["options"]["expires"] > 0
