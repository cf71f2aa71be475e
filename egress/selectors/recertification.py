"""Grants whose owners are asked whether they still need them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from egress.domain.lifecycle import GrantStatus
from egress.domain.recertification import LAST_CALL, Outcome
from egress.models import Namespace, Person, Recertification
from egress.models.recertification import WAITING
from egress.models.standing import Standing, standing_of
from egress.selectors.joins import with_clusters


class State(StrEnum):
    """How recertifications are told apart in lists."""

    ANNOUNCED = "announced"
    SOON = "soon"
    CONFIRMED = "confirmed"
    ENDED = "ended"


IN_FORCE = (GrantStatus.ACTIVE, GrantStatus.EXPIRING)
LATELY = timedelta(days=30)
"""So long confirmations are shown."""

_OF_CLUSTERS = ("mesh", "checks", "gateways", "attestations", "private_zones")
NOT_SHOWN = (
    *("grant__request__findings", "grant__request__reason"),
    *(f"grant__cluster__{name}" for name in (*_OF_CLUSTERS, "private_ranges", "own_ranges")),
)
"""What no list of them shows: it would be read and decoded for each row."""

ENDED_BY_IT = (Outcome.DROPPED.value, Outcome.UNANSWERED.value)


def is_asked_about() -> Q:
    """Return the filter of `Recertification` rows that wait for an answer."""
    return WAITING & Q(grant__status__in=IN_FORCE, grant__cluster__recertify_days__gt=0)


def waiting_for(person: Person | Standing) -> QuerySet[Recertification]:
    """Return what waits for this person's answer, due soonest first."""
    return _rows().filter(_awaits(_standing(person))).order_by("due_at", "pk")


def keys_waiting_for(standing: Standing) -> QuerySet[Recertification, Any]:
    """Return the keys of `waiting_for`, in no order: for counting them on every page."""
    return Recertification.objects.filter(_awaits(standing)).order_by().values("pk")


def _awaits(standing: Standing) -> Q:
    """Return the filter of rows that somebody of this standing may answer now."""
    return Q(pk__in=()) if standing.is_robot else is_asked_about() & _owned(standing)


def owned_recertifications(person: Person | Standing) -> QuerySet[Recertification]:
    """Return the rows of grants whose namespace is the person's."""
    return _rows().filter(_owned(_standing(person), present=False))


def visible_recertifications(person: Person | Standing) -> QuerySet[Recertification]:
    """Return the rows that the person may read: their own, or all for admins and auditors."""
    standing = _standing(person)
    return _rows() if standing.sees_everything else owned_recertifications(standing)


def in_state(
    rows: QuerySet[Recertification], state: State, now: datetime
) -> QuerySet[Recertification]:
    """Return the rows of one state, in no order."""
    if state is State.CONFIRMED:
        return rows.filter(confirmed_at__gt=now - LATELY)
    if state is State.ENDED:
        return rows.filter(outcome__in=ENDED_BY_IT)
    asked = rows.filter(is_asked_about())
    return asked.filter(due_at__lte=now + LAST_CALL) if state is State.SOON else asked


def _rows() -> QuerySet[Recertification]:
    rows = Recertification.objects.select_related("grant__request__requester")
    return with_clusters(rows, "grant__cluster").defer(*NOT_SHOWN)


def _owned(standing: Standing, *, present: bool = True) -> Q:
    """Return the filter of rows whose pinned namespace is theirs, as `rules.may_confirm` says."""
    if not standing.may_own:
        return Q(pk__in=())
    owned = Namespace.objects.filter(
        standing.owned_namespaces(),
        cluster=OuterRef("grant__cluster"),
        uid=OuterRef("grant__namespace_uid"),
    )
    return Q(Exists(owned.filter(gone_at__isnull=True) if present else owned))


def _standing(person: Person | Standing) -> Standing:
    return person if isinstance(person, Standing) else standing_of(person)
