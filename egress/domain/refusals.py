"""What this release has no safe objects for: the generator refuses it, whatever was approved."""

from collections.abc import Iterator, Sequence

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    Protocol,
)
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.naming import is_dns_label, is_label_value
from egress.domain.wording import quoted


class CannotRender(Exception):  # noqa: N818 - reads as what happened, like the word in the UI
    """A grant, or a decision on a namespace, that this release has no safe objects for.

    `reason` is a CamelCase constant, `message` a sentence with a next step; `accesses` are the
    grants that it holds back, empty when it is about a namespace.
    """

    def __init__(self, reason: str, message: str, accesses: Sequence[Access] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.accesses = tuple(accesses)


def check_cluster(cluster: ClusterProfile) -> None:
    """Raise CannotRender when nothing may be rendered for `cluster`."""
    if not is_label_value(cluster.installation):
        raise CannotRender(
            "InstallationNotALabel",
            f"The installation id {quoted(cluster.installation)} cannot be a label. Use at most 63 "
            "letters, digits, dots, hyphens and underscores, beginning and ending with a letter "
            "or digit.",
        )


def namespace_refusal(
    namespace: str, cluster: ClusterProfile, inventory: Inventory
) -> CannotRender | None:
    """Return why no object may go into `namespace`, or None."""
    if not is_dns_label(namespace):
        return CannotRender(
            "NamespaceMalformed", f"{quoted(namespace)} is no namespace name. Check its spelling."
        )
    if namespace in cluster.protected_namespaces:
        return CannotRender(
            "NamespaceProtected",
            f"Namespace {quoted(namespace)} belongs to the cluster itself. Choose a namespace of "
            "an application.",
        )
    enforcement = inventory.enforcement_of(namespace, cluster)
    if enforcement is not Enforcement.SIDECAR:
        return CannotRender(
            "EnforcementNotSupported",
            f"Namespace {quoted(namespace)} has enforcement {quoted(enforcement)}, which is not "
            'supported yet. Set it to "sidecar", or wait for that release.',
        )
    return None


def grant_refusal(
    access: Access, cluster: ClusterProfile, inventory: Inventory
) -> CannotRender | None:
    """Return why `access` has no safe objects, or None."""
    refusal = namespace_refusal(access.subject.namespace, cluster, inventory)
    if refusal:
        return CannotRender(refusal.reason, refusal.message, [access])
    for reason, message in _unsupported(access):
        return CannotRender(
            reason, f"{access.subject} -> {access.destination}: {message}", [access]
        )
    return None


def _unsupported(access: Access) -> Iterator[tuple[str, str]]:
    destination = access.destination
    if not access.subject.is_namespace:
        yield "ServiceAccountNotEnforced", _NO_IDENTITY
    if destination.is_cidr or destination.is_wildcard or destination.protocol is Protocol.TCP:
        yield "DestinationNotSupported", _NO_SAFE_OBJECTS
    if not _is_canonical(destination.host):
        yield "HostNotCanonical", "The host is not in its canonical form. Request it again."
    if not 1 <= destination.port <= 65535:
        yield "PortOutOfRange", "A port is a number from 1 to 65535. Request it again."
    if destination.tls_origination and not _can_originate(destination):
        yield "OriginationNotSupported", _ORIGINATION_ONLY_HTTP


def _can_originate(destination: Destination) -> bool:
    return destination.protocol.is_http_family and destination.port == 80


def _is_canonical(host: str) -> bool:
    try:
        return canonical_destination_host(host) == host
    except HostError:
        return False


def conflict(namespace: str, accesses: list[Access]) -> CannotRender:
    """Return the refusal of grants that want one port of one host spoken to differently."""
    destination = accesses[0].destination
    spoken = " and ".join(quoted(str(a.destination)) for a in accesses)
    return CannotRender(
        "ProtocolConflict",
        f"Namespace {quoted(namespace)} was granted port {destination.port} of "
        f"{quoted(destination.host)} in different ways: {spoken}. Revoke all but one.",
        accesses,
    )


_NO_IDENTITY = (
    "Under sidecar enforcement nothing checks the service account. Request it for the namespace."
)
_NO_SAFE_OBJECTS = (
    "TCP, wildcards and address ranges are not supported yet. Request single hosts with HTTP or "
    "TLS."
)
_ORIGINATION_ONLY_HTTP = (
    "TLS origination needs an HTTP protocol and port 80. Request it so, or without origination."
)
