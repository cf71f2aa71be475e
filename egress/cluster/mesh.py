"""What the portal must know of a mesh, read from istiod's Deployment and MeshConfig.

Defaults are those of Istio's MeshConfig reference; a fact that cannot be read stays None and
`unknown` says why (istio.md 12, "Flags the preflight reads").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.yamlguard import UnsafeYaml, read_plain_yaml

FLAGS = (
    "PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
    "PILOT_FILTER_GATEWAY_CLUSTER_CONFIG",
    "ENABLE_ENHANCED_DESTINATIONRULE_MERGE",
    "PILOT_ENABLE_IP_AUTOALLOCATE",
    "PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE",
    "PILOT_ENABLE_STRICT_GATEWAY_MERGING",
)
_EXPORT_TO = (
    "defaultServiceExportTo",
    "defaultVirtualServiceExportTo",
    "defaultDestinationRuleExportTo",
)
_VERSION = re.compile(r"v?(\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?)(?![\d.])")


@dataclass(frozen=True)
class MeshFacts:
    """The facts of a mesh. None is "could not be read"; `unknown` holds a sentence for each.

    `istio_version` is the lowest of all istiods. `outbound_policy` is ALLOW_ANY or
    REGISTRY_ONLY. `dns_capture` is that of the mesh's default proxy configuration. `flags` are
    istiod's environment variables of interest that are set. `export_to` are the mesh's
    defaults for exportTo that are set.
    """

    istio_version: str | None = None
    istiod_namespace: str | None = None
    revisions: tuple[str, ...] = ()
    trust_domain: str | None = None
    trust_domain_aliases: tuple[str, ...] = ()
    root_namespace: str | None = None
    outbound_policy: str | None = None
    dns_capture: bool | None = None
    flags: Mapping[str, str] | None = None
    export_to: Mapping[str, tuple[str, ...]] | None = None
    unknown: tuple[str, ...] = ()


def read_mesh(gateway: ClusterGateway) -> MeshFacts:
    """Return the facts of the mesh.

    What the portal may not read, or what is not there, becomes a sentence in `unknown`; other
    failures raise ClusterError.
    """
    unknown: list[str] = []
    istiods = _read_istiods(gateway, unknown)
    if not istiods:
        return MeshFacts(unknown=tuple(unknown))
    namespace = str(istiods[0]["metadata"]["namespace"])
    revisions = sorted({_revision(item) for item in istiods})
    environment = _environment(istiods, unknown)
    config = _read_config(gateway, namespace, revisions, environment, unknown)
    return MeshFacts(
        istio_version=_lowest_version(istiods, unknown),
        istiod_namespace=namespace,
        revisions=tuple(revisions),
        flags={name: environment[name] for name in FLAGS if name in environment},
        unknown=tuple(unknown),
        **({} if config is None else _config_facts(config, namespace)),
    )


def _read_istiods(gateway: ClusterGateway, unknown: list[str]) -> list[KubeObject]:
    try:
        found = gateway.list(kinds.DEPLOYMENT, labels={"app": "istiod"}).items
    except ClusterError as error:
        if error.retryable:
            raise
        unknown.append(f"Nothing is known of the mesh. {error.message}")
        return []
    if not found:
        unknown.append('No Deployment with the label "app=istiod": Istio runs outside, or not.')
    namespaces = {str(item["metadata"]["namespace"]) for item in found}
    if len(namespaces) > 1:
        names = ", ".join(f'"{name}"' for name in sorted(namespaces))
        unknown.append(f"Several meshes: istiod runs in {names}. Name the facts by hand.")
        return []
    return found


def _revision(istiod: KubeObject) -> str:
    labels = istiod["metadata"].get("labels") or {}
    return str(labels.get("istio.io/rev") or "default")


def _containers(istiod: KubeObject) -> list[dict[str, Any]]:
    try:
        return list(istiod["spec"]["template"]["spec"]["containers"])
    except (LookupError, TypeError):
        return []


def _environment(istiods: Sequence[KubeObject], unknown: list[str]) -> dict[str, str]:
    """Return the variables of istiod that all revisions agree on."""
    found = [
        {
            str(variable.get("name")): str(variable["value"])
            for container in _containers(istiod)
            for variable in container.get("env") or []
            if "value" in variable
        }
        for istiod in istiods
    ]
    names = set().union(*found)
    differing = [name for name in FLAGS if len({item.get(name) for item in found}) > 1]
    unknown.extend(f'The istiods disagree about the flag "{name}".' for name in differing)
    return {name: found[0][name] for name in names - set(differing) if name in found[0]}


def _lowest_version(istiods: Sequence[KubeObject], unknown: list[str]) -> str | None:
    versions = [_version(istiod) for istiod in istiods]
    known = [version for version in versions if version]
    if len(known) < len(versions):
        unknown.append("The image and labels of istiod do not tell its version.")
        return None
    return min(known, key=version_key)


def _version(istiod: KubeObject) -> str | None:
    images = [str(item.get("image", "")).rpartition(":")[2] for item in _containers(istiod)]
    labels = istiod["metadata"].get("labels") or {}
    told = [str(labels.get(name, "")) for name in ("app.kubernetes.io/version",)]
    told.append(str(labels.get("operator.istio.io/version", "")))
    for text in (*images, *told):
        match = _VERSION.match(text)
        if match:
            return match[1]
    return None


def version_key(version: str) -> tuple[int, ...]:
    """Return a key that orders Istio versions; a pre-release comes before its release."""
    release, _, pre = version.partition("-")
    rank = {"alpha": 0, "beta": 1, "rc": 2}.get(pre.partition(".")[0], 3)
    return (*(int(part) for part in release.split(".")), rank)


def _read_config(
    gateway: ClusterGateway,
    namespace: str,
    revisions: Sequence[str],
    environment: Mapping[str, str],
    unknown: list[str],
) -> dict[str, Any] | None:
    """Return the MeshConfig that all revisions share, or None and why not."""
    if environment.get("SHARED_MESH_CONFIG"):
        unknown.append("istiod merges a second mesh configuration (SHARED_MESH_CONFIG).")
        return None
    texts: set[str] = set()
    for revision in revisions:
        name = "istio" if revision == "default" else f"istio-{revision}"
        try:
            config = gateway.get(kinds.CONFIG_MAP, namespace, name)
        except ClusterError as error:
            if error.retryable:
                raise
            unknown.append(f"The mesh configuration is not readable. {error.message}")
            return None
        mesh = ((config or {}).get("data") or {}).get("mesh")
        if not isinstance(mesh, str):
            unknown.append(f'The ConfigMap "{namespace}/{name}" holds no mesh configuration.')
            return None
        texts.add(mesh)
    if len(texts) != 1:
        unknown.append("The revisions of Istio have different mesh configurations.")
        return None
    return _parse_config(texts.pop(), unknown)


def _parse_config(text: str, unknown: list[str]) -> dict[str, Any] | None:
    try:
        config = read_plain_yaml(text)
    except UnsafeYaml as reason:
        unknown.append(f"The mesh configuration {reason}.")
        return None
    if config == "":
        return {}
    if not isinstance(config, dict):
        unknown.append("The mesh configuration is not a map.")
        return None
    return config


def _config_facts(config: Mapping[str, Any], istiod_namespace: str) -> dict[str, Any]:
    proxy = _map(_map(config, "defaultConfig"), "proxyMetadata")
    policy = _map(config, "outboundTrafficPolicy")
    return {
        "trust_domain": _text(config, "trustDomain") or "cluster.local",
        "trust_domain_aliases": _texts(config, "trustDomainAliases"),
        "root_namespace": _text(config, "rootNamespace") or istiod_namespace,
        "outbound_policy": _text(policy, "mode") or "ALLOW_ANY",
        "dns_capture": _text(proxy, "ISTIO_META_DNS_CAPTURE").lower() == "true",
        "export_to": {name: _texts(config, name) for name in _EXPORT_TO if name in config},
    }


def _map(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key, "")
    return value if isinstance(value, str) and value not in ("null", "~") else ""


def _texts(fields: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = fields.get(key)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
