"""What the enforcement of a namespace can express at all, and from which Istio on."""

from collections.abc import Iterator

from egress.domain.access import ClusterProfile, Enforcement, Resolution, Wish
from egress.domain.policies.context import Case, PolicyContext
from egress.domain.policies.finding import Finding, Level
from egress.domain.slices import CENTRAL
from egress.domain.wording import quoted

_MINIMUM = {
    Enforcement.SIDECAR: (1, 24),
    Enforcement.GATEWAY: (1, 24),
    Enforcement.AMBIENT: (1, 28),
}
_MINIMUM_WITH_RULES_AT_CLIENTS = (1, 22)


def minimum_version(cluster: ClusterProfile, enforcement: Enforcement) -> tuple[int, int]:
    """Return the oldest Istio that an enforcement works with in `cluster` (istio.md 12)."""
    if enforcement is Enforcement.GATEWAY and cluster.rules_at_clients:
        return _MINIMUM_WITH_RULES_AT_CLIENTS
    return _MINIMUM[enforcement]


def identity_enforced(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse service accounts where nothing checks identities (istio.md 2.2)."""
    if wish.subject.is_namespace or context.enforcement_of(wish) is not Enforcement.SIDECAR:
        return
    yield Finding(
        "ServiceAccountNotEnforced",
        "Under sidecar enforcement nothing checks the service account "
        f"{quoted(wish.subject.service_account)}: every pod of the namespace would get access. "
        f"Request it for the namespace {quoted(wish.subject.namespace)} instead.",
        Level.BLOCK,
        "service_account",
    )


def version_supported(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse enforcements that the mesh is too old for (istio.md 12, PF10).

    What is not known is left to the posture of the cluster, where an admin can vouch for it.
    """
    cluster, enforcement = context.cluster, context.enforcement_of(wish)
    if not is_version_known(cluster):
        return
    major, minor = minimum_version(cluster, enforcement)
    if not cluster.is_at_least(major, minor):
        yield Finding(
            "IstioTooOld",
            f"This cluster runs Istio {quoted(cluster.istio_version)}, and {enforcement} "
            f"enforcement needs {major}.{minor} or newer. Ask an admin to upgrade the mesh.",
            Level.BLOCK,
            "namespace",
        )


def default_deny_where_needed(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse central entries where no host list admits them (istio.md 2.6)."""
    facts = context.facts_of(wish.subject.namespace)
    if facts is None or facts.default_deny:
        return
    cases = (Case(wish, index, context) for index in range(len(wish.destinations)))
    if any(case.kind == CENTRAL for case in cases):
        yield Finding(
            "DefaultDenyOff",
            "In this cluster hosts are admitted by the host list of each namespace, which "
            f"{quoted(wish.subject.namespace)} has only while its default deny is on. Ask its "
            "owner or an admin to switch that on first.",
            Level.BLOCK,
            "namespace",
        )


def range_supported(case: Case) -> Iterator[Finding]:
    """Allow address ranges under sidecar enforcement only, and never for HTTP (istio.md 2.3)."""
    destination = case.destination
    if not destination.is_cidr:
        return
    if case.enforcement is not Enforcement.SIDECAR:
        way = "waypoint" if case.enforcement is Enforcement.AMBIENT else "egress gateway"
        yield case.refusal(
            "AddressRangeNotSupported",
            f"Traffic of this namespace leaves through the {way}, which looks up every name "
            f"itself and has no way to the range {quoted(destination.host)}. Request a host name.",
            "host",
        )
    if destination.protocol.is_http_family:
        yield case.refusal(
            "AddressRangeNeedsTcp",
            f"With {destination.protocol} the client would choose any host in "
            f"{quoted(destination.host)} by a header. Request TCP or TLS, or a host name.",
            "protocol",
        )


def lookup_supported(case: Case) -> Iterator[Finding]:
    """Refuse a way of looking up names where none is looked up (istio.md R-A6)."""
    destination = case.destination
    if destination.resolution is Resolution.DNS:
        return
    if destination.is_cidr or destination.is_wildcard or destination.addresses:
        yield case.refusal(
            "LongLivedNotSupported",
            f"Long-lived connections are an option of single hosts that DNS is asked for, and "
            f"{quoted(destination.host)} is reached without that. Leave the option out.",
            "long_lived",
        )


def gateway_known(case: Case) -> Iterator[Finding]:
    """Refuse a host whose egress gateway the cluster no longer has."""
    if case.enforcement is not Enforcement.GATEWAY:
        return
    try:
        case.context.cluster.gateway_of(case.destination.host)
    except LookupError:
        yield case.refusal(
            "GatewayUnknown",
            f"{quoted(case.destination.host)} belongs to an egress gateway that this cluster does "
            "not have. Ask an admin to assign it to one that it has.",
            "host",
        )


def is_version_known(cluster: ClusterProfile) -> bool:
    """Tell whether the version of the mesh was read and understood."""
    return cluster.is_at_least(0, 0)
