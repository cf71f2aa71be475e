"""From decided grants to the objects that enforce them: `render(cluster, inventory, grants)`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.collecting import collection_waits
from egress.domain.enforcements import ambient, central, gateway, sidecar
from egress.domain.manifests.network_policy import client_policy
from egress.domain.manifests.sidecar import default_deny
from egress.domain.objects import KubeObject, content_hash, to_yaml
from egress.domain.refusals import CannotRender, check_cluster, namespace_refusal, sort_out
from egress.domain.slices import CENTRAL, SliceKey, kinds_in

__all__ = [
    "GENERATOR_VERSION",
    "CannotRender",
    "Rendering",
    "content_hash",
    "render",
    "render_slice",
    "render_what_can",
    "to_yaml",
]

GENERATOR_VERSION = "3"
"""Goes up whenever the same grants would give other objects; an approval is bound to it."""


@dataclass(frozen=True)
class Rendering:
    """What could be rendered, and what had to be held back."""

    objects: list[KubeObject]
    refused: tuple[CannotRender, ...] = ()


def render(
    cluster: ClusterProfile, inventory: Inventory, grants: Iterable[Access]
) -> list[KubeObject]:
    """Return every object that enforces `grants` and the decisions on namespaces of `inventory`.

    The result depends on the set of grants only, not on their order. Raises CannotRender for the
    first of them that has no faithful objects.
    """
    rendering = render_what_can(cluster, inventory, grants)
    if rendering.refused:
        raise rendering.refused[0]
    return rendering.objects


def render_slice(
    key: SliceKey, cluster: ClusterProfile, inventory: Inventory, grants: Iterable[Access]
) -> Rendering:
    """Return the objects of one slice.

    `grants` hold at least all grants of the slice and all grants of their hosts, in whatever
    namespace: only with those is it known what contradicts what. Raises CannotRender when
    nothing may be rendered for the cluster.
    """
    whole = render_what_can(cluster, inventory, grants)
    return Rendering([obj for obj in whole.objects if key.holds(obj, cluster)], whole.refused)


def render_what_can(
    cluster: ClusterProfile, inventory: Inventory, grants: Iterable[Access]
) -> Rendering:
    """Return the objects of all grants that have any, and the refusals of the others.

    Grants that contradict each other are all refused: which of them came first is not known here.
    """
    check_cluster(cluster)
    with collection_waits():
        return _render(cluster, inventory, grants)


def _render(cluster: ClusterProfile, inventory: Inventory, grants: Iterable[Access]) -> Rendering:
    accepted, refused = sort_out(cluster, inventory, _in_order(grants))
    objects: list[KubeObject] = []
    for enforcement, group in _by_enforcement(cluster, inventory, accepted).items():
        objects += _RENDERERS[enforcement](cluster, inventory, group)
    held = _render_decisions(cluster, inventory, accepted, objects)
    return Rendering(sorted(objects, key=_canonical_order), (*refused, *held))


def _in_order(accesses: Iterable[Access]) -> list[Access]:
    """Return `accesses` in their order, each once.

    The same as `sorted(set(accesses))`, which calls Python for every comparison.
    """
    each: dict[tuple[object, ...], Access] = {}
    for access in accesses:
        each.setdefault(_facts_of(access), access)
    return [each[facts] for facts in sorted(each)]


def _facts_of(access: Access) -> tuple[object, ...]:
    """Return all fields of an access in the order in which it is compared."""
    subject, destination = access.subject, access.destination
    return (
        subject.namespace,
        subject.service_account,
        destination.host,
        destination.port,
        destination.protocol,
        destination.tls_origination,
        destination.addresses,
        destination.resolution,
        destination.alias,
    )


_RENDERERS = {
    Enforcement.SIDECAR: sidecar.objects,
    Enforcement.GATEWAY: gateway.objects,
    Enforcement.AMBIENT: ambient.objects,
    CENTRAL: central.objects,
}


def _by_enforcement(
    cluster: ClusterProfile, inventory: Inventory, accepted: Sequence[Access]
) -> dict[str, list[Access]]:
    groups: dict[str, list[Access]] = {}
    kind = kinds_in(cluster, inventory)
    for access in accepted:
        groups.setdefault(kind(access), []).append(access)
    return groups


def _canonical_order(obj: KubeObject) -> tuple[str, str, str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), obj["kind"], metadata["name"], obj["apiVersion"]


def _render_decisions(
    cluster: ClusterProfile,
    inventory: Inventory,
    accepted: Sequence[Access],
    objects: list[KubeObject],
) -> list[CannotRender]:
    """Add what was decided for whole namespaces; return the refusals."""
    decided = [
        (name, facts)
        for name, facts in inventory.namespaces.items()
        if facts.default_deny or facts.network_policy
    ]
    if not decided:
        return []
    refused = []
    by_namespace: dict[str, list[Access]] = {}
    for access in accepted:
        by_namespace.setdefault(access.subject.namespace, []).append(access)
    for name, facts in sorted(decided, key=lambda one: one[0]):
        if refusal := namespace_refusal(name, cluster, inventory):
            refused.append(refusal)
            continue
        if facts.default_deny:
            hosts = central.admitted_hosts(cluster, inventory, name, by_namespace.get(name, ()))
            objects.append(default_deny(cluster, name, hosts))
        if facts.network_policy:
            objects.append(client_policy(cluster, name, inventory.enforcement_of(name, cluster)))
    return refused
