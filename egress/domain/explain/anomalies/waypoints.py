"""Entries behind a waypoint: bound, closed by default, and allowed by name and port (5.1, 5.2)."""

from collections.abc import Iterator

from egress.domain.explain.answers import Anomaly
from egress.domain.explain.entries import Entry
from egress.domain.explain.policies import AccessPolicy, Rule
from egress.domain.explain.world import World
from egress.domain.objects import ObjectKey


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with what a waypoint guards."""
    has_ambient = any(map(world.is_ambient, world.inventory.namespaces))
    waypoints = {(world.cluster.egress_namespace, world.cluster.waypoint)} & world.waypoints
    for entry in world.entries.all:
        if entry.waypoint:
            waypoints.add((entry.namespace, entry.waypoint))
            yield from _bound(world, entry)
        elif has_ambient and _is_for_nobody_else(world, entry):
            yield Anomaly(
                "EntryNotBound",
                f"{entry.key} is known to no sidecar and bound to no waypoint.",
                entry.key,
            )
    for namespace, name in sorted(waypoints):
        yield from _foundation(world, namespace, name)
    yield from _targets(world)


def _is_for_nobody_else(world: World, entry: Entry) -> bool:
    """Tell whether an entry of the egress namespace is for nobody but ambient clients."""
    is_shared = entry.namespace == world.cluster.egress_namespace
    return is_shared and set(entry.export_to) == {"."}


def _bound(world: World, entry: Entry) -> Iterator[Anomaly]:
    if not world.is_bound(entry):
        yield Anomaly(
            "WaypointMissing", f'{entry.key} names the waypoint "{entry.waypoint}".', entry.key
        )
    if any(len(world.entries.exactly(host)) > 1 for host in entry.hosts):
        yield Anomaly(
            "EntryTwice",
            f"Another entry has the host of {entry.key}: the mesh picks any of them.",
            entry.key,
        )
    own = world.policies.targeting(entry.namespace, "ServiceEntry", entry.key.name)
    if not own:
        yield Anomaly("PolicyMissing", f"{entry.key} has no policy of its own.", entry.key)
    for policy in own:
        yield from _rules(entry, policy)


def _rules(entry: Entry, policy: AccessPolicy) -> Iterator[Anomaly]:
    for rule in policy.rules:
        numbers = {int(port) if port.isdecimal() else 0 for port in rule.ports}
        if "*" in rule.principals:
            yield Anomaly("AnybodyAllowed", f"{policy.key} allows every identity.", policy.key)
        if len(numbers) != 1 or not numbers <= set(entry.ports):
            yield Anomaly(
                "PolicyPortUnknown",
                f"{policy.key} has a rule that is not for one port of {entry.key}.",
                policy.key,
            )
            continue
        yield from _name(entry, policy, rule, numbers.pop())
    missing = set(map(str, entry.ports)) - {port for rule in policy.rules for port in rule.ports}
    if missing:
        yield Anomaly(
            "PolicyMissing", f"{policy.key} has no rule for every port of {entry.key}.", policy.key
        )


def _name(entry: Entry, policy: AccessPolicy, rule: Rule, port: int) -> Iterator[Anomaly]:
    """Yield rules that do not ask for the host's own name: the waypoint looks at addresses only."""
    family = entry.ports[port].family
    spelled = {f"{host}:{port}" for host in entry.hosts} | (
        set(entry.hosts) if port == 80 else set()
    )
    wanted = {"http": (spelled, set()), "tls": (set(), set(entry.hosts)), "tcp": (set(), set())}
    if (set(rule.hosts), set(rule.names)) != wanted[family]:
        yield Anomaly(
            "NameNotChecked",
            f"{policy.key} does not ask for the name of {entry.key} on port {port}.",
            policy.key,
        )


def _foundation(world: World, namespace: str, name: str) -> Iterator[Anomaly]:
    found = world.policies.targeting(namespace, "Gateway", name)
    closing = [p for p in found if p.action == "ALLOW" and not p.rules and not p.is_trial]
    if not closing:
        key = ObjectKey("gateway.networking.k8s.io/v1", "Gateway", namespace, name)
        yield Anomaly("DefaultDenyMissing", f'Nothing denies by default at "{name}".', key)
    for policy in found:
        if policy.rules:
            yield Anomaly(
                "DefaultDenyNotEmpty", f"{policy.key} allows for every entry.", policy.key
            )


def _targets(world: World) -> Iterator[Anomaly]:
    entries = {(entry.namespace, entry.key.name): entry for entry in world.entries.all}
    for policy in world.policies.all:
        if len(policy.targets) > 1:
            yield Anomaly(
                "PolicyForSeveralTargets", f"{policy.key} has several targets.", policy.key
            )
        for kind, name in policy.targets:
            place = (policy.key.namespace, name)
            is_entry = kind == "ServiceEntry" and place in entries and entries[place].waypoint
            is_waypoint = kind == "Gateway" and place in world.waypoints
            if not is_entry and not is_waypoint:
                yield Anomaly(
                    "PolicyTargetMissing",
                    f'{policy.key} targets the {kind} "{name}", which is not there or not bound.',
                    policy.key,
                )
