"""Policies of the egress gateway: deny by default, and allow by name and port (3.3, 3.7)."""

from collections.abc import Iterator, Mapping

from egress.domain.access import GatewayProfile
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.policies import AccessPolicy, Rule
from egress.domain.explain.servers import pod_labels
from egress.domain.explain.world import World
from egress.domain.objects import ObjectKey

_FIVE_SEGMENTS = 5


def find(world: World) -> Iterator[Anomaly]:
    """Yield what is wrong with the policies of the egress gateways and of the root namespace."""
    homes = (world.cluster.egress_namespace, world.cluster.root_namespace)
    for policy in world.policies.all:
        if policy.key.namespace not in homes:
            continue
        if policy.targets:
            yield from _itself(world, policy)
        elif gateways := _gateways(world, policy):
            yield from _itself(world, policy)
            yield from _place(world, policy)
            yield from _at_gateways(world, policy, gateways)
        elif policy.key.namespace == world.cluster.egress_namespace:
            yield _at(policy, "PolicySelectsNothing", "selects no egress gateway that is known")
    for gateway in world.cluster.gateways:
        if world.servers.by_gateway.get(gateway.id):
            yield from _foundation(world, gateway)


def _at(policy: AccessPolicy, reason: str, what: str) -> Anomaly:
    return Anomaly(reason, f"{policy.key} {what}.", policy.key)


def _gateways(world: World, policy: AccessPolicy) -> list[GatewayProfile]:
    wanted: Mapping[str, str] = policy.selector or {}
    return [
        gateway
        for gateway in world.cluster.gateways
        if all(pod_labels(gateway).get(name) == value for name, value in wanted.items())
    ]


def _itself(world: World, policy: AccessPolicy) -> Iterator[Anomaly]:
    if policy.action != "ALLOW":
        yield _at(policy, "PolicyNotAllow", f"has the action {policy.action}")
    if policy.is_trial:
        yield _at(policy, "PolicyOnTrial", "is a dry run and decides nothing")
    for rule in policy.rules:
        if not rule.principals or any("principals" not in source for source in rule.sources):
            yield _at(policy, "PolicyWithoutPrincipals", "has a rule for whoever it may be")
        if not rule.ports or any("ports" not in to for to in rule.operations):
            yield _at(policy, "PolicyWithoutPorts", "has a rule for any port")
        known = {"principals"}, {"ports", "hosts"}
        sources = any(set(source) - known[0] for source in rule.sources)
        operations = any(set(operation) - known[1] for operation in rule.operations)
        others = any(key != "connection.sni" for key, _ in rule.conditions)
        if sources or operations or others:
            yield _at(policy, "PolicyNotUnderstood", "has conditions not understood here")
        for principal in rule.principals:
            yield from _principal(world, policy, principal)


def _principal(world: World, policy: AccessPolicy, principal: str) -> Iterator[Anomaly]:
    if principal == "*":
        return
    parts = principal.split("/")
    domains = {world.cluster.trust_domain, *world.cluster.trust_domain_aliases}
    is_formed = len(parts) == _FIVE_SEGMENTS and (parts[1], parts[3]) == ("ns", "sa")
    is_wide = "*" in "/".join(parts[:4]) or (parts[-1] != "*" and "*" in parts[-1])
    if not is_formed or is_wide or parts[0] not in domains:
        yield _at(policy, "PrincipalMalformed", f'allows "{principal}"')
        return
    facts = world.inventory.namespaces.get(parts[2])
    if facts is None or (parts[4] != "*" and parts[4] not in facts.service_accounts):
        yield _at(policy, "PrincipalUnknown", f'allows "{principal}", which is not known')


def _place(world: World, policy: AccessPolicy) -> Iterator[Anomaly]:
    if policy.key.namespace == world.cluster.root_namespace:
        yield _at(policy, "PolicyOfTheRoot", "reaches the egress gateway from the root namespace")
    elif not policy.selector and policy.rules:
        yield _at(policy, "PolicySelectsEverything", "allows on every workload beside the gateway")


def _at_gateways(
    world: World, policy: AccessPolicy, gateways: list[GatewayProfile]
) -> Iterator[Anomaly]:
    for rule in policy.rules:
        for gateway in gateways:
            http, tls = str(gateway.http_container_port), str(gateway.tls_container_port)
            is_handshake = rule.ports == (tls,) and not rule.hosts
            if is_handshake and rule.principals != ("*",):
                yield _at(policy, "HandshakeUnusual", "lets others in beside everybody")
            if not is_handshake and "*" in rule.principals:
                yield _at(policy, "AnybodyAllowed", "allows every identity to send requests")
            if not is_handshake and set(rule.ports) - {http}:
                yield _at(policy, "PolicyPortUnknown", "names a port that is not for requests")
            if not is_handshake:
                yield from _hosts(world, policy, rule, gateway)


def _hosts(
    world: World, policy: AccessPolicy, rule: Rule, gateway: GatewayProfile
) -> Iterator[Anomaly]:
    if not rule.hosts or any("hosts" not in to for to in rule.operations):
        yield _at(policy, "PolicyWithoutHosts", "has a rule for requests to any host")
    names = {host.partition(":")[0] for host in rule.hosts}
    ports = {host.partition(":")[2] or "80" for host in rule.hosts}
    if len(names) > 1 or len(ports) > 1 or any("*" in host for host in rule.hosts):
        yield _at(policy, "PolicyForSeveralHosts", "has a rule for more than one host and port")
    bare = {host for host in rule.hosts if ":" not in host}
    if any(f"{name}:80" not in rule.hosts for name in bare) or (ports == {"80"} and not bare):
        yield _at(policy, "SpellingMissing", "does not allow every spelling of port 80")
    served = {
        host
        for server in world.servers.by_gateway.get(gateway.id, ())
        if server.is_http
        for routing in world.routings.at_gateway(server.gateway)
        for host in routing.hosts
    }
    if names - served:
        yield _at(policy, "PolicyWithoutRoute", "allows a host that the gateway does not route")


def _foundation(world: World, gateway: GatewayProfile) -> Iterator[Anomaly]:
    """Yield what is missing below everything else of a gateway (istio.md 3.3)."""
    namespace = world.cluster.egress_namespace
    key = ObjectKey("v1", "Service", namespace, world.cluster.service_of(gateway).partition(".")[0])
    attached = world.policies.at_pods(pod_labels(gateway))
    own = [p for p in attached if p.key.namespace == namespace and not p.is_trial]
    if not any(p.selector is None and p.action == "ALLOW" and not p.rules for p in own):
        yield Anomaly(
            "DefaultDenyMissing",
            f'No policy without selector and rules denies by default at gateway "{gateway.id}".',
            key,
        )
    tls = str(gateway.tls_container_port)
    handshakes = [p for p in own if any(r.ports == (tls,) and "*" in r.principals for r in p.rules)]
    if not handshakes:
        yield Anomaly(
            "HandshakeMissing", f'Doors of gateway "{gateway.id}" let nobody through.', key
        )
    servers = world.servers.by_gateway.get(gateway.id, [])
    if not any(s.is_http and s.answers_to("any.name") for s in servers):
        yield Anomaly(
            "HttpServerMissing", f'Gateway "{gateway.id}" has no server for requests.', key
        )
