"""What a grant means, in one sentence that a person can check against their wish."""

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.hosts import unicode_form


def sentence(access: Access, cluster: ClusterProfile, inventory: Inventory) -> str:
    """Return who may reach what through `access`, and which proxy sees to it."""
    return f"{_who(access)} may reach {_what(access)} ({_how(access, cluster, inventory)})."


def _who(access: Access) -> str:
    subject = access.subject
    if subject.is_namespace:
        return f"All pods of `{subject.namespace}`"
    return f"Pods of `{subject.namespace}` running as `{subject.service_account}`"


def _what(access: Access) -> str:
    destination = access.destination
    shown = f"`{destination.host}:{destination.port}`"
    if destination.is_cidr:
        shown = f"the addresses `{destination.host}` on port {destination.port}"
    elif destination.is_wildcard:
        below = destination.host.removeprefix("*.")
        shown = f"every name below `{below}` on port {destination.port}"
    readable = unicode_form(destination.host)
    return shown if readable == destination.host else f"{shown}, written {readable},"


def _how(access: Access, cluster: ClusterProfile, inventory: Inventory) -> str:
    destination = access.destination
    enforcement = inventory.enforcement_of(access.subject.namespace, cluster)
    if destination.tls_origination:
        return f"{destination.protocol}; {_PROXY[enforcement]} speaks TLS to port 443"
    if destination.protocol.is_http_family:
        return f"{destination.protocol} in clear text"
    return destination.protocol.value


_PROXY = {
    Enforcement.SIDECAR: "the sidecar",
    Enforcement.GATEWAY: "the egress gateway",
    Enforcement.AMBIENT: "the waypoint",
}
