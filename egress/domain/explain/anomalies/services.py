"""Services that lead out of the cluster: exported to nobody, and complete (istio.md 6)."""

from collections.abc import Iterator

from egress.domain.explain.answers import Anomaly
from egress.domain.explain.entries import EntryPort
from egress.domain.explain.services import NamedService
from egress.domain.explain.world import World


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with Services without pods."""
    for service in world.services.all:
        if service.target:
            yield from _alias(world, service)
        else:
            yield from _addresses(world, service)
    known = {(service.key.namespace, service.key.name) for service in world.services.all}
    for place, slices in world.services.slices.items():
        for piece in slices:
            if place not in known:
                yield Anomaly("SliceWithoutService", f"{piece.key} has no Service.", piece.key)


def _alias(world: World, service: NamedService) -> Iterator[Anomaly]:
    viewer, host = service.key.namespace, service.target
    ports = _http_ports(world, viewer, host)
    if not ports:
        yield Anomaly(
            "AliasWithoutEntry",
            f'{service.key} names "{host}", of which namespace "{viewer}" knows no HTTP port.',
            service.key,
        )
    for port in ports:
        if not _is_corrected(world, viewer, host, port):
            yield Anomaly(
                "AliasSendsOwnName",
                f'"{host}" would be called "{service.key.name}" on port {port.number}: no route '
                "rewrites the authority.",
                service.key,
            )


def _http_ports(world: World, viewer: str, host: str) -> list[EntryPort]:
    return [
        port
        for view in world.sidecars.views(viewer)
        for number in _ports_of(world, host)
        for entry in world.entries.known_to(viewer, view, host, number)
        for port in (entry.ports[number],)
        if port.family == "http"
    ]


def _ports_of(world: World, host: str) -> set[int]:
    return {n for found in world.entries.of(host) for entry in found for n in entry.ports}


def _is_corrected(world: World, viewer: str, host: str, port: EntryPort) -> bool:
    wanted = host if port.number == 80 else f"{host}:{port.number}"
    return all(
        any(
            route.authority == wanted
            for routing in world.routings.at_sidecars(viewer, view, host)
            for route in routing.taken("http", port.number, wanted)
        )
        for view in world.sidecars.views(viewer)
    )


def _addresses(world: World, service: NamedService) -> Iterator[Anomaly]:
    own = service.key.namespace
    if service.export_to != (".",):
        yield Anomaly(
            "ServiceExported", f"{service.key} is known beyond its own namespace.", service.key
        )
    slices = world.services.slices_of(service)
    ports = frozenset(service.ports.values())
    if not slices or any(piece.ports != ports or not piece.addresses for piece in slices):
        yield Anomaly(
            "ServiceWithoutAddresses",
            f"{service.key} has other ports than what stands behind it, or nothing does.",
            service.key,
        )
    if any(there != here for here, there in service.ports.items() if (here, there) != (80, 443)):
        yield Anomaly(
            "TargetPortElsewhere", f"{service.key} leads a port to another one.", service.key
        )
    host = world.services.host_of(service)
    rules = [rule for rule in world.rules.of(own, host, own) if rule.host == host]
    modes = {tls.mode for rule in rules for _, tls in rule.policy.each()}
    if len(rules) != 1 or not modes or not modes <= {"DISABLE", "SIMPLE"}:
        yield Anomaly(
            "AddressRuleMissing",
            f"No rule says what is spoken to the addresses behind {service.key}.",
            service.key,
        )
