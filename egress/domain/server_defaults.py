"""What an API server fills in by itself: never a wish of anybody, so never drift."""

from collections.abc import Mapping
from typing import Any

_ANY = object()

_SERVICE: Mapping[str, Any] = {
    "clusterIP": _ANY,
    "clusterIPs": _ANY,
    "ipFamilies": _ANY,
    "ipFamilyPolicy": _ANY,
    "internalTrafficPolicy": "Cluster",
    "sessionAffinity": "None",
    "type": "ClusterIP",
}
"""Fields of `Service.spec` (Kubernetes API, `core/v1`) with the value that is the default.

With another value somebody chose it: a LoadBalancer is a way into the mesh.
"""

_CONDITIONS = frozenset({"serving", "terminating"})
"""Conditions of an endpoint that follow from `ready` when they are not written."""


def without_defaults(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a live object without what its server filled in.

    `body` is what `objects.body_of` returns. Other kinds than Service and EndpointSlice have no
    defaults of this sort and come back as they are.
    """
    if kind == "Service" and isinstance(body.get("spec"), Mapping):
        spec = {k: v for k, v in body["spec"].items() if not _is_default(k, v)}
        return {**body, "spec": spec}
    if kind == "EndpointSlice" and isinstance(body.get("endpoints"), list):
        return {**body, "endpoints": [_endpoint(endpoint) for endpoint in body["endpoints"]]}
    return dict(body)


def _is_default(field: str, value: Any) -> bool:
    return field in _SERVICE and _SERVICE[field] in (_ANY, value)


def _endpoint(endpoint: Any) -> Any:
    if not isinstance(endpoint, Mapping) or not isinstance(endpoint.get("conditions"), Mapping):
        return endpoint
    known = {k: v for k, v in endpoint["conditions"].items() if k not in _CONDITIONS}
    return {**endpoint, "conditions": known}
