"""Random clusters with random grants, small enough to collide often."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    GatewayProfile,
    Inventory,
    NamespaceFacts,
    Protocol,
    Resolution,
    Subject,
)

HTTP, GRPC, TLS, TCP = Protocol.HTTP, Protocol.GRPC, Protocol.TLS, Protocol.TCP
NAMESPACES = ("shop", "payments", "data")
STRANGER = "stranger"
ACCOUNTS = ("default", "web")
HOSTS = ("api.example.com", "db.example.net", "shop.wild.example.com")
WILDCARD, NARROWER = "*.wild.example.com", "*.shop.wild.example.com"
RANGE, ADDRESS, OTHER_ADDRESS = "203.0.113.0/24", "198.51.100.7/32", "198.51.100.8/32"
FIXED = dict(
    zip(HOSTS, (("192.0.2.9",), ("192.0.2.10", "192.0.2.11"), ("192.0.2.12",)), strict=True)
)
SHARED = ("192.0.2.9", "192.0.2.20")
"""Addresses that several hosts may have, among them one that the first host has alone."""
AROUND = "192.0.2.0/28"
"""A range that holds them in part."""
FLAGS = {"ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS": "true"}


@dataclass(frozen=True)
class Case:
    """A cluster, what is known of it, and what was granted."""

    cluster: ClusterProfile
    inventory: Inventory
    grants: tuple[Access, ...]


CLUSTERS = st.builds(
    ClusterProfile,
    installation=st.just("portal-a"),
    trust_domain=st.sampled_from(["cluster.local", "corp.example"]),
    trust_domain_aliases=st.sampled_from([(), ("old.example",)]),
    istio_version=st.just("1.31.0"),
    gateways=st.sampled_from(
        [(GatewayProfile(),), (GatewayProfile(), GatewayProfile("b", http_container_port=9080))]
    ),
    rules_at_clients=st.booleans(),
    central_entries=st.booleans(),
    dns_capture=st.sampled_from([True, True, None, False]),
    flags=st.just(FLAGS),
)


def _facts(name: str, enforcement: Enforcement | None, network_policy: bool) -> NamespaceFacts:
    return NamespaceFacts(
        name,
        uid=f"{name}-uid",
        service_accounts={account: f"{name}-{account}" for account in ACCOUNTS},
        enforcement=enforcement,
        default_deny=True,
        network_policy=network_policy,
    )


@st.composite
def inventories(draw: st.DrawFn, cluster: ClusterProfile) -> Inventory:
    """Namespaces under default deny; in ambient ones only the network can deny."""
    found = {}
    for name in (*NAMESPACES, STRANGER):
        own = draw(st.sampled_from([None, None, None, *Enforcement]))
        is_ambient = (own or cluster.enforcement) is Enforcement.AMBIENT
        found[name] = _facts(name, own, is_ambient or draw(st.booleans()))
    return Inventory(found)


_SPOKEN = (
    (80, HTTP, False),
    (80, HTTP, True),
    (8080, HTTP, False),
    (8080, GRPC, False),
    (443, TLS, False),
    (8443, TLS, False),
    (5432, TCP, False),
    (8443, TCP, False),
)
_SPECIAL = (
    Destination(WILDCARD, 443, TLS),
    Destination(WILDCARD, 8443, TLS),
    Destination(WILDCARD, 8080, HTTP),
    Destination(NARROWER, 443, TLS),
    Destination(RANGE, 5432, TCP),
    Destination(RANGE, 443, TLS),
    Destination(AROUND, 5432, TCP),
    Destination(AROUND, 8443, TLS),
    Destination(ADDRESS, 5432, TCP),
    Destination(ADDRESS, 5432, TCP, alias="old-database"),
    Destination(OTHER_ADDRESS, 5432, TCP, alias="old-database"),
    Destination(ADDRESS, 443, TLS, alias="appliance"),
    Destination(HOSTS[1], 6432, TCP, True, addresses=FIXED[HOSTS[1]], alias="encrypted"),
    Destination(HOSTS[0], 443, TLS, alias="mirror"),
)


@st.composite
def menus(draw: st.DrawFn) -> list[Destination]:
    """Destinations that go together: each host has one way for a port, and one lookup."""
    menu = draw(st.lists(st.sampled_from(_SPECIAL), min_size=2, max_size=5, unique=True))
    for host in HOSTS:
        addresses = draw(st.sampled_from([(), (), (), FIXED[host], SHARED]))
        resolution = draw(st.sampled_from([*[Resolution.DNS] * 4, Resolution.DNS_ROUND_ROBIN]))
        spoken = draw(
            st.lists(st.sampled_from(_SPOKEN), min_size=2, max_size=4, unique_by=lambda way: way[0])
        )
        for port, protocol, originates in spoken:
            found = Destination(host, port, protocol, originates, addresses, resolution)
            menu.append(found)
            if protocol.is_http_family:
                menu.append(replace(found, alias="mirror"))
    return menu


def _is_expressed(destination: Destination, enforcement: Enforcement) -> bool:
    """Whether an enforcement has objects for a destination, as far as that is simply said."""
    if destination.alias and not destination.is_fixed_address:
        return destination.protocol.is_http_family and enforcement is not Enforcement.AMBIENT
    if destination.is_cidr or destination.is_fixed_address:
        return enforcement is Enforcement.SIDECAR
    if destination.is_wildcard:
        is_tls = destination.protocol is TLS
        return enforcement is Enforcement.AMBIENT or (enforcement is Enforcement.SIDECAR and is_tls)
    return True


@st.composite
def accesses(draw: st.DrawFn, menu: list[Destination], enforcement: Enforcement) -> Access:
    """A grant that its enforcement can express, nearly always."""
    is_plain = enforcement is Enforcement.SIDECAR
    account = draw(st.sampled_from([""] * 9 + ["web"] if is_plain else ["", *ACCOUNTS]))
    fitting = [d for d in menu if _is_expressed(d, enforcement)]
    destination = draw(st.sampled_from(fitting * 9 + menu))
    return Access(Subject("", account), destination)


@st.composite
def cases(draw: st.DrawFn, enforcement: Enforcement | None = None) -> Case:
    """A cluster with an inventory, and grants of which some contradict each other.

    `enforcement` is the cluster's, any when not given; some namespaces have another one.
    """
    usual = enforcement or draw(st.sampled_from(Enforcement))
    cluster = replace(draw(CLUSTERS), enforcement=usual)
    inventory = draw(inventories(cluster))
    menu = draw(menus())
    grants: list[Access] = []
    for name in NAMESPACES:
        own = inventory.enforcement_of(name, cluster)
        found = draw(st.lists(accesses(menu, own), min_size=draw(st.integers(0, 3)), max_size=6))
        grants += [replace(a, subject=replace(a.subject, namespace=name)) for a in found]
    hosts = sorted({access.destination.host for access in grants})
    if len(cluster.gateways) > 1 and hosts:
        second = draw(st.sets(st.sampled_from(hosts)))
        cluster = replace(cluster, assignments=dict.fromkeys(sorted(second), "b"))
    return Case(cluster, inventory, tuple(dict.fromkeys(grants)))
