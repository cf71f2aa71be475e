"""Grants that cannot be rendered, and how to ask why."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
)
from egress.domain.refusals import sort_out
from tests.domain.examples import CLUSTER, inventory, namespace, to

TCP = Protocol.TCP
SIDECAR = Enforcement.SIDECAR
TLS_WILDCARDS = {"ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS": "true"}


def profile(enforcement: Enforcement = SIDECAR, **facts: Any) -> ClusterProfile:
    """A cluster with an enforcement."""
    return replace(CLUSTER, enforcement=enforcement, **facts)


def reasons(
    *accesses: Access, cluster: ClusterProfile = CLUSTER, known: Inventory | None = None
) -> list[str]:
    """Why grants are held back, all of them."""
    accepted, refused = sort_out(cluster, known or inventory(), accesses)
    held = {access for refusal in refused for access in refusal.accesses}
    assert held.isdisjoint(accepted)
    assert held | set(accepted) == set(accesses)
    assert all(refusal.message.endswith(".") for refusal in refused)
    return [refusal.reason for refusal in refused]


def originated(port: int, **parts: Any) -> Destination:
    """TCP to fixed addresses of a host, to which the sidecar speaks TLS."""
    whole: dict[str, Any] = {"addresses": ("203.0.113.13",), "alias": "old-db"}
    return replace(to("db.example.net", port, TCP, True), **(whole | parts))


def mixed(**by_namespace: Enforcement) -> Inventory:
    """An inventory whose namespaces have an enforcement each, all with default deny."""
    return inventory(
        *(
            namespace(name, enforcement=enforcement, default_deny=True)
            for name, enforcement in by_namespace.items()
        )
    )


def three(choices: Sequence[Enforcement]) -> Inventory:
    """Three namespaces with an enforcement each, all with default deny."""
    return mixed(**dict(zip(("one", "two", "three"), choices, strict=True)))
