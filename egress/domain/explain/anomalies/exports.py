"""Who sees an object: `exportTo` is explicit, and no wider than the object's place (R-A2, 3.2)."""

from collections.abc import Iterable, Iterator

from egress.domain.access import Enforcement
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.reading import named
from egress.domain.explain.routings import MESH
from egress.domain.explain.world import World
from egress.domain.objects import ObjectKey


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with the `exportTo` of entries, routes and rules."""
    exported: list[tuple[ObjectKey, tuple[str, ...]]] = [
        *((entry.key, entry.export_to) for entry in world.entries.all),
        *((routing.key, routing.export_to) for routing in world.routings.all),
        *((rule.key, rule.export_to) for rule in world.rules.all),
    ]
    for key, export_to in exported:
        yield from _open(key, export_to)
        if key.namespace != world.cluster.egress_namespace:
            yield from _beyond(key, export_to, "it lies in a client's namespace")
        yield from _known(world, key, export_to)
    yield from _shared(world)
    yield from _rules(world)


def _open(key: ObjectKey, export_to: Iterable[str]) -> Iterator[Anomaly]:
    if not tuple(export_to):
        yield Anomaly(
            "ExportMissing", f"{key} says not to whom it is exported: that is everybody.", key
        )
    if "*" in export_to:
        yield Anomaly("ExportedToAll", f"{key} is exported to every namespace.", key)


def _known(world: World, key: ObjectKey, export_to: Iterable[str]) -> Iterator[Anomaly]:
    known = {world.cluster.egress_namespace, key.namespace, *world.inventory.namespaces}
    for name in named(export_to, key.namespace):
        if name not in known:
            yield Anomaly(
                "ExportedToUnknown", f'{key} is exported to "{name}", which is not known.', key
            )


def _beyond(key: ObjectKey, export_to: Iterable[str], why: str) -> Iterator[Anomaly]:
    if others := [name for name in named(export_to, key.namespace) if name != key.namespace]:
        yield Anomaly(
            "ExportedBeyond", f'{key} is exported to "{", ".join(others)}", but {why}.', key
        )


def _shared(world: World) -> Iterator[Anomaly]:
    """Yield what of the egress namespace goes further than its own proxies, and must not."""
    for entry in world.entries.all:
        if not {".", "~", "*", entry.namespace} & set(entry.export_to):
            yield Anomaly(
                "NotSeenAtHome", f"{entry.key} is not known in its own namespace.", entry.key
            )
        if entry.waypoint and entry.namespace == world.cluster.egress_namespace:
            yield from _beyond(entry.key, entry.export_to, "a waypoint stands before it")
    for routing in world.routings.all:
        if routing.key.namespace == world.cluster.egress_namespace and MESH not in routing.gateways:
            yield from _beyond(routing.key, routing.export_to, "it is the gateway's own route")


def _rules(world: World) -> Iterator[Anomaly]:
    """Yield rules by which clients would encrypt what the gateway has to read."""
    for rule in world.rules.all:
        if rule.key.namespace != world.cluster.egress_namespace or rule.host in world.gateways:
            continue
        for name in named(rule.export_to, rule.key.namespace):
            enforcement = world.inventory.enforcement_of(name, world.cluster)
            is_client = name != rule.key.namespace
            if is_client and enforcement is not Enforcement.SIDECAR:
                yield from _beyond(rule.key, (name,), "only the gateway may originate TLS")
        exports = {entry.export_to for entry in world.entries.exactly(rule.host)}
        if set(rule.export_to) != {"."} and rule.export_to not in exports:
            yield Anomaly(
                "ExportsDiffer", f"{rule.key} is not exported as its host's entry is.", rule.key
            )
