"""Objects of others that would take over, or hide, what is about to be opened (istio.md 3.10).

A host that somebody else has as well is not opened, because which of the two wins cannot be told
(R-A3, PF3, PF4); nor is anything in a namespace whose own objects hide the way to the gateway
(PF5, PF6). What takes access away goes on in any case.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import Q

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.domain.access import Enforcement
from egress.domain.naming import BASE_LABEL, INSTALLATION_LABEL, base
from egress.domain.objects import key_of
from egress.domain.order import Direction, Step, opened_to
from egress.domain.plan import Action
from egress.models import ForeignObject, OwnedObject
from egress.services.convergence import together
from egress.services.convergence.live import uid_of
from egress.services.convergence.state import Problem
from egress.services.convergence.work import Work

_GROUP = 100
"""So many hosts are asked for in one selector: it stands in the address of the request."""
_PAGE = 100
"""So many objects a delivery holds of a long list: several deliveries read theirs at once."""
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
    for entry in _foreign(work, gateway, kinds.SERVICE_ENTRY, opened, near):
        if is_visible(entry, state.namespace, default):
            for host in sorted(hosts_of(entry) & opened.keys()):
                work.hold_in(opened[host], Problem("HostTaken", _sentence(entry, host)))


def _hold_host(work: Work, gateway: ClusterGateway, opening: Sequence[Step]) -> None:
    """Hold back a whole host, or leave out the namespaces where something stands against it."""
    state, default = work.state, default_export(work.state.cluster.mesh)
    near = list(work.live.values())
    entries = _foreign(work, gateway, kinds.SERVICE_ENTRY, [state.host], near)
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
        for route in _foreign(work, gateway, kinds.VIRTUAL_SERVICE, [state.host], ())
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
    for sidecar in _not_ours(work, gateway.list(kinds.SIDECAR, name).items):
        if not _lets_see(sidecar, work):
            return Problem(
                "SidecarHidesHost", _SIDECAR.format(key=key_of(sidecar), host=state.host)
            )
    if enforcement is not Enforcement.GATEWAY or state.profile.rules_at_clients:
        return None
    service = state.profile.service_of(state.profile.gateway_of(state.host))
    for rule in _not_ours(work, gateway.list(kinds.DESTINATION_RULE, name).items):
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


def _foreign(
    work: Work,
    gateway: ClusterGateway,
    kind: Kind,
    hosts: Collection[str],
    near: Iterable[KubeObject],
) -> list[KubeObject]:
    """Return what others wrote of a kind, in all namespaces, and `near` as far as it is theirs.

    What carries our label is left out of the first list: there may be tens of thousands. Of it
    only what claims to be about one of the hosts is read, for copies that others made of ours,
    and what the last look at the whole cluster found to be somebody else's.
    """
    label = {INSTALLATION_LABEL: work.state.profile.installation}
    others = {INSTALLATION_LABEL: f"!{work.state.profile.installation}"}
    about = [{**label, BASE_LABEL: "|".join(group)} for group in _in_groups(hosts)]
    wanted = frozenset(hosts)
    calls = [partial(_named, gateway, kind, labels, wanted) for labels in (others, *about)]
    read = {uid_of(obj): obj for one in together.all_of(calls) for obj in one}
    read |= {uid_of(obj): obj for obj in near if obj["kind"] == kind.kind}
    known = _known_foreign(work, gateway, kind, hosts, read.keys())
    read |= {uid_of(obj): obj for obj in known if obj}
    return _not_ours(work, read.values())


def _named(
    gateway: ClusterGateway, kind: Kind, labels: Mapping[str, str], hosts: Collection[str]
) -> list[KubeObject]:
    """Return the objects that name one of the hosts, as far as it takes to see whom they hinder.

    They are read a page at a time: a host may be granted to thousands of namespaces.
    """
    found: list[KubeObject] = []
    for page in gateway.pages(kind, "", labels, size=_PAGE):
        if page.is_first:
            found.clear()
        found += [_sketch(obj) for obj in page.items if not hosts_of(obj).isdisjoint(hosts)]
    return found


def _sketch(obj: KubeObject) -> KubeObject:
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "metadata": {name: metadata.get(name, "") for name in ("namespace", "name", "uid")},
        "spec": {name: spec[name] for name in ("hosts", "exportTo", "gateways") if name in spec},
    }


def _known_foreign(
    work: Work,
    gateway: ClusterGateway,
    kind: Kind,
    hosts: Collection[str],
    read: Collection[str],
) -> list[KubeObject | None]:
    """Read what is known to be somebody else's and names a host, whatever labels it carries.

    What was just `read`, by its uid, is left out: anybody may write thousands of them.
    """
    names = Q()
    for host in hosts:
        names |= Q(search__contains=host)
    rows = ForeignObject.objects.filter(names, cluster=work.state.cluster, kind=kind.kind)
    places = rows.values_list("uid", "namespace", "name") if hosts else ()
    unread = [place for uid, *place in places if uid not in read]
    return together.all_of([partial(gateway.get, kind, *place) for place in unread])


def _in_groups(hosts: Collection[str]) -> list[list[str]]:
    bases = sorted({base(host) for host in hosts})
    return [bases[n : n + _GROUP] for n in range(0, len(bases), _GROUP)]


def _not_ours(work: Work, objects: Iterable[KubeObject]) -> list[KubeObject]:
    """Return those objects that the portal neither wrote nor finds to be its own here."""
    found = {uid_of(obj): obj for obj in objects}
    if not found:
        return []
    # The places are named because the index is by place: without them every record is read.
    keys = {key_of(obj) for obj in found.values()}
    rows = OwnedObject.objects.filter(
        cluster=work.state.cluster,
        api_version__in={key.api_version for key in keys},
        kind__in={key.kind for key in keys},
        namespace__in={key.namespace for key in keys},
        uid__in=found,
    )
    ours = set(rows.values_list("uid", flat=True)) | work.excused
    ours |= {item.uid for item in work.plan.items if item.action is not Action.FOREIGN}
    return [obj for uid, obj in found.items() if uid not in ours]


def hosts_of(obj: KubeObject) -> set[str]:
    """Return the hosts of a ServiceEntry or VirtualService, in lower case."""
    hosts = (obj.get("spec") or {}).get("hosts") or []
    return {str(host).lower() for host in hosts}


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
