"""The Celery application: a bell between the web processes and the workers."""

import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init, worker_shutdown, worker_shutting_down
from django.core.exceptions import ImproperlyConfigured

from egress.domain.collecting import keep_what_is_loaded
from portal.guard import refuse_unsafe_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Django's own checks load every page and its forms; what matters to a worker is checked below.
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["egress"])
# Each expires when the next one comes: beat fills the queue also while no worker empties it.
app.conf.beat_schedule = {
    "full-sweep": {
        "task": "egress.tasks.full_sweep",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "verify-audit": {
        "task": "egress.tasks.verify_audit",
        "schedule": crontab(minute=17),
        "options": {"expires": 3600},
    },
    "clear-sessions": {
        "task": "egress.tasks.clear_sessions",
        "schedule": crontab(hour=4, minute=17),
        "options": {"expires": 86400},
    },
    "clear-notifications": {
        "task": "egress.tasks.clear_notifications",
        "schedule": crontab(hour=4, minute=37),
        "options": {"expires": 86400},
    },
}

_loops: list[Any] = []


@app.on_after_configure.connect  # type: ignore[untyped-decorator]
def make_queue_folders(sender: Celery, **_: Any) -> None:
    """Make the folders of the file-system broker, which does not make them itself."""
    if sender.conf.broker_url.startswith("filesystem:"):
        options = sender.conf.broker_transport_options
        for name in ("data_folder_in", "control_folder"):
            Path(options[name]).mkdir(parents=True, exist_ok=True)


@worker_init.connect  # type: ignore[untyped-decorator]
def start_loops(**_: Any) -> None:
    """Start the worker's own loops before the broker is reached: they do not need it.

    Raises SystemExit where the set-up is unsafe: of what is an `Exception`, Celery would only
    write a line in its log.
    """
    from egress.worker import Loops  # Django is set up only now

    try:
        refuse_unsafe_setup()
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
    keep_what_is_loaded()
    loops = Loops()
    _loops.append(loops)
    loops.start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
@worker_shutdown.connect  # type: ignore[untyped-decorator]
def stop_loops(**_: Any) -> None:
    """End the loops with the worker."""
    while _loops:
        _loops.pop().stop()
