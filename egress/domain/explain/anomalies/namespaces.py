"""What was decided for whole namespaces: their Sidecar and their NetworkPolicy (2.4, 2.6, 7)."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, NamespaceFacts
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.entries import Entry
from egress.domain.explain.reading import named
from egress.domain.explain.sidecars import View
from egress.domain.explain.world import World
from egress.domain.objects import ObjectKey


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with Sidecars and NetworkPolicies."""
    shared = _shared(world)
    for namespace, views in world.sidecars.of.items():
        common = [view for view in views if not view.for_some]
        for view in views:
            if view.for_some:
                yield _at(view, "SidecarForSome", "overrides the namespace's for some workloads")
            elif len(common) > 1:
                yield _at(view, "SidecarTwice", "is not the only one of its namespace")
            if not view.denies:
                yield _at(view, "SidecarAllowsAny", "passes unknown destinations on")
            if not view.says_mode:
                yield _at(view, "ModeMissing", "says not what becomes of unknown destinations")
            yield from _list(world, view, shared.get(namespace, []))
    for name, facts in sorted(world.inventory.namespaces.items()):
        yield from _decisions(world, name, facts)


def _shared(world: World) -> dict[str, list[Entry]]:
    """Return the entries of the egress namespace that are exported to each namespace."""
    found: dict[str, list[Entry]] = {}
    for entry in world.entries.all:
        if entry.namespace == world.cluster.egress_namespace:
            for name in named(entry.export_to, entry.namespace):
                found.setdefault(name, []).append(entry)
    return found


def _at(view: View, reason: str, what: str) -> Anomaly:
    key = view.key or ObjectKey("", "Sidecar", view.viewer, "")
    return Anomaly(reason, f"{key} {what}.", key)


def _list(world: World, view: View, exported: list[Entry]) -> Iterator[Anomaly]:
    shared = world.cluster.egress_namespace
    enforcement = world.inventory.enforcement_of(view.viewer, world.cluster)
    is_listed = world.cluster.central_entries and enforcement is Enforcement.SIDECAR
    if view.admitted is None:
        if is_listed:
            yield _at(
                view, "SidecarAdmitsEverything", "lists no hosts, although entries are shared"
            )
        return
    for name in (view.viewer, world.cluster.root_namespace):
        if not view.admits(name, "any.name"):
            yield _at(view, "MeshNotAdmitted", f'does not admit all of namespace "{name}"')
    yield from _not_admitted(world, view, exported)
    known = {host for entry in exported for host in entry.hosts}
    for owner, host in view.admitted:
        if owner == shared and is_listed and host not in known:
            yield _at(view, "AdmittedWithoutEntry", f'admits "{host}", which is not exported to it')
        if owner == "*" and is_listed:
            yield _at(view, "SidecarAdmitsEverything", f'admits "{host}" of any namespace')


def _not_admitted(world: World, view: View, exported: list[Entry]) -> Iterator[Anomaly]:
    shared = world.cluster.egress_namespace
    for entry in exported:
        if not any(view.admits(shared, host) for host in entry.hosts):
            yield _at(view, "HostNotAdmitted", f"does not admit {entry.key}")
    if world.inventory.enforcement_of(view.viewer, world.cluster) is Enforcement.GATEWAY:
        for service in world.gateways:
            if not view.admits(shared, service):
                yield _at(view, "GatewayNotAdmitted", f'does not admit "{service}"')


def _decisions(world: World, name: str, facts: NamespaceFacts) -> Iterator[Anomaly]:
    enforcement = world.inventory.enforcement_of(name, world.cluster)
    key = ObjectKey("v1", "Namespace", "", name)
    if facts.default_deny and not any(view.denies for view in world.sidecars.of.get(name, [])):
        yield Anomaly(
            "DefaultDenyMissing", f'Nothing denies by default in namespace "{name}".', key
        )
    policies = world.network.of.get(name, [])
    if facts.network_policy and not any(policy.is_for_all_pods for policy in policies):
        yield Anomaly("NetworkPolicyMissing", f'No network policy closes namespace "{name}".', key)
    for policy in policies:
        if policy.opens and enforcement is not Enforcement.SIDECAR:
            yield Anomaly(
                "NetworkPolicyOpen",
                f"{policy.key} lets pods leave the cluster to {', '.join(policy.opens)}.",
                policy.key,
            )
