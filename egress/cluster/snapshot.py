"""Read what the posture of a cluster is judged by. What may not be read becomes "unknown"."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.injection import read_pod
from egress.cluster.mesh import MeshFacts, read_mesh
from egress.cluster.yamlguard import UnsafeYaml, read_plain_yaml
from egress.domain.posture.snapshot import MeshState, PodState, Read, Snapshot

T = TypeVar("T")

KINDS: Mapping[Read, Kind] = {
    Read.SERVICE_ENTRY: kinds.SERVICE_ENTRY,
    Read.VIRTUAL_SERVICE: kinds.VIRTUAL_SERVICE,
    Read.DESTINATION_RULE: kinds.DESTINATION_RULE,
    Read.SIDECAR: kinds.SIDECAR,
    Read.GATEWAY: kinds.GATEWAY,
    Read.AUTHORIZATION_POLICY: kinds.AUTHORIZATION_POLICY,
    Read.WAYPOINT: kinds.K8S_GATEWAY,
    Read.SERVICE: kinds.SERVICE,
    Read.POD: kinds.POD,
    Read.ADMISSION_POLICY: kinds.VALIDATING_ADMISSION_POLICY,
    Read.ADMISSION_BINDING: kinds.VALIDATING_ADMISSION_POLICY_BINDING,
}
MAX_PARALLEL = 4
_OF_OTHERS = frozenset({Read.SERVICE_ENTRY, Read.VIRTUAL_SERVICE, Read.DESTINATION_RULE})
"""The kinds of which the portal writes the most, and of which only what others wrote is judged."""

_CAPTURE = "ISTIO_META_DNS_CAPTURE"
_PROXY = "istio-proxy"
_CONFIG_ANNOTATION = "proxy.istio.io/config"
_DETOURS = (
    "traffic.sidecar.istio.io/excludeOutboundIPRanges",
    "traffic.sidecar.istio.io/excludeOutboundPorts",
    "traffic.sidecar.istio.io/excludeInterfaces",
    "traffic.sidecar.istio.io/includeOutboundIPRanges",
)


def read_snapshot(
    gateway: ClusterGateway, *, pods_of: Collection[str] = (), ours: Collection[str] = ()
) -> Snapshot:
    """Return everything the posture needs, several kinds at a time.

    `pods_of` are the namespaces whose pods are read, empty for those of all: pods are by far the
    most objects of a cluster. `ours` are uids of objects that are left out where nothing depends
    on them, so that memory does not grow with what the portal wrote. Raises ClusterError when a
    call fails in a way that may pass; a refusal is noted in `unread`.
    """
    mesh = read_mesh(gateway)

    def read(kind: Read) -> list[KubeObject] | list[PodState] | str:
        if kind is Read.POD:
            return _gathered(gateway, kind, sorted(pods_of), lambda items: list(_pods(items)))
        if kind in _OF_OTHERS:
            return _gathered(gateway, kind, (), lambda items: _without(items, ours))
        return _gathered(gateway, kind, (), list)

    with ThreadPoolExecutor(MAX_PARALLEL, "egress-posture") as pool:
        found = dict(zip(KINDS, pool.map(read, KINDS), strict=True))
    lists: dict[Read, Any] = {kind: one for kind, one in found.items() if not isinstance(one, str)}
    return Snapshot(
        mesh=_state(mesh),
        pods=tuple(lists.pop(Read.POD, ())),
        objects={kind: tuple(one) for kind, one in lists.items()},
        unread={kind: one for kind, one in found.items() if isinstance(one, str)},
    )


def _gathered(
    gateway: ClusterGateway,
    read: Read,
    namespaces: Collection[str],
    kept: Callable[[list[KubeObject]], list[T]],
) -> list[T] | str:
    """Return what is `kept` of the objects of a kind, page by page, or why they are not read."""
    kind = KINDS[read]
    try:
        # A kind that is not served has no objects, which is known and not unknown.
        if not gateway.serves(kind):
            return []
        found: list[T] = []
        for name in namespaces or [""]:
            here: list[T] = []
            for page in gateway.pages(kind, name):
                if page.is_first:
                    here.clear()
                here += kept(page.items)
            found += here
    except ClusterError as error:
        if error.retryable:
            raise
        return error.message
    return found


def _without(items: list[KubeObject], ours: Collection[str]) -> list[KubeObject]:
    return [obj for obj in items if obj["metadata"].get("uid") not in ours]


def _state(mesh: MeshFacts) -> MeshState:
    return MeshState(
        istio_version=mesh.istio_version,
        trust_domain=mesh.trust_domain,
        root_namespace=mesh.root_namespace,
        outbound_policy=mesh.outbound_policy,
        dns_capture=mesh.dns_capture,
        flags=mesh.flags,
        export_to=mesh.export_to,
        unknown=mesh.unknown,
    )


def _pods(pods: list[KubeObject]) -> Iterator[PodState]:
    for pod in pods:
        facts = read_pod(pod)
        if facts.is_done:
            continue
        metadata, spec = _map(pod, "metadata"), _map(pod, "spec")
        containers = [*_maps(spec, "containers"), *_maps(spec, "initContainers")]
        yield PodState(
            namespace=str(metadata.get("namespace", "")),
            name=facts.name,
            labels={str(key): str(value) for key, value in _map(metadata, "labels").items()},
            has_proxy=facts.has_proxy,
            dns_capture=_captures(_map(metadata, "annotations"), containers),
            ports=dict(_ports(containers)),
            detour=_detour(_map(metadata, "annotations"), spec),
        )


def _captures(annotations: Mapping[str, Any], containers: list[dict[str, Any]]) -> bool | None:
    """Return what a pod says about DNS itself: the proxy's variables, or else its annotation."""
    for container in containers:
        if container.get("name") == _PROXY:
            for variable in _maps(container, "env"):
                if variable.get("name") == _CAPTURE:
                    return str(variable.get("value", "")).lower() == "true"
    text = annotations.get(_CONFIG_ANNOTATION)
    try:
        config = read_plain_yaml(text) if isinstance(text, str) else {}
    except UnsafeYaml:
        return None
    said = _map(_map({"c": config}, "c"), "proxyMetadata").get(_CAPTURE)
    return None if said is None else str(said).lower() == "true"


def _ports(containers: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for container in containers:
        for port in _maps(container, "ports"):
            number = port.get("containerPort")
            if port.get("name") and isinstance(number, int):
                yield str(port["name"]), number


def _detour(annotations: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    if spec.get("hostNetwork") is True:
        return "it uses the network of its node"
    for name in _DETOURS:
        value = annotations.get(name)
        if value and not (name.endswith("includeOutboundIPRanges") and value == "*"):
            return f'it has the annotation "{name}"'
    return ""


def _map(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def _maps(fields: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = fields.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
