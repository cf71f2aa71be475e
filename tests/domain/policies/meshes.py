"""Clusters of each enforcement, and what a wish is judged by there."""

from dataclasses import replace
from typing import Any

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
    Resolution,
    Subject,
)
from egress.domain.policies import Finding
from tests.domain.examples import findings, inventory, namespace

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP

SIDECAR = ClusterProfile("portal-a", istio_version="1.31.0", dns_capture=True)
GATEWAY = replace(SIDECAR, enforcement=Enforcement.GATEWAY)
AMBIENT = replace(
    SIDECAR,
    enforcement=Enforcement.AMBIENT,
    flags={"ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS": "true"},
)
CENTRAL = replace(SIDECAR, central_entries=True)
MESHES = (SIDECAR, GATEWAY, AMBIENT, CENTRAL)

KNOWN = inventory(
    *(
        namespace(
            name,
            labels={"istio.io/dataplane-mode": "ambient"},
            default_deny=True,
            network_policy=True,
        )
        for name in ("default", "otherns", "third")
    )
)
"""Namespaces in which every enforcement works, and everything is decided."""


def place(host: str, port: int = 443, protocol: Protocol = TLS, **options: Any) -> Destination:
    """A destination with options: addresses, alias, tls_origination, resolution."""
    return Destination(host, port, protocol, **options)


def on(
    cluster: ClusterProfile, *wished: Destination, account: str = "", **more: Any
) -> list[Finding]:
    """All findings on a wish of namespace `default`, of a service account if one is given."""
    context: dict[str, Any] = {"cluster": cluster, "inventory": KNOWN} | more
    subject = Subject("default", account)
    return findings(*wished, subject=subject, **context)


def held(namespace: str, destination: Destination, account: str = "") -> Access:
    """A grant that stands."""
    return Access(Subject(namespace, account), destination)


def enforced(**by_namespace: Enforcement) -> Inventory:
    """The known namespaces, some with an enforcement of their own."""
    facts = {
        name: replace(known, enforcement=by_namespace.get(name))
        for name, known in KNOWN.namespaces.items()
    }
    return Inventory(facts)


LONG_LIVED: dict[str, Any] = {"resolution": Resolution.DNS_ROUND_ROBIN}
