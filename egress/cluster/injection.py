"""Whether pods have Istio's proxy (Istio documentation, "Controlling the injection policy")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

AMBIENT_LABEL = "istio.io/dataplane-mode"
_INJECTION_LABEL = "istio-injection"
_REVISION_LABEL = "istio.io/rev"
_POD_SWITCH = "sidecar.istio.io/inject"
_REDIRECTED = "ambient.istio.io/redirection"
_PROXY = "istio-proxy"
_NEVER_INJECTED = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(frozen=True)
class PodFacts:
    """What matters of one pod.

    `has_proxy` is true for a sidecar (also a native one) and for a pod captured by ambient.
    `opted_out` tells that the pod itself refuses the sidecar. `is_done` pods send no traffic.
    """

    name: str
    service_account: str
    has_proxy: bool
    opted_out: bool
    is_done: bool


def read_pod(pod: Mapping[str, Any]) -> PodFacts:
    """Return the facts of a pod object."""
    metadata, spec, status = (_map(pod, part) for part in ("metadata", "spec", "status"))
    labels, annotations = _map(metadata, "labels"), _map(metadata, "annotations")
    switch = labels.get(_POD_SWITCH, annotations.get(_POD_SWITCH))
    containers = {*_names(spec.get("containers")), *_names(spec.get("initContainers"))}
    return PodFacts(
        name=str(metadata.get("name")),
        service_account=str(spec.get("serviceAccountName") or "default"),
        has_proxy=_PROXY in containers or annotations.get(_REDIRECTED) == "enabled",
        opted_out=str(switch).lower() == "false",
        is_done=status.get("phase") in ("Succeeded", "Failed"),
    )


def is_injected(namespace: str, labels: Mapping[str, str]) -> bool:
    """Tell whether new pods of a namespace get a sidecar, unless they opt out.

    `istio-injection` wins over `istio.io/rev`, as in the selectors of Istio's webhooks.
    """
    if namespace in _NEVER_INJECTED:
        return False
    switch = labels.get(_INJECTION_LABEL)
    if switch is not None:
        return switch == "enabled"
    return bool(labels.get(_REVISION_LABEL))


def revision(labels: Mapping[str, str]) -> str:
    """Return the Istio revision that injects a namespace, empty when none does."""
    if labels.get(_INJECTION_LABEL) is not None:
        return "default" if labels[_INJECTION_LABEL] == "enabled" else ""
    return labels.get(_REVISION_LABEL, "")


def is_ambient(labels: Mapping[str, str]) -> bool:
    """Tell whether a namespace is part of the ambient mesh."""
    return labels.get(AMBIENT_LABEL) == "ambient"


def _map(obj: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = obj.get(key)
    return value if isinstance(value, dict) else {}


def _names(containers: object) -> Iterable[str]:
    items = containers if isinstance(containers, list) else []
    return (str(item.get("name")) for item in items if isinstance(item, dict))
