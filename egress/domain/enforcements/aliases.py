"""Names for destinations in the namespaces that may use them (istio.md 6)."""

from collections.abc import Iterator, Sequence

from egress.domain.access import Access, ClusterProfile, Inventory
from egress.domain.manifests.service import alias_route, external_name, fixed_address
from egress.domain.objects import KubeObject


def objects(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access], *, with_route: bool
) -> list[KubeObject]:
    """Return the objects of all aliases among `accesses`, which hold no contradiction.

    `with_route` adds the VirtualService that corrects the authority, for clients whose sidecars
    go to the host directly; the way through a gateway corrects it anyway. For that `accesses`
    hold those without an alias, too.
    """
    hosts: dict[tuple[str, str], set[str]] = {}
    addresses: dict[tuple[str, str], list[Access]] = {}
    for access in accesses:
        destination, namespace = access.destination, access.subject.namespace
        if not destination.alias:
            continue
        if destination.is_fixed_address:
            addresses.setdefault((namespace, destination.alias), []).append(access)
        else:
            hosts.setdefault((namespace, destination.host), set()).add(destination.alias)
    found = [
        external_name(cluster, namespace, alias, host)
        for (namespace, host), aliases in sorted(hosts.items())
        for alias in sorted(aliases)
    ]
    if with_route and hosts:
        found += _routes(cluster, accesses, hosts)
    for (namespace, alias), group in sorted(addresses.items()):
        found += _fixed(cluster, namespace, alias, group)
    return found


def _routes(
    cluster: ClusterProfile,
    accesses: Sequence[Access],
    hosts: dict[tuple[str, str], set[str]],
) -> Iterator[KubeObject]:
    ports: dict[tuple[str, str], set[int]] = {place: set() for place in hosts}
    for access in accesses:
        place = (access.subject.namespace, access.destination.host)
        if place in ports and access.destination.protocol.is_http_family:
            ports[place].add(access.destination.port)
    for (namespace, host), numbers in sorted(ports.items()):
        yield alias_route(cluster, namespace, host, sorted(numbers))


def _fixed(
    cluster: ClusterProfile, namespace: str, alias: str, group: Sequence[Access]
) -> list[KubeObject]:
    destinations = [access.destination for access in group]
    first = destinations[0]
    hosts = {destination.host for destination in destinations}
    known = [host.partition("/")[0] for host in hosts] if first.is_cidr else first.addresses
    return fixed_address(
        cluster,
        namespace,
        alias,
        ports={destination.port: destination.protocol for destination in destinations},
        addresses=sorted(known),
        server=first.host if first.tls_origination else "",
        host=first.host if len(hosts) == 1 else None,
    )
