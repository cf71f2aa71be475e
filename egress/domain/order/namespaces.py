"""Leaving single namespaces out of what opens a host to several (istio.md 3.8)."""

from collections.abc import Collection, Mapping
from typing import Any

from egress.domain.objects import KubeObject, with_content_hash

_OWN = "."


def opened_to(obj: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the namespaces, other than its own, that an object is exported to."""
    spec = (obj or {}).get("spec") or {}
    return frozenset(name for name in spec.get("exportTo") or () if name not in (_OWN, "~"))


def without_namespaces(obj: KubeObject, namespaces: Collection[str]) -> KubeObject | None:
    """Return `obj` without `namespaces` in its `exportTo`; with a fresh content hash.

    None when it would not be exported at all any more: an empty list means "to everybody". A
    ServiceEntry that is left with "." alone stays, the gateway needs it.
    """
    spec = obj.get("spec") or {}
    exported = list(spec.get("exportTo") or ())
    kept = [name for name in exported if name not in namespaces]
    if kept == exported:
        return obj
    if not kept or (obj["kind"] != "ServiceEntry" and kept == [_OWN]):
        return None
    return with_content_hash({**obj, "spec": {**spec, "exportTo": kept}})
