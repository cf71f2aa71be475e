"""From decided grants to the objects that enforce them: `render(cluster, inventory, grants)`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.manifests.destination_rule import origination_rule
from egress.domain.manifests.service_entry import service_entry
from egress.domain.manifests.sidecar import default_deny
from egress.domain.objects import KubeObject, content_hash, key_of, to_yaml
from egress.domain.refusals import (
    CannotRender,
    check_cluster,
    conflict,
    grant_refusal,
    namespace_refusal,
)

__all__ = [
    "GENERATOR_VERSION",
    "CannotRender",
    "Rendering",
    "SliceKey",
    "SliceKind",
    "content_hash",
    "render",
    "render_namespace",
    "render_what_can",
    "slice_key",
    "to_yaml",
]

GENERATOR_VERSION = "1"
"""Goes up whenever the same grants would give other objects; an approval is bound to it."""


class SliceKind(StrEnum):
    """What a slice is cut along (architecture.md, "Words")."""

    NAMESPACE = "namespace"
    HOST = "host"


@dataclass(frozen=True, order=True)
class SliceKey:
    """The smallest set of objects that is rendered together. `str()` gives `namespace:shop`."""

    kind: SliceKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "SliceKey":
        """Return the key that `str()` wrote. Raises ValueError for anything else."""
        kind, _, name = text.partition(":")
        return cls(SliceKind(kind), name)


@dataclass(frozen=True)
class Rendering:
    """What could be rendered, and what had to be held back."""

    objects: list[KubeObject]
    refused: tuple[CannotRender, ...] = ()


def slice_key(access: Access, cluster: ClusterProfile, inventory: Inventory) -> SliceKey:
    """Return the slice whose objects enforce `access`."""
    if inventory.enforcement_of(access.subject.namespace, cluster) is Enforcement.SIDECAR:
        return SliceKey(SliceKind.NAMESPACE, access.subject.namespace)
    return SliceKey(SliceKind.HOST, access.destination.host)


def render(
    cluster: ClusterProfile, inventory: Inventory, grants: Iterable[Access]
) -> list[KubeObject]:
    """Return every object that enforces `grants` and the default-deny decisions of `inventory`.

    The result depends on the set of grants only, not on their order. Raises CannotRender for the
    first of them that has no safe objects.
    """
    rendering = render_what_can(cluster, inventory, grants)
    if rendering.refused:
        raise rendering.refused[0]
    return rendering.objects


def render_namespace(
    cluster: ClusterProfile, inventory: Inventory, namespace: str, grants: Iterable[Access]
) -> list[KubeObject]:
    """Return the objects of one namespace's slice; grants of other namespaces are left out.

    Raises CannotRender like `render`.
    """
    facts = inventory.namespaces.get(namespace)
    alone = Inventory({namespace: facts} if facts else {}, inventory.synced_at)
    return render(cluster, alone, (g for g in grants if g.subject.namespace == namespace))


def render_what_can(
    cluster: ClusterProfile, inventory: Inventory, grants: Iterable[Access]
) -> Rendering:
    """Return the objects of all grants that have any, and the refusals of the others.

    Grants that contradict each other are all refused: which of them came first is not known here.
    """
    check_cluster(cluster)
    refused: list[CannotRender] = []
    accepted: list[Access] = []
    for access in sorted(set(grants)):
        refusal = grant_refusal(access, cluster, inventory)
        if refusal:
            refused.append(refusal)
        else:
            accepted.append(access)
    objects: list[KubeObject] = []
    for (namespace, host), group in groupby(accepted, _namespace_and_host):
        _render_host(cluster, namespace, host, list(group), objects, refused)
    _render_default_deny(cluster, inventory, objects, refused)
    return Rendering(sorted(objects, key=_canonical_order), tuple(refused))


def _namespace_and_host(access: Access) -> tuple[str, str]:
    return access.subject.namespace, access.destination.host


def _canonical_order(obj: KubeObject) -> tuple[str, str, str]:
    key = key_of(obj)
    return key.namespace, key.kind, key.name


def _render_host(
    cluster: ClusterProfile,
    namespace: str,
    host: str,
    accesses: list[Access],
    objects: list[KubeObject],
    refused: list[CannotRender],
) -> None:
    by_port: dict[int, list[Access]] = {}
    for access in accesses:
        by_port.setdefault(access.destination.port, []).append(access)
    refused += [conflict(namespace, same) for same in by_port.values() if len(same) > 1]
    destinations = [same[0].destination for same in by_port.values() if len(same) == 1]
    if not destinations:
        return
    originated = [d.port for d in destinations if d.tls_origination]
    if originated:
        objects.append(origination_rule(cluster, namespace, host, originated))
    objects.append(service_entry(cluster, namespace, host, destinations))


def _render_default_deny(
    cluster: ClusterProfile,
    inventory: Inventory,
    objects: list[KubeObject],
    refused: list[CannotRender],
) -> None:
    for namespace in sorted(n for n, facts in inventory.namespaces.items() if facts.default_deny):
        refusal = namespace_refusal(namespace, cluster, inventory)
        if refusal:
            refused.append(refusal)
        else:
            objects.append(default_deny(cluster, namespace))
