"""The Sidecar that denies a namespace every host that is not registered (istio.md 2.4)."""

from collections.abc import Sequence
from typing import Any

from egress.domain.access import ClusterProfile
from egress.domain.manifests import NETWORKING_V1
from egress.domain.naming import SIDECAR_NAME, labels
from egress.domain.objects import KubeObject, with_content_hash

KIND = "Sidecar"


def default_deny(cluster: ClusterProfile, namespace: str, hosts: Sequence[str] = ()) -> KubeObject:
    """Return the selector-less Sidecar that switches `namespace` to registered hosts only.

    `hosts` are all that its proxies may know, each `namespace/name`, where entries are central
    (istio.md 2.6). Without them the view of the mesh stays whole.
    """
    spec: dict[str, Any] = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    if hosts:
        spec["egress"] = [{"hosts": list(hosts)}]
    return with_content_hash(
        {
            "apiVersion": NETWORKING_V1,
            "kind": KIND,
            "metadata": {"name": SIDECAR_NAME, "namespace": namespace, "labels": labels(cluster)},
            "spec": spec,
        }
    )


def denies(sidecar: KubeObject | None) -> bool:
    """Tell whether a live Sidecar governs its whole namespace and denies unregistered hosts."""
    spec = (sidecar or {}).get("spec") or {}
    mode = (spec.get("outboundTrafficPolicy") or {}).get("mode")
    return mode == "REGISTRY_ONLY" and not spec.get("workloadSelector")
