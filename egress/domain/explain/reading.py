"""Reading objects as they come from a cluster: absent is empty, a wrong type is an error."""

from collections.abc import Iterable, Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping field, empty when absent. Raises TypeError for anything else."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"a mapping is expected, not {type(value).__name__}")
    return value


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return a list of mappings, empty when absent. Raises TypeError for anything else."""
    return [mapping(item) for item in _items(value)]


def strings(value: Any) -> tuple[str, ...]:
    """Return a list of texts, empty when absent. Raises TypeError for anything else."""
    return tuple(text(item) for item in _items(value))


def text(value: Any) -> str:
    """Return a text field, empty when absent. Raises TypeError for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {type(value).__name__}")
    return value


def number(value: Any) -> int:
    """Return a number field, 0 when absent. Raises TypeError for anything else."""
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"a number is expected, not {type(value).__name__}")
    return value


def spec_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the spec of an object."""
    return mapping(obj.get("spec"))


def labels_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the labels of an object."""
    return mapping(mapping(obj.get("metadata")).get("labels"))


def annotations_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the annotations of an object."""
    return mapping(mapping(obj.get("metadata")).get("annotations"))


def covers(pattern: str, host: str) -> bool:
    """Tell whether a host pattern (`*`, `*.example.com` or a name) covers `host`."""
    if pattern == "*" or pattern == host:
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])


def is_exported(export_to: Iterable[str], own: str, viewer: str) -> bool:
    """Tell whether an object of namespace `own` is seen from namespace `viewer`.

    An absent `exportTo` exports to everybody, unless the mesh says otherwise, which is not known
    here.
    """
    targets = tuple(export_to)
    if not targets or "*" in targets:
        return True
    return (own == viewer and "." in targets) or (viewer != "~" and viewer in targets)


def named(export_to: Iterable[str], own: str) -> tuple[str, ...]:
    """Return the namespaces that an `exportTo` names, `.` written out."""
    return tuple(own if target == "." else target for target in export_to if target not in "*~")


def _items(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list is expected, not {type(value).__name__}")
    return list(value)
