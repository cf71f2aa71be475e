"""The first half of the way: from a workload through its own sidecar (istio.md 2 and 3.4)."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace

from egress.domain.access import Protocol
from egress.domain.explain.answers import Answer, Caller, Trail, best
from egress.domain.explain.entries import Entry, EntryPort
from egress.domain.explain.exits import leave_by
from egress.domain.explain.gateway_leg import Arrival, enter
from egress.domain.explain.routings import Route, Routing, Target
from egress.domain.explain.services import NamedService
from egress.domain.explain.sidecars import View
from egress.domain.explain.world import World


@dataclass(frozen=True)
class Question:
    """May `caller` reach a port of `host`, speaking `protocol`?

    `spoken` is the name the workload uses, where that is another name of the host.
    """

    caller: Caller
    host: str
    port: int
    protocol: Protocol
    spoken: str = ""

    @property
    def viewer(self) -> str:
        """Return the namespace that asks."""
        return self.caller.namespace

    @property
    def authority(self) -> str:
        """Return what an HTTP client writes into Host."""
        name = self.spoken or self.host
        return name if self.port == 80 else f"{name}:{self.port}"


def ask(world: World, question: Question) -> Answer:
    """Return the answer for a namespace whose workloads have sidecars."""
    trail = Trail().to("workload", f'a workload of namespace "{question.viewer}"')
    facts = world.inventory.namespaces.get(question.viewer)
    if facts and not facts.injected:
        return trail.yes("its pods have no proxy, so nothing holds them back")
    views = world.sidecars.views(question.viewer)
    return best((_as_seen(world, view, question, trail) for view in views), trail.no("no proxy"))


def _as_seen(world: World, view: View, question: Question, trail: Trail) -> Answer:
    if not view.denies:
        trail = trail.to("sidecar", "it passes unknown destinations on", *view.keys)
        missing = "its Sidecar allows" if view.key else "no Sidecar denies"
        return trail.yes(f'{missing} any destination in namespace "{question.viewer}"')
    trail = trail.to("sidecar", "unknown destinations are refused", *view.keys)
    unknown = trail.no(f"its sidecar knows no way to {question.host}:{question.port}")
    return best(_ways(world, view, question, trail), unknown)


def _ways(world: World, view: View, question: Question, trail: Trail) -> Iterator[Answer]:
    yield from _to_any_address(world, view, question, trail)
    if "/" in question.host:
        yield from _to_addresses(world, view, question, trail)
        return
    service = world.services.named(question.viewer, question.host)
    if service and _is_known(world, view, service):
        yield from _by_service(world, view, question, service, trail)
    yield from _to_host(world, view, question, trail)


def _to_any_address(world: World, view: View, question: Question, trail: Trail) -> Iterator[Answer]:
    for entry in world.entries.open_at(question.viewer, view, question.port):
        trail = trail.to("host", "it leads wherever the client dials", entry.key)
        yield trail.yes(f"{entry.key} resolves no name, so port {question.port} is open to anybody")


def _to_addresses(world: World, view: View, question: Question, trail: Trail) -> Iterator[Answer]:
    network = ipaddress.ip_network(question.host)
    for entry in world.entries.at(question.viewer, view, network, question.port):
        port = entry.ports[question.port]
        if port.carries(question.protocol):
            host = entry.hosts[0]
            yield _routed(world, view, replace(question, host=host), entry, port, trail)
        else:
            yield trail.no(f"{entry.key} does not speak {question.protocol} there")
    if network.num_addresses == 1:
        address = str(network.network_address)
        for service in world.services.leading_to(address, question.port):
            if _is_known(world, view, service):
                yield _by_slices(world, question, service, trail)


def _is_known(world: World, view: View, service: NamedService) -> bool:
    is_admitted = view.admits(service.key.namespace, world.services.host_of(service))
    return is_admitted and service.is_seen_from(view.viewer)


def _by_service(
    world: World, view: View, question: Question, service: NamedService, trail: Trail
) -> Iterator[Answer]:
    if not service.target:
        yield _by_slices(world, question, service, trail)
        return
    trail = trail.to("sidecar", f'"{question.host}" means "{service.target}"', service.key)
    if not question.protocol.is_http_family:
        yield trail.no("another name of a host works for HTTP only")
        return
    renamed = replace(question, host=service.target, spoken=question.host)
    yield from _to_host(world, view, renamed, trail)


def _by_slices(world: World, question: Question, service: NamedService, trail: Trail) -> Answer:
    trail = trail.to("sidecar", f"{service.key} has no pods behind it", service.key)
    if question.port not in service.ports:
        return trail.no(f"it has no port {question.port}")
    target = service.ports[question.port]
    slices = [s for s in world.services.slices_of(service) if s.addresses and target in s.ports]
    if not slices:
        return trail.no("no addresses are behind it")
    host = world.services.host_of(service)
    _, rule = world.rules.tls(question.viewer, host, service.key.namespace, question.port)
    keys = (*(s.key for s in slices), *([rule.key] if rule else []))
    trail = trail.to("host", f"it leads to {', '.join(slices[0].addresses)}", *keys)
    return trail.yes(f"the way to {question.host}:{question.port} is open")


def _to_host(world: World, view: View, question: Question, trail: Trail) -> Iterator[Answer]:
    host, port = question.host, question.port
    entries = world.entries.known_to(question.viewer, view, host, port)
    for entry in entries:
        found = entry.ports[port]
        if found.carries(question.protocol):
            yield _routed(world, view, question, entry, found, trail)
        else:
            yield trail.no(f"{entry.key} does not speak {question.protocol} on port {port}")
    if not entries and port == 80 and question.protocol.is_http_family:
        # A VirtualService alone is a live route on port 80 (R-B9).
        for routing in world.routings.at_sidecars(question.viewer, view, host):
            for route in routing.taken("http", port, question.authority):
                yield from _by_route(world, view, question, None, routing, route, trail)


def _routed(
    world: World,
    view: View,
    question: Question,
    entry: Entry,
    port: EntryPort,
    trail: Trail,
) -> Answer:
    """Follow the routes for a port of a host; a port without any leads straight out (R-B7)."""
    host = question.host
    trail = trail.to("sidecar", f"it knows {host}:{port.number}", entry.key)
    name = question.authority if port.family == "http" else host
    answers: list[Answer] = []
    for routing in world.routings.at_sidecars(question.viewer, view, host):
        for route in routing.taken(port.family, port.number, name):
            answers += _by_route(world, view, question, entry, routing, route, trail)
    direct = leave_by(world, question.viewer, entry, host, port.number, trail)
    return best(answers, direct)


def _by_route(
    world: World,
    view: View,
    question: Question,
    entry: Entry | None,
    routing: Routing,
    route: Route,
    trail: Trail,
) -> Iterator[Answer]:
    trail = trail.to("sidecar", "a route is set for it", routing.key)
    if not route.targets:
        yield trail.no("its route leads nowhere")
    for target in route.targets:
        if target.host in world.gateways:
            yield _to_gateway(world, view, question, route, target, trail)
        elif entry and target.host in entry.hosts and target.port == question.port:
            yield leave_by(world, question.viewer, entry, target.host, target.port, trail)
        else:
            yield trail.no(f"its route leads to {target.host}:{target.port} instead")


def _to_gateway(
    world: World, view: View, question: Question, route: Route, target: Target, trail: Trail
) -> Answer:
    gateway = world.gateways[target.host]
    owner = world.cluster.egress_namespace
    if not view.admits(owner, target.host):
        return trail.no("its Sidecar does not admit the gateway")
    rules = world.rules.of(question.viewer, target.host, owner)
    for rule in rules:
        subset = rule.subset(target.subset)
        if subset is None:
            continue
        trail = trail.to("sidecar", f'subset "{target.subset}" says how', rule.key)
        tls = subset.policy.at(target.port)
        if subset.has_labels:
            return trail.no("the subset selects no pod")
        if tls.mode != "ISTIO_MUTUAL" or not tls.sni:
            return trail.no("the subset names no door in mutual TLS")
        arrival = Arrival(gateway, target.port, tls.sni, route.authority or question.authority)
        return enter(world, question.caller, arrival, (question.host, question.port), trail)
    keys = tuple(rule.key for rule in rules)
    return trail.to("sidecar", "no rule fits", *keys).no(
        f'no rule tells how to reach the gateway as "{target.subset}"'
    )
