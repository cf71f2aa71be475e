"""What came of the writes of a delivery: stored batch by batch, each in one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from egress.cluster.gateway import KubeObject
from egress.domain.objects import ObjectKey
from egress.domain.order import Step, Verb
from egress.models import DeliveryStep, OwnedObject
from egress.services.convergence.beside import Claims
from egress.services.convergence.clock import database_now
from egress.services.convergence.live import uid_of
from egress.services.convergence.record import Result, hash_of, intend, names_of, store_objects
from egress.services.convergence.work import Work


def amend(claims: Claims, work: Work, steps: Sequence[tuple[Step, DeliveryStep]]) -> None:
    """Store, before the writes, that less is written than was announced. Raises ClaimLostError."""
    with transaction.atomic():
        claims.own.lock()
        for step, row in steps:
            row.content_hash = hash_of(step.obj)
        _store_steps([row for _, row in steps], ["content_hash"])
        hashes = {step.key: row.content_hash for step, row in steps}
        intend(claims, work.state.cluster, hashes)


@dataclass(frozen=True)
class Noted:
    """What came of one write; `is_last` tells that no other write to the object follows.

    `live` is the object as the cluster stored it.
    """

    step: Step
    row: DeliveryStep
    result: str
    live: KubeObject | None = None
    message: str = ""
    is_last: bool = True


def note(
    claims: Claims, work: Work, results: Sequence[Noted], unknown: Collection[ObjectKey] = ()
) -> None:
    """Store the results of a batch of writes.

    What may or may not have happened (UNKNOWN) keeps its intent, so that the next delivery reads
    it. `unknown` are all objects of the delivery that such a write was sent to: later writes to
    them that were left out say nothing about it. Everything in a slice that another worker has
    claimed meanwhile keeps its intent, too: it may be that worker's.
    """
    if not results:
        return
    now = database_now()
    for one in results:
        row = one.row
        row.result, row.message, row.finished_at = one.result, one.message[:1000], now
        row.uid = uid_of(one.live) or row.uid
    with transaction.atomic():
        kept = claims.kept(one.step.key for one in results)
        _store_steps([one.row for one in results], ["result", "message", "finished_at", "uid"])
        written = [
            replace(one, is_last=one.is_last and one.step.key in kept)
            for one in results
            if one.result == Result.WRITTEN
        ]
        _remember(claims, work, [one for one in written if one.step.verb is not Verb.DELETE], now)
        _forget(work, [one for one in written if one.step.verb is Verb.DELETE])
        undone = (Result.FAILED, Result.SKIPPED)
        settled = kept - set(unknown)
        keys = [one.step.key for one in results if one.result in undone and one.step.key in settled]
        earlier = _still_on_their_way(claims, work, keys)
        _drop_intents(work, [key for key in keys if key not in earlier])
        intend(claims, work.state.cluster, earlier)


def _store_steps(rows: Sequence[DeliveryStep], fields: Sequence[str]) -> None:
    # One statement whatever their number, and much cheaper to build than an UPDATE of CASEs.
    DeliveryStep.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=fields
    )


def _remember(claims: Claims, work: Work, written: Sequence[Noted], now: datetime) -> None:
    """Keep the uid of what was written, also when somebody else dropped the record meanwhile."""
    for is_settled in (True, False):
        rows = [
            OwnedObject(
                cluster=work.state.cluster,
                slice_id=claims.slice_id_of(one.step.key),
                uid=uid_of(one.live),
                content_hash=hash_of(one.step.obj),
                written_at=now,
                **names_of(one.step.key),
            )
            for one in sorted(written, key=lambda one: one.step.key)
            if one.is_last is is_settled
        ]
        settled = ["intent_hash"] if is_settled else []
        if rows:
            store_objects(rows, ["slice", "uid", "content_hash", "written_at", *settled])


def _forget(work: Work, deleted: Sequence[Noted]) -> None:
    """Drop the records of what was deleted; what is made again at once keeps its intent."""
    known = OwnedObject.objects.filter(cluster=work.state.cluster)
    gone = {one.step.uid for one in deleted if one.is_last} - {""}
    again = {one.step.uid for one in deleted if not one.is_last} - {""}
    if gone:
        known.filter(uid__in=gone).delete()
    if again:
        known.filter(uid__in=again).update(uid="")


def _still_on_their_way(
    claims: Claims, work: Work, keys: Sequence[ObjectKey]
) -> dict[ObjectKey, str]:
    """Return the content that an earlier delivery may have sent, and that may yet arrive.

    By that alone the next delivery knows it as ours.
    """
    known = {key: work.records[key].intent_hash for key in keys if key in work.records}
    return {key: sent for key, sent in known.items() if sent and not claims.is_quiet(key)}


def _drop_intents(work: Work, keys: Sequence[ObjectKey]) -> None:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for key in keys:
        groups.setdefault((key.api_version, key.kind, key.namespace), []).append(key.name)
    for (api_version, kind, namespace), names in sorted(groups.items()):
        known = OwnedObject.objects.filter(
            cluster=work.state.cluster,
            api_version=api_version,
            kind=kind,
            namespace=namespace,
            name__in=names,
        )
        known.filter(uid="").delete()
        known.update(intent_hash="")
