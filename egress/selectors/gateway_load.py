"""How full the egress gateways of a cluster are, and which of them serves a host."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F, Value

from egress.domain.access import ClusterProfile, Enforcement, Inventory, Protocol
from egress.models import Cluster, HostAssignment
from egress.selectors.neighbours import live_grants


@dataclass(frozen=True)
class GatewayLoad:
    """Doors, and HTTP hosts, that live grants need of each gateway, by its id."""

    doors: Mapping[str, int] = field(default_factory=dict)
    http_hosts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """Which gateway each host of a cluster was given, and what needs one, by kind.

    `doors` and `http_hosts` hold the host of each, as often as it takes room.
    """

    assignments: Mapping[str, str]
    doors: tuple[str, ...] = ()
    http_hosts: tuple[str, ...] = ()

    def load(self, profile: ClusterProfile) -> GatewayLoad:
        """Return what each gateway serves. Hosts of gateways that are not known count for none."""
        return GatewayLoad(_by_gateway(profile, self.doors), _by_gateway(profile, self.http_hosts))


def assignments_of(cluster: Cluster, hosts: Collection[str] | None = None) -> dict[str, str]:
    """Return the gateway ids of some hosts, or of all; empty where there is only one gateway."""
    if len(cluster.gateways) < 2:
        return {}
    rows = HostAssignment.objects.filter(cluster=cluster)
    if hosts is not None:
        rows = rows.filter(host__in=sorted(set(hosts)))
    return dict(rows.values_list("host", "gateway"))


def served_in(cluster: Cluster, profile: ClusterProfile, inventory: Inventory) -> Served:
    """Return what the gateways of a cluster serve, in one query.

    `inventory` holds all namespaces, as their enforcement tells who goes through a gateway; an
    empty one asks for the assignments alone.
    """
    given = HostAssignment.objects.filter(cluster=cluster).annotate(
        what=Value("gateway"), where=F("host"), at=Value(0), who=F("gateway")
    )
    columns = ("what", "where", "at", "who")
    rows = given.order_by().values_list(*columns)
    through = [
        name
        for name in inventory.namespaces
        if inventory.enforcement_of(name, profile) is Enforcement.GATEWAY
    ]
    if through:
        family = {protocol for protocol in Protocol if protocol.is_http_family}
        live = live_grants(cluster).filter(namespace__in=through).order_by()
        doors = live.exclude(protocol__in=family).annotate(
            what=Value("door"), where=F("host"), at=F("port"), who=F("namespace")
        )
        http = live.filter(protocol__in=family).annotate(
            what=Value("http"), where=F("host"), at=Value(0), who=Value("")
        )
        # A union names each row once: a door is a port of a host in a namespace.
        rows = rows.union(doors.values_list(*columns), http.values_list(*columns))
    found = list(rows)
    return Served(
        {host: gateway for what, host, _, gateway in found if what == "gateway"},
        tuple(host for what, host, *_ in found if what == "door"),
        tuple(host for what, host, *_ in found if what == "http"),
    )


def _by_gateway(profile: ClusterProfile, hosts: Iterable[str]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for host in hosts:
        try:
            found[profile.gateway_of(host).id] += 1
        except LookupError:
            continue
    return dict(found)
