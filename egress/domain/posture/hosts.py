"""PF3 and PF4: nobody else's entry or route stands in for the portal's."""

from collections.abc import Iterator

from egress.domain.access import Enforcement
from egress.domain.objects import KubeObject, key_of
from egress.domain.posture.look import Look, good, place_of, unread
from egress.domain.posture.matching import covers, hosts_of, is_visible, items, namespace_of
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import Read
from egress.domain.wording import quoted

AT_GATEWAY, AT_CLIENTS = "PF3", "PF4"
_ASK = "Ask its owner to remove it."


def no_entry_at_gateway(look: Look) -> Iterator[Row]:
    """Check that the portal's entry is the only one for its host where entries are shared."""
    shared = {
        host: [name for name in names if look.shares_entries(name)]
        for host, names in look.hosts.items()
    }
    if (why := look.snapshot.why_unread([Read.SERVICE_ENTRY])) and any(shared.values()):
        yield unread(AT_GATEWAY, why)
        return
    rows = [
        row
        for entry in look.foreign(Read.SERVICE_ENTRY)
        for host in sorted(hosts_of(entry) & shared.keys())
        if shared[host]
        for row in _taken_at_gateway(look, entry, host, shared[host])
    ]
    yield from rows
    if not rows:
        yield good(AT_GATEWAY, "No foreign entry takes a granted host at the egress gateway.")


def _taken_at_gateway(
    look: Look, entry: KubeObject, host: str, namespaces: list[str]
) -> Iterator[Row]:
    used = {look.enforcement_of(name) for name in namespaces}
    sees = is_visible(
        entry, look.cluster.egress_namespace, look.snapshot.exports(Read.SERVICE_ENTRY)
    )
    # Ambient has one entry per host in the whole mesh, whatever it is exported to.
    hit = [one for one in Enforcement if one in used and (sees or one is Enforcement.AMBIENT)]
    if hit:
        yield Row(
            AT_GATEWAY,
            Level.BLOCK,
            Scope.HOST,
            f"The foreign {place_of(entry)} has the host {quoted(host)} and is visible to the "
            "egress gateway: granted traffic may be led to its addresses.",
            str(key_of(entry)),
            _ASK,
            host=host,
            enforcements=tuple(hit),
        )


def nothing_at_clients(look: Look) -> Iterator[Row]:
    """Check that no foreign entry or route for a granted host is visible to its workloads."""
    sidecars = {
        host: [name for name in names if look.enforcement_of(name) is not Enforcement.AMBIENT]
        for host, names in look.hosts.items()
    }
    kinds = [Read.SERVICE_ENTRY, Read.VIRTUAL_SERVICE]
    if (why := look.snapshot.why_unread(kinds)) and any(sidecars.values()):
        yield unread(AT_CLIENTS, why)
        return
    rows = [*_entries(look, sidecars), *_routes(look, sidecars)]
    yield from rows
    if not rows:
        yield good(AT_CLIENTS, "No foreign entry or route for a granted host reaches its clients.")


def _entries(look: Look, hosts: dict[str, list[str]]) -> Iterator[Row]:
    default = look.snapshot.exports(Read.SERVICE_ENTRY)
    for entry in look.foreign(Read.SERVICE_ENTRY):
        for host in sorted(hosts_of(entry) & hosts.keys()):
            for namespace in hosts[host]:
                if is_visible(entry, namespace, default):
                    yield _at_client(
                        f"The foreign {place_of(entry)} has the host {quoted(host)} already, and "
                        f"workloads of {quoted(namespace)} see it: which ports win cannot be told.",
                        entry,
                        host,
                        namespace,
                    )


def _routes(look: Look, hosts: dict[str, list[str]]) -> Iterator[Row]:
    default = look.snapshot.exports(Read.VIRTUAL_SERVICE)
    for route in look.foreign(Read.VIRTUAL_SERVICE):
        if "mesh" not in (items(route, "spec", "gateways") or ["mesh"]):
            continue
        patterns = hosts_of(route)
        wildcards = [pattern for pattern in patterns if "*" in pattern]
        routed = patterns & hosts.keys()
        if wildcards:
            # Only these have to be compared with every host.
            routed |= {host for host in hosts if any(covers(one, host) for one in wildcards)}
        for host in sorted(routed):
            for namespace in hosts[host]:
                if is_visible(route, namespace, default):
                    yield _at_client(
                        f"The foreign {place_of(route)} routes the host {quoted(host)} for "
                        f"workloads of {quoted(namespace)}: what the portal routes may not count.",
                        route,
                        host,
                        namespace,
                    )


def _at_client(sentence: str, obj: KubeObject, host: str, namespace: str) -> Row:
    fix = _ASK
    if namespace_of(obj) != namespace:
        fix = f'Ask its owner to remove it, or to export it to "{namespace_of(obj)}" only.'
    return Row(
        AT_CLIENTS,
        Level.BLOCK,
        Scope.HOST,
        sentence,
        str(key_of(obj)),
        fix,
        namespace=namespace,
        host=host,
    )
