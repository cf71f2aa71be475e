"""Who changed a live object, and what: as far as the API server recorded it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egress.cluster.gateway import KubeObject
from egress.domain.difference import ABSENT, Change, changes
from egress.domain.managed_fields import Path, last_writer

FIELDS = 5
"""So many changed fields of an object are told of."""
_CHARACTERS = 120


@dataclass(frozen=True)
class Changed:
    """What became of one object: `fields` at most `FIELDS` of those not as wanted."""

    manager: str = ""
    at: str = ""
    fields: tuple[Mapping[str, str], ...] = ()
    more: int = 0

    @property
    def author(self) -> str:
        """Return the manager in quotes and the time, empty when nobody is known."""
        if not self.manager:
            return ""
        return f'"{self.manager}" at {self.at}' if self.at else f'"{self.manager}"'

    def sentence(self) -> str:
        """Return which fields are not as wanted; empty when none is known."""
        told = [
            f"{one['path']} is {one['found'] or 'missing'}, wanted {one['wanted'] or 'absent'}"
            for one in self.fields
        ]
        if self.more:
            told.append(f"and {self.more} more")
        return "; ".join(told)


def changed(desired: KubeObject | None, live: KubeObject) -> Changed:
    """Return who changed a live object, and what of it; without `desired` only who."""
    found = changes(desired, live) if desired else []
    manager, at = last_writer(live, [change.path for change in found])
    told = tuple(_told(change) for change in found[:FIELDS])
    return Changed(manager[:_CHARACTERS], at, told, max(0, len(found) - FIELDS))


def _told(change: Change) -> Mapping[str, str]:
    return {
        "path": _spelled(change.path),
        "wanted": _short(change.wanted),
        "found": _short(change.found),
    }


def _spelled(path: Path) -> str:
    steps = [step if isinstance(step, str) else _item(step) for step in path]
    return ".".join(f"[{step}]" if "." in step or "/" in step else step for step in steps)


def _item(keys: Sequence[tuple[str, str | int]]) -> str:
    return ",".join(f"{name}={value}" for name, value in keys)


def _short(value: Any) -> str:
    """Return a value as one line of JSON, empty for a missing one."""
    if value is ABSENT:
        return ""
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."
