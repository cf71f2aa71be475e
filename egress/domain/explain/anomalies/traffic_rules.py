"""Rules by which clients reach the gateway, and by which TLS is originated (3.4, R-B1 to R-B4)."""

from collections.abc import Iterator

from egress.domain.access import GatewayProfile
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.reading import covers, named
from egress.domain.explain.servers import Server, container_port
from egress.domain.explain.traffic_rules import Subset, Tls, TrafficRule
from egress.domain.explain.world import World

_HTTP_NAME = "http.egress-portal.internal"


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with DestinationRules."""
    for rule in world.rules.all:
        for port, tls in rule.policy.each():
            yield from _tls(rule, tls)
            if tls.originates:
                yield from _origination(world, rule, port, tls)
        for service, gateway in world.gateways.items():
            if covers(rule.host, service):
                yield from _to_gateway(world, rule, service, gateway)


def _tls(rule: TrafficRule, tls: Tls) -> Iterator[Anomaly]:
    if tls.skips_verification:
        yield Anomaly("VerificationSkipped", f"{rule.key} accepts any certificate.", rule.key)
    if tls.mode == "DISABLE" and (tls.sni or tls.names):
        yield Anomaly("NamesUnused", f"{rule.key} names a server, and uses no TLS.", rule.key)
    if tls.originates and not (tls.sni and tls.names):
        yield Anomaly(
            "OriginationWithoutNames",
            f"{rule.key} originates TLS without both a server name and the names that the "
            "certificate must carry: any certificate of a public authority would do.",
            rule.key,
        )
    if tls.originates and any(name != tls.sni for name in tls.names):
        yield Anomaly(
            "OriginationOtherName",
            f'{rule.key} asks for "{tls.sni}" and accepts other names, too.',
            rule.key,
        )


def _origination(world: World, rule: TrafficRule, port: int, tls: Tls) -> Iterator[Anomaly]:
    entries = [entry for found in world.entries.of(rule.host) for entry in found]
    if entries and tls.sni and tls.sni != rule.host:
        yield Anomaly(
            "OriginationOtherName", f'{rule.key} asks {rule.host} for "{tls.sni}".', rule.key
        )
    is_service = world.services.named(rule.key.namespace, rule.host) is not None
    is_known = any(not port or port in entry.ports for entry in entries)
    if not is_service and not is_known:
        yield Anomaly(
            "RuleWithoutHost", f"{rule.key} is about a host or port that is not known.", rule.key
        )
    if not is_service and not port:
        yield Anomaly(
            "OriginationOnAllPorts", f"{rule.key} originates TLS for every port.", rule.key
        )


def _to_gateway(
    world: World, rule: TrafficRule, service: str, gateway: GatewayProfile
) -> Iterator[Anomaly]:
    viewers = named(rule.export_to, rule.key.namespace)
    is_shared = rule.key.namespace == world.cluster.egress_namespace
    if len(viewers) != 1 or (is_shared and viewers[0] == rule.key.namespace):
        yield Anomaly(
            "ClientRuleShared", f"{rule.key} is not for exactly one client namespace.", rule.key
        )
    for viewer in viewers:
        found = world.rules.of(viewer, service, world.cluster.egress_namespace)
        if rule in found and len(found) > 1:
            yield Anomaly(
                "ClientRuleTwice",
                f'Namespace "{viewer}" has several rules for the gateway "{gateway.id}".',
                rule.key,
            )
        if rule not in found and not is_shared:
            yield Anomaly("ClientRuleHidden", f"{rule.key} never applies.", rule.key)
    if any(True for _ in rule.policy.each()):
        yield Anomaly(
            "ClientRuleForAll", f"{rule.key} speaks TLS to the whole gateway, too.", rule.key
        )
    names = [subset.name for subset in rule.subsets]
    for subset in rule.subsets:
        if names.count(subset.name) > 1:
            yield Anomaly("SubsetTwice", f'{rule.key} repeats "{subset.name}".', rule.key)
        for viewer in viewers:
            yield from _subset(world, rule, subset, gateway, viewer)


def _subset(
    world: World, rule: TrafficRule, subset: Subset, gateway: GatewayProfile, viewer: str
) -> Iterator[Anomaly]:
    name = f'Subset "{subset.name}" of {rule.key}'
    if subset.has_labels:
        yield Anomaly("SubsetWithLabels", f"{name} selects pods by labels.", rule.key)
    tls = subset.policy.tls
    if subset.policy.ports or tls.mode != "ISTIO_MUTUAL":
        yield Anomaly("SubsetNotMutual", f"{name} does not use mutual TLS throughout.", rule.key)
    if not tls.sni:
        yield Anomaly("SubsetWithoutSni", f"{name} names no door.", rule.key)
        return
    servers = _answering(world, gateway, subset, tls.sni)
    if not servers and not (servers is None and tls.sni == _HTTP_NAME):
        yield Anomaly(
            "SubsetLeadsNowhere", f'{name} names "{tls.sni}", to which no server answers.', rule.key
        )
    if any(server.is_http for server in servers or ()) and tls.sni != _HTTP_NAME:
        yield Anomaly(
            "SubsetNameUnusual", f'{name} names "{tls.sni}" where requests are read.', rule.key
        )
    doors = [server for server in servers or () if not server.is_http]
    if doors and tls.sni.split(".")[1:2] != [viewer]:
        yield Anomaly(
            "SubsetOfOtherNamespace",
            f'{name} names "{tls.sni}", which is not a door of namespace "{viewer}".',
            rule.key,
        )


def _answering(
    world: World, gateway: GatewayProfile, subset: Subset, sni: str
) -> list[Server] | None:
    """Return the servers that a subset reaches, None when no route leads through it."""
    service = world.cluster.service_of(gateway)
    ports = world.routings.ports_through.get((service, subset.name))
    if ports is None:
        return None
    return [
        server
        for port in sorted(ports)
        for server in world.servers.answering(gateway, container_port(gateway, port), sni)
    ]
