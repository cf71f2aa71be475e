"""The way of a grant through the mesh, and how far the cluster carries each part of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db.models import Q

from egress.domain.access import Access, ClusterProfile, Destination, Inventory, Subject
from egress.domain.lifecycle import GrantStatus
from egress.domain.objects import ObjectKey
from egress.domain.path import Path, granted_path, path_now
from egress.models import AuditEvent, Cluster, DeliveryStep, Grant, OwnedObject
from egress.selectors.gateway_load import assignments_of
from egress.selectors.policy import inventory_of

DRIFTS_READ = 5


class ObjectState(StrEnum):
    """How one object of a way stands in the cluster, the most urgent first."""

    FAILED = "failed"
    MISSING = "missing"
    DRIFTED = "drifted"
    SUSPENDED = "suspended"
    WAITING = "waiting"
    APPLIED = "applied"
    FIXED = "fixed"

    @property
    def carries(self) -> bool:
        """Whether traffic passes an object in this state, as far as the portal knows."""
        return self in (ObjectState.APPLIED, ObjectState.FIXED, ObjectState.DRIFTED)


@dataclass(frozen=True)
class GrantPath:
    """A way, with the state of each of its objects; of a way that nobody granted there is none."""

    path: Path
    states: Mapping[ObjectKey, ObjectState]


def way_of_grant(grant: Grant, inventory: Inventory | None = None) -> Path:
    """Return the way of a grant that is not ended, as its objects say when they are in place."""
    profile = profile_around(grant.cluster, [grant.host])
    known = inventory or inventory_of(grant.cluster, grant.namespace)
    return granted_path(profile, known, grant.access)


def path_of_grant(
    grant: Grant,
    steps: Iterable[DeliveryStep] = (),
    path: Path | None = None,
    owned: Iterable[OwnedObject] | None = None,
) -> GrantPath:
    """Return the way of a grant that is not ended. `steps` are its latest writes, newest first.

    `path` and `owned`, the objects that the portal keeps of it, are read unless they are given.
    """
    path = path or way_of_grant(grant)
    rows = OwnedObject.objects.filter(objects_on(path), cluster=grant.cluster)
    kept = {
        ObjectKey(row.api_version, row.kind, row.namespace, row.name): row
        for row in (rows if owned is None else owned)
    }
    return GrantPath(path, _states(grant, path, list(steps), kept))


def path_of_question(
    cluster: Cluster,
    subject: Subject,
    destination: Destination,
    accesses: Collection[Access],
    inventory: Inventory | None = None,
) -> GrantPath:
    """Return the way of a subject to a destination where exactly `accesses` are in place."""
    hosts = [destination.host, *(access.destination.host for access in accesses)]
    known = inventory or inventory_of(cluster, subject.namespace)
    profile = profile_around(cluster, hosts)
    return GrantPath(path_now(profile, known, subject, destination, accesses), {})


def profile_around(cluster: Cluster, hosts: Collection[str]) -> ClusterProfile:
    """Return the facts of a cluster with the gateways of some hosts."""
    return cluster.profile(settings.INSTALLATION, assignments_of(cluster, hosts))


def objects_on(path: Path) -> Q:
    """Return the condition of the objects of a way that grants bring; others may match, too."""
    keys = path.manifests.keys() - path.fixed
    if not keys:
        return Q(pk__in=())
    return Q(namespace__in={key.namespace for key in keys}, name__in={key.name for key in keys})


def _states(
    grant: Grant,
    path: Path,
    steps: list[DeliveryStep],
    owned: Mapping[ObjectKey, OwnedObject],
) -> dict[ObjectKey, ObjectState]:
    drifted = _drifted(grant, path) if grant.drifted_at else set()
    latest: dict[ObjectKey, str] = {}
    for step in steps:
        key = ObjectKey(step.api_version, step.kind, step.namespace, step.name)
        latest.setdefault(key, step.result)
    states: dict[ObjectKey, ObjectState] = {}
    for key in path.manifests:
        row, result = owned.get(key), latest.get(key, "")
        if key in path.fixed:
            states[key] = ObjectState.FIXED
        elif key in path.holding:
            states[key] = ObjectState.APPLIED if row and row.uid else ObjectState.WAITING
        else:
            states[key] = _state_of(grant, row, result, is_drifted=str(key) in drifted)
    return states


def _state_of(
    grant: Grant, owned: OwnedObject | None, result: str, *, is_drifted: bool
) -> ObjectState:
    if grant.status == GrantStatus.SUSPENDED:
        return ObjectState.SUSPENDED
    if result == DeliveryStep.Result.FAILED:
        return ObjectState.FAILED
    if owned is not None and owned.uid and not owned.intent_hash:
        return ObjectState.DRIFTED if is_drifted else ObjectState.APPLIED
    if grant.applied_at is not None and owned is None:
        return ObjectState.MISSING
    return ObjectState.FAILED if grant.failed_reason else ObjectState.WAITING


def _drifted(grant: Grant, path: Path) -> set[str]:
    """Return the names of the objects that the latest searches for drift named.

    Where they named none of this way, the drift may be in any of its objects.
    """
    events = AuditEvent.objects.filter(
        Q(namespace=grant.namespace) | Q(host=grant.host),
        tag="drift:found",
        cluster=grant.cluster.name,
    ).order_by("-sequence")[:DRIFTS_READ]
    named = {str(name) for event in events for name in event.data.get("objects", ())}
    own = {str(key) for key in path.manifests}
    return named & own or own
