"""What a person does about a row of the posture: why it matters, and commands to paste."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from egress.domain.access import Enforcement
from egress.domain.posture.look import BOOTSTRAP
from egress.domain.posture.rows import Level, Row

WHY: Mapping[str, str] = {
    "PF1": "Without the gateway as it was laid down, granted traffic does not get out, or passes "
    "where no policy of the portal looks at it.",
    "PF2": "Whoever has a Gateway on these pods opens a door of their own to any registered host, "
    "and a conflicting one keeps later approvals and revocations from taking effect.",
    "PF3": "The oldest entry that the gateway sees may own the host for everybody: granted traffic "
    "is delivered to the addresses that its owner chose.",
    "PF4": "An entry or a route that the workloads see wins over the portal's: their traffic goes "
    "out directly, past the gateway and its policies.",
    "PF5": "Such a rule takes the place of the one that leads to the gateway: every granted "
    "connection of the namespace fails.",
    "PF6": "Proxies know only what their Sidecar admits: a grant that it leaves out has no effect, "
    "and a second Sidecar may undo the default deny.",
    "PF7": "What any ALLOW policy admits is admitted: one such policy opens granted hosts to "
    "workloads that nobody granted them to.",
    "PF8": "Where proxies do not answer DNS, a TCP host has no address of its own: its port is "
    "taken over for every destination of the namespace.",
    "PF9": "What does not pass through a proxy is neither granted nor denied by the mesh: it just "
    "goes out.",
    "PF10": "Identities are written with the trust domain, and the objects need what newer "
    "versions of Istio understand: with other facts nothing matches.",
}
"""By id of the check: what happens when it fails (istio.md 3.10)."""


@dataclass(frozen=True)
class Site:
    """Where commands are meant for: the cluster's name in the portal, and where istiod runs.

    `config_map` holds the mesh configuration: each revision has its own.
    """

    cluster: str
    istio_namespace: str
    config_map: str = "istio"


@dataclass(frozen=True)
class Step:
    """One command, and in a few words what it is for. Nothing in it has to be filled in."""

    purpose: str
    command: str


@dataclass(frozen=True)
class _Place:
    """The object of a row. `kind` is spelled so that kubectl cannot mistake it for another."""

    kind: str
    namespace: str
    name: str

    def kubectl(self, verb: str, more: str = "") -> str:
        within = ["-n", self.namespace] if self.namespace else []
        words = shlex.join(["kubectl", *within, verb, self.kind, self.name])
        return f"{words} {more}" if more else words


def steps_for(row: Row, site: Site) -> list[Step]:
    """Return the commands that show what a row found and mend it, in that order.

    Those for kubectl and istioctl act on the current context. None for a check that passed.
    """
    if row.level is Level.OK:
        return []
    if row.level is Level.UNKNOWN:
        return [Step("Give the portal its rights again", _bootstrap(site))]
    place = _place_of(row)
    looking: list[Step] = []
    if place and BOOTSTRAP not in row.fix:
        looking = [Step("Look at it", place.kubectl("get", "-o yaml"))]
    mending = _MENDING.get(row.id, _nothing)(row, place, site)
    return [*looking, *mending]


def _nothing(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    return iter(())


def _pf1(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if BOOTSTRAP in row.fix:
        if place and row.fix.startswith("Remove"):
            yield Step("Take out what was changed", place.kubectl("edit"))
        yield Step("Lay it down again", _bootstrap(site))
    elif place and place.kind == "services":
        yield Step("Change it", place.kubectl("edit"))
        pods = f"kubectl -n {shlex.quote(place.namespace)} get pods --show-labels"
        yield Step("Look at the pods and their labels", pods)
    elif place and place.kind == "pods":
        yield Step("Look at its labels", place.kubectl("get", "--show-labels"))
    else:
        logs = f"kubectl -n {shlex.quote(site.istio_namespace)} logs -l app=istiod --tail=50"
        yield Step("Read what istiod says", logs)


def _pf2(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if place and place.kind != _KINDS["Gateway"]:
        yield _istiod("PILOT_SCOPE_GATEWAY_TO_NAMESPACE=true", site)
        yield Step("Or let the API server refuse it", f"{_bootstrap(site)} --enforce")
    else:
        yield from _removal(place)


def _pf4(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if place and place.namespace != row.namespace:
        patch = """--type merge -p '{"spec":{"exportTo":["."]}}'"""
        yield Step("Show it to its own namespace only", place.kubectl("patch", patch))
    yield from _removal(place)


def _pf6(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if place:
        every = f"kubectl -n {shlex.quote(place.namespace)} get {place.kind}"
        yield Step("List the Sidecars of its namespace", every)
    yield from _edit(row, place, site)


def _edit(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if place:
        yield Step("Change it", place.kubectl("edit"))


def _removal_of(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if BOOTSTRAP in row.fix:
        yield Step("Lay it down again", _bootstrap(site))
    else:
        yield from _removal(place)


def _removal(place: _Place | None) -> Iterator[Step]:
    if place:
        yield Step("Remove it, when its owner agrees", place.kubectl("delete"))


def _pf8(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if row.object == "Deployment istiod":
        yield _istiod("PILOT_ENABLE_IP_AUTOALLOCATE=true", site)
    elif row.object == "ConfigMap istio":
        mesh = _Place("configmaps", site.istio_namespace, site.config_map)
        yield Step("Change the mesh configuration", mesh.kubectl("edit"))
    elif place and place.kind == "pods":
        pod = shlex.quote(f"{place.name}.{place.namespace}")
        shown = f"istioctl proxy-config bootstrap {pod} -o json | grep DNS_CAPTURE"
        yield Step("See what its proxy was started with", shown)
    if row.namespace:
        yield _restart(row.namespace)


def _pf9(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if place and place.kind == "namespaces":
        is_ambient = _AMBIENT in row.fix
        label = f"{_AMBIENT}=ambient" if is_ambient else "istio-injection=enabled"
        yield Step("Take it into the mesh", place.kubectl("label", f"{label} --overwrite"))
    if row.namespace:
        yield _restart(row.namespace)


def _pf10(row: Row, place: _Place | None, site: Site) -> Iterator[Step]:
    if row.object == "Deployment istiod":
        yield Step("See which versions run", "istioctl version")
    elif row.object == "ConfigMap istio":
        mesh = _Place("configmaps", site.istio_namespace, site.config_map)
        yield Step("Look at the mesh configuration", mesh.kubectl("get", "-o yaml"))


_MENDING: Mapping[str, Callable[[Row, _Place | None, Site], Iterator[Step]]] = {
    "PF1": _pf1,
    "PF2": _pf2,
    "PF3": _removal_of,
    "PF4": _pf4,
    "PF5": _edit,
    "PF6": _pf6,
    "PF7": _removal_of,
    "PF8": _pf8,
    "PF9": _pf9,
    "PF10": _pf10,
}
_AMBIENT = "istio.io/dataplane-mode"
_ONLY_AMBIENT = (Enforcement.AMBIENT,)
_WAYPOINT = "gateways.gateway.networking.k8s.io"
_KINDS: Mapping[str, str] = {
    "AuthorizationPolicy": "authorizationpolicies.security.istio.io",
    "DestinationRule": "destinationrules.networking.istio.io",
    "Gateway": "gateways.networking.istio.io",
    "Namespace": "namespaces",
    "Pod": "pods",
    "Service": "services",
    "ServiceEntry": "serviceentries.networking.istio.io",
    "Sidecar": "sidecars.networking.istio.io",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings.admissionregistration"
    ".k8s.io",
    "VirtualService": "virtualservices.networking.istio.io",
}


def _place_of(row: Row) -> _Place | None:
    """Return the object of a row, None where it names none that a command could be about."""
    kind, _, where = row.object.partition(" ")
    if kind not in _KINDS or not where:
        return None
    is_waypoint = kind == "Gateway" and row.enforcements == _ONLY_AMBIENT
    namespace, slash, name = where.partition("/")
    if not slash:
        namespace, name = "", where
    return _Place(_WAYPOINT if is_waypoint else _KINDS[kind], namespace, name)


def _bootstrap(site: Site) -> str:
    return f'manage.py bootstrap {shlex.quote(site.cluster)} --kubeconfig "$KUBECONFIG"'


def _istiod(setting: str, site: Site) -> Step:
    place = shlex.quote(site.istio_namespace)
    command = f"kubectl -n {place} set env deployment -l app=istiod {setting}"
    return Step("Set it on istiod; put it into the values of its chart, too", command)


def _restart(namespace: str) -> Step:
    command = f"kubectl -n {shlex.quote(namespace)} rollout restart deployment"
    return Step("Start the pods of its Deployments anew", command)
