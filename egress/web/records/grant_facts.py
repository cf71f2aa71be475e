"""Rows of grants for lists and downloads, and the objects in the cluster behind one grant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When

from egress.domain.access import Enforcement
from egress.domain.exports import Cell
from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.domain.naming import SIDECAR_NAME, base, client_rule_name, fixed_address_name
from egress.domain.path import Path
from egress.models import Delivery, DeliveryStep, Grant, Namespace, OwnedObject, Request
from egress.models.standing import Standing
from egress.rules import is_admin, may_ask, may_resume, may_revoke
from egress.selectors.paths import objects_on, profile_around
from egress.web.paging import every
from egress.web.records.conditions import Condition, conditions

COLUMNS = (
    "id",
    "cluster",
    "namespace",
    "service_account",
    "host",
    "port",
    "protocol",
    "tls_origination",
    "addresses",
    "resolution",
    "alias",
    "status",
    "enforced",
    "applied_at",
    "failed_reason",
    "granted_by",
    "request",
    "created_at",
    "active_at",
    "expires_at",
    "ended_at",
    "ended_by",
    "end_reason",
    "confirmed_at",
)
LATEST_STEPS = 30
_OF_ALIASES = ("Service", "EndpointSlice", "DestinationRule")


@dataclass(frozen=True)
class GrantRow:
    """A grant with what is said beside its status."""

    grant: Grant
    conditions: list[Condition]


@dataclass(frozen=True)
class ObjectFact:
    """An object that enforces a grant, with the last time it was written or tried."""

    owned: OwnedObject
    step: DeliveryStep | None


def rows(grants: Iterable[Grant]) -> list[GrantRow]:
    """Return `grants` (read by `with_enforcement`) with their conditions."""
    return [GrantRow(grant, conditions(grant, is_enforced=_is_enforced(grant))) for grant in grants]


def records(grants: QuerySet[Grant]) -> Iterator[dict[str, Cell]]:
    """Return one record per grant for a download, newest first, read in pieces."""
    for grant in every(grants):
        record: dict[str, Cell] = {name: getattr(grant, name, None) for name in COLUMNS}
        record.update(
            cluster=grant.cluster.name,
            request=grant.request_id,
            enforced=_is_enforced(grant),
            addresses=" ".join(grant.addresses),
        )
        yield record


@dataclass(frozen=True)
class InCluster:
    """What the cluster has of a grant.

    `objects` carry it, `steps` are the latest writes for it, newest first, and `owned` are all
    objects of the portal on its way.
    """

    objects: Sequence[ObjectFact]
    steps: Sequence[DeliveryStep]
    owned: Sequence[OwnedObject]


def in_cluster(grant: Grant, namespace: Namespace | None, path: Path | None = None) -> InCluster:
    """Return what the cluster has of `grant`, whose way is `path` if it has one.

    `namespace` is the one that the grant is pinned to.
    """
    named = _named_for(grant, namespace)
    wanted = named | objects_on(path) if path else named
    rows = OwnedObject.objects.filter(wanted, cluster=grant.cluster).order_by("kind")
    carries = Case(When(named, then=Value(True)), default=Value(False))
    owned = list(rows.annotate(carries=carries))
    slices = (f"namespace:{grant.namespace}", f"host:{grant.host}")
    deliveries = Delivery.objects.filter(slice__cluster=grant.cluster, slice__key__in=slices)
    writes = DeliveryStep.objects.filter(named, delivery__in=deliveries)
    steps = list(writes.select_related("delivery").order_by("-pk")[:LATEST_STEPS])
    latest: dict[tuple[str, str, str], DeliveryStep] = {}
    for step in steps:
        latest.setdefault((step.kind, step.namespace, step.name), step)
    objects = [
        ObjectFact(one, latest.get((one.kind, one.namespace, one.name)))
        for one in owned
        if one.carries
    ]
    return InCluster(objects, steps, owned)


def pinned_namespace(grant: Grant) -> Namespace | None:
    """Return the namespace that the grant is pinned to, None when its row is gone."""
    rows = Namespace.objects.filter(cluster=grant.cluster, uid=grant.namespace_uid)
    return rows.select_related("cluster", "owner").first()


def _named_for(grant: Grant, namespace: Namespace | None) -> Q:
    """Return the condition for the objects that carry `grant`, by name (istio.md 1).

    Those of its host, where its enforcement writes them; the rule by which its namespace reaches
    the gateway; and those of its alias.
    """
    stem, here = base(grant.host), (grant.namespace,)
    everywhere = (grant.namespace, grant.cluster.egress_namespace)
    profile = profile_around(grant.cluster, [grant.host])
    enforcement = Enforcement((namespace and namespace.enforcement) or grant.cluster.enforcement)
    # An ended grant may be of a time with another enforcement.
    is_local = enforcement is Enforcement.SIDECAR and not profile.central_entries and grant.is_live
    places = here if is_local else everywhere
    named = Q(namespace__in=places) & (Q(name=stem) | Q(name__startswith=f"{stem}-"))
    if enforcement is Enforcement.GATEWAY:
        gateway = profile.assignments.get(grant.host, profile.gateways[0].id)
        rule = client_rule_name(grant.namespace, gateway)
        named |= Q(kind="DestinationRule", namespace__in=everywhere, name=rule)
    if enforcement is Enforcement.SIDECAR and profile.central_entries:
        named |= Q(kind="Sidecar", namespace__in=here, name=SIDECAR_NAME)
    if grant.alias:
        names = (grant.alias, fixed_address_name(grant.alias))
        named |= Q(kind__in=_OF_ALIASES, namespace__in=here, name__in=names)
    return named


def _is_enforced(grant: Grant) -> bool:
    return bool(getattr(grant, "is_enforced", False))


@dataclass(frozen=True)
class GrantActions:
    """What one person may do with one grant now."""

    renew: bool
    confirm: bool
    """Whether its owners are asked about it, and the person is one of them."""
    drop: bool
    revoke: bool
    resume: bool
    apply_again: bool
    """Whether drift of it is known, which this person may have put right."""
    renewal: int | None
    """The number of the request that asks to renew it, while it waits for its decision."""

    @property
    def any(self) -> bool:
        """Whether there is anything to offer."""
        return self.renew or self.drop or self.revoke or self.resume or self.renewal is not None


def with_renewal(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Add `renewal` to each grant: the number of the request that asks to renew it, or None."""
    pending = Request.objects.filter(renews=OuterRef("pk"), status=RequestStatus.PENDING)
    return grants.annotate(renewal=Subquery(pending.order_by("-pk").values("pk")[:1]))


def is_asked(grant: Grant) -> bool:
    """Tell whether the owners of the grant are asked now whether it is still needed."""
    row = getattr(grant, "recertification", None)
    is_in_force = grant.status in (GrantStatus.ACTIVE, GrantStatus.EXPIRING)
    return bool(is_in_force and row and row.is_waiting and grant.cluster.recertify_days)


def actions_on(grant: Grant, pinned: Namespace | None, standing: Standing) -> GrantActions:
    """Return what somebody may do with `grant` (from `with_renewal`), pinned to a namespace.

    The services judge again.
    """
    has_end = grant.status in (GrantStatus.ACTIVE, GrantStatus.EXPIRING) and grant.expires_at
    renewal: int | None = getattr(grant, "renewal", None)
    asked = is_asked(grant)
    own = bool(pinned and may_ask(standing, pinned))
    is_suspended = grant.status == GrantStatus.SUSPENDED
    return GrantActions(
        renew=bool(has_end and not renewal and own),
        confirm=asked and own and not standing.is_robot,
        drop=asked and may_revoke(standing, grant),
        revoke=grant.is_live and may_revoke(standing, grant),
        resume=is_suspended and may_resume(standing, grant),
        apply_again=grant.is_open and grant.drifted_at is not None and is_admin(standing),
        renewal=renewal,
    )
