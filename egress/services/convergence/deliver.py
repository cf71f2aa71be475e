"""One delivery: make the cluster agree with one slice, or say why it could not be done."""

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from egress.cluster.errors import ClusterError
from egress.cluster.pace import sending
from egress.models import Priority
from egress.services import audit
from egress.services.convergence.abandoning import abandon_earlier
from egress.services.convergence.beside import Claims
from egress.services.convergence.claim import Again, Claim, ClaimLostError
from egress.services.convergence.closing import close
from egress.services.convergence.holding import BrakedError, hold_unexplained
from egress.services.convergence.poison import tell_who_waits
from egress.services.convergence.preparing import prepare
from egress.services.convergence.queue import delay_after
from egress.services.convergence.reach import is_unreachable, note_reached, note_unreachable
from egress.services.convergence.record import (
    Announced,
    announce,
    settle_records,
)
from egress.services.convergence.sight import look_again
from egress.services.convergence.stopping import StoppedError
from egress.services.convergence.upgrading import OlderGeneratorError
from egress.services.convergence.work import Work
from egress.services.convergence.writing import carry_out
from egress.services.errors import Unavailable
from egress.services.gateways import open_gateway, require_same_cluster

logger = structlog.get_logger(__name__)


def deliver(claim: Claim) -> bool:
    """Carry out what is due for a claimed slice. Return whether the cluster could be reached.

    What goes wrong with the slice or the cluster ends on the slice, which is then tried again.
    Raises DatabaseError when nothing can be stored: should the database stay away, the lease runs
    out by itself.
    """
    log = logger.bind(slice=str(claim.row), fence=claim.fence)
    try:
        # Whoever loses access must not wait for those who gain it.
        with sending(first=claim.row.priority == Priority.REVOKE):
            _deliver(claim)
    except ClaimLostError as lost:
        log.warning("claim_lost", why=str(lost))
        # Only the claim of a namespace beside it may be lost: then this slice is still ours.
        message = "Another delivery took over a part of it; it is tried again."
        _put_off(claim, Again("ClaimLost", message, wait=delay_after(0), counts=False))
    except StoppedError:
        message = "The worker was stopped before it was done; another one goes on."
        _put_off(claim, Again("Stopped", message, counts=False))
    except OlderGeneratorError as error:
        wait = delay_after(claim.row.attempts)
        _put_off(claim, Again("OlderGenerator", str(error), wait=wait, counts=False))
    except Unavailable as error:
        if error.reason == "AuditUnavailable":
            raise
        return _put_off_unreachable(claim, error.reason, error.message)
    except ClusterError as error:
        if is_unreachable(error):
            return _put_off_unreachable(claim, error.fault, error.message)
        wait = max(delay_after(claim.row.attempts), error.retry_after or 0.0)
        _fail(claim, Again(error.fault, error.message, wait=wait))
    except DatabaseError:
        _give_back_after_outage(claim)
        raise
    except Exception as error:
        # A slice that cannot be worked on for a reason nobody thought of must not stop others.
        log.exception("delivery_broke")
        message = f"The delivery broke off ({type(error).__name__}). The log says more."
        _fail(claim, Again("Internal", message, wait=delay_after(claim.row.attempts)))
    return True


def _deliver(claim: Claim) -> None:
    cluster = claim.row.cluster
    gateway = open_gateway(cluster)
    require_same_cluster(cluster, gateway)
    note_reached(cluster)
    with Claims(claim) as claims:
        work = prepare(claims, gateway)
        abandon_earlier(claims, work)
        if refused := work.state.refused:
            # Not done: what was revoked is still open, and the next try may be under other
            # settings.
            wait = delay_after(claim.row.attempts)
            _fail(claim, Again(refused.reason, refused.message, wait=wait))
            return
        settle_records(claims, work)
        announced = _announce(claims, work)
        tally = carry_out(claims, work, gateway, announced.rows)
        close(claims, work, tally, look_again(claims, work, gateway, tally), announced)


def _announce(claims: Claims, work: Work) -> Announced:
    try:
        return announce(claims, work)
    except BrakedError:
        hold_unexplained(claims, work)
        return announce(claims, work)


def _put_off_unreachable(claim: Claim, reason: str, message: str) -> bool:
    note_unreachable(claim.row.cluster, message)
    _put_off(claim, Again(reason, message, wait=settings.SWEEP_SECONDS, counts=False))
    return False


def _give_back_after_outage(claim: Claim) -> None:
    """Let others go on at once when the database is back; no call of ours is under way."""
    if not connection.is_usable():
        connection.close()
    message = "The database went away in the middle of it; it is tried again."
    try:
        _put_off(claim, Again("DatabaseUnavailable", message, wait=delay_after(0)))
    except DatabaseError:
        logger.warning("slice_not_given_back", slice=str(claim.row))


def _fail(claim: Claim, again: Again) -> None:
    """Put off a slice that cannot be worked on, and tell whoever waits for it."""
    try:
        with transaction.atomic():
            entries = tell_who_waits(claim, again)
            claim.put_off(again)
            audit.record_all(entries)
    except ClaimLostError as lost:
        logger.warning("claim_lost", why=str(lost))


def _put_off(claim: Claim, again: Again) -> None:
    try:
        with transaction.atomic():
            claim.put_off(again)
    except ClaimLostError as lost:
        logger.warning("claim_lost", why=str(lost))
