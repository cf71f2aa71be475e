"""Objects of others that would take over, or hide, what is about to be opened (istio.md 3.10).

A host that somebody else has as well is not opened, because which of the two wins cannot be told
(R-A3, PF3, PF4); nor is anything in a namespace whose own objects hide the way to the gateway
(PF5, PF6). What takes access away goes on in any case.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.access import Enforcement
from egress.domain.objects import key_of
from egress.domain.order import Direction, Step, opened_to
from egress.services.convergence.state import Problem
from egress.services.convergence.strangers import hosts_of, not_ours, others_about
from egress.services.convergence.work import Work

_OPENS = ("ServiceEntry", "VirtualService", "AuthorizationPolicy", "Gateway")


def hold_what_collides(work: Work, gateway: ClusterGateway) -> None:
    """Hold back what objects of others stand against. Raises ClusterError."""
    opening = [step for step in work.steps if step.direction is Direction.IN and step.obj]
    if work.state.is_host and any(step.key.kind in _OPENS for step in opening):
        _hold_host(work, gateway, opening)
    elif not work.state.is_host:
        _hold_entries(work, gateway, opening)


def _hold_entries(work: Work, gateway: ClusterGateway, opening: Sequence[Step]) -> None:
    state = work.state
    opened = {
        str(step.obj["spec"]["hosts"][0]): step.key
        for step in opening
        if step.obj and step.key.kind == "ServiceEntry"
    }
    if not opened:
        return
    default = default_export(state.cluster.mesh)
    near = [obj for key, obj in work.live.items() if key.kind == "ServiceEntry"]
    for entry in others_about(work, gateway, kinds.SERVICE_ENTRY, opened, near):
        if is_visible(entry, state.namespace, default):
            for host in sorted(hosts_of(entry) & opened.keys()):
                work.hold_in(opened[host], Problem("HostTaken", _sentence(entry, host)))


def _hold_host(work: Work, gateway: ClusterGateway, opening: Sequence[Step]) -> None:
    """Hold back a whole host, or leave out the namespaces where something stands against it."""
    state, default = work.state, default_export(work.state.cluster.mesh)
    near = list(work.live.values())
    entries = others_about(work, gateway, kinds.SERVICE_ENTRY, [state.host], near)
    foreign = [entry for entry in entries if state.host in hosts_of(entry)]
    place, is_ambient = state.profile.egress_namespace, _is_ambient(work)
    for entry in foreign:
        if is_ambient or _is_meant_for(entry, place):
            for step in opening:
                work.hold_in(step.key, Problem("HostTaken", _sentence(entry, state.host)))
            return
    named: set[str] = set()
    for step in opening:
        named |= opened_to(step.obj) - opened_to(work.live.get(step.key))
    for name in sorted(named):
        seen = [entry for entry in foreign if is_visible(entry, name, default)]
        if seen:
            work.leave_out(name, Problem("HostTaken", _sentence(seen[0], state.host)))
    if named - work.left_out.keys():
        _leave_out_by_their_own(work, gateway, named - work.left_out.keys())


def _is_ambient(work: Work) -> bool:
    """Tell whether waypoints lead to the host: they pick any entry of it in the mesh."""
    state = work.state
    return any(
        state.inventory.enforcement_of(grant.namespace, state.profile) is Enforcement.AMBIENT
        for grant in state.grants
    )


def _leave_out_by_their_own(work: Work, gateway: ClusterGateway, names: Collection[str]) -> None:
    """Leave out namespaces whose own or visible objects lead elsewhere, or hide the gateway."""
    state, mesh = work.state, work.state.cluster.mesh
    routes = [
        route
        for route in others_about(work, gateway, kinds.VIRTUAL_SERVICE, [state.host], ())
        if state.host in hosts_of(route) and _is_for_clients(route)
    ]
    exported = default_export(mesh, "defaultVirtualServiceExportTo")
    for name in sorted(names):
        seen = [route for route in routes if is_visible(route, name, exported)]
        if seen:
            work.leave_out(name, Problem("HostTaken", _sentence(seen[0], state.host)))
        elif problem := _hidden(work, gateway, name):
            work.leave_out(name, problem)


def _hidden(work: Work, gateway: ClusterGateway, name: str) -> Problem | None:
    """Return what keeps the proxies of a namespace from the gateway, or from its hosts."""
    state = work.state
    enforcement = state.inventory.enforcement_of(name, state.profile)
    if enforcement is Enforcement.AMBIENT:
        return None
    for sidecar in not_ours(work, gateway.list(kinds.SIDECAR, name).items):
        if not _lets_see(sidecar, work):
            return Problem(
                "SidecarHidesHost", _SIDECAR.format(key=key_of(sidecar), host=state.host)
            )
    if enforcement is not Enforcement.GATEWAY or state.profile.rules_at_clients:
        return None
    service = state.profile.service_of(state.profile.gateway_of(state.host))
    for rule in not_ours(work, gateway.list(kinds.DESTINATION_RULE, name).items):
        host = str((rule.get("spec") or {}).get("host", ""))
        if matches(host, service):
            return Problem("GatewayHidden", _RULE.format(key=key_of(rule), host=host))
    return None


def _lets_see(sidecar: KubeObject, work: Work) -> bool:
    """Tell whether a Sidecar of somebody else lets its proxies know the host (PF6)."""
    listeners = (sidecar.get("spec") or {}).get("egress") or []
    named = [str(host) for listener in listeners for host in listener.get("hosts") or []]
    place = work.state.profile.egress_namespace
    wanted = (f"{place}/*", "*/*", f"{place}/{work.state.host}", f"*/{work.state.host}")
    return not named or any(host in wanted for host in named)


def is_visible(obj: KubeObject, namespace: str, default: Sequence[str]) -> bool:
    """Tell whether workloads of `namespace` see an exported object.

    `default` is what counts for objects without `exportTo`.
    """
    own = str(obj["metadata"].get("namespace", ""))
    exported: Iterable[str] = (obj.get("spec") or {}).get("exportTo") or default
    return any(
        target in ("*", namespace) or (target == "." and own == namespace) for target in exported
    )


def default_export(
    mesh: Mapping[str, Any], setting: str = "defaultServiceExportTo"
) -> Sequence[str]:
    """Return a default of the mesh for `exportTo`; Istio exports everywhere when it is not set."""
    exports = mesh.get("export_to") or {}
    return exports.get(setting) or ("*",)


def matches(pattern: str, service: str) -> bool:
    """Tell whether the host of a DestinationRule means a Service, given by its full name."""
    short = service.split(".")
    names = {service, ".".join(short[:2]), ".".join(short[:3])}
    is_wide = pattern.startswith("*") and service.endswith(pattern[1:])
    return pattern in names or is_wide


def _is_meant_for(entry: KubeObject, place: str) -> bool:
    """Tell whether an entry is the egress namespace's own, or exported to it by name (PF3)."""
    own = str(entry["metadata"].get("namespace", ""))
    exported = (entry.get("spec") or {}).get("exportTo") or ()
    return own == place or place in exported


def _is_for_clients(route: KubeObject) -> bool:
    gateways = (route.get("spec") or {}).get("gateways") or ["mesh"]
    return "mesh" in gateways


def _sentence(obj: KubeObject, host: str) -> str:
    return (
        f'The foreign {key_of(obj)} has the host "{host}" already, and both would mix. '
        "Ask its owner to remove it."
    )


_SIDECAR = (
    'The {key} lists the hosts its proxies may know, and "{host}" is not among them. Ask its owner '
    "to add the egress namespace."
)
_RULE = (
    'The {key} is for "{host}", which includes the egress gateway, and hides the way to it. Ask '
    "its owner to narrow it, or let client rules lie in their namespaces."
)
