"""What one slice should be, read from the database: grants, facts, rendered objects, records."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from egress.domain.access import Access, ClusterProfile, Inventory
from egress.domain.lifecycle import OPEN_GRANT_STATUSES, GrantStatus
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import base, origination_name
from egress.domain.objects import KubeObject, ObjectKey
from egress.domain.plan import OwnedRecord
from egress.domain.render import CannotRender, render_what_can
from egress.models import Cluster, Grant, Namespace, OwnedObject, Slice
from egress.selectors.bindings import is_bound
from egress.selectors.policy import inventory_of, is_pinned
from egress.services.convergence.clock import database_now
from egress.services.outbox import namespace_of


@dataclass(frozen=True)
class Problem:
    """Why something was not carried out, for machines and for people.

    `lasting` problems come from the database alone: trying again changes nothing.
    """

    reason: str
    message: str
    lasting: bool = False


@dataclass
class SliceState:
    """One slice as it should be.

    `grants` are the open ones, `ended` those that still have to be confirmed. `problems` says by
    primary key why a grant is not part of `objects`. `refused` means that nothing can be
    rendered at all, `default_deny_problem` that the decision on the namespace cannot.
    """

    cluster: Cluster
    namespace: str
    row: Namespace | None
    profile: ClusterProfile
    grants: list[Grant]
    ended: list[Grant]
    objects: list[KubeObject]
    records: dict[ObjectKey, OwnedObject]
    problems: dict[int, Problem] = field(default_factory=dict)
    refused: Problem | None = None
    default_deny_problem: Problem | None = None

    @property
    def owned(self) -> dict[ObjectKey, OwnedRecord]:
        """Return the records as the plan wants them."""
        return {key: OwnedRecord(row.uid, row.intent_hash) for key, row in self.records.items()}


def keys_of(grant: Grant) -> tuple[ObjectKey, ObjectKey]:
    """Return the keys of the objects a grant is rendered into: the entry, and the rule."""
    host, namespace = grant.host, grant.namespace
    return (
        ObjectKey(NETWORKING_V1, "ServiceEntry", namespace, base(host)),
        ObjectKey(NETWORKING_V1, "DestinationRule", namespace, origination_name(host)),
    )


def load(row: Slice, *, live_namespace_uid: str | None = None) -> SliceState:
    """Read what a slice should be, now.

    `live_namespace_uid` is the uid that the cluster gives for the namespace, empty when it is
    not there; grants pinned to another one are left out. None skips that comparison.
    """
    cluster, name = row.cluster, namespace_of(row.key)
    namespace = Namespace.objects.filter(cluster=cluster, name=name, gone_at=None).first()
    state = SliceState(
        cluster=cluster,
        namespace=name,
        row=namespace,
        profile=cluster.profile(settings.INSTALLATION),
        grants=_open_grants(cluster, name),
        ended=_unconfirmed_grants(cluster, name),
        objects=[],
        records=_records(row),
    )
    inventory = inventory_of(cluster, name)
    _leave_out(state, inventory, live_namespace_uid)
    _render(state, inventory)
    return state


def _grants(cluster: Cluster, namespace: str) -> QuerySet[Grant]:
    return (
        Grant.objects.filter(cluster=cluster, namespace=namespace)
        .select_related("cluster", "request", "request__cluster")
        .prefetch_related("request__destinations")
        .order_by("pk")
    )


def _open_grants(cluster: Cluster, namespace: str) -> list[Grant]:
    return list(_grants(cluster, namespace).filter(status__in=sorted(OPEN_GRANT_STATUSES)))


def _unconfirmed_grants(cluster: Cluster, namespace: str) -> list[Grant]:
    return list(_grants(cluster, namespace).filter(ended_at__isnull=False, confirmed_at=None))


def _records(row: Slice) -> dict[ObjectKey, OwnedObject]:
    return {
        ObjectKey(one.api_version, one.kind, one.namespace, one.name): one
        for one in OwnedObject.objects.filter(slice=row)
    }


def _leave_out(state: SliceState, inventory: Inventory, live_uid: str | None) -> None:
    now = database_now()
    for grant in state.grants:
        if problem := _unfit(grant, inventory, live_uid, now):
            state.problems[grant.pk] = problem


def _unfit(
    grant: Grant, inventory: Inventory, live_uid: str | None, now: datetime
) -> Problem | None:
    if not is_bound(grant):
        return Problem("Tampered", _TAMPERED, lasting=True)
    if grant.expires_at and grant.expires_at <= now:
        return Problem("Expired", "The grant has run out and is about to be ended.", lasting=True)
    too_old = now - timedelta(days=settings.GRANT_LAPSE_DAYS)
    if grant.status == GrantStatus.PENDING and grant.created_at <= too_old:
        return Problem("Overdue", "The grant waited too long and is about to lapse.", lasting=True)
    if not is_pinned(grant, inventory) or live_uid not in (None, grant.namespace_uid):
        return Problem("SubjectGone", _SUBJECT_GONE.format(subject=grant.subject))
    return None


def _render(state: SliceState, inventory: Inventory) -> None:
    by_access: dict[Access, list[Grant]] = {}
    for grant in state.grants:
        if grant.pk not in state.problems:
            by_access.setdefault(grant.access, []).append(grant)
    try:
        rendering = render_what_can(state.profile, inventory, by_access)
    except CannotRender as refusal:
        state.refused = Problem(refusal.reason, refusal.message, lasting=True)
        return
    state.objects = rendering.objects
    for refused in rendering.refused:
        problem = Problem(refused.reason, refused.message, lasting=True)
        if not refused.accesses:
            state.default_deny_problem = problem
        for access in refused.accesses:
            state.problems |= {grant.pk: problem for grant in by_access[access]}


_TAMPERED = (
    "The grant no longer matches what was decided, so it is not applied. Compare it with its "
    "request in the audit trail, then revoke it."
)
_SUBJECT_GONE = '"{subject}" is not the one this was decided for: it was deleted, or made again.'
