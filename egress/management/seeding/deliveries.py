"""Slices, deliveries with their steps, and the objects in the clusters."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from egress.domain.access import Enforcement
from egress.domain.lifecycle import OPEN_GRANT_STATUSES, GrantStatus
from egress.domain.naming import base
from egress.management.seeding.bulk import continue_numbering, next_key, store
from egress.management.seeding.history import Asked
from egress.models import Delivery, DeliveryStep, Grant, OwnedObject, Slice

API_VERSION, KIND = "networking.istio.io/v1", "ServiceEntry"
QUIET_PER_REQUEST = 2
"""Deliveries that found nothing to do, for each one that wrote something."""


def store_deliveries(history: list[Asked], now: datetime) -> list[Delivery]:
    """Store what was delivered for each approved request; return it, oldest first."""
    slices = _slices(history, now)
    store(Slice, slices.values())
    deliveries = list(_deliveries(history, slices))
    store(Delivery, deliveries)
    first = next_key(DeliveryStep)
    store(DeliveryStep, _numbered(_steps(history, deliveries), first))
    store(OwnedObject, _owned(history, slices, next_key(OwnedObject)))
    continue_numbering([Slice, Delivery, DeliveryStep, OwnedObject])
    return deliveries


def _key(asked: Asked, grant: Grant | None = None) -> str:
    if grant is not None and asked.home.cluster.enforcement == Enforcement.GATEWAY:
        return f"host:{grant.host}"
    return f"namespace:{asked.home.row.name}"


def _slices(history: list[Asked], now: datetime) -> dict[tuple[int, str], Slice]:
    """Return every slice by cluster and key. It is due where a grant waits to be applied."""
    found: dict[tuple[int, str], Slice] = {}
    key = next_key(Slice)
    for asked in history:
        waiting = [grant for grant in asked.grants if grant.status == GrantStatus.PENDING]
        due = {_key(asked, grant) for grant in waiting} | ({_key(asked)} if waiting else set())
        for name in {_key(asked): None} | {_key(asked, grant): None for grant in asked.grants}:
            place = (asked.home.cluster.pk, name)
            if place not in found:
                found[place] = Slice(
                    pk=key,
                    cluster=asked.home.cluster,
                    key=name,
                    wanted=1,
                    done=1,
                    due_at=now - timedelta(minutes=key % 60),
                    converged_at=now,
                    tenant=asked.home.row.owner_label,
                )
                key += 1
            if name in due:
                found[place].wanted = 2
    return found


def _deliveries(history: list[Asked], slices: dict[tuple[int, str], Slice]) -> Iterator[Delivery]:
    key = next_key(Delivery)
    for asked in history:
        if not asked.grants or asked.request.decided_at is None:
            continue
        count = len(asked.grants)
        for number in range(1 + QUIET_PER_REQUEST):
            at = asked.request.decided_at + timedelta(seconds=2 + 40 * number)
            place = (asked.home.cluster.pk, _key(asked, asked.grants[number % count]))
            quiet = "Nothing to do."
            yield Delivery(
                pk=key,
                cluster=asked.home.cluster,
                slice=slices[place],
                generation=1,
                fence=key,
                worker="worker-1",
                cause=f"request {asked.request.pk} was approved",
                generator_version="1",
                summary=quiet if number else f"{count} to create.",
                outcome=Delivery.Outcome.FAILED if key % 199 == 0 else Delivery.Outcome.DONE,
                started_at=at,
                finished_at=at + timedelta(seconds=1),
            )
            key += 1


def _steps(history: list[Asked], deliveries: list[Delivery]) -> Iterator[DeliveryStep]:
    writing = (delivery for delivery in deliveries if delivery.summary != "Nothing to do.")
    for asked in history:
        if not asked.grants:
            continue
        delivery = next(writing)
        for position, grant in enumerate(asked.grants):
            yield DeliveryStep(
                delivery=delivery,
                position=position,
                action="create",
                api_version=API_VERSION,
                kind=KIND,
                namespace=_place(asked),
                name=base(grant.host),
                content_hash=grant.binding,
                result=DeliveryStep.Result.WRITTEN,
                finished_at=delivery.finished_at,
            )


def _numbered(steps: Iterable[DeliveryStep], first: int) -> Iterator[DeliveryStep]:
    for number, step in enumerate(steps):
        step.pk = first + number
        yield step


def _place(asked: Asked) -> str:
    cluster = asked.home.cluster
    is_gateway = cluster.enforcement == Enforcement.GATEWAY
    return cluster.egress_namespace if is_gateway else asked.home.row.name


def _owned(
    history: list[Asked], slices: dict[tuple[int, str], Slice], key: int
) -> Iterator[OwnedObject]:
    seen: set[tuple[int, str, str]] = set()
    for asked in history:
        for grant in asked.grants:
            name, cluster = base(grant.host), asked.home.cluster
            place = (cluster.pk, _place(asked), name)
            if grant.status not in OPEN_GRANT_STATUSES or place in seen:
                continue
            seen.add(place)
            yield OwnedObject(
                pk=key,
                cluster=cluster,
                slice=slices[cluster.pk, _key(asked, grant)],
                api_version=API_VERSION,
                kind=KIND,
                namespace=place[1],
                name=name,
                uid=hashlib.sha256(f"{place}".encode()).hexdigest()[:32],
                content_hash=grant.binding,
                written_at=grant.applied_at,
            )
            key += 1
