"""What a host's delivery writes in slices of client namespaces, under claims of their own."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.access import Enforcement
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import SIDECAR_NAME, mesh_name
from egress.domain.objects import ObjectKey, key_of
from egress.domain.order import opened_to
from egress.domain.plan import Action, plan
from egress.models import OwnedObject
from egress.services.convergence.admitting import waits_for_namespace
from egress.services.convergence.beside import Claims
from egress.services.convergence.live import read_many, uid_of
from egress.services.convergence.names import client_rule_key
from egress.services.convergence.shared import client_of, rule_for_host, sidecar_for_host
from egress.services.convergence.state import (
    Problem,
    SliceState,
    key_of_record,
    owned_of,
)


@dataclass
class Beside:
    """Objects of client namespaces as a host's delivery wants them, and how they are now.

    `missed` are those that somebody else works on, `held` those that cannot be written here.
    """

    objects: dict[ObjectKey, KubeObject] = field(default_factory=dict)
    live: dict[ObjectKey, KubeObject] = field(default_factory=dict)
    records: dict[ObjectKey, OwnedObject] = field(default_factory=dict)
    held: dict[ObjectKey, Problem] = field(default_factory=dict)


def take_beside(
    state: SliceState, live: dict[ObjectKey, KubeObject], claims: Claims, gateway: ClusterGateway
) -> Beside:
    """Claim what has to change beside a host, and read it again under the claim.

    Namespaces where nothing has to change are not claimed: many hosts of one namespace can be
    worked on at once. Raises ClusterError.
    """
    places = _places(state, live)
    if not places:
        return Beside()
    there = read_many(gateway, places)
    found = _wanted(state, places, there)
    changing = {key: places[key] for key in _changing(state, found)}
    missed = claims.take(changing.values())
    claimed = {key: name for key, name in changing.items() if name not in missed}
    if claimed:
        # What was read before the claim may have been written since.
        there = {key: obj for key, obj in there.items() if key not in claimed}
        there |= read_many(gateway, claimed)
        held, found = found.held, _wanted(state, places, there)
        found.held = held | found.held
    claims.writers |= claimed
    for key, name in changing.items():
        if name in missed:
            found.held.setdefault(key, waits_for_namespace(name))
    return found


def _places(state: SliceState, live: dict[ObjectKey, KubeObject]) -> dict[ObjectKey, str]:
    """Return the keys that may have to change, each with its namespace."""
    places = {key_of(obj): client_of(obj) for obj in state.beside}
    egress, profile = state.profile.egress_namespace, state.profile
    route = ObjectKey(NETWORKING_V1, "VirtualService", egress, mesh_name(state.host))
    names = state.leaving | opened_to(live.get(route)) - {"*"}
    if route in live or route in state.records or any(_is_rule(key) for key in places):
        with contextlib.suppress(LookupError):
            # A host of an unknown gateway is refused, and so has no rules to write either.
            places |= {client_rule_key(profile, state.host, name): name for name in names}
    if profile.central_entries:
        places |= {
            ObjectKey(NETWORKING_V1, "Sidecar", name, SIDECAR_NAME): name
            for name in names
            if state.inventory.enforcement_of(name, profile) is Enforcement.SIDECAR
        }
    return places


def _is_rule(key: ObjectKey) -> bool:
    return key.kind == "DestinationRule"


def _wanted(
    state: SliceState, places: dict[ObjectKey, str], live: dict[ObjectKey, KubeObject]
) -> Beside:
    rendered = {key_of(obj): obj for obj in state.beside}
    records = _records(state, places)
    found = Beside(live=dict(live), records=records)
    for key in places:
        wanted, there = rendered.get(key), live.get(key)
        record = records.get(key)
        if wanted is None and (record is None or uid_of(there) != record.uid):
            # Nothing of ours to take a host out of; somebody else's object is not our business.
            found.live.pop(key, None)
            continue
        if _is_rule(key):
            merged = rule_for_host(wanted, there, state.host)
        elif there is None or not _lists_hosts(there):
            found.held[key] = _no_sidecar(places[key])
            continue
        else:
            merged = sidecar_for_host(wanted, there, state.host, state.profile)
        if merged is not None:
            found.objects[key] = merged
    return found


def _changing(state: SliceState, found: Beside) -> list[ObjectKey]:
    made = plan(
        found.objects.values(),
        found.live.values(),
        owned_of(found.records),
        installation=state.profile.installation,
    )
    return [item.key for item in made.items if item.action in (Action.CREATE, Action.UPDATE)]


def _records(state: SliceState, keys: Iterable[ObjectKey]) -> dict[ObjectKey, OwnedObject]:
    wanted = set(keys)
    kinds, names = {key.kind for key in wanted}, {key.name for key in wanted}
    rows = OwnedObject.objects.filter(Q(kind__in=kinds) & Q(name__in=names), cluster=state.cluster)
    return {key: row for row in rows if (key := key_of_record(row)) in wanted}


def _lists_hosts(sidecar: KubeObject) -> bool:
    return bool((sidecar.get("spec") or {}).get("egress"))


def _no_sidecar(namespace: str) -> Problem:
    message = (
        f'It waits for the Sidecar of namespace "{namespace}", which has to list its hosts first.'
    )
    return Problem("AwaitsNamespace", message, quiet=True)
