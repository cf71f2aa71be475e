"""Tells people what happened, by reading the audit trail on from where the last round ended."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from egress.domain.notices import QUIET_TIME, TO_BE_DECIDED, Kind, Way
from egress.models import (
    AuditEvent,
    AuditHead,
    Channel,
    Notification,
    NotificationCursor,
    Outgoing,
    Person,
)
from egress.models.scope import Scope
from egress.selectors.notifications import gets_mail, ways_of
from egress.services.notifications.audience import audience_of
from egress.services.notifications.draft import Draft
from egress.services.notifications.drafts import drafts_of
from egress.services.notifications.recertifying import NEVER_OLD
from egress.services.notifications.tags import SETTLING_TAGS, TOLD_TAGS

EVENTS_AT_ONCE = 200
ROUNDS_AT_ONCE = 20
OLDEST_NEWS = timedelta(days=7)
"""What happened longer ago, while no worker ran, is news to nobody."""

_WORTH_MOVING = 1000
"""After so many events that concern nobody the place is noted all the same."""


@dataclass
class _Telling:
    """All that one round stores."""

    notifications: list[Notification] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)


def tell_what_happened(now: datetime) -> int:
    """Tell of the events since the last round; return how many notifications were stored."""
    told = 0
    for _ in range(ROUNDS_AT_ONCE):
        count = _tell_some(now)
        if count is None:
            break
        told += count
    return told


def _tell_some(now: datetime) -> int | None:
    """Tell of the next events. None when there are no more, or another worker tells of them."""
    seen, head = _place()
    if head <= seen:
        return None
    events = list(
        AuditEvent.objects.filter(sequence__gt=seen, sequence__lte=head, tag__in=TOLD_TAGS)
        .defer("data", "hash", "previous_hash")
        .order_by("sequence")[:EVENTS_AT_ONCE]
    )
    if not events and head - seen < _WORTH_MOVING:
        return None
    upto = events[-1].sequence if len(events) == EVENTS_AT_ONCE else head
    # Composed outside the transaction, which then is a few quick writes.
    telling = _compose([event for event in events if _is_news(event, now)], now)
    with transaction.atomic():
        if not _cursor().filter(sequence=seen).update(sequence=upto):
            return None
        _store(telling)
        _settle(events, now)
    return len(telling.notifications)


def _is_news(event: AuditEvent, now: datetime) -> bool:
    return event.at > now - OLDEST_NEWS or event.tag in NEVER_OLD


def _place() -> tuple[int, int]:
    """Return the number of the last event told of, and that of the last event."""
    seen = _cursor().values_list("sequence", flat=True).first()
    # Read after the cursor: another worker may tell of new events between the two.
    head = AuditHead.objects.values_list("sequence", flat=True).first() or 0
    if seen is None:
        NotificationCursor.objects.get_or_create(pk=1, defaults={"sequence": head})
        return head, head
    if seen > head:
        # The trail was restored from a backup: what comes now is new again.
        _cursor().filter(sequence=seen).update(sequence=head)
    return seen, head


def _cursor() -> QuerySet[NotificationCursor]:
    return NotificationCursor.objects.filter(pk=1)


def _compose(events: Collection[AuditEvent], now: datetime) -> _Telling:
    telling = _Telling()
    channels = list(Channel.objects.filter(is_active=True)) if events else []
    for draft in drafts_of(events):
        _compose_for_people(draft, telling, now)
        _compose_for_channels(draft, channels, telling, now)
    return telling


def _compose_for_people(draft: Draft, telling: _Telling, now: datetime) -> None:
    people = audience_of(draft)
    ways = ways_of((person.pk for person in people), draft.kind)
    spared = _told_already(draft, people, ways, telling, now)
    for person in people:
        way = ways[person.pk]
        if way is not Way.OFF and person.pk not in spared:
            telling.notifications.append(_notification(draft, person, way, telling, now))


def _told_already(
    draft: Draft,
    people: Sequence[Person],
    ways: Mapping[int, Way],
    telling: _Telling,
    now: datetime,
) -> set[int]:
    """Return who knows already: told, and not read yet, or told just now of what comes and goes."""
    unread = Q(read_at=None)
    if draft.kind is Kind.TO_DECIDE:
        recent = unread
    elif draft.repeats:
        # A mail leads past the list, so whoever gets mails may never mark anything as read there.
        listing = [one.pk for one in people if ways[one.pk] is Way.PORTAL or not gets_mail(one)]
        recent = Q(created_at__gt=now - QUIET_TIME) | (unread & Q(person__in=listing))
    else:
        return set()
    rows = Notification.objects.filter(recent, about=draft.about, kind=draft.kind)
    known = set(rows.filter(person__in=[one.pk for one in people]).values_list("person", flat=True))
    same = (draft.about, draft.kind)
    return known | {n.person_id for n in telling.notifications if (n.about, n.kind) == same}


def _notification(
    draft: Draft, person: Person, way: Way, telling: _Telling, now: datetime
) -> Notification:
    # Grants of one recertification have their namespace in common, others their request.
    is_same = len(draft.grants) == 1 or (draft.grants and draft.kind is Kind.RECERTIFY)
    alone = draft.grants[0] if is_same else None
    shared = draft.grants[0].request if draft.grants and not alone else None
    told = Notification(
        person=person,
        event=draft.event,
        kind=draft.kind,
        about=draft.about,
        title=draft.title,
        text=draft.text,
        link=draft.link,
        request=draft.request or shared,
        grant=alone,
        cluster=draft.cluster,
        created_at=now,
    )
    if gets_mail(person):
        told.in_digest = way is Way.DIGEST
        if way is Way.MAIL:
            key = f"mail-{draft.event}-{draft.kind}-{person.pk}"
            told.outgoing = Outgoing(key=key, person=person, created_at=now, due_at=now)
            telling.outgoing.append(told.outgoing)
    return told


def _compose_for_channels(
    draft: Draft, channels: Iterable[Channel], telling: _Telling, now: datetime
) -> None:
    if draft.token is not None:
        # It concerns whoever answers for the token, and no room full of people.
        return
    for channel in channels:
        if draft.kind not in channel.kinds or not _is_within(channel, draft):
            continue
        if draft.repeats and _sent_just_now(channel, draft, telling, now):
            continue
        telling.outgoing.append(
            Outgoing(
                key=f"channel-{draft.event}-{draft.kind}-{channel.pk}",
                channel=channel,
                kind=draft.kind,
                about=draft.about,
                title=draft.title,
                text=draft.text,
                link=draft.link,
                created_at=now,
                due_at=now,
            )
        )


def _is_within(channel: Channel, draft: Draft) -> bool:
    cluster, namespace = draft.place
    if namespace:
        return Scope(channel.cluster_id, channel.namespaces).covers(cluster or 0, namespace)
    return channel.namespaces == "*" and channel.cluster_id in (None, cluster)


def _sent_just_now(channel: Channel, draft: Draft, telling: _Telling, now: datetime) -> bool:
    same = Outgoing.objects.filter(channel=channel, kind=draft.kind, about=draft.about)
    return same.filter(created_at__gt=now - QUIET_TIME).exists() or any(
        (row.channel, row.kind, row.about) == (channel, draft.kind, draft.about)
        for row in telling.outgoing
    )


def _store(telling: _Telling) -> None:
    Outgoing.objects.bulk_create(telling.outgoing, batch_size=100)
    Notification.objects.bulk_create(telling.notifications, batch_size=100)


def _settle(events: Iterable[AuditEvent], now: datetime) -> None:
    """Mark as read what asks approvers to decide a request that is decided."""
    settled = {f"request:{event.target_id}" for event in events if event.tag in SETTLING_TAGS}
    if settled:
        kinds = sorted(TO_BE_DECIDED)
        rows = Notification.objects.filter(about__in=settled, kind__in=kinds, read_at=None)
        rows.update(read_at=now)
