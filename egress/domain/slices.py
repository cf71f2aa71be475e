"""Slices: the smallest sets of objects that are rendered together (architecture.md, "Words")."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base


class SliceKind(StrEnum):
    """What a slice is cut along."""

    NAMESPACE = "namespace"
    HOST = "host"


@dataclass(frozen=True, order=True)
class SliceKey:
    """One slice of a cluster. `str()` gives `namespace:shop` or `host:api.example.com`."""

    kind: SliceKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "SliceKey":
        """Return the key that `str()` wrote. Raises ValueError for anything else."""
        kind, _, name = text.partition(":")
        if not name:
            raise ValueError(f'"{text}" is not the key of a slice.')
        return cls(SliceKind(kind), name)

    def holds(self, obj: Mapping[str, Any], cluster: ClusterProfile) -> bool:
        """Tell whether an object of ours, desired or live, is part of this slice.

        What lies in the egress namespace belongs to its host, or to the client namespace that
        its label names; anything else to the namespace it lies in.
        """
        metadata = obj["metadata"]
        labels = metadata.get("labels") or {}
        if self.kind is SliceKind.HOST:
            is_central = metadata.get("namespace") == cluster.egress_namespace
            return is_central and labels.get(BASE_LABEL) == base(self.name)
        if labels.get(CLIENT_LABEL):
            return bool(labels[CLIENT_LABEL] == self.name)
        return bool(metadata.get("namespace") == self.name)


CENTRAL = "central"
"""The kind of grants under `sidecar` enforcement that have a central entry (istio.md 2.6)."""


def namespace_slice(name: str) -> SliceKey:
    """Return the slice of a client namespace."""
    return SliceKey(SliceKind.NAMESPACE, name)


def host_slice(host: str) -> SliceKey:
    """Return the slice of a host, for everything that is shared between namespaces."""
    return SliceKey(SliceKind.HOST, host)


def slices_of(
    access: Access, cluster: ClusterProfile, inventory: Inventory
) -> tuple[SliceKey, ...]:
    """Return the slices whose objects enforce `access`, the host's first."""
    namespace, host = access.subject.namespace, access.destination.host
    enforcement = inventory.enforcement_of(namespace, cluster)
    if enforcement is Enforcement.AMBIENT:
        return (host_slice(host),)
    if enforcement is Enforcement.GATEWAY or is_central(access, cluster):
        return (host_slice(host), namespace_slice(namespace))
    return (namespace_slice(namespace),)


def kind_of(access: Access, cluster: ClusterProfile, inventory: Inventory) -> str:
    """Return which renderer a grant has: its namespace's enforcement, or `CENTRAL`."""
    enforcement = inventory.enforcement_of(access.subject.namespace, cluster)
    if enforcement is Enforcement.SIDECAR and is_central(access, cluster):
        return CENTRAL
    return enforcement


def kinds_in(cluster: ClusterProfile, inventory: Inventory) -> Callable[[Access], str]:
    """Return `kind_of` for the grants of one cluster, which looks at each namespace once."""
    if cluster.central_entries:
        # There it depends on the destination as well.
        return lambda access: kind_of(access, cluster, inventory)
    known: dict[str, str] = {}

    def kind(access: Access) -> str:
        namespace = access.subject.namespace
        found = known.get(namespace)
        if found is None:
            found = known[namespace] = kind_of(access, cluster, inventory)
        return found

    return kind


def is_central(access: Access, cluster: ClusterProfile) -> bool:
    """Tell whether a grant under `sidecar` enforcement has a central entry (istio.md 2.6).

    A fixed address with a name of its own has a Service in its namespace instead.
    """
    return cluster.central_entries and not access.destination.is_fixed_address
