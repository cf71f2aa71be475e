"""Who wrote which field of a live object, as the API server records it in `managedFields`."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from egress.domain.naming import FIELD_MANAGER

Item = tuple[tuple[str, str | int], ...]
"""What names an item of a list kept by key: its key fields with their values."""

Step = str | Item
"""One step of a path: the name of a field, or an item of a list kept by key."""

Path = tuple[Step, ...]


def spec_managers(live: Mapping[str, Any]) -> list[str]:
    """Return the names of all managers that own a field beside the metadata, sorted."""
    return sorted({e.get("manager", "") for e in _entries(live) if _owns_content(_fields(e))})


def is_written_by_us_alone(live: Mapping[str, Any]) -> bool:
    """Tell whether our field manager, and nobody else, owns fields beside the metadata."""
    return spec_managers(live) == [FIELD_MANAGER]


def we_own(live: Mapping[str, Any], path: Path) -> bool:
    """Tell whether an apply of ours without the field at `path` would remove that field.

    An object without records counts as ours: nobody else can be named.
    """
    owners = {e.get("manager", "") for e in _entries(live) if _has(_fields(e), path)}
    return owners <= {FIELD_MANAGER}


def last_writer(live: Mapping[str, Any], paths: Collection[Path] = ()) -> tuple[str, str]:
    """Return the manager beside us that wrote an object last, and when; both may be empty.

    Whoever owns one of the fields at `paths` comes before all others, who may have written
    something else since. Writes to subresources, such as Istio's to `status`, do not count.
    """
    others = [e for e in _entries(live) if e.get("manager") != FIELD_MANAGER]
    owners = [e for e in others if any(_has(_fields(e), path) for path in paths)]
    known = [(str(e.get("time") or ""), str(e.get("manager") or "")) for e in owners or others]
    time, manager = max(known, default=("", ""))
    return manager, time


def _entries(live: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = live["metadata"].get("managedFields") or []
    return [entry for entry in entries if not entry.get("subresource")]


def _fields(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return entry.get("fieldsV1") or {}


def _owns_content(fields: Mapping[str, Any]) -> bool:
    return any(name not in ("f:metadata", "f:status") for name in fields)


def _has(fields: Mapping[str, Any], path: Path) -> bool:
    if not path:
        return True
    return any(_has(below, path[1:]) for below in _matching(fields, path[0]))


def _matching(fields: Mapping[str, Any], step: Step) -> Iterator[Mapping[str, Any]]:
    if isinstance(step, str):
        if f"f:{step}" in fields:
            yield fields[f"f:{step}"]
        return
    for name, below in fields.items():
        if name.startswith("k:") and json.loads(name[2:]).items() >= dict(step).items():
            yield below
