"""Who could reach a host at a moment, or in a span of time, and how that is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from egress.domain.access import Enforcement
from egress.domain.history import ENDINGS, Mark, Period, Reach, periods
from egress.domain.lifecycle import GrantStatus
from egress.domain.wording import quoted
from egress.models import AuditEvent, Cluster, Grant, Namespace
from egress.models.standing import Standing
from egress.selectors.access import covering
from egress.selectors.audit import visible_events
from egress.selectors.audit_search import between
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import namespace_filter

DRIFT_SHOWN = 20
DECISIONS_READ = 100
CLUSTERS_NAMED = 10
AROUND = timedelta(days=1)
"""How long before a single moment drift still is of interest: most is healed within minutes."""

MARKS = {f"grant:{mark}": mark for mark in Mark}
_TOLD = [*MARKS, "grant:renewed"]
_DENYING = {True: "namespace:network-policy-set", False: "namespace:default-deny-set"}
_NAMES = {True: "network policy", False: "default deny"}


@dataclass(frozen=True)
class Question:
    """Who could reach `host`, from `since` to `until`? A moment has both ends in one.

    `host` is canonical (`access.canonical_target`); a wildcard asks for every name below it.
    Empty fields and None ask for all.
    """

    host: str
    since: datetime
    until: datetime
    cluster: Cluster | None = None
    namespace: str = ""
    service_account: str = ""
    port: int | None = None

    @property
    def is_moment(self) -> bool:
        """Whether one moment is asked for, instead of a span."""
        return self.since == self.until


@dataclass(frozen=True)
class Reached:
    """One grant that mattered: its periods within the span, and the events that prove them.

    `missing` names what the grant's row says and no event of the trail does.
    """

    grant: Grant
    periods: Sequence[Period]
    proof: Sequence[AuditEvent]
    missing: Sequence[str] = field(default=())

    @property
    def best(self) -> Reach:
        """Return the most that the grant meant within the span."""
        order = (Reach.OPEN, Reach.CLOSING, Reach.SUSPENDED, Reach.GRANTED)
        return min((period.reach for period in self.periods), key=order.index)

    @property
    def events(self) -> list[int]:
        """Return the numbers of the events that prove it, oldest first."""
        return [event.sequence for event in self.proof]

    @property
    def ending(self) -> AuditEvent | None:
        """Return the event that ended the grant, None while it has not ended."""
        return next((e for e in reversed(self.proof) if MARKS.get(e.tag) in ENDINGS), None)

    @property
    def ended_by(self) -> str:
        """Return who ended the grant, empty while it has not ended."""
        return self.ending.actor if self.ending else self.grant.ended_by


def grants_that_mattered(standing: Standing, question: Question) -> QuerySet[Grant]:
    """Return the visible grants that may have opened the host within the span, newest first."""
    asked: dict[str, object] = {}
    if question.cluster is not None:
        asked["cluster"] = question.cluster
    if question.namespace:
        asked["namespace"] = question.namespace
    if question.service_account:
        asked["service_account__in"] = ["", question.service_account]
    if question.port is not None:
        asked["port"] = question.port
    lapsed_unapplied = Q(status=GrantStatus.LAPSED, active_at__isnull=True)
    grants = visible_grants(standing).filter(covering(question.host), **asked)
    still = Q(confirmed_at__isnull=True) | Q(confirmed_at__gt=question.since)
    alive = ~lapsed_unapplied | Q(ended_at__gt=question.since)
    return grants.filter(still & alive, created_at__lte=question.until)


def reached(grants: Iterable[Grant], question: Question) -> list[Reached]:
    """Return what each grant meant within the span, in their order; one that did not is left out.

    What happened is taken from the audit trail; where it has no event, from the grant's row.
    """
    rows = list(grants)
    events: dict[str, list[AuditEvent]] = {str(grant.pk): [] for grant in rows}
    told = AuditEvent.objects.filter(target="grant", target_id__in=[*events], tag__in=_TOLD)
    for event in told.order_by("sequence"):
        events[event.target_id].append(event)
    return [found for grant in rows if (found := _of(grant, events[str(grant.pk)], question))]


def _of(grant: Grant, events: list[AuditEvent], question: Question) -> Reached | None:
    marks = [(MARKS[event.tag], event.at) for event in events if event.tag in MARKS]
    unproven = _unproven(grant, {mark for mark, _ in marks})
    # The trail's own order counts, not its times: clocks may disagree.
    for mark, at in unproven:
        place = next((n for n, (_, told) in enumerate(marks) if told > at), len(marks))
        marks.insert(place, (mark, at))
    met = [p for p in periods(marks) if p.meets(question.since, question.until)]
    if not met:
        return None
    return Reached(grant, met, events, [mark.value for mark, _ in unproven])


def _unproven(grant: Grant, told: set[Mark]) -> list[tuple[Mark, datetime]]:
    """Return what the grant's row says and no event does."""
    found = [(Mark.CREATED, grant.created_at)]
    if grant.active_at and Mark.RESUMED not in told:
        found.append((Mark.ACTIVATED, grant.active_at))
    if grant.ended_at:
        found.append((Mark(grant.status), grant.ended_at))
    if grant.confirmed_at:
        found.append((Mark.CONFIRMED, grant.confirmed_at))
    return [(mark, at) for mark, at in found if mark not in told]


def doubts(standing: Standing, question: Question, clusters: Iterable[Cluster]) -> list[str]:
    """Return, in sentences, what the portal cannot know of the span.

    `clusters` are those that the person may see, and those of the answer: where the question names
    none, it is about all of them.
    """
    about = [question.cluster] if question.cluster else sorted(set(clusters), key=str)
    late = [one for one in about if one.connected_at > question.since]
    said = [
        f"The portal serves cluster {quoted(one)} since {one.connected_at:%Y-%m-%d %H:%M} UTC. "
        "What could be reached there before is not known here."
        for one in late[:CLUSTERS_NAMED]
    ]
    if len(late) > CLUSTERS_NAMED:
        said.append(f"So it is with {len(late) - CLUSTERS_NAMED} more of the clusters.")
    return [*said, *_denied(standing, question)]


def _denied(standing: Standing, question: Question) -> list[str]:
    """Return whether the namespace was held to its grants, as far as one is asked for."""
    cluster, name = question.cluster, question.namespace
    if cluster is None or not name:
        return [
            "A namespace without default deny may reach hosts without a grant. Name a cluster and "
            "a namespace to see what was decided there."
        ]
    known = Namespace.objects.filter(namespace_filter(standing), cluster=cluster, name=name)
    said = []
    # A namespace made again under the name is another one, which nothing holds at first.
    for row in known.exclude(gone_at__lte=question.since).order_by("pk"):
        said.append(_held(row, cluster, question))
        if row.gone_at is None or row.gone_at > question.until:
            break
    return said or [
        f"You know of no namespace {quoted(name)} in cluster {quoted(cluster)} at that time, so "
        "it is not told here whether one was held to its grants."
    ]


def _held(namespace: Namespace, cluster: Cluster, question: Question) -> str:
    is_ambient = (namespace.enforcement or cluster.enforcement) == Enforcement.AMBIENT
    what = f"{_NAMES[is_ambient].capitalize()} of {quoted(namespace)}"
    decided = AuditEvent.objects.filter(
        target="namespace", target_id=str(namespace.pk), tag=_DENYING[is_ambient]
    )
    latest = list(decided.filter(at__lte=question.until).order_by("-sequence")[:DECISIONS_READ])
    earlier = [event for event in latest if event.at <= question.since]
    later = [event for event in latest if event.at > question.since]
    if not (earlier and _is_on(earlier[0])):
        return (
            f"{what} was not on {'at that time' if question.is_moment else 'when it began'}: its "
            "workloads may have reached hosts without a grant."
        )
    lifted = next((event for event in reversed(later) if not _is_on(event)), None)
    if lifted is not None:
        return (
            f"{what} was switched off by {lifted.actor} on {lifted.at:%Y-%m-%d %H:%M} UTC: from "
            "then on its workloads may have reached hosts without a grant."
        )
    return (
        f"{what} was decided on by {earlier[0].actor} on {earlier[0].at:%Y-%m-%d %H:%M} UTC, "
        "before the time asked for."
    )


def _is_on(decision: AuditEvent) -> bool:
    return decision.data.get("after") is True


def drift_within(standing: Standing, question: Question) -> list[AuditEvent]:
    """Return drift that was found or healed then and may concern the answer, newest first."""
    events = visible_events(standing).filter(tag__in=["drift:found", "drift:healed"])
    if question.cluster is not None:
        events = events.filter(cluster=question.cluster.name)
    # A slice is a namespace's or a host's: one of the two names is empty.
    here = Q(namespace=question.namespace) if question.namespace else ~Q(namespace="")
    events = events.filter(here | covering(question.host))
    since = question.since - AROUND if question.is_moment else question.since
    until = question.until + timedelta(microseconds=1)
    return list(between(events, since, until).order_by("-sequence")[:DRIFT_SHOWN])
