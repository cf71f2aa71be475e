"""What each enforcement cannot express (istio.md 2, 3.11, 5.3, 6 and 8)."""

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory, Protocol
from egress.domain.manifests.service_entry import needs_address
from egress.domain.naming import door
from egress.domain.refusals.shapes import Reason
from egress.domain.slices import is_central
from egress.domain.wording import quoted

WILDCARD_TLS_FLAG = "ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS"
_MAX_SNI = 253


def support_reason(access: Access, cluster: ClusterProfile, inventory: Inventory) -> Reason | None:
    """Return why the enforcement of a well-formed grant's namespace cannot express it, or None."""
    enforcement = inventory.enforcement_of(access.subject.namespace, cluster)
    if enforcement is Enforcement.SIDECAR:
        return _sidecar(access, cluster, inventory)
    if enforcement is Enforcement.GATEWAY:
        return _gateway(access, cluster, inventory)
    return _ambient(access, cluster)


def _sidecar(access: Access, cluster: ClusterProfile, inventory: Inventory) -> Reason | None:
    destination = access.destination
    if not access.subject.is_namespace:
        return "ServiceAccountNotEnforced", _NO_IDENTITY
    if destination.is_wildcard:
        if destination.protocol is not Protocol.TLS:
            return "DestinationNotSupported", _WILDCARD_IS_TLS
        if not cluster.is_at_least(1, 30):
            return "DestinationNotSupported", _WILDCARD_SINCE
    if not destination.is_fixed_address and (reason := _dns_capture(access, cluster, inventory)):
        return reason
    if is_central(access, cluster):
        facts = inventory.namespaces.get(access.subject.namespace)
        if not (facts and facts.default_deny):
            return "DefaultDenyOff", _NO_HOST_LIST
    return None


def _gateway(access: Access, cluster: ClusterProfile, inventory: Inventory) -> Reason | None:
    destination = access.destination
    if destination.is_wildcard or destination.is_cidr:
        return "DestinationNotSupported", _GATEWAY_RESOLVES
    if destination.is_fixed_address:
        return "AliasNotSupported", _ADDRESS_IS_SIDECAR
    if reason := _dns_capture(access, cluster, inventory):
        return reason
    try:
        cluster.gateway_of(destination.host)
    except LookupError as error:
        return "GatewayUnknown", f"{error} Assign the host to a gateway of the cluster."
    return None if destination.protocol.is_http_family else _door(access, inventory)


def _door(access: Access, inventory: Inventory) -> Reason | None:
    subject, destination = access.subject, access.destination
    if len(door(destination.host, destination.port, subject.namespace)) > _MAX_SNI:
        return "DoorNameTooLong", _NAME_TOO_LONG
    facts = inventory.namespaces.get(subject.namespace)
    if subject.is_namespace and not (facts and facts.service_accounts):
        return "DoorWithoutIdentities", _NO_ACCOUNTS
    return None


def _ambient(access: Access, cluster: ClusterProfile) -> Reason | None:
    destination = access.destination
    if destination.is_cidr:
        return "DestinationNotSupported", _RANGE_IS_SIDECAR
    if destination.alias:
        return "AliasNotSupported", _NO_ALIAS_IN_AMBIENT
    if destination.is_wildcard and not _waypoint_resolves(destination.protocol, cluster):
        return "DestinationNotSupported", _WILDCARD_IN_AMBIENT
    return None


def _waypoint_resolves(protocol: Protocol, cluster: ClusterProfile) -> bool:
    if protocol.is_http_family:
        return cluster.is_at_least(1, 28)
    return cluster.is_at_least(1, 29) and cluster.has(WILDCARD_TLS_FLAG)


def _dns_capture(access: Access, cluster: ClusterProfile, inventory: Inventory) -> Reason | None:
    """Refuse TCP by name where it would take the port over for the whole namespace (R-A7)."""
    namespace = access.subject.namespace
    if not needs_address(access.destination):
        return None
    if inventory.captures_dns(namespace, cluster) is not False:
        return None
    return (
        "DnsCaptureOff",
        f"The proxies of namespace {quoted(namespace)} do not answer DNS, so TCP by name would "
        "take over the port. Switch on ISTIO_META_DNS_CAPTURE, or request fixed addresses.",
    )


_NO_IDENTITY = (
    "Under sidecar enforcement nothing checks the service account. Request it for the namespace."
)
_WILDCARD_IS_TLS = "Sidecars open wildcards for TLS only. Request TLS, or the single hosts."
_WILDCARD_SINCE = "Wildcards need Istio 1.30 or newer. Request the single hosts."
_NO_HOST_LIST = (
    "Central entries are admitted by the default deny of the namespace, which is off. Switch it on "
    "first."
)
_GATEWAY_RESOLVES = (
    "The egress gateway looks up every name itself, so wildcards and address ranges have no way "
    "through it. Request single hosts."
)
_ADDRESS_IS_SIDECAR = (
    "An alias for fixed addresses exists under sidecar enforcement only. Request the host itself."
)
_NAME_TOO_LONG = (
    "The name of its door would have more than 253 characters. Request it from a namespace with a "
    "shorter name, or a shorter host."
)
_NO_ACCOUNTS = (
    "No service account of the namespace is known, so nobody could be let in. Wait until the "
    "namespace was read, or request it for a service account."
)
_RANGE_IS_SIDECAR = "Address ranges exist under sidecar enforcement only. Request single hosts."
_NO_ALIAS_IN_AMBIENT = "Under ambient enforcement there are no aliases. Use the host itself."
_WILDCARD_IN_AMBIENT = (
    "The waypoint opens wildcards for HTTP from Istio 1.28, for TLS from 1.29 with "
    f"{WILDCARD_TLS_FLAG}=true. Request the single hosts."
)
