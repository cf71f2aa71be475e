"""What is stored about a delivery: its intent before the first write, each result as it comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from egress.cluster.gateway import KubeObject
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import ObjectKey
from egress.domain.order import Step, Verb
from egress.domain.plan import Action
from egress.domain.slices import SliceKey, SliceKind
from egress.models import Cluster, Delivery, DeliveryStep, OwnedObject
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.convergence import brake, lease, upgrading
from egress.services.convergence.beside import Claims
from egress.services.convergence.clock import database_now
from egress.services.convergence.holding import BrakedError, use_releases
from egress.services.convergence.work import Work

Result = DeliveryStep.Result
ACTOR = Actor.system("convergence")


@dataclass(frozen=True)
class Announced:
    """What is on record of a delivery that is under way; nothing when there is nothing to do."""

    delivery: Delivery | None = None
    rows: tuple[DeliveryStep, ...] = ()


def hash_of(obj: KubeObject | None) -> str:
    """Return the content hash an object of ours carries, empty for a removal."""
    annotations = (obj or {}).get("metadata", {}).get("annotations") or {}
    return str(annotations.get(CONTENT_HASH_ANNOTATION, ""))


@transaction.atomic
def announce(claims: Claims, work: Work) -> Announced:
    """Store what is about to be written, under the claims. Nothing may be written before.

    Raises ClaimLostError, BrakedError when too much has been removed meanwhile, and
    OlderGeneratorError when a newer version of the portal writes to the cluster.
    """
    if not work.steps:
        return Announced()
    claim = claims.own
    claims.lock()
    upgrading.take_cluster(work.state.cluster)
    cause = upgrading.cause_of(claim.row)
    if work.unexplained or work.released:
        lease.lock(brake.lock_name(work.state.cluster))
        if len(work.unexplained) > brake.room(work.state.cluster):
            raise BrakedError
        use_releases(work)
    delivery = Delivery.objects.create(
        cluster=work.state.cluster,
        slice=claim.row,
        generation=claim.generation,
        fence=claim.fence,
        worker=claim.worker,
        cause=cause,
        generator_version=str(upgrading.version()),
        summary=work.plan.summary()[:300],
        started_at=database_now(),
    )
    rows = DeliveryStep.objects.bulk_create(_steps(delivery, work))
    _announce_objects(claims, work)
    audit.record(
        tag=Tag.DELIVERY_STARTED,
        actor=ACTOR,
        target="delivery",
        target_id=str(delivery.pk),
        cluster=work.state.cluster.name,
        namespace=work.state.namespace,
        host=work.state.host,
        message=f"{work.plan.summary()} Cause: {cause or 'not told'}",
        data={"fence": claim.fence, "steps": [_told(row) for row in rows]},
    )
    return Announced(delivery, tuple(rows))


def _steps(delivery: Delivery, work: Work) -> list[DeliveryStep]:
    diffs = {item.key: item.diff for item in work.plan.items}
    return [
        DeliveryStep(
            delivery=delivery,
            position=position,
            action=step.verb,
            api_version=step.key.api_version,
            kind=step.key.kind,
            namespace=step.key.namespace,
            name=step.key.name,
            uid=step.uid,
            content_hash=hash_of(step.obj),
            diff=diffs.get(step.key, ""),
            explained=step.key not in work.unexplained,
            release_id=work.released.get(step.key),
        )
        for position, step in enumerate(work.steps)
    ]


def _announce_objects(claims: Claims, work: Work) -> None:
    first = _first_seen(work.steps)
    intend(claims, work.state.cluster, {key: hash_of(obj) for key, obj in first.items()})


def _first_seen(steps: Sequence[Step]) -> dict[ObjectKey, KubeObject]:
    """Return the content by which a crash will know what it wrote.

    Of what is made and widened later, that is the first content: from then on the uid is known.
    """
    found: dict[ObjectKey, KubeObject] = {}
    is_made = set()
    for step in steps:
        if step.obj is None or step.key in is_made:
            # What is only removed is known by its uid already.
            continue
        found[step.key] = step.obj
        if step.verb is Verb.CREATE:
            is_made.add(step.key)
    return found


def intend(claims: Claims, cluster: Cluster, hashes: Mapping[ObjectKey, str]) -> None:
    """Store, by object, the content that is about to be written."""
    rows = [
        OwnedObject(
            cluster=cluster,
            slice_id=claims.slice_id_of(key),
            intent_hash=content_hash,
            **names_of(key),
        )
        for key, content_hash in sorted(hashes.items())
    ]
    store_objects(rows, ["slice", "intent_hash"])


def store_objects(rows: Sequence[OwnedObject], fields: Sequence[str]) -> None:
    """Store records, new ones or the given fields of those that are there."""
    OwnedObject.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["cluster", "api_version", "kind", "namespace", "name"],
        update_fields=fields,
    )


def settle_records(claims: Claims, work: Work) -> None:
    """Bring records to what was read: found uids are kept, records of what is gone are dropped.

    A record of something gone stays until no abandoned write can be on its way, and so does one
    of a slice that is not claimed. Raises ClaimLostError.
    """
    records = {
        key: row for key, row in work.records.items() if row.slice_id == claims.slice_id_of(key)
    }
    found = [
        item
        for item in work.plan.items
        if item.action in (Action.UNCHANGED, Action.UPDATE, Action.DELETE)
        and item.key in records
        and (records[item.key].uid != item.uid or records[item.key].intent_hash)
    ]
    gone = [records[key].pk for key in work.plan.gone if key in records and claims.is_quiet(key)]
    if not found and not gone:
        return
    with transaction.atomic():
        claims.lock()
        for item in found:
            OwnedObject.objects.filter(pk=records[item.key].pk).update(
                uid=item.uid, content_hash=hash_of(item.live), intent_hash="", written_at=Now()
            )
        OwnedObject.objects.filter(pk__in=gone).delete()


def finished_entry(delivery: Delivery, rows: Sequence[DeliveryStep]) -> Entry:
    """Return the audit event that a delivery is over, with the result of every write."""
    key = SliceKey.parse(delivery.slice.key)
    return Entry(
        tag=Tag.DELIVERY_FINISHED,
        actor=ACTOR,
        target="delivery",
        target_id=str(delivery.pk),
        cluster=delivery.cluster.name,
        namespace=key.name if key.kind is SliceKind.NAMESPACE else "",
        host=key.name if key.kind is SliceKind.HOST else "",
        message=f"{delivery.get_outcome_display()}. {delivery.message or delivery.summary}",
        data={
            "outcome": str(delivery.outcome),
            "reason": delivery.reason,
            "steps": [{**_told(row), "result": str(row.result)} for row in rows],
        },
    )


def key_of_step(row: DeliveryStep) -> ObjectKey:
    """Return the key of the object a stored step is about."""
    return ObjectKey(row.api_version, row.kind, row.namespace, row.name)


def _told(row: DeliveryStep) -> dict[str, str]:
    return {
        "action": str(row.action),
        "object": str(key_of_step(row)),
        "uid": row.uid,
        "hash": row.content_hash,
    }


def names_of(key: ObjectKey) -> dict[str, Any]:
    """Return the fields by which an object is stored."""
    return {
        "api_version": key.api_version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
    }
