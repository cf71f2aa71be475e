"""What a live object opens, and for whom: what is compared to see that access is gone.

An opening is the least that one write can take away: a port of a host for one account of one
namespace, or a way there. Two objects are compared by their openings, never by their text, so
that shared objects tell whose access was narrowed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.naming import CLIENT_LABEL
from egress.domain.objects import KubeObject
from egress.models import Grant

EVERYBODY = "*"
_DOOR = re.compile(r"\./p(?P<port>\d+)\.(?P<namespace>[a-z0-9-]+)\.")
_IDENTITY = re.compile(r"(?:spiffe://)?[^/]+/ns/(?P<namespace>[^/]+)/sa/(?P<account>[^/]+)")
_SUBSET = re.compile(r"p(?P<port>\d+)-(?P<host>[0-9a-f]{10})")


@dataclass(frozen=True, order=True)
class Opening:
    """One way that an object opens.

    `namespace` is "*" for everybody, empty where the object does not tell. `account` is empty for
    all accounts of the namespace. `port` 0 stands for all ports. `detail` tells ways of one kind
    apart, such as hosts of a Sidecar.
    """

    kind: str
    namespace: str
    port: int = 0
    account: str = ""
    detail: str = ""

    def serves(self, grant: Grant) -> bool:
        """Tell whether the subject of a grant could use this for the grant's port."""
        return (
            self.namespace in (EVERYBODY, "", grant.namespace)
            and self.port in (0, grant.port)
            and (not self.account or grant.service_account in ("", self.account))
        )


def openings_of(obj: KubeObject | None) -> frozenset[Opening]:
    """Return everything that a live or desired object opens, nothing for one that is not there."""
    if obj is None:
        return frozenset()
    read = _READERS.get(obj["kind"])
    return frozenset(read(obj)) if read else frozenset()


def deciding_openings(obj: KubeObject | None) -> frozenset[Opening]:
    """Return the openings by which it is decided that access is gone (istio.md 3.8, "Out").

    At the gateway the list of a door and the rules of a policy decide who gets through (step 1),
    and a client that still sees an entry may have a direct way to it (step 2): both must be
    gone. At the waypoint the policy decides; its entry is the mesh's own and names nobody. Under
    `sidecar` the entry is the permission, central or not: a Sidecar that still lists a host
    shows nothing where the entry is not exported any more. For a fixed address both the Service
    and what stands behind it open. Routes and client rules lead there, but open nothing by
    themselves.
    """
    if obj is None or obj["kind"] in ("VirtualService", "DestinationRule", "Sidecar"):
        return frozenset()
    return frozenset(one for one in openings_of(obj) if one.namespace)


def _entry(obj: KubeObject) -> Iterator[Opening]:
    own = str(obj["metadata"].get("namespace", ""))
    labels = obj["metadata"].get("labels") or {}
    spec = _spec(obj)
    for target in spec.get("exportTo") or [EVERYBODY]:
        for port in spec.get("ports") or []:
            if "istio.io/use-waypoint" in labels:
                yield Opening("entry", "", int(port.get("number", 0)))
            elif target != "~":
                place = own if target == "." else str(target)
                yield Opening("entry", place, int(port.get("number", 0)))


def _doors(obj: KubeObject) -> Iterator[Opening]:
    for server in _spec(obj).get("servers") or []:
        identities = (server.get("tls") or {}).get("subjectAltNames") or []
        for host in server.get("hosts") or [EVERYBODY]:
            found = _DOOR.match(str(host))
            port = int(found["port"]) if found else 0
            if not identities:
                yield Opening("door", EVERYBODY, port)
            for identity in identities:
                yield _identified("door", str(identity), port)


def _policy(obj: KubeObject) -> Iterator[Opening]:
    for rule in _spec(obj).get("rules") or []:
        ports = sorted(_policy_ports(rule))
        sources = [part.get("source") or {} for part in rule.get("from") or []]
        named = [str(who) for source in sources for who in source.get("principals") or [EVERYBODY]]
        for who in named or [EVERYBODY]:
            for port in ports:
                yield _identified("policy", who, port)


def _policy_ports(rule: Mapping[str, Any]) -> Iterator[int]:
    """Yield the ports of the host that a rule names: in its authorities, else as ports."""
    operations = [part.get("operation") or {} for part in rule.get("to") or []]
    for operation in operations or [{}]:
        hosts = [str(host) for host in operation.get("hosts") or []]
        if hosts:
            yield from (_port_of_authority(host) for host in hosts)
        else:
            yield from (int(p) if str(p).isdigit() else 0 for p in operation.get("ports") or [0])


def _port_of_authority(authority: str) -> int:
    _, _, port = authority.rpartition(":")
    return int(port) if port.isdigit() else 80


def _identified(kind: str, identity: str, port: int) -> Opening:
    found = _IDENTITY.fullmatch(identity)
    if not found:
        return Opening(kind, EVERYBODY, port, detail=identity)
    account = "" if found["account"] == "*" else found["account"]
    return Opening(kind, found["namespace"], port, account)


def _route(obj: KubeObject) -> Iterator[Opening]:
    spec = _spec(obj)
    if (spec.get("gateways") or ["mesh"]) == ["mesh"]:
        own = str(obj["metadata"].get("namespace", ""))
        targets = [own if name == "." else str(name) for name in spec.get("exportTo") or ["*"]]
    else:
        targets = [""]
    doors = [found for host in spec.get("hosts") or [] if (found := _DOOR.match(f"./{host}"))]
    for found in doors:
        yield Opening("route", found["namespace"], int(found["port"]))
    if not doors:
        for port in sorted(set(_route_ports(spec))):
            yield from (Opening("route", target, port) for target in targets)


def _route_ports(spec: Mapping[str, Any]) -> Iterator[int]:
    for family in ("http", "tls", "tcp"):
        for route in spec.get(family) or []:
            name = str(route.get("name", ""))
            matched = [m.get("port") for m in route.get("match") or [] if "port" in m]
            yield from (int(port) for port in matched)
            if not matched:
                yield int(name[1:]) if re.fullmatch(r"p\d+", name) else 0


def _rule(obj: KubeObject) -> Iterator[Opening]:
    labels = obj["metadata"].get("labels") or {}
    client, spec = str(labels.get(CLIENT_LABEL, "")), _spec(obj)
    for subset in spec.get("subsets") or []:
        found = _SUBSET.fullmatch(str(subset.get("name")))
        port = int(found["port"]) if found else 0
        detail = f"{spec.get('host')} {subset.get('name')}"
        yield Opening("subset", client, port, detail=detail)
    policy = spec.get("trafficPolicy") or {}
    for level in policy.get("portLevelSettings") or []:
        yield Opening("origination", "", int((level.get("port") or {}).get("number", 0)))


def _sidecar(obj: KubeObject) -> Iterator[Opening]:
    own, spec = str(obj["metadata"].get("namespace", "")), _spec(obj)
    for listener in spec.get("egress") or []:
        for host in listener.get("hosts") or []:
            yield Opening("sidecar", own, detail=str(host))


def _service(obj: KubeObject) -> Iterator[Opening]:
    own, spec = str(obj["metadata"].get("namespace", "")), _spec(obj)
    if spec.get("externalName"):
        yield Opening("alias", "", detail=f"{own} {spec['externalName']}")
        return
    for port in spec.get("ports") or []:
        yield Opening("service", own, int(port.get("port", 0)))


def _endpoints(obj: KubeObject) -> Iterator[Opening]:
    own = str(obj["metadata"].get("namespace", ""))
    for port in obj.get("ports") or [{}]:
        for endpoint in obj.get("endpoints") or []:
            for address in endpoint.get("addresses") or []:
                yield Opening("endpoint", own, int(port.get("port", 0)), detail=str(address))


def _spec(obj: KubeObject) -> Mapping[str, Any]:
    return obj.get("spec") or {}


_READERS: Mapping[str, Callable[[KubeObject], Iterable[Opening]]] = {
    "ServiceEntry": _entry,
    "Gateway": _doors,
    "AuthorizationPolicy": _policy,
    "VirtualService": _route,
    "DestinationRule": _rule,
    "Sidecar": _sidecar,
    "Service": _service,
    "EndpointSlice": _endpoints,
}
