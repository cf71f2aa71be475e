"""The options of a write: who manages, whether it is a dry run, how strict fields are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from egress.sandbox.errors import invalid_options
from egress.sandbox.schema import Cause

Query = Mapping[str, list[str]]
VALIDATIONS = ("Ignore", "Warn", "Strict")
_LONGEST_MANAGER = 128
_TRUE = ("1", "t", "T", "TRUE", "true", "True", "")


@dataclass(frozen=True)
class WriteOptions:
    """Options of a create, update or patch. `manager` is empty when the caller named none."""

    manager: str = ""
    dry_run: bool = False
    force: bool = False
    validation: str = "Warn"


@dataclass(frozen=True)
class DeleteOptions:
    """Options of a delete. Empty preconditions are not checked."""

    dry_run: bool = False
    uid: str = ""
    version: str = ""


def write_options(kind: str, query: Query, *, applies: bool = False) -> WriteOptions:
    """Read the options of a write from its query; `kind` is e.g. `PatchOptions`.

    Raises StatusError (422) for values that the server refuses.
    """
    manager = _first(query, "fieldManager")
    if applies and not manager:
        required = "Required value: is required for apply patch"
        raise invalid_options(kind, Cause("FieldValueRequired", required, "fieldManager"))
    if len(manager.encode()) > _LONGEST_MANAGER:
        long = f"Too long: may not be more than {_LONGEST_MANAGER} bytes"
        raise invalid_options(kind, Cause("FieldValueTooLong", long, "fieldManager"))
    if "force" in query and not applies:
        why = "Forbidden: may not be specified for non-apply patch"
        raise invalid_options(kind, Cause("FieldValueForbidden", why, "force"))
    validation = _first(query, "fieldValidation") or "Warn"
    if validation not in VALIDATIONS:
        raise invalid_options(kind, _unsupported(f'"{validation}"', VALIDATIONS, "fieldValidation"))
    force = "force" in query and _first(query, "force") in _TRUE
    return WriteOptions(manager, dry_run(kind, query.get("dryRun", [])), force, validation)


def dry_run(kind: str, values: Any) -> bool:
    """Tell whether a dry run is asked for.

    Raises StatusError (422) for anything but `All`.
    """
    wanted = [value for value in values if value] if isinstance(values, list) else []
    if any(value != "All" for value in wanted):
        listed = ", ".join(f'"{value}"' for value in wanted)
        raise invalid_options(kind, _unsupported(f"[]string{{{listed}}}", ("All",), "dryRun"))
    return bool(wanted)


def _unsupported(value: str, supported: tuple[str, ...], field: str) -> Cause:
    choices = ", ".join(f'"{choice}"' for choice in supported)
    message = f"Unsupported value: {value}: supported values: {choices}"
    return Cause("FieldValueNotSupported", message, field)


def delete_options(query: Query, body: Mapping[str, Any] | None) -> DeleteOptions:
    """Read the options of a delete. A body, even an empty object, replaces the query's options.

    This is how the API server works (see the recording), however surprising `?dryRun=All` with a
    body that lacks it may be: the object is deleted for real.
    """
    if body is None:
        return DeleteOptions(dry_run("DeleteOptions", query.get("dryRun", [])))
    preconditions = body.get("preconditions") or {}
    return DeleteOptions(
        dry_run("DeleteOptions", body.get("dryRun") or []),
        preconditions.get("uid") or "",
        preconditions.get("resourceVersion") or "",
    )


def _first(query: Query, name: str) -> str:
    return query.get(name, [""])[0]


def agent_name(user_agent: str) -> str:
    """Return the manager of a caller who named none: the program's name in its user agent."""
    name = "".join(char for char in user_agent.partition("/")[0] if char.isprintable())
    return name[:_LONGEST_MANAGER] or "unknown"
