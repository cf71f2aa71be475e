"""What Celery calls. Every task may come late, twice or never: the sweep does the same work."""

import structlog
from celery import shared_task
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone

from egress.services import audit, convergence, notifications, requests
from egress.services.convergence.clock import database_now
from egress.services.convergence.workers import worker_name
from egress.services.errors import ServiceError
from egress.services.sign_in.guesses import forget_old
from egress.services.sign_in.sessions import forget_ended

logger = structlog.get_logger(__name__)


@shared_task(name="egress.tasks.converge")  # type: ignore[untyped-decorator]
def converge(cluster_id: int | None = None) -> None:
    """Work off what is due, in one cluster or in all of them."""
    try:
        convergence.converge(worker=worker_name(), cluster_id=cluster_id)
    except (DatabaseError, ServiceError) as error:
        # Nothing is lost: what is due stays due, and the sweep comes in seconds.
        logger.warning("converge_broke_off", why=f"{type(error).__name__}: {error}"[:300])


@shared_task(name="egress.tasks.full_sweep")  # type: ignore[untyped-decorator]
def full_sweep() -> None:
    """Search for drift in the clusters whose turn it is."""
    try:
        convergence.search_where_due(worker_name(), database_now())
    except (DatabaseError, ServiceError) as error:
        logger.warning("full_sweep_broke_off", why=f"{type(error).__name__}: {error}"[:300])


@shared_task(name="egress.tasks.verify_audit")  # type: ignore[untyped-decorator]
def verify_audit() -> None:
    """Check the whole audit chain and keep the result."""
    check = audit.verify_and_note()
    if not check.valid:
        logger.error("audit_chain_broken", message=check.message)


@shared_task(name="egress.tasks.clear_sessions")  # type: ignore[untyped-decorator]
def clear_sessions() -> None:
    """Delete sessions that have run out, counts of guesses, and drafts nobody went on with."""
    call_command("clearsessions")
    forget_ended()
    forget_old()
    requests.drop_old_drafts(now=timezone.now())


@shared_task(name="egress.tasks.clear_notifications")  # type: ignore[untyped-decorator]
def clear_notifications() -> None:
    """Delete what people read long ago."""
    notifications.clear_old(database_now())
