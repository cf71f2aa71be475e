"""How a live object differs from the one we want, looking at the fields we decide about only."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from egress.domain.managed_fields import Path
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import KubeObject, to_yaml

_OUR_PREFIX = "egress-portal.io/"
_KEYED_LISTS: Mapping[tuple[str, Path], str] = {("ServiceEntry", ("spec", "ports")): "name"}
"""Lists that the API server merges by a key; every other list is replaced as a whole."""


def differs(desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Tell whether a field of `desired` is missing in `live`, or has another value there.

    Labels, annotations and fields that only `live` has do not count.
    """
    ours = {"metadata": _owned_metadata(desired), "spec": desired.get("spec", {})}
    return not _covers(desired["kind"], ours, live, ())


def extra_fields(desired: Mapping[str, Any], live: Mapping[str, Any]) -> list[Path]:
    """Return the paths of all spec fields that `live` has and `desired` has not."""
    wanted, found = desired.get("spec", {}), live.get("spec") or {}
    return list(_extras(desired["kind"], wanted, found, ("spec",)))


def diff(live: Mapping[str, Any] | None, desired: Mapping[str, Any] | None) -> str:
    """Return the unified diff from `live` to `desired` in YAML, without what servers fill in.

    None stands for an object that does not exist. Empty when nothing we decide about differs.
    """
    before = _readable(live, desired) if live else ""
    after = _readable(desired, desired) if desired else ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "in the cluster", "wanted", n=3, lineterm=""
    )
    return "\n".join(lines)


def decided_content(live: Mapping[str, Any]) -> KubeObject:
    """Return `live` reduced to what the portal could have decided: for its content hash."""
    metadata = live["metadata"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "labels": {k: v for k, v in labels.items() if _is_ours(k)},
            "annotations": {k: v for k, v in annotations.items() if _is_ours(k)},
        },
        "spec": live.get("spec") or {},
    }


def _is_ours(name: str) -> bool:
    return name.startswith(_OUR_PREFIX) or name == "app.kubernetes.io/managed-by"


def _owned_metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    metadata = obj["metadata"]
    return {name: metadata[name] for name in ("labels", "annotations") if name in metadata}


def _covers(kind: str, wanted: Any, found: Any, path: Path) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and _covers(kind, value, found[name], (*path, name))
            for name, value in wanted.items()
        )
    key = _KEYED_LISTS.get((kind, path))
    if key and isinstance(found, list):
        by_key = {item.get(key): item for item in found}
        return all(_covers(kind, item, by_key.get(item[key]), (*path, "")) for item in wanted)
    return bool(wanted == found)


def _extras(kind: str, wanted: Any, found: Any, path: Path) -> Iterator[Path]:
    key = _KEYED_LISTS.get((kind, path))
    if key and isinstance(wanted, list) and isinstance(found, list):
        by_key = {item[key]: item for item in wanted}
        for item in found:
            place = (*path, (key, str(item.get(key))))
            if item.get(key) in by_key:
                yield from _extras(kind, by_key[item[key]], item, place)
            else:
                yield place
    elif isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in found.items():
            if name in wanted:
                yield from _extras(kind, wanted[name], value, (*path, name))
            else:
                yield (*path, name)


def _readable(obj: Mapping[str, Any], beside: Mapping[str, Any] | None) -> str:
    metadata = obj["metadata"]
    shown: dict[str, Any] = {"name": metadata["name"], "namespace": metadata.get("namespace", "")}
    for field in ("labels", "annotations"):
        kept = (beside or {}).get("metadata", {}).get(field) or {}
        values = {
            name: value
            for name, value in sorted((metadata.get(field) or {}).items())
            if (name in kept or _is_ours(name)) and name != CONTENT_HASH_ANNOTATION
        }
        if values:
            shown[field] = values
    spec = _in_order_of(obj.get("spec") or {}, (beside or {}).get("spec"))
    return to_yaml(
        [{"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": shown, "spec": spec}]
    )


def _in_order_of(value: Any, model: Any) -> Any:
    """Return `value` with its fields in the order of `model`, so that only real changes show."""
    if isinstance(value, Mapping):
        known = model if isinstance(model, Mapping) else {}
        names = [n for n in known if n in value] + sorted(n for n in value if n not in known)
        return {name: _in_order_of(value[name], known.get(name)) for name in names}
    if isinstance(value, list) and isinstance(model, list):
        if len(value) == len(model):
            return [_in_order_of(v, m) for v, m in zip(value, model, strict=True)]
        first = model[0] if model else None
        return [_in_order_of(item, first) for item in value]
    return value
