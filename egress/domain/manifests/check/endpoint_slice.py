"""What an EndpointSlice of ours looks like: the addresses behind a name (istio.md 6)."""

import ipaddress
from collections.abc import Iterator

from egress.domain.manifests.check.addresses import address_problems
from egress.domain.manifests.check.look import Look, annotated, labelled, mappings, repeated, texts
from egress.domain.manifests.check.look import unknown as unknown_fields
from egress.domain.manifests.check.service import leads_to, named_port
from egress.domain.naming import BASE_LABEL, MANAGED_BY, fixed_address_name, is_dns_label
from egress.domain.wording import quoted

FIELDS = {"addressType", "ports", "endpoints"}
_SERVICE_LABEL = "kubernetes.io/service-name"
_MANAGED_LABEL = "endpointslice.kubernetes.io/managed-by"
_FAMILIES = {"IPv4": 4, "IPv6": 6}
_MAX_ENDPOINTS = 1000


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of EndpointSlices."""
    yield from annotated(look)
    service = look.labels.get(_SERVICE_LABEL, "")
    # Without the second label Kubernetes' own controller takes the slice away again.
    expected = {_SERVICE_LABEL: service, _MANAGED_LABEL: MANAGED_BY}
    yield from labelled(look, expected, {BASE_LABEL})
    if not is_dns_label(service) or look.name != fixed_address_name(service):
        yield f"Its name does not follow from its Service {quoted(service)}."
    yield from _ports(look)
    yield from _endpoints(look)


def _ports(look: Look) -> Iterator[str]:
    ports = mappings(look.obj.get("ports"), "ports")
    if not ports or repeated([str(port.get("name")) for port in ports]):
        yield "It has no port, or two of one name."
    for port in ports:
        yield from unknown_fields(port, {"name", "port", "protocol"})
        yield from named_port(port)
        yield from leads_to(str(port.get("name")), port.get("port"))


def _endpoints(look: Look) -> Iterator[str]:
    family = _FAMILIES.get(look.obj.get("addressType", ""))
    if family is None:
        yield f"{quoted(look.obj.get('addressType'))} is no kind of address that is written."
    endpoints = mappings(look.obj.get("endpoints"), "endpoints")
    found = [a for endpoint in endpoints for a in texts(endpoint.get("addresses"), "addresses")]
    if not 1 <= len(endpoints) <= _MAX_ENDPOINTS or repeated(found):
        yield "It needs one to 1000 addresses, each once."
    for endpoint in endpoints:
        yield from unknown_fields(endpoint, {"addresses", "conditions"})
        if len(endpoint["addresses"]) != 1 or endpoint.get("conditions") != {"ready": True}:
            yield "An endpoint is not one address that is ready."
    for address in found:
        wrong = list(address_problems(address))
        yield from wrong
        if not wrong and ipaddress.ip_address(address).version != family:
            yield f"{quoted(address)} is not of the kind that the slice says."
