"""Names and labels of the objects we write (istio.md 1): deterministic, at most 63 characters."""

import hashlib
import re
from functools import lru_cache

from egress.domain.access import ClusterProfile, Protocol

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "egress-portal"
INSTALLATION_LABEL = "egress-portal.io/installation"
BASE_LABEL = "egress-portal.io/base"
CONTENT_HASH_ANNOTATION = "egress-portal.io/content-hash"
OWNER_LABEL = "egress-portal.io/owner"
FIELD_MANAGER = "egress-portal"
SIDECAR_NAME = "default"
NETWORK_POLICY_NAME = "egress-portal"
DEFAULT_DENY_NAME = "default-deny"
OWN_ZONE = "egress-portal.internal"
"""Where names lie that the portal makes up; nobody is granted one of them."""
HTTP_SNI = f"http.{OWN_ZONE}"
HTTP_SUBSET = "http"
CLIENT_PREFIX = "eg-client-"
CLIENT_LABEL = "egress-portal.io/client"

_KEPT = 16384
"""Names kept of hosts and namespaces: those of a large cluster, in a few megabytes."""

_SLUG_CHARACTERS = 38
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


@lru_cache(maxsize=_KEPT)
def h10(text: str) -> str:
    """Return the first 10 hexadecimal digits of SHA-256 of `text`."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:10]


def slug(text: str) -> str:
    """Return `text` in lower case with a hyphen for every run of other characters."""
    return _NO_SLUG.sub("-", text.lower()).strip("-")


@lru_cache(maxsize=_KEPT)
def base(host: str) -> str:
    """Return the name that all objects of one host begin with."""
    return f"eg-{slug(host)[:_SLUG_CHARACTERS]}-{h10(host)}"


def mesh_name(host: str) -> str:
    """Return the name of the VirtualService that leads clients to the gateway."""
    return f"{base(host)}-mesh"


def http_name(host: str) -> str:
    """Return the name of the VirtualService that leads HTTP from the gateway to `host`."""
    return f"{base(host)}-http"


def door_name(host: str, port: int) -> str:
    """Return the name of the Gateway and VirtualService of the doors of (host, port)."""
    return f"{base(host)}-p{port}"


def alias_name(host: str) -> str:
    """Return the name of the VirtualService that corrects the authority behind an alias."""
    return f"{base(host)}-alias"


def fixed_address_name(alias: str) -> str:
    """Return the name of EndpointSlice and DestinationRule of the Service `alias`."""
    return f"{alias}-eg"


def door(host: str, port: int, namespace: str) -> str:
    """Return the outer SNI of the door of (host, port, client namespace)."""
    return f"p{port}.{namespace}.{host}"


def subset_name(host: str, port: int) -> str:
    """Return the name of the subset through which a namespace reaches its door."""
    return f"p{port}-{h10(host)}"


def server_name(namespace: str) -> str:
    """Return the port name of the Gateway server that is the door of `namespace`."""
    return f"tls-{h10(namespace)}"


def client_rule_name(namespace: str, gateway_id: str = "main") -> str:
    """Return the name of the DestinationRule by which `namespace` reaches a gateway."""
    prefix = CLIENT_PREFIX if gateway_id == "main" else f"{CLIENT_PREFIX}{gateway_id}-"
    return f"{prefix}{namespace[:_SLUG_CHARACTERS]}-{h10(namespace)}"


def synthetic_host(cidr: str) -> str:
    """Return the host that stands for an address range in its ServiceEntry.

    The place of the zeros that IPv6 leaves out counts: two ranges never share a host.
    """
    return f"cidr-{slug(cidr.replace('::', ':x:'))}.{OWN_ZONE}"


def spiffe_id(trust_domain: str, namespace: str, service_account: str) -> str:
    """Return the identity of a service account as a door compares it."""
    return f"spiffe://{principal(trust_domain, namespace, service_account)}"


def principal(trust_domain: str, namespace: str, service_account: str = "*") -> str:
    """Return the identity of a service account, or of all of a namespace, as a policy names it."""
    return f"{trust_domain}/ns/{namespace}/sa/{service_account}"


def origination_name(host: str) -> str:
    """Return the name of the DestinationRule that originates TLS to `host`."""
    return f"{base(host)}-orig"


def port_name(protocol: Protocol, port: int) -> str:
    """Return the name of a ServiceEntry port, such as `tls-443`."""
    return f"{protocol.lower()}-{port}"


def labels(cluster: ClusterProfile, host: str | None = None) -> dict[str, str]:
    """Return the labels of an object; `host` for objects that belong to one host."""
    common = {MANAGED_BY_LABEL: MANAGED_BY, INSTALLATION_LABEL: cluster.installation}
    if host:
        common[BASE_LABEL] = base(host)
    return common


def is_dns_label(text: str) -> bool:
    """Tell whether `text` can be the name of a namespace (RFC 1123 label)."""
    return _DNS_LABEL.fullmatch(text) is not None


def is_dns_subdomain(text: str) -> bool:
    """Tell whether `text` can be the name of a service account (RFC 1123 subdomain)."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_label_value(text: str) -> bool:
    """Tell whether `text` can be the value of a Kubernetes label, and is not empty."""
    return _LABEL_VALUE.fullmatch(text) is not None
