"""Answers of clusters that are remembered, so that lists and forms show what is somebody's."""

import time
from datetime import timedelta

import structlog
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.models import Cluster, Namespace, OwnershipAnswer, Person
from egress.models.standing import Standing
from egress.selectors.namespaces import present_namespaces, unprotected
from egress.services.errors import Unavailable
from egress.services.ownership.reviews import VERB, connect, remember, subject_of

logger = structlog.get_logger(__name__)

MOST = 20
"""Reviews that are asked for at once; who opens the form again has others asked for."""
SECONDS = 1.0
"""How long all of them may take together."""
FRESH = timedelta(minutes=1)
"""Answers that are younger are not asked for again."""


def refresh(*, person: Person, standing: Standing, cluster: str = "", namespace: str = "") -> bool:
    """Have clusters say again where the person may deploy; tell whether any answered.

    Only where that counts: the namespace that is named first, then those whose answer is running
    out, those nobody asked about yet, and the oldest. Takes at most SECONDS and raises nothing.
    """
    if not standing.is_active or standing.is_robot:
        return False
    counting = Cluster.objects.filter(owner_by_review=True, reachable=True)
    # Not its posture, which may have 100 kB.
    asking = list(counting.defer("posture").order_by("name"))
    if not asking:
        return False
    wanted = _wanted(person, standing, asking, cluster, namespace)
    until = time.monotonic() + SECONDS
    answers: dict[int, bool] = {}
    for one in asking:
        rows = [row for row in wanted if row.cluster_id == one.pk]
        if rows and time.monotonic() < until:
            answers |= _answers(person, one, rows, until)
    if answers:
        remember(person, answers)
    return bool(answers)


def _wanted(
    person: Person, standing: Standing, asking: list[Cluster], cluster: str, namespace: str
) -> list[Namespace]:
    """Return the namespaces to ask about, at most MOST."""
    rows = present_namespaces().filter(unprotected(), cluster__in=asking)
    rows = rows.exclude(pk__in=Namespace.objects.filter(standing.acting().owned_namespaces()))
    known = OwnershipAnswer.objects.filter(person=person, namespace=OuterRef("pk"))
    rows = rows.annotate(
        asked_at=Subquery(known.values("asked_at")),
        lasts=Subquery(known.values("allowed_until")),
    )
    now = timezone.now()
    old = Q(asked_at__isnull=True) | Q(asked_at__lte=now - FRESH) | Q(asked_at__gt=now)
    stale = rows.filter(old)
    by_age = (F("lasts").asc(nulls_last=True), F("asked_at").asc(nulls_first=True), "pk")
    found = _named(stale, cluster, namespace)
    others = stale.exclude(pk__in=[row.pk for row in found]).order_by(*by_age)
    return [*found, *others[: MOST - len(found)]]


def _named(rows: QuerySet[Namespace], cluster: str, namespace: str) -> list[Namespace]:
    if not cluster or not namespace or "\0" in cluster + namespace:
        return []
    return list(rows.filter(cluster__name=cluster, name=namespace)[:1])


def _answers(
    person: Person, cluster: Cluster, rows: list[Namespace], until: float
) -> dict[int, bool]:
    """Return what a cluster says about some namespaces, as far as it answers in time."""
    subject = subject_of(person, cluster)
    found: dict[int, bool] = {}
    if subject is None:
        return found
    try:
        gateway = connect(cluster, until)
        for row in rows:
            said = gateway.review(subject.user, subject.groups, VERB, kinds.DEPLOYMENT, row.name)
            found[row.pk] = said.allowed
    except (ClusterError, Unavailable) as error:
        logger.warning("ownership_not_reviewed", cluster=cluster.name, why=error.message[:300])
    return found
