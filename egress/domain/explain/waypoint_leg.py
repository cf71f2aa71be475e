"""The way of workloads without sidecars: node proxy, waypoint, host (istio.md 5)."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace

from egress.domain.explain.answers import Answer, Caller, Trail, best
from egress.domain.explain.client_leg import Question
from egress.domain.explain.entries import Entry
from egress.domain.explain.exits import leave_by
from egress.domain.explain.policies import Call
from egress.domain.explain.world import World
from egress.domain.objects import ObjectKey


def ask(world: World, question: Question) -> Answer:
    """Return the answer for a namespace whose workloads are in the ambient mesh.

    Node proxies ignore `exportTo` and pass unknown destinations on: there, the network's own
    policy is the only default deny (istio.md 5.3).
    """
    trail = Trail().to("workload", f'a workload of namespace "{question.viewer}"')
    # The node asks its own DNS, where the narrowest name hides the wider ones with all their ports.
    entries = next(_entries(world, question.host, question.port), [])
    bound = [entry for entry in entries if world.is_bound(entry)]
    straight = _straight(world, question, trail, [e for e in entries if e not in bound])
    if straight.allowed:
        return straight
    answers = (through(world, question, entry, trail) for entry in bound)
    return best(answers, straight)


def admits(world: World, caller: Caller, question: Question) -> Answer:
    """Return whether a waypoint lets the caller through, whatever else is in its way."""
    refused = Trail().no("no waypoint leads there for the subject")
    answers = (
        through(world, question, entry, Trail())
        for entries in _entries(world, question.host, question.port)
        for entry in entries
        if world.is_bound(entry)
    )
    return best(answers, refused)


def through(world: World, question: Question, entry: Entry, trail: Trail) -> Answer:
    """Return whether a waypoint lets a question through to an entry that is bound to it."""
    if "/" in question.host:
        # Dialled by address; the client still says the name that the entry stands for.
        question = replace(question, host=entry.hosts[0])
    port = entry.ports[question.port]
    key = ObjectKey("gateway.networking.k8s.io/v1", "Gateway", entry.namespace, entry.waypoint)
    trail = trail.to("waypoint", f"{entry.key} is bound to it", entry.key, key)
    if not port.carries(question.protocol):
        return trail.no(f"{entry.key} does not speak {question.protocol} on port {port.number}")
    call = Call(
        principal=question.caller.principal,
        port=port.number,
        authority=question.authority if port.family == "http" else None,
        sni=question.host if port.family != "http" else "",
    )
    policies = world.policies.at_waypoint(entry.namespace, entry.waypoint, entry.key.name)
    verdict = world.policies.judge(policies, call)
    trail = trail.to("waypoint", verdict.detail, *verdict.objects)
    if not verdict.allowed:
        return trail.no("no policy of the waypoint allows the subject")
    return leave_by(
        world, entry.namespace, entry, question.host, port.number, trail, at_gateway=True
    )


def _entries(world: World, host: str, port: int) -> Iterator[list[Entry]]:
    """Yield the entries of a port, those of the narrowest name first, in whatever namespace."""
    if "/" in host:
        yield world.entries.holding(ipaddress.ip_network(host), port)
        return
    for entries in world.entries.of(host):
        yield [entry for entry in entries if port in entry.ports]


def _straight(world: World, question: Question, trail: Trail, loose: list[Entry]) -> Answer:
    closing = world.network.closing(question.viewer)
    if closing:
        return trail.to("workload", "it cannot leave the cluster by itself", *closing).no(
            "no waypoint leads there, and the network keeps its pods inside the cluster"
        )
    keys = (entry.key for entry in loose)
    return trail.to("workload", "its node passes unknown destinations on", *keys).yes(
        f'no network policy closes namespace "{question.viewer}"'
    )
