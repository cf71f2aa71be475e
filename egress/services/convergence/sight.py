"""The look after the last write: whether access is gone, and whether what is there is in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Q

from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.access import Enforcement
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import base, fixed_address_name
from egress.domain.objects import ObjectKey
from egress.models import Grant, OwnedObject
from egress.services.convergence.beside import Claims
from egress.services.convergence.live import has_address, is_bound_to_waypoint, read_many
from egress.services.convergence.names import deciding_keys
from egress.services.convergence.state import Problem, SliceState, key_of_record
from egress.services.convergence.work import Work
from egress.services.convergence.writing import Tally

_DECIDING = ("ServiceEntry", "Gateway", "AuthorizationPolicy", "Service", "EndpointSlice")


@dataclass(frozen=True)
class Sight:
    """What was read after the last write.

    `is_final` tells that no abandoned write can follow. `keys` are, by primary key of an ended
    grant, the objects that may open its access. `waiting` says, by primary key of an open one,
    what the mesh still has to do before it is in force.
    """

    live: Mapping[ObjectKey, KubeObject]
    is_final: bool
    keys: Mapping[int, frozenset[ObjectKey]] = field(default_factory=dict)
    waiting: Mapping[int, Problem] = field(default_factory=dict)


def look_again(claims: Claims, work: Work, gateway: ClusterGateway, tally: Tally) -> Sight:
    """Read what ended grants left behind and what new ones rely on, object by object and by name.

    Raises ClusterError.
    """
    state, is_final = work.state, claims.own.is_quiet and not tally.unknown
    keys = _deciding(state)
    entries = _entries_of_ambient(state)
    wanted = frozenset().union(*keys.values()) | set(entries.values())
    live = read_many(gateway, wanted)
    return Sight(live, is_final, keys, _waiting(entries, live))


def _deciding(state: SliceState) -> dict[int, frozenset[ObjectKey]]:
    """Return what may open the access of each ended grant: by its names, and all on record.

    The enforcement may have been another one when it was written.
    """
    if not state.ended:
        return {}
    hosts = {grant.host for grant in state.ended}
    names = Q()
    for host in hosts:
        names |= Q(name__startswith=base(host))
    for alias in {grant.alias for grant in state.ended if grant.alias}:
        names |= Q(name__in=[alias, fixed_address_name(alias)])
    rows = OwnedObject.objects.filter(names, cluster=state.cluster, kind__in=_DECIDING)
    recorded = [key_of_record(row) for row in rows]
    return {grant.pk: _of_grant(grant, state, recorded) for grant in state.ended}


def _of_grant(grant: Grant, state: SliceState, recorded: list[ObjectKey]) -> frozenset[ObjectKey]:
    places = (grant.namespace, state.profile.egress_namespace)
    behind = {grant.alias, fixed_address_name(grant.alias)} if grant.alias else set()
    known = {
        key
        for key in recorded
        if key.namespace in places and (key.name.startswith(base(grant.host)) or key.name in behind)
    }
    return deciding_keys(grant, state.profile, state.inventory) | known


def _entries_of_ambient(state: SliceState) -> dict[int, ObjectKey]:
    """Return the entries of grants that count only once their waypoint serves them."""
    place = state.profile.egress_namespace
    return {
        grant.pk: ObjectKey(NETWORKING_V1, "ServiceEntry", place, base(grant.host))
        for grant in state.grants
        if grant.pk not in state.problems
        and state.inventory.enforcement_of(grant.namespace, state.profile) is Enforcement.AMBIENT
    }


def _waiting(
    entries: Mapping[int, ObjectKey], live: Mapping[ObjectKey, KubeObject]
) -> dict[int, Problem]:
    waiting = {}
    for pk, key in entries.items():
        entry = live.get(key)
        if entry is None:
            continue
        if not is_bound_to_waypoint(entry) or not _is_reachable(entry):
            waiting[pk] = AWAITS_WAYPOINT
    return waiting


def _is_reachable(entry: KubeObject) -> bool:
    """Tell whether clients have an address to dial: their own, or one of the mesh's."""
    spec = entry.get("spec") or {}
    is_wildcard = any(str(host).startswith("*") for host in spec.get("hosts") or [])
    return is_wildcard or bool(spec.get("addresses")) or has_address(entry)


AWAITS_WAYPOINT = Problem(
    "AwaitsWaypoint",
    "The mesh has not bound the host to the waypoint yet. Until then nothing gets through.",
    quiet=True,
)
