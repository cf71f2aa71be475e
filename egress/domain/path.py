"""The way of a grant through the mesh: which proxies are on it, and which objects decide there.

The objects are rendered for one grant alone and then read as a mesh does (`explain`), so that
what is told is what they do, and nothing of other people's grants is in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Protocol,
    Subject,
)
from egress.domain.explain import Answer, Mesh
from egress.domain.manifests.static import static_objects
from egress.domain.naming import SIDECAR_NAME
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.refusals import CannotRender
from egress.domain.render import render_what_can

_MUTUAL = "mTLS"


class Place(StrEnum):
    """Where traffic passes on its way out."""

    WORKLOAD = "workload"
    SIDECAR = "sidecar"
    GATEWAY = "gateway"
    WAYPOINT = "waypoint"
    HOST = "host"


PLACES: Mapping[Enforcement, tuple[Place, ...]] = {
    Enforcement.SIDECAR: (Place.WORKLOAD, Place.SIDECAR, Place.HOST),
    Enforcement.GATEWAY: (Place.WORKLOAD, Place.SIDECAR, Place.GATEWAY, Place.HOST),
    Enforcement.AMBIENT: (Place.WORKLOAD, Place.WAYPOINT, Place.HOST),
}
"""The places that granted traffic passes, in their order."""


@dataclass(frozen=True)
class Decision:
    """What is decided at one place, in a few words, and by which objects."""

    says: str
    objects: tuple[ObjectKey, ...] = ()


@dataclass(frozen=True)
class Stop:
    """One place on the way, with what is decided there."""

    place: Place
    decisions: tuple[Decision, ...] = ()

    @property
    def objects(self) -> tuple[ObjectKey, ...]:
        """Return the objects that decide here, each once."""
        return tuple(dict.fromkeys(key for one in self.decisions for key in one.objects))


@dataclass(frozen=True)
class Path:
    """A way from a workload to a host.

    `legs` says what is spoken between one stop and the next, so it is one shorter than `stops`.
    `stopped_at` is the place where the way ends before the host, None when it does not, and `why`
    is the reason in a sentence. `manifests` holds the objects of the way; `fixed` names those
    among them that belong to the cluster, not to a grant, and `holding` those that keep the
    namespace to its grants: without them the way is as open.
    """

    stops: tuple[Stop, ...]
    legs: tuple[str, ...]
    stopped_at: Place | None
    why: str
    originates_tls: bool = False
    manifests: Mapping[ObjectKey, KubeObject] = field(default_factory=dict)
    fixed: frozenset[ObjectKey] = frozenset()
    holding: frozenset[ObjectKey] = frozenset()


def granted_path(cluster: ClusterProfile, inventory: Inventory, access: Access) -> Path:
    """Return the way that a grant opens, as its objects say when they are in place.

    The way is told as for a namespace that reaches granted hosts only; what holds it to them is
    on it where that was decided.
    """
    subject, destination = access.subject, access.destination
    facts = inventory.namespaces.get(subject.namespace, NamespaceFacts(subject.namespace))
    is_ambient = inventory.enforcement_of(facts.name, cluster) is Enforcement.AMBIENT
    strict = replace(facts, injected=True, default_deny=not is_ambient, network_policy=is_ambient)
    held = Inventory({**inventory.namespaces, facts.name: strict}, inventory.synced_at)
    path = path_now(cluster, held, subject, destination, [access])
    return path if facts.default_deny else _without_sidecar(path)


def path_now(
    cluster: ClusterProfile,
    inventory: Inventory,
    subject: Subject,
    destination: Destination,
    accesses: Iterable[Access],
) -> Path:
    """Return the way of `subject` to a destination where exactly `accesses` are in place."""
    enforcement = inventory.enforcement_of(subject.namespace, cluster)
    try:
        rendering = render_what_can(cluster, inventory, accesses)
    except CannotRender as refusal:
        return _refused(enforcement, destination, refusal.message)
    fixed = static_objects(cluster, enforcements=[enforcement])
    objects = {key_of(obj): obj for obj in (*fixed, *rendering.objects)}
    mesh = Mesh(objects.values(), cluster=cluster, inventory=inventory)
    name = destination.alias if destination.is_fixed_address else destination.host
    answer = mesh.can(subject, name, destination.port, destination.protocol)
    refused = [one.message for one in rendering.refused]
    stops = _stops(answer, enforcement)
    used = {key for stop in stops for key in stop.objects}
    return Path(
        stops=stops,
        legs=_legs([stop.place for stop in stops], destination),
        stopped_at=None if answer.allowed else Place(answer.path[-1].place),
        why=refused[0] if refused and not answer.allowed else answer.why,
        originates_tls=destination.tls_origination,
        manifests={key: obj for key, obj in objects.items() if key in used},
        fixed=frozenset(map(key_of, fixed)) & used,
        holding=frozenset(key for key in used if _holds(key, cluster, destination)),
    )


def likely_protocol(port: int) -> Protocol:
    """Return how a port is spoken to when nobody said it."""
    return {443: Protocol.TLS, 80: Protocol.HTTP}.get(port, Protocol.TCP)


def _stops(answer: Answer, enforcement: Enforcement) -> tuple[Stop, ...]:
    """Return the stops of an answer: its own, and the host; all of them where the way ends.

    Traffic that is passed on unseen goes from its proxy straight to the host.
    """
    found: dict[Place, list[Decision]] = {}
    for hop in answer.path[1:]:
        found.setdefault(Place(hop.place), []).append(Decision(hop.detail, hop.objects))
    wanted = (
        tuple(dict.fromkeys((Place.WORKLOAD, *found, Place.HOST)))
        if answer.allowed
        else PLACES[enforcement]
    )
    return tuple(Stop(place, tuple(found.get(place, ()))) for place in wanted)


def _legs(places: list[Place], destination: Destination) -> tuple[str, ...]:
    """Return what is spoken on each leg: mutual TLS up to a gateway or waypoint."""
    plain = "HTTP" if destination.protocol.is_http_family else str(destination.protocol)
    last = "TLS" if destination.tls_origination else plain
    legs = [_MUTUAL if p in (Place.GATEWAY, Place.WAYPOINT) else plain for p in places[1:-1]]
    return (*legs, last)


def _refused(enforcement: Enforcement, destination: Destination, why: str) -> Path:
    places = PLACES[enforcement]
    stops = tuple(Stop(place) for place in places)
    return Path(stops, _legs(list(places), destination), places[1], why)


def _holds(key: ObjectKey, cluster: ClusterProfile, destination: Destination) -> bool:
    """Tell whether an object only denies; where entries are central, the `Sidecar` admits too."""
    admits = cluster.central_entries and not destination.is_fixed_address
    return key.kind == "NetworkPolicy" or (key.kind == "Sidecar" and not admits)


def _without_sidecar(path: Path) -> Path:
    """Return a path without the `Sidecar` that nobody decided on."""
    stops = tuple(
        Stop(stop.place, tuple(one for one in stop.decisions if not _is_sidecar(one)))
        for stop in path.stops
    )
    kept = {key: obj for key, obj in path.manifests.items() if key.kind != "Sidecar"}
    return replace(path, stops=stops, manifests=kept, holding=path.holding.intersection(kept))


def _is_sidecar(decision: Decision) -> bool:
    return any(key.kind == "Sidecar" and key.name == SIDECAR_NAME for key in decision.objects)
