"""The intersection of a live object and the wanted one: `narrowed(live, desired)`.

It gives nothing that one of the two does not give, so writing it only takes away; what is wanted
beyond it follows later, in its place in the order. Where a field says how and not what, the wanted
value stands, so that the first write also heals what somebody changed by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from egress.domain.naming import HTTP_SUBSET
from egress.domain.objects import KubeObject, body_of, with_content_hash
from egress.domain.order.roles import Role

Body = dict[str, Any]
_WAYPOINT_LABEL = "istio.io/use-waypoint"


def narrowed(role: Role, live: KubeObject, desired: KubeObject) -> KubeObject | None:
    """Return `desired` without what `live` does not give, None when nothing is left.

    The result has a fresh content hash, and is `desired` itself when `live` gives all of it.
    None also means that the two have nothing in common although their names say so, for example
    a host that moved to another gateway: then one must go before the other comes.
    """
    cut = _CUTS.get(role)
    if cut is None or not _same_way(live, desired):
        return None
    body = cut(body_of(live), body_of(desired))
    if body is None:
        return None
    return desired if body == body_of(desired) else with_content_hash({**desired, **body})


def _same_way(live: KubeObject, desired: KubeObject) -> bool:
    """Tell whether both are bound to a waypoint or both are not; binding one later only closes."""
    wanted = (desired["metadata"].get("labels") or {}).get(_WAYPOINT_LABEL)
    found = (live["metadata"].get("labels") or {}).get(_WAYPOINT_LABEL)
    return bool(wanted) or not found


def _entry(live: Body, desired: Body) -> Body | None:
    """Intersect ports and namespaces; other fixed addresses are another destination."""
    spec, seen = desired["spec"], live.get("spec") or {}
    if any((spec.get(f) or []) != (seen.get(f) or []) for f in ("addresses", "endpoints")):
        return None
    known = {port.get("number"): port for port in seen.get("ports") or ()}
    ports = [
        port
        for port in spec["ports"]
        if (found := known.get(port["number"])) and _same_port(port, found)
    ]
    if not ports:
        return None
    return {"spec": {**spec, "exportTo": _exported(seen, spec) or ["~"], "ports": ports}}


def _same_port(port: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    fields = ("name", "number", "protocol", "targetPort")
    return all(port.get(field) == found.get(field) for field in fields)


def _exported(live: Mapping[str, Any], desired: Mapping[str, Any]) -> list[str]:
    """Return what both export to; an object that does not say is exported to everybody."""
    seen = live.get("exportTo") or ["*"]
    return [name for name in desired.get("exportTo") or () if name in seen or "*" in seen]


def _route(live: Body, desired: Body) -> Body | None:
    spec, seen = desired["spec"], live.get("spec") or {}
    exported = _exported(seen, spec)
    hosts = [host for host in spec["hosts"] if host in (seen.get("hosts") or ())]
    if not exported or not hosts or spec.get("gateways") != seen.get("gateways"):
        return None
    routes = {
        family: [route for route in spec.get(family) or () if route in (seen.get(family) or ())]
        for family in ("http", "tls", "tcp")
    }
    return _with_routes(spec, hosts, exported, routes)


def _with_routes(
    spec: Body, hosts: list[str], exported: list[str], routes: Mapping[str, list[Any]]
) -> Body | None:
    if not any(routes.values()):
        return None
    kept = {k: v for k, v in spec.items() if k not in routes or routes[k]}
    found = {family: route for family, route in routes.items() if route}
    return {"spec": {**kept, "hosts": hosts, "exportTo": exported, **found}}


def _http_leg(live: Body, desired: Body) -> Body | None:
    """Intersect by port: a route stands alone without a match, and beside others with one."""
    spec, seen = desired["spec"], live.get("spec") or {}
    exported = _exported(seen, spec)
    if not exported or any(spec.get(f) != seen.get(f) for f in ("hosts", "gateways")):
        return None
    known = [_unmatched(route) for route in seen.get("http") or ()]
    routes = [route for route in spec["http"] if _unmatched(route) in known]
    return _with_routes(spec, spec["hosts"], exported, {"http": spelled_alone(routes)})


def spelled_alone(routes: list[Any]) -> list[Any]:
    """Return the routes of an HTTP leg, that for port 80 without match when it is the only one."""
    is_plain = [route.get("name") for route in routes] == ["p80"]
    return [_unmatched(routes[0])] if is_plain else routes


def _unmatched(route: Mapping[str, Any]) -> Body:
    return {name: value for name, value in route.items() if name != "match"}


def _doors(live: Body, desired: Body) -> Body | None:
    spec, seen = desired["spec"], live.get("spec") or {}
    if spec["selector"] != seen.get("selector"):
        return None
    known = {tuple(s.get("hosts") or ()): s.get("tls") or {} for s in seen.get("servers") or ()}
    servers = [
        _door(server, known[door])
        for server in spec["servers"]
        if (door := _names(server)) in known
    ]
    kept = [server for server in servers if server["tls"]["subjectAltNames"]]
    return {"spec": {**spec, "servers": kept}} if kept else None


def _names(server: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(server["hosts"])


def _door(server: Body, tls: Mapping[str, Any]) -> Body:
    # A door without a list admits everybody: then the wanted list is the intersection.
    listed = tls.get("subjectAltNames")
    wanted = server["tls"]["subjectAltNames"]
    admitted = [name for name in wanted if name in listed] if listed else wanted
    return {**server, "tls": {**server["tls"], "subjectAltNames": admitted}}


def _policy(live: Body, desired: Body) -> Body | None:
    spec, seen = desired["spec"], live.get("spec") or {}
    if any(spec.get(f) != seen.get(f) for f in ("selector", "targetRefs", "action")):
        return None
    rules = [
        {**rule, "from": [{"source": {"principals": admitted}}]}
        for rule in spec["rules"]
        if (admitted := _admitted_by_both(rule, seen.get("rules") or ()))
    ]
    return {"spec": {**spec, "rules": rules}} if rules else None


def _admitted_by_both(rule: Mapping[str, Any], rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return whom `rule` admits and a rule among `rules` for the same thing, too."""
    known: set[str] = set()
    for other in rules:
        if all(other.get(field) == rule.get(field) for field in ("to", "when")):
            known |= set(_principals(other))
    wanted = set(_principals(rule))
    return sorted(
        {name for name in wanted if _covered(name, known)}
        | {name for name in known if _covered(name, wanted)}
    )


def _principals(rule: Mapping[str, Any]) -> list[str]:
    sources = [entry.get("source") or {} for entry in rule.get("from") or ()]
    return [name for source in sources for name in source.get("principals") or ()]


def _covered(name: str, names: set[str]) -> bool:
    return name in names or f"{name.rpartition('/')[0]}/*" in names


def _client_rule(live: Body, desired: Body) -> Body | None:
    """Intersect the doors; the subset for HTTP leads nowhere by itself and is always there."""
    spec, seen = desired["spec"], live.get("spec") or {}
    if spec["host"] != seen.get("host"):
        return None
    known = seen.get("subsets") or ()
    kept = [s for s in spec["subsets"] if s["name"] == HTTP_SUBSET or s in known]
    return {"spec": {**spec, "subsets": kept}} if kept else None


def _origination(live: Body, desired: Body) -> Body | None:
    spec, seen = desired["spec"], live.get("spec") or {}
    exported = _exported(seen, spec)
    known = {setting["port"]["number"] for setting in port_settings(live)}
    kept = [s for s in port_settings(desired) if s["port"]["number"] in known]
    if not kept or not exported or spec["host"] != seen.get("host"):
        return None
    return {"spec": {**spec, "exportTo": exported, "trafficPolicy": {"portLevelSettings": kept}}}


def port_settings(rule: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the settings of an origination rule, each with the number of its port."""
    policy = ((rule or {}).get("spec") or {}).get("trafficPolicy") or {}
    found = policy.get("portLevelSettings") or ()
    return [setting for setting in found if (setting.get("port") or {}).get("number")]


def _address_rule(live: Body, desired: Body) -> Body | None:
    spec, seen = desired["spec"], live.get("spec") or {}
    same = ("host", "trafficPolicy")
    return desired if all(spec.get(field) == seen.get(field) for field in same) else None


def _alias(live: Body, desired: Body) -> Body | None:
    spec, seen = desired["spec"], live.get("spec") or {}
    default = "ClusterIP"
    if spec.get("type", default) != seen.get("type", default):
        return None
    if "externalName" in spec:
        return desired if spec["externalName"] == seen.get("externalName") else None
    known = seen.get("ports") or ()
    kept = [port for port in spec["ports"] if any(port.items() <= p.items() for p in known)]
    return {"spec": {**spec, "ports": kept}} if kept else None


def _addresses(live: Body, desired: Body) -> Body | None:
    if live.get("addressType") != desired["addressType"]:
        return None
    known = [set(endpoint.get("addresses") or ()) for endpoint in live.get("endpoints") or ()]
    ports = [port for port in desired["ports"] if port in (live.get("ports") or ())]
    kept = [e for e in desired["endpoints"] if any(set(e["addresses"]) <= a for a in known)]
    return {**desired, "ports": ports, "endpoints": kept} if ports and kept else None


def _sidecar(live: Body, desired: Body) -> Body | None:
    """Intersect the host lists; without a list everything that is exported is known."""
    spec, seen = desired["spec"], live.get("spec") or {}
    if not seen.get("egress"):
        return desired
    known = {host for listener in seen["egress"] for host in listener.get("hosts") or ()}
    if "egress" not in spec:
        return {"spec": {**spec, "egress": [{"hosts": sorted(known)}]}} if known else None
    kept = [host for host in spec["egress"][0]["hosts"] if host in known]
    return {"spec": {**spec, "egress": [{"hosts": kept}]}} if kept else None


_CUTS: Mapping[Role, Callable[[Body, Body], Body | None]] = {
    Role.POLICY: _policy,
    Role.DOORS: _doors,
    Role.ENTRY: _entry,
    Role.MESH_LEG: _route,
    Role.HTTP_LEG: _http_leg,
    Role.DOOR_LEG: _route,
    Role.ORIGINATION: _origination,
    Role.CLIENT_RULE: _client_rule,
    Role.ALIAS_ROUTE: _route,
    Role.ALIAS: _alias,
    Role.ADDRESSES: _addresses,
    Role.ADDRESS_RULE: _address_rule,
    Role.SIDECAR: _sidecar,
}
