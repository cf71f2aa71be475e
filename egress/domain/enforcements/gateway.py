"""Enforcement `gateway`: everything leaves by the egress gateway, which decides (istio.md 3)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    GatewayProfile,
    Inventory,
    Subject,
)
from egress.domain.enforcements import aliases
from egress.domain.manifests.authorization_policy import host_policy
from egress.domain.manifests.destination_rule import client_rule, origination_rule
from egress.domain.manifests.gateway import doors
from egress.domain.manifests.service_entry import service_entry
from egress.domain.manifests.virtual_service import door_leg, http_leg, mesh_leg
from egress.domain.naming import principal, spiffe_id
from egress.domain.objects import KubeObject

_ByPort = dict[int, list[Access]]


def objects(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access]
) -> list[KubeObject]:
    """Return the objects of `accesses`, all accepted grants with this enforcement.

    Raises ValueError for a door that nobody is named for, and LookupError for a host whose gateway
    is not known: `refusals` has sorted out both.
    """
    identities = _Identities(cluster, inventory)
    by_host: dict[str, _ByPort] = defaultdict(lambda: defaultdict(list))
    for access in accesses:
        by_host[access.destination.host][access.destination.port].append(access)
    found: list[KubeObject] = []
    rules: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for host, by_port in by_host.items():
        gateway = cluster.gateway_of(host)
        found += _host_objects(cluster, gateway, identities, by_port)
        for port, group in by_port.items():
            ways = () if group[0].destination.protocol.is_http_family else ((host, port),)
            for namespace in {access.subject.namespace for access in group}:
                rules[gateway.id, namespace].update(ways)
    found += _client_rules(cluster, rules)
    return found + aliases.objects(cluster, inventory, accesses, with_route=False)


def _host_objects(
    cluster: ClusterProfile, gateway: GatewayProfile, identities: "_Identities", by_port: _ByPort
) -> list[KubeObject]:
    """Return what one host needs: its entry, the clients' way to the gateway, and both chains."""
    destinations = [by_port[port][0].destination for port in sorted(by_port)]
    namespaces = sorted({access.subject.namespace for access in _all(by_port)})
    found = [
        service_entry(
            cluster,
            namespace=cluster.egress_namespace,
            destinations=destinations,
            export_to=(".", *namespaces),
        ),
        mesh_leg(cluster, gateway, destinations=destinations, namespaces=namespaces),
    ]
    http = [d for d in destinations if d.protocol.is_http_family]
    if http:
        found += _http_chain(cluster, gateway, identities, http, by_port)
    for destination in destinations:
        if not destination.protocol.is_http_family:
            found += _doors(cluster, gateway, identities, by_port[destination.port])
    return found


def _http_chain(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    identities: "_Identities",
    destinations: Sequence[Destination],
    by_port: _ByPort,
) -> list[KubeObject]:
    host = destinations[0].host
    ports = [destination.port for destination in destinations]
    admitted = {port: identities.principals(by_port[port]) for port in ports}
    found = [
        http_leg(cluster, gateway, host=host, ports=ports),
        host_policy(cluster, gateway, host=host, principals=admitted),
    ]
    if originated := [d.port for d in destinations if d.tls_origination]:
        found.append(origination_rule(cluster, cluster.egress_namespace, host, originated))
    return found


def _doors(
    cluster: ClusterProfile,
    gateway: GatewayProfile,
    identities: "_Identities",
    accesses: Sequence[Access],
) -> list[KubeObject]:
    host, port = accesses[0].destination.host, accesses[0].destination.port
    admitted = identities.by_namespace(accesses)
    return [
        doors(cluster, gateway, host=host, port=port, identities=admitted),
        door_leg(cluster, gateway, host=host, port=port, namespaces=admitted),
    ]


def _client_rules(
    cluster: ClusterProfile, rules: Mapping[tuple[str, str], Iterable[tuple[str, int]]]
) -> list[KubeObject]:
    gateways = {gateway.id: gateway for gateway in cluster.gateways}
    return [
        client_rule(cluster, gateways[gateway_id], namespace=namespace, doors=subsets)
        for (gateway_id, namespace), subsets in rules.items()
    ]


class _Identities:
    """Who a grant means, as policies and doors name it: once per trust domain of the mesh."""

    def __init__(self, cluster: ClusterProfile, inventory: Inventory) -> None:
        self._domains = (cluster.trust_domain, *cluster.trust_domain_aliases)
        self._inventory = inventory
        self._known: dict[tuple[str, str], list[str]] = {}

    def principals(self, accesses: Iterable[Access]) -> list[str]:
        """Return the subjects as a policy names them; a namespace needs no list of accounts."""
        return [
            principal(domain, access.subject.namespace, access.subject.service_account or "*")
            for access in accesses
            for domain in self._domains
        ]

    def by_namespace(self, accesses: Iterable[Access]) -> dict[str, list[str]]:
        """Return the SPIFFE ids that the door of each namespace admits, sorted (istio.md R-B15)."""
        found: dict[str, list[list[str]]] = defaultdict(list)
        for access in accesses:
            found[access.subject.namespace].append(self._of(access.subject))
        return {
            namespace: ids[0] if len(ids) == 1 else sorted(set().union(*ids))
            for namespace, ids in found.items()
        }

    def _of(self, subject: Subject) -> list[str]:
        key = subject.namespace, subject.service_account
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = sorted(
                {
                    spiffe_id(domain, subject.namespace, account)
                    for domain in self._domains
                    for account in self._accounts(subject)
                }
            )
        return known

    def _accounts(self, subject: Subject) -> Iterable[str]:
        if subject.service_account:
            return (subject.service_account,)
        facts = self._inventory.namespaces.get(subject.namespace)
        return facts.service_accounts if facts else ()


def _all(by_port: _ByPort) -> Iterable[Access]:
    return (access for accesses in by_port.values() for access in accesses)
