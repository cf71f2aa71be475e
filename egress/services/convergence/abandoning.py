"""Deliveries whose worker died: they are closed by what the cluster shows of their writes."""

from django.db import transaction

from egress.cluster.gateway import KubeObject
from egress.domain.order import Verb
from egress.models import Delivery, DeliveryStep
from egress.services import audit
from egress.services.audit import Entry
from egress.services.convergence.beside import Claims
from egress.services.convergence.clock import database_now
from egress.services.convergence.live import uid_of
from egress.services.convergence.record import Result, finished_entry, hash_of, key_of_step
from egress.services.convergence.work import Work


def abandon_earlier(claims: Claims, work: Work) -> None:
    """Close deliveries of the slice that never ended, by what the cluster shows of them.

    Raises ClaimLostError.
    """
    claim = claims.own
    left = Delivery.objects.filter(slice=claim.row, outcome=Delivery.Outcome.RUNNING)
    if not left.exists():
        return
    with transaction.atomic():
        claim.lock()
        entries = [_abandon(delivery, work) for delivery in left.prefetch_related("steps")]
        audit.record_all(entries)


def _abandon(delivery: Delivery, work: Work) -> Entry:
    rows = list(delivery.steps.all())
    # An object that is made anew is deleted first, and until then looks like what is to come.
    doomed = {key_of_step(row): row.uid for row in rows if row.action == Verb.DELETE}
    for row in rows:
        if row.result in (Result.INTENDED, Result.UNKNOWN):
            key = key_of_step(row)
            seen = work.live.get(key, work.sighted.get(key))
            has_happened = _has_happened(row, seen, doomed.get(key))
            row.result = Result.WRITTEN if has_happened else Result.FAILED
            row.message = "Found out by reading, after the worker that wrote it was gone."
            if not has_happened and _was_written_since(row):
                row.result = Result.UNKNOWN
                row.message = "The worker is gone, and another delivery has written to it since."
            if has_happened and row.action != Verb.DELETE:
                row.uid = uid_of(seen)
            row.finished_at = database_now()
            row.save(update_fields=["result", "message", "uid", "finished_at"])
    delivery.outcome, delivery.finished_at = Delivery.Outcome.ABANDONED, database_now()
    delivery.reason, delivery.message = "Abandoned", "The worker stopped before it was done."
    delivery.save(update_fields=["outcome", "reason", "message", "finished_at"])
    return finished_entry(delivery, rows)


def _has_happened(row: DeliveryStep, seen: KubeObject | None, doomed: str | None) -> bool:
    if row.action == Verb.DELETE:
        return seen is None or uid_of(seen) != row.uid
    if seen is None or hash_of(seen) != row.content_hash:
        return False
    return row.action != Verb.CREATE or uid_of(seen) != doomed


def _was_written_since(row: DeliveryStep) -> bool:
    """Tell whether what is seen of an object tells nothing about a write to it any more."""
    others = DeliveryStep.objects.filter(
        delivery__gt=row.delivery_id,
        delivery__cluster=row.delivery.cluster_id,
        api_version=row.api_version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        result=Result.WRITTEN,
    )
    return others.exists()
