"""Kubernetes Services that lead out of the cluster, and NetworkPolicies (istio.md 6 and 7)."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.explain.reading import (
    annotations_of,
    is_exported,
    labels_of,
    mapping,
    mappings,
    number,
    spec_of,
    strings,
    text,
)
from egress.domain.objects import ObjectKey, key_of


@dataclass(frozen=True)
class NamedService:
    """A Service without pods behind it: another name of a host, or of fixed addresses."""

    key: ObjectKey
    target: str
    ports: Mapping[int, int]
    export_to: tuple[str, ...]

    def is_seen_from(self, namespace: str) -> bool:
        """Tell whether sidecars of a namespace know it."""
        return is_exported(self.export_to, self.key.namespace, namespace)


@dataclass(frozen=True)
class Slice:
    """An EndpointSlice: the addresses behind a Service."""

    key: ObjectKey
    service: str
    addresses: tuple[str, ...]
    ports: frozenset[int]


@dataclass(frozen=True)
class EgressPolicy:
    """What a NetworkPolicy says about the way out of a namespace's pods."""

    key: ObjectKey
    is_for_all_pods: bool
    opens: tuple[str, ...]


def read_service(obj: Mapping[str, Any]) -> NamedService | None:
    """Return a Service without a selector, else None. Raises TypeError for a malformed one."""
    spec = spec_of(obj)
    is_alias = text(spec.get("type")) == "ExternalName"
    if spec.get("selector") and not is_alias:
        return None
    exported = text(annotations_of(obj).get("networking.istio.io/exportTo"))
    ports = {number(p.get("port")): p.get("targetPort") for p in mappings(spec.get("ports"))}
    return NamedService(
        key=key_of(obj),
        target=text(spec.get("externalName")) if is_alias else "",
        ports={own: there if isinstance(there, int) else own for own, there in ports.items()},
        export_to=tuple(part.strip() for part in exported.split(",") if part.strip()),
    )


def read_slice(obj: Mapping[str, Any]) -> Slice:
    """Return an EndpointSlice as it is understood. Raises TypeError or ValueError."""
    ready = [
        endpoint
        for endpoint in mappings(obj.get("endpoints"))
        if mapping(endpoint.get("conditions")).get("ready") is not False
    ]
    return Slice(
        key=key_of(obj),
        service=text(labels_of(obj).get("kubernetes.io/service-name")),
        addresses=tuple(
            str(ipaddress.ip_address(address))
            for endpoint in ready
            for address in strings(endpoint.get("addresses"))
        ),
        ports=frozenset(number(port.get("port")) for port in mappings(obj.get("ports"))),
    )


def read_egress_policy(obj: Mapping[str, Any]) -> EgressPolicy | None:
    """Return what a NetworkPolicy lets out, None when it is about what comes in.

    `opens` are the address ranges outside, `0.0.0.0/0` for a rule without any peer. Raises
    TypeError or ValueError for a malformed object.
    """
    spec = spec_of(obj)
    meant = ("Egress",) if spec.get("egress") else ("Ingress",)
    if "Egress" not in (strings(spec.get("policyTypes")) or meant):
        return None
    opens: list[str] = []
    for rule in mappings(spec.get("egress")):
        peers = mappings(rule.get("to"))
        blocks = [text(mapping(peer.get("ipBlock")).get("cidr")) for peer in peers]
        opens += [block for block in blocks if block and _is_outside(block)]
        opens += [] if peers else ["0.0.0.0/0"]
    return EgressPolicy(key_of(obj), not mapping(spec.get("podSelector")), tuple(opens))


def _is_outside(block: str) -> bool:
    network = ipaddress.ip_network(block, strict=False)
    return network.prefixlen == 0 or not network.is_private


class Services:
    """All Services without pods, by the names under which a namespace knows them."""

    def __init__(
        self, services: Iterable[NamedService], slices: Iterable[Slice], cluster_domain: str
    ) -> None:
        self.all = tuple(services)
        self.slices: dict[tuple[str, str], list[Slice]] = {}
        for piece in slices:
            self.slices.setdefault((piece.key.namespace, piece.service), []).append(piece)
        self._domain = cluster_domain
        self._by_name: dict[tuple[str, str], NamedService] = {
            (service.key.namespace, service.key.name): service for service in self.all
        }

    def host_of(self, service: NamedService) -> str:
        """Return the full name of a Service."""
        return f"{service.key.name}.{service.key.namespace}.svc.{self._domain}"

    def named(self, viewer: str, host: str) -> NamedService | None:
        """Return the Service that workloads of `viewer` mean by a name, if any."""
        for ending in (f".svc.{self._domain}", ".svc"):
            host = host.removesuffix(ending)
        name, _, namespace = host.partition(".")
        return self._by_name.get((namespace or viewer, name))

    def slices_of(self, service: NamedService) -> list[Slice]:
        """Return the EndpointSlices of a Service."""
        return self.slices.get((service.key.namespace, service.key.name), [])

    def leading_to(self, address: str, port: int) -> list[NamedService]:
        """Return the Services with a port and a fixed address behind it."""
        return [
            service
            for service in self.all
            if not service.target and port in service.ports
            if any(address in s.addresses for s in self.slices_of(service))
        ]


class EgressPolicies:
    """All NetworkPolicies about the way out, by namespace."""

    def __init__(self, policies: Iterable[EgressPolicy]) -> None:
        self.of: dict[str, list[EgressPolicy]] = {}
        for policy in policies:
            self.of.setdefault(policy.key.namespace, []).append(policy)

    def closing(self, namespace: str) -> tuple[ObjectKey, ...]:
        """Return the policies that keep every pod of a namespace from leaving the cluster.

        Empty when some pod may: policies add up, so one that opens is enough.
        """
        own = self.of.get(namespace, [])
        closed = tuple(policy.key for policy in own if policy.is_for_all_pods)
        return () if any(policy.opens for policy in own) else closed
