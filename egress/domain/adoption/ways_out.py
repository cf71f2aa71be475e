"""Everything that leads out of the mesh, or has a say on hosts outside, and is not the portal's."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.access import ClusterProfile, Inventory
from egress.domain.adoption.equivalence import Surrounding, first_look
from egress.domain.managed_fields import spec_managers
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.posture.look import Look
from egress.domain.posture.matching import (
    covering,
    hosts_of,
    items,
    name_of,
    namespace_of,
    part,
    selects,
    targets_of,
    uid_of,
)
from egress.domain.posture.snapshot import Read, Snapshot
from egress.domain.wording import listed, quoted

LONGEST_LIST = 20
"""So many hosts, ports or namespaces of one object are named; the others are counted."""
EVERYBODY = "*"
KINDS = (
    Read.SERVICE_ENTRY,
    Read.VIRTUAL_SERVICE,
    Read.DESTINATION_RULE,
    Read.SIDECAR,
    Read.GATEWAY,
    Read.AUTHORIZATION_POLICY,
    Read.SERVICE,
)
_LET_ASK = "Let its owner ask for the destinations in a request, and remove it."


@dataclass(frozen=True)
class WayOut:
    """One object of somebody else.

    `managers` are who wrote it, as the API server keeps it; `serves` the namespaces whose proxies
    know it, `*` for all. `sentence` says what it does. `adoptable` tells that adoption can be
    asked for; else `why_not` says why not. `granted` are those of its hosts that the portal has
    granted to a namespace it serves: which of both counts there cannot be told.
    """

    key: ObjectKey
    uid: str
    resource_version: str
    managers: tuple[str, ...]
    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    serves: tuple[str, ...]
    sentence: str
    adoptable: bool
    why_not: str = ""
    granted: tuple[str, ...] = ()


def ways_out(
    snapshot: Snapshot,
    cluster: ClusterProfile,
    inventory: Inventory,
    *,
    ours: Collection[str],
    hosts: Mapping[str, Collection[str]],
    most_destinations: int = 20,
) -> list[WayOut]:
    """Return the ways out that neither the portal nor bootstrap wrote, in the order of their keys.

    `ours` are the uids of the portal's objects, `hosts` maps each granted host to the namespaces
    it is granted to, `most_destinations` is how many a request may have. What could not be read is
    left out: the posture names it.
    """
    look = Look(snapshot, cluster, inventory, frozenset(ours), hosts, ())
    known = {host for entry in snapshot.of(Read.SERVICE_ENTRY) for host in hosts_of(entry)}
    reader = _Reader(look, frozenset(known | hosts.keys()), most_destinations)
    found = [way for kind in KINDS for obj in look.foreign(kind) for way in reader.read(kind, obj)]
    return sorted(found, key=lambda way: way.key)


class _Reader:
    """Reads objects of one look; `known` are the hosts that the mesh knows outside."""

    def __init__(self, look: Look, known: frozenset[str], most_destinations: int) -> None:
        self.look = look
        self.known = known
        self._surrounding = Surrounding(
            look.cluster,
            look.inventory,
            default_export=look.snapshot.exports(Read.SERVICE_ENTRY),
            most_destinations=most_destinations,
        )
        self._readers = {
            Read.SERVICE_ENTRY: self._entry,
            Read.VIRTUAL_SERVICE: self._route,
            Read.DESTINATION_RULE: self._rule,
            Read.SIDECAR: self._sidecar,
            Read.GATEWAY: self._gateway,
            Read.AUTHORIZATION_POLICY: self._policy,
            Read.SERVICE: self._service,
        }

    def read(self, kind: Read, obj: KubeObject) -> Iterator[WayOut]:
        """Yield the way out that an object is, if it is one."""
        found = self._readers[kind](obj)
        if found is not None:
            yield found

    def _entry(self, obj: KubeObject) -> WayOut:
        _, refusal = first_look(obj, self._surrounding)
        hosts, ports = sorted(hosts_of(obj)), sorted(set(_ports(obj)))
        opens = f"It opens {_named(hosts)}" if hosts else "It names no host"
        numbers = listed([str(port) for port in ports[:LONGEST_LIST]])
        at = f" on port{'s' if len(ports) > 1 else ''} {numbers}" if ports else ""
        why_not = refusal.sentence if refusal else ""
        return self._way(
            obj, Read.SERVICE_ENTRY, f"{opens}{at}.", hosts=hosts, ports=ports, why_not=why_not
        )

    def _route(self, obj: KubeObject) -> WayOut | None:
        hosts = sorted(host for host in hosts_of(obj) if self._is_outside(host))
        targets = sorted(target for target in targets_of(obj) if target in self.known)
        is_at_clients = "mesh" in (items(obj, "spec", "gateways") or ["mesh"])
        if not targets and not (hosts and is_at_clients):
            return None
        sentence = f"It decides where {_named(hosts or targets)} leads to."
        return self._way(obj, Read.VIRTUAL_SERVICE, sentence, hosts=hosts or targets)

    def _rule(self, obj: KubeObject) -> WayOut | None:
        host = str(part(obj, "spec").get("host", "")).lower()
        if not self._is_outside(host):
            return None
        sentence = f"It says how {quoted(host)} is spoken to."
        return self._way(obj, Read.DESTINATION_RULE, sentence, hosts=[host])

    def _sidecar(self, obj: KubeObject) -> WayOut | None:
        spec = part(obj, "spec")
        policy = part(obj, "spec", "outboundTrafficPolicy")
        named = [str(h) for one in items(obj, "spec", "egress") for h in items(one, "hosts")]
        if policy.get("mode") == "ALLOW_ANY" or policy.get("egressProxy"):
            sentence = "It lets its proxies reach any host, known or not."
        elif "egress" in spec:
            sentence = f"It lists what its proxies may know: {_named(named)}."
        else:
            return None
        return self._way(obj, Read.SIDECAR, sentence, serves=[namespace_of(obj)])

    def _gateway(self, obj: KubeObject) -> WayOut | None:
        selector = {str(k): str(v) for k, v in part(obj, "spec", "selector").items()}
        if not selects(selector, self.look.gateway_pods):
            return None
        sentence = "It opens servers of its own at the egress gateway."
        return self._way(obj, Read.GATEWAY, sentence, hosts=sorted(set(_server_hosts(obj))))

    def _policy(self, obj: KubeObject) -> WayOut | None:
        cluster, place = self.look.cluster, namespace_of(obj)
        if place not in (cluster.egress_namespace, cluster.root_namespace):
            return None
        labels = part(obj, "spec", "selector", "matchLabels")
        if not selects({str(k): str(v) for k, v in labels.items()}, self.look.gateway_pods):
            return None
        action = part(obj, "spec").get("action") or "ALLOW"
        sentence = f"It decides at the egress gateway who gets through, with action {action}."
        return self._way(obj, Read.AUTHORIZATION_POLICY, sentence)

    def _service(self, obj: KubeObject) -> WayOut | None:
        spec, place = part(obj, "spec"), namespace_of(obj)
        if (
            spec.get("selector")
            or spec.get("type") == "ExternalName"
            or not items(obj, "spec", "ports")
        ):
            # An ExternalName opens nothing of its own: it needs an entry for what it names.
            return None
        if (place, name_of(obj)) == ("default", "kubernetes"):
            return None
        if place in self.look.cluster.protected_namespaces:
            return None
        sentence = "It has no selector: whoever writes its endpoints decides where it leads."
        numbers = sorted(set(_numbers(items(obj, "spec", "ports"), "port")))
        return self._way(obj, Read.SERVICE, sentence, ports=numbers)

    def _way(
        self,
        obj: KubeObject,
        kind: Read,
        sentence: str,
        *,
        hosts: Iterable[str] = (),
        ports: Iterable[int] = (),
        serves: Iterable[str] = (),
        why_not: str | None = None,
    ) -> WayOut:
        named = tuple(hosts)
        served = tuple(serves) or self._served(obj, kind)
        return WayOut(
            key=key_of(obj),
            uid=uid_of(obj),
            resource_version=str(part(obj, "metadata").get("resourceVersion", "")),
            managers=tuple(m for m in spec_managers(obj) if m)[:LONGEST_LIST],
            hosts=named[:LONGEST_LIST],
            ports=tuple(ports)[:LONGEST_LIST],
            serves=served[:LONGEST_LIST],
            sentence=sentence,
            adoptable=why_not == "",
            why_not=_LET_ASK if why_not is None else why_not,
            granted=self._granted(named, served)[:LONGEST_LIST],
        )

    def _served(self, obj: KubeObject, kind: Read) -> tuple[str, ...]:
        own = namespace_of(obj)
        if kind in (Read.GATEWAY, Read.AUTHORIZATION_POLICY):
            return (EVERYBODY,)
        targets = items(obj, "spec", "exportTo") or list(self.look.snapshot.exports(kind))
        named = {own if target == "." else str(target) for target in targets} - {"~"}
        return (EVERYBODY,) if EVERYBODY in named else tuple(sorted(named))

    def _granted(self, hosts: Iterable[str], served: Collection[str]) -> tuple[str, ...]:
        return tuple(
            host
            for host in hosts
            if any(EVERYBODY in served or name in served for name in self.look.hosts.get(host, ()))
        )

    def _is_known(self, host: str) -> bool:
        # Looked up, not searched for: anybody may write tens of thousands of wildcards.
        return any(name in self.known for name in covering(host))

    def _is_outside(self, host: str) -> bool:
        """Tell whether a host is one outside: known to be, or no name of anything inside."""
        if self._is_known(host):
            return True
        bare = host.removeprefix("*.")
        inside = (f".{self.look.cluster.cluster_domain}", ".svc", ".local")
        if "." not in bare or bare.endswith(inside):
            return False
        # `service.namespace` is how namespaces speak of each other's Services.
        return bare.partition(".")[2] not in self.look.inventory.namespaces


def _named(hosts: Iterable[str]) -> str:
    every = list(hosts)
    shown = [quoted(host) for host in every[:3]]
    more = len(every) - len(shown)
    return listed([*shown, f"{more} more"] if more > 0 else shown) or "nothing"


def _ports(obj: KubeObject) -> Iterator[int]:
    yield from _numbers(items(obj, "spec", "ports"), "number")


def _numbers(ports: Iterable[Any], field: str) -> Iterator[int]:
    for port in ports:
        number = port.get(field) if isinstance(port, Mapping) else None
        if isinstance(number, int) and not isinstance(number, bool):
            yield number


def _server_hosts(obj: KubeObject) -> Iterator[str]:
    for server in items(obj, "spec", "servers"):
        if isinstance(server, Mapping):
            yield from (str(host).rpartition("/")[2].lower() for host in items(server, "hosts"))
