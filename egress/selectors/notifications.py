"""What somebody was told and may still see, what they chose, and the channels of the company."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from egress.domain.lifecycle import RequestStatus
from egress.domain.notices import (
    ALWAYS_TOLD,
    DEFAULT_DIGEST_HOUR,
    DEFAULT_WAYS,
    TO_BE_DECIDED,
    Kind,
    Way,
)
from egress.models import Channel, DigestTime, Notification, Outgoing, Person, Preference
from egress.models.standing import Standing, standing_of
from egress.selectors.grants import visible_grants
from egress.selectors.joins import with_clusters
from egress.selectors.requests import visible_requests

UNREAD_COUNTED = 10
"""How far unread notifications are counted: beyond that many it is just "9+"."""

MESSAGES_SHOWN = 10


@dataclass(frozen=True)
class Choices:
    """By which way somebody hears of each kind, and the hour of their daily mail in UTC."""

    ways: dict[Kind, Way]
    digest_hour: int


def visible_notifications(person: Person | Standing) -> QuerySet[Notification]:
    """Return what the person was told, newest first, about things that they may see now."""
    standing = person if isinstance(person, Standing) else standing_of(person)
    rows = Notification.objects.order_by("-pk")
    if standing.person_id is None or not standing.is_active:
        return rows.none()
    rows = rows.filter(person_id=standing.person_id)
    if standing.sees_everything:
        return rows
    # One look-up for each row that is read: beside "or", IN would list all they may see.
    requests = visible_requests(standing).filter(pk=OuterRef("request_id"))
    grants = visible_grants(standing).filter(pk=OuterRef("grant_id"))
    return rows.filter(
        Q(request=None) | Q(Exists(requests)), Q(grant=None) | Q(Exists(grants)), cluster=None
    )


def unread_notifications(person: Person | Standing) -> QuerySet[Notification]:
    """Return the visible notifications that are unread, at most UNREAD_COUNTED."""
    return visible_notifications(person).filter(read_at=None)[:UNREAD_COUNTED]


def still_matters() -> Q:
    """Return the filter of notifications that ask for something which can still be done."""
    return ~Q(kind__in=sorted(TO_BE_DECIDED)) | Q(request__status=RequestStatus.PENDING)


def choices_of(person: Person) -> Choices:
    """Return what the person chose; defaults where they chose nothing."""
    ways = dict(DEFAULT_WAYS)
    for kind, way in Preference.objects.filter(person=person).values_list("kind", "way"):
        ways[Kind(kind)] = Way(way)
    hour = DigestTime.objects.filter(person=person).values_list("hour", flat=True).first()
    return Choices(ways, DEFAULT_DIGEST_HOUR if hour is None else hour)


def ways_of(people: Iterable[int], kind: Kind) -> dict[int, Way]:
    """Return by which way each of these people, given by primary key, hears of a kind."""
    wanted = list(people)
    if kind in ALWAYS_TOLD:
        return dict.fromkeys(wanted, DEFAULT_WAYS[kind])
    chosen = Preference.objects.filter(person__in=wanted, kind=kind).values_list("person", "way")
    ways = dict.fromkeys(wanted, DEFAULT_WAYS[kind])
    return ways | {person: Way(way) for person, way in chosen}


def gets_mail(person: Person) -> bool:
    """Tell whether mail can reach the person: it is set up, and an address is known."""
    return settings.MAIL_ENABLED and bool(person.email)


def all_channels() -> QuerySet[Channel]:
    """Return every channel, those in use first. For admins."""
    return with_clusters(Channel.objects.all()).order_by("-is_active", "name")


def latest_messages(channel: Channel) -> list[Outgoing]:
    """Return the latest messages to a channel, newest first."""
    return list(channel.messages.order_by("-pk")[:MESSAGES_SHOWN])


def undelivered_mail() -> list[Outgoing]:
    """Return the latest mails that were given up, newest first. For admins."""
    rows = Outgoing.objects.filter(status=Outgoing.Status.GIVEN_UP, person__isnull=False)
    return list(rows.select_related("person").order_by("-pk")[:MESSAGES_SHOWN])
