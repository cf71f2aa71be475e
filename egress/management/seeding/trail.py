"""The audit trail of the company: one chain that holds, in the order of time."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from egress.domain import chain
from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.management.seeding.bulk import store_values
from egress.management.seeding.company import Company
from egress.management.seeding.history import Asked
from egress.models import AuditEvent, AuditHead, Delivery, Grant, Person
from egress.services.audit import Tag
from egress.services.audit_chain import FACTS, iso

COLUMNS = ["sequence", *FACTS, "previous_hash", "hash"]
DECIDED = {
    RequestStatus.APPROVED: Tag.REQUEST_APPROVED,
    RequestStatus.DENIED: Tag.REQUEST_DENIED,
    RequestStatus.WITHDRAWN: Tag.REQUEST_WITHDRAWN,
    RequestStatus.LAPSED: Tag.REQUEST_LAPSED,
}
ENDED = {
    GrantStatus.EXPIRED: Tag.GRANT_EXPIRED,
    GrantStatus.REVOKED: Tag.GRANT_REVOKED,
    GrantStatus.LAPSED: Tag.GRANT_LAPSED,
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened: told in full only when it is written, a million fit in memory."""

    at: datetime
    tag: Tag
    of: Asked | Grant | Delivery | Person
    asked: Asked | None = None


def store_trail(
    rng: random.Random,
    company: Company,
    history: list[Asked],
    deliveries: list[Delivery],
    *,
    count: int,
    now: datetime,
) -> None:
    """Append `count` events to the trail: the latest of requests and grants, and daily noise."""
    told = sorted(_of_requests(history), key=_time)[-count:]
    told += _noise(rng, company, deliveries, count - len(told), now)
    told.sort(key=_time)
    head = AuditHead.objects.select_for_update().get(pk=1)
    end: list[int | str] = [head.sequence, head.hash]
    store_values(AuditEvent, COLUMNS, _chained(told, end))
    head.sequence, head.hash = int(end[0]), str(end[1])
    head.save(update_fields=["sequence", "hash"])


def _time(one: Happened) -> datetime:
    return one.at


def _of_requests(history: list[Asked]) -> Iterator[Happened]:
    for asked in history:
        request = asked.request
        yield Happened(request.created_at, Tag.REQUEST_SUBMITTED, asked, asked)
        if request.decided_at is not None:
            tag = DECIDED[RequestStatus(request.status)]
            yield Happened(request.decided_at, tag, asked, asked)
        for grant in asked.grants:
            yield Happened(grant.created_at, Tag.GRANT_CREATED, grant, asked)
            if grant.active_at:
                yield Happened(grant.active_at, Tag.GRANT_ACTIVATED, grant, asked)
            if grant.ended_at and grant.confirmed_at:
                yield Happened(grant.ended_at, ENDED[GrantStatus(grant.status)], grant, asked)
                yield Happened(grant.confirmed_at, Tag.GRANT_CONFIRMED, grant, asked)


def _noise(
    rng: random.Random, company: Company, deliveries: list[Delivery], count: int, now: datetime
) -> Iterator[Happened]:
    """Yield what happens every day: two of three are deliveries, one is somebody's session."""
    people = list({person.pk: person for home in company.homes for person in home.people}.values())
    span = timedelta(days=540)
    for number in range(count):
        at = now - span * rng.random()
        if number % 3 and deliveries:
            yield Happened(at, Tag.DELIVERY_FINISHED, rng.choice(deliveries))
        elif number % 6:
            yield Happened(at, Tag.PERSON_SIGNED_IN, rng.choice(people))
        else:
            yield Happened(at, Tag.PERSON_SIGNED_OUT, rng.choice(people))


def _chained(told: list[Happened], end: list[int | str]) -> Iterator[list[Any]]:
    """Yield the values of the events; `end` becomes the number and the hash of the last one."""
    sequence, previous = int(end[0]), str(end[1])
    for one in told:
        sequence += 1
        at = one.at.astimezone(UTC)
        facts = {"source": "", "cluster": "", "namespace": "", "host": "", "data": {}}
        facts |= {**_facts(one), "tag": str(one.tag), "request_id": "", "at": iso(at)}
        digest = chain.event_hash(previous, sequence, facts)
        values = [at if name == "at" else facts[name] for name in FACTS]
        yield [sequence, *values, previous, digest]
        previous = digest
    end[:] = [sequence, previous]


def _facts(one: Happened) -> dict[str, Any]:
    if isinstance(one.of, Grant):
        return _of_grant(one.tag, one.of, one.asked)
    if isinstance(one.of, Delivery):
        return _of_delivery(one.of)
    if isinstance(one.of, Asked):
        return _of_request(one.tag, one.of)
    deed = "in" if one.tag == Tag.PERSON_SIGNED_IN else "out"
    return {
        "actor": one.of.username,
        "source": "web",
        "target": "person",
        "target_id": str(one.of.pk),
        "message": f"{one.of} signed {deed}.",
    }


def _of_request(tag: Tag, asked: Asked) -> dict[str, Any]:
    request, verb = asked.request, str(tag).partition(":")[2]
    own = tag in (Tag.REQUEST_SUBMITTED, Tag.REQUEST_WITHDRAWN)
    return {
        "actor": asked.requester if own else request.decided_by,
        "source": "web",
        "target": "request",
        "target_id": str(request.pk),
        "cluster": asked.home.cluster.name,
        "namespace": request.namespace,
        "message": f"Request {request.pk} for {request.namespace} was {verb}. {request.reason}",
    }


def _of_grant(tag: Tag, grant: Grant, asked: Asked | None) -> dict[str, Any]:
    by_person = tag in (Tag.GRANT_CREATED, Tag.GRANT_REVOKED)
    verb = str(tag).partition(":")[2]
    return {
        "actor": grant.granted_by if by_person else "worker",
        "source": "web" if by_person else "worker",
        "target": "grant",
        "target_id": str(grant.pk),
        "cluster": asked.home.cluster.name if asked else "",
        "namespace": grant.namespace,
        "host": grant.host,
        "message": f"Grant {grant.pk} of {grant.namespace} to {grant.host} was {verb}.",
        "data": {"port": grant.port, "request": grant.request_id},
    }


def _of_delivery(delivery: Delivery) -> dict[str, Any]:
    key = delivery.slice.key
    namespace = key.removeprefix("namespace:") if key.startswith("namespace:") else ""
    return {
        "actor": "worker",
        "source": "worker",
        "target": "delivery",
        "target_id": str(delivery.pk),
        "cluster": delivery.cluster.name,
        "namespace": namespace,
        "host": key.removeprefix("host:") if key.startswith("host:") else "",
        "message": f"Done. {delivery.summary} Cause: {delivery.cause}",
        "data": {"outcome": delivery.outcome, "reason": "", "steps": []},
    }
