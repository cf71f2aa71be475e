"""Gateways: which names an egress gateway answers to, and whose identity it wants (3.1, 3.6)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.access import ClusterProfile, GatewayProfile
from egress.domain.explain.answers import Caller
from egress.domain.explain.reading import covers, mapping, mappings, number, spec_of, strings, text
from egress.domain.explain.routings import Routing
from egress.domain.objects import ObjectKey, key_of

_MUTUAL = "ISTIO_MUTUAL"
_HTTP_PROTOCOLS = frozenset({"HTTP", "HTTPS", "HTTP2", "GRPC", "GRPC-WEB"})


@dataclass(frozen=True, eq=False)
class Server:
    """One server of a Gateway. `owner` is what its host says before the slash."""

    gateway: ObjectKey
    selector: Mapping[str, str]
    port: int
    port_name: str
    protocol: str
    hosts: tuple[tuple[str, str], ...]
    mode: str
    identities: tuple[str, ...]

    @property
    def is_http(self) -> bool:
        """Tell whether requests are routed by their Host; bytes are passed on otherwise."""
        return self.protocol in _HTTP_PROTOCOLS

    @property
    def is_mutual(self) -> bool:
        """Tell whether clients must show an identity of the mesh."""
        return self.mode == _MUTUAL

    def answers_to(self, name: str) -> bool:
        """Tell whether an SNI reaches this server."""
        return any(covers(host, name) for _, host in self.hosts)

    def lets_in(self, caller: Caller) -> bool:
        """Tell whether the handshake succeeds; an empty list admits every identity (R-B16)."""
        if not self.is_mutual or not self.identities:
            return True
        return bool(caller.identities) and set(caller.identities) <= set(self.identities)

    def binds(self, routing: Routing, name: str) -> bool:
        """Tell whether a VirtualService that names this Gateway serves `name` here."""
        for owner, pattern in self.hosts:
            is_owner = owner == "*" or owner == routing.key.namespace
            if owner == ".":
                is_owner = routing.key.namespace == self.gateway.namespace
            if is_owner and covers(pattern, name):
                return any(covers(host, name) for host in routing.hosts)
        return False

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Tell whether pods with these labels serve it; an empty selector means all gateways."""
        return all(labels.get(name) == value for name, value in self.selector.items())


def read_servers(obj: Mapping[str, Any]) -> tuple[Server, ...]:
    """Return the servers of a Gateway. Raises TypeError for a malformed object."""
    spec, key = spec_of(obj), key_of(obj)
    selector = {name: text(value) for name, value in mapping(spec.get("selector")).items()}
    return tuple(_read(key, selector, server) for server in mappings(spec.get("servers")))


def _read(key: ObjectKey, selector: Mapping[str, str], server: Mapping[str, Any]) -> Server:
    port, tls = mapping(server.get("port")), mapping(server.get("tls"))
    return Server(
        gateway=key,
        selector=selector,
        port=number(port.get("number")),
        port_name=text(port.get("name")),
        protocol=text(port.get("protocol")).upper(),
        hosts=tuple(_pair(host) for host in strings(server.get("hosts"))),
        mode=text(tls.get("mode")) or ("PASSTHROUGH" if tls else ""),
        identities=strings(tls.get("subjectAltNames")),
    )


def _pair(host: str) -> tuple[str, str]:
    owner, slash, name = host.partition("/")
    return (owner, name) if slash else ("*", owner)


def pod_labels(gateway: GatewayProfile) -> Mapping[str, str]:
    """Return the labels that the pods of a gateway carry (chart `istio/gateway`)."""
    return {"istio": gateway.istio_label, "app": gateway.istio_label}


def container_port(gateway: GatewayProfile, port: int) -> int:
    """Return where the gateway's pods listen for a port of its Service, or `port` itself."""
    known = {
        gateway.http_port: gateway.http_container_port,
        gateway.tls_port: gateway.tls_container_port,
    }
    return known.get(port, port)


class Servers:
    """All servers, by the gateway workload and the port of its pods that they are on."""

    def __init__(self, servers: Iterable[Server], cluster: ClusterProfile) -> None:
        self.all = tuple(servers)
        self.scoped = cluster.flags.get("PILOT_SCOPE_GATEWAY_TO_NAMESPACE", "").lower() == "true"
        self._exact: dict[tuple[str, int, str], list[Server]] = {}
        self._wild: dict[tuple[str, int], list[Server]] = {}
        self.by_gateway: dict[str, list[Server]] = {}
        for gateway in cluster.gateways:
            labels = pod_labels(gateway)
            for server in self.all:
                if self.scoped and server.gateway.namespace != cluster.egress_namespace:
                    continue
                if server.selects(labels):
                    self._add(gateway, server)

    def _add(self, gateway: GatewayProfile, server: Server) -> None:
        self.by_gateway.setdefault(gateway.id, []).append(server)
        place = (gateway.id, container_port(gateway, server.port))
        for _, host in server.hosts:
            if host.startswith("*"):
                self._wild.setdefault(place, []).append(server)
            else:
                self._exact.setdefault((*place, host), []).append(server)

    def answering(self, gateway: GatewayProfile, port: int, name: str) -> list[Server]:
        """Return the servers of a gateway that an SNI reaches on a port of its pods.

        More than one means a duplicate, of which the mesh keeps only one.
        """
        if exact := self._exact.get((gateway.id, port, name)):
            return exact
        return [s for s in self._wild.get((gateway.id, port), []) if s.answers_to(name)]
