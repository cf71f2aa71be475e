"""The last step: from a proxy that routes to a host, out of the mesh (istio.md 2.3, R-B13)."""

from egress.domain.explain.answers import Answer, Trail, best
from egress.domain.explain.entries import Entry
from egress.domain.explain.sidecars import View
from egress.domain.explain.world import World


def leave(
    world: World, viewer: str, host: str, port: int, trail: Trail, *, at_gateway: bool
) -> Answer:
    """Return whether proxies in namespace `viewer` reach a port of an external host."""
    entries = world.entries.known_to(viewer, View(viewer), host, port)
    unknown = trail.no(f'proxies in "{viewer}" know no entry for {host}:{port}')
    answers = (
        leave_by(world, viewer, entry, host, port, trail, at_gateway=at_gateway)
        for entry in entries
    )
    return best(answers, unknown)


def leave_by(
    world: World,
    viewer: str,
    entry: Entry,
    host: str,
    port: int,
    trail: Trail,
    *,
    at_gateway: bool = False,
) -> Answer:
    """Return whether proxies in namespace `viewer` leave the mesh by one entry."""
    trail = trail.to("host", f"{entry.key} stands for {host}:{port}", entry.key)
    if at_gateway and entry.resolution == "NONE":
        return trail.no("a gateway has no addresses for an entry without resolution")
    found = entry.ports[port]
    if found.target == port:
        return trail.yes(f"the way to {host}:{port} is open")
    tls, rule = world.rules.tls(viewer, host, entry.namespace, port)
    if rule is None or not tls.originates:
        return trail.no(
            f"port {found.target} would receive clear text: no rule originates TLS for port {port}"
        )
    trail = trail.to("host", "TLS is originated", rule.key)
    return trail.yes(f"the way to {host}:{port} is open, with TLS from the proxy")
