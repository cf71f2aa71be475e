"""The bell: a message that makes a worker look now instead of at its next sweep.

Nothing depends on it. A message that is lost, late or doubled changes nothing.
"""

import threading
import time

import structlog
from celery import current_app

logger = structlog.get_logger(__name__)

RING_SECONDS = 1.0
"""How long ringing may take before the caller goes on without it."""

QUIET_SECONDS = 15.0
"""How long the bell stays silent after it could not be rung, so that nobody waits again."""

_silent_until = 0.0


def ring(cluster_id: int) -> None:
    """Tell the workers that a slice of this cluster is due. Never raises, never waits long."""
    if time.monotonic() < _silent_until:
        return
    # A broker that does not answer can hold a socket longer than any option of its client
    # promises: the message is sent beside the caller, who waits for a bounded time only.
    sender = threading.Thread(target=_send, args=(cluster_id,), name="bell", daemon=True)
    sender.start()
    sender.join(RING_SECONDS)
    if sender.is_alive():
        _be_quiet("The broker did not take the message in time.", cluster_id)


def _send(cluster_id: int) -> None:
    try:
        current_app.send_task(
            "egress.tasks.converge", kwargs={"cluster_id": cluster_id}, retry=False, expires=60
        )
    except Exception as error:
        _be_quiet(f"{type(error).__name__}: {error}"[:200], cluster_id)


def _be_quiet(why: str, cluster_id: int) -> None:
    global _silent_until
    _silent_until = time.monotonic() + QUIET_SECONDS
    logger.warning("bell_not_rung", cluster_id=cluster_id, why=why)
