"""The audit trail: every action appends to one chain of hashes, or does not happen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from egress.domain import chain
from egress.models import AuditEvent, AuditHead
from egress.services.actor import Actor
from egress.services.audit_chain import content_of, iso, verify, verify_and_note
from egress.services.errors import Unavailable

__all__ = [
    "LOCK_SECONDS",
    "Entry",
    "Tag",
    "record",
    "record_all",
    "take_turn",
    "verify",
    "verify_and_note",
]

LOCK_SECONDS = 3
"""How long an action waits for its turn to append; after that it is refused."""

_AT_ONCE = 50


class Tag(StrEnum):
    """What happened, as `noun:verbed`."""

    REQUEST_SUBMITTED = "request:submitted"
    REQUEST_EDITED = "request:edited"
    REQUEST_COMMENTED = "request:commented"
    REQUEST_APPROVAL_GIVEN = "request:approval-given"
    REQUEST_APPROVED = "request:approved"
    REQUEST_DENIED = "request:denied"
    REQUEST_WITHDRAWN = "request:withdrawn"
    REQUEST_LAPSED = "request:lapsed"
    REQUEST_REMINDED = "request:reminded"
    REQUEST_ESCALATED = "request:escalated"
    BREAK_GLASS_OPENED = "break-glass:opened"
    BREAK_GLASS_LOOKED = "break-glass:looked"
    BREAK_GLASS_LAPSED = "break-glass:lapsed"
    GRANT_CREATED = "grant:created"
    GRANT_ACTIVATED = "grant:activated"
    GRANT_RENEWED = "grant:renewed"
    GRANT_EXPIRING = "grant:expiring"
    GRANT_EXPIRED = "grant:expired"
    GRANT_REVOKED = "grant:revoked"
    GRANT_LAPSED = "grant:lapsed"
    GRANT_SUSPENDED = "grant:suspended"
    GRANT_RESUMED = "grant:resumed"
    GRANT_CONFIRMED = "grant:confirmed"
    GRANT_FAILED = "grant:failed"
    RECERTIFICATION_ANNOUNCED = "recertification:announced"
    RECERTIFICATION_REMINDED = "recertification:reminded"
    RECERTIFICATION_CONFIRMED = "recertification:confirmed"
    DELIVERY_STARTED = "delivery:started"
    DELIVERY_FINISHED = "delivery:finished"
    CLUSTER_CONNECTED = "cluster:connected"
    CLUSTER_CHANGED = "cluster:changed"
    CLUSTER_UNREACHABLE = "cluster:unreachable"
    CLUSTER_REACHABLE = "cluster:reachable"
    CLUSTER_POSTURE_CHANGED = "cluster:posture-changed"
    CLUSTER_ATTESTED = "cluster:attested"
    CLUSTER_BOOTSTRAPPED = "cluster:bootstrapped"
    NAMESPACE_OWNER_SET = "namespace:owner-set"
    NAMESPACE_DEFAULT_DENY_SET = "namespace:default-deny-set"
    NAMESPACE_NETWORK_POLICY_SET = "namespace:network-policy-set"
    NAMESPACE_MESH_HOSTS_SET = "namespace:mesh-hosts-set"
    NAMESPACE_ENFORCEMENT_SET = "namespace:enforcement-set"
    PERSON_CREATED = "person:created"
    PERSON_CHANGED = "person:changed"
    PERSON_PASSWORD_SET = "person:password-set"  # noqa: S105 (the name of an event)
    PERSON_DEACTIVATED = "person:deactivated"
    PERSON_SIGNED_IN = "person:signed-in"
    PERSON_SIGNED_OUT = "person:signed-out"
    PERSON_CLAIMS_CHANGED = "person:claims-changed"
    PERSON_CLOSED_AT_PROVIDER = "person:closed-at-provider"
    PERSON_SESSIONS_ENDED = "person:sessions-ended"
    PERSON_FACTOR_ADDED = "person:factor-added"
    PERSON_FACTOR_REMOVED = "person:factor-removed"
    ROBOT_CREATED = "robot:created"
    ROBOT_CLOSED = "robot:closed"
    TEAM_CREATED = "team:created"
    TEAM_MEMBERS_SET = "team:members-set"
    ROLE_BOUND = "role:bound"
    ROLE_UNBOUND = "role:unbound"
    DELEGATION_CREATED = "delegation:created"
    DELEGATION_REVOKED = "delegation:revoked"
    TOKEN_CREATED = "token:created"  # noqa: S105 (the name of an event)
    TOKEN_REVOKED = "token:revoked"  # noqa: S105 (the name of an event)
    TOKEN_EXPIRING = "token:expiring"  # noqa: S105 (the name of an event)
    CATALOGUE_SAVED = "catalogue:saved"
    CATALOGUE_RETIRED = "catalogue:retired"
    CHANNEL_SAVED = "channel:saved"
    CHANNEL_RETIRED = "channel:retired"
    CHANNEL_TESTED = "channel:tested"
    WEBHOOK_SAVED = "webhook:saved"
    WEBHOOK_RETIRED = "webhook:retired"
    WEBHOOK_TESTED = "webhook:tested"
    WEBHOOK_RESENT = "webhook:resent"
    WEBHOOK_SECRET_ROTATED = "webhook:secret-rotated"  # noqa: S105 (the name of an event)
    RULE_BOOK_DRAFTED = "rule-book:drafted"
    RULE_BOOK_CHANGED = "rule-book:changed"
    RULE_BOOK_PROPOSED = "rule-book:proposed"
    RULE_BOOK_PUT_IN_FORCE = "rule-book:put-in-force"
    RULE_BOOK_REJECTED = "rule-book:rejected"
    DRIFT_FOUND = "drift:found"
    DRIFT_HEALED = "drift:healed"
    DRIFT_HEAL_ASKED = "drift:heal-asked"
    SWEEP_BRAKED = "sweep:braked"
    ADOPTION_FINISHED = "adoption:finished"
    ADOPTION_STOPPED = "adoption:stopped"
    BRAKE_RELEASED = "brake:released"
    SLICE_RENDERED_ANEW = "slice:rendered-anew"
    CLUSTER_OLDER_GENERATOR_ALLOWED = "cluster:older-generator-allowed"


@dataclass(frozen=True)
class Entry:
    """One event to append. `target` names the kind of thing, `target_id` which one.

    `data` holds the details, before and after, as text, whole numbers, booleans, lists and
    mappings; never a secret. `at` is now unless given.
    """

    tag: Tag
    actor: Actor
    target: str
    target_id: object
    message: str
    cluster: str = ""
    namespace: str = ""
    host: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def record(
    *,
    tag: Tag,
    actor: Actor,
    target: str,
    target_id: object,
    message: str,
    cluster: str = "",
    namespace: str = "",
    host: str = "",
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> AuditEvent:
    """Append one event in the caller's transaction, as its last statement.

    Raises Unavailable when the trail cannot be written within LOCK_SECONDS: the caller's
    transaction is then rolled back, so an action that cannot be audited does not happen. Raises
    TransactionManagementError outside a transaction.
    """
    entry = Entry(tag, actor, target, target_id, message, cluster, namespace, host, data or {}, at)
    return record_all([entry])[0]


def record_all(entries: Sequence[Entry]) -> list[AuditEvent]:
    """Append several events in their order, like `record`."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Events are recorded in the transaction of the action they tell of."
        )
    if not entries:
        return []
    with _definite():
        return _append(entries)


@contextmanager
def _definite() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise Unavailable(
            "The audit trail cannot be written now, so nothing was done. Try again in a minute.",
            reason="AuditUnavailable",
        ) from error


def _append(entries: Sequence[Entry]) -> list[AuditEvent]:
    head = _lock_head(len(entries))
    sequence, previous = head.sequence - len(entries), head.hash
    events = []
    for entry in entries:
        sequence += 1
        event = _event(entry, sequence, previous)
        events.append(event)
        previous = event.hash
    if len(events) == 1:
        events[0].save()
    else:
        AuditEvent.objects.bulk_create(events, batch_size=_AT_ONCE)
    AuditHead.objects.filter(pk=head.pk).update(hash=previous)
    return events


def take_turn() -> None:
    """Let nobody else append until the transaction ends. Raises Unavailable like `record`.

    For actions on people, roles and tokens, as their first statement, before the actor's own
    right is read: two that must not happen at once take turns, nobody acts by a right that was
    just taken away, and none waits in a ring for what another has locked.
    """
    with _definite():
        _lock_head(0)


def _lock_head(count: int) -> AuditHead:
    """Lock the head of the chain until the transaction ends, and raise its number by `count`."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    # The UPDATE takes the lock; SQLite has it already, its transactions begin IMMEDIATE.
    if AuditHead.objects.filter(pk=1).update(sequence=F("sequence") + count) != 1:
        raise Unavailable(
            "The head of the audit trail is missing, so nothing can be done. An admin has to "
            "restore the database.",
            reason="AuditUnavailable",
        )
    return AuditHead.objects.get(pk=1)


def _event(entry: Entry, sequence: int, previous: str) -> AuditEvent:
    event = AuditEvent(
        sequence=sequence,
        at=entry.at or timezone.now(),
        tag=str(entry.tag),
        actor=_short(entry.actor.name, 150),
        source=_short(entry.actor.source, 64),
        request_id=_short(entry.actor.request_id, 64),
        target=_short(entry.target, 64),
        target_id=_short(str(entry.target_id), 64),
        cluster=_short(entry.cluster, 63),
        namespace=_short(entry.namespace, 63),
        host=_short(entry.host, 253),
        message=_short(entry.message, 1000),
        data=_plain(entry.data),
        previous_hash=previous,
    )
    event.hash = chain.event_hash(previous, sequence, content_of(event))
    return event


def _short(text: str, limit: int) -> str:
    clean = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _plain(value: object) -> Any:
    """Return the value as JSON that reads the same from every database."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return _short(str(value), 20_000)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {_short(str(name), 200): _plain(below) for name, below in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(below) for below in value]
    raise TypeError(f"{type(value).__name__} cannot stand in an audit event.")
