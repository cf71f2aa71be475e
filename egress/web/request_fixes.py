"""Fixes of findings as buttons of the request form: what they say, and what pressing one does."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from egress.domain.access import Destination
from egress.domain.policies import Finding, Fix, fixes_for, fixes_for_text
from egress.models.standing import Standing
from egress.selectors.policy import limits
from egress.selectors.standing_access import known_below
from egress.services.requests import Preview
from egress.web.forms.request import TypedRequest

_FIELDS = {"service_account": "service_account", "duration_days": "duration"}


@dataclass(frozen=True)
class FixButton:
    """A button that mends something. `action` is its value: pressing it changes the form."""

    words: str
    action: str


def fixes_of(
    standing: Standing, typed: TypedRequest, seen: Preview
) -> dict[str, tuple[FixButton, ...]]:
    """Return the fixes of everything that the preview found, by the name of the input."""
    found: dict[str, dict[FixButton, None]] = {}
    known = _known(standing, seen)
    for finding in seen.findings:
        name = typed.field_of(finding.field)
        for fix in fixes_for(finding, _about(finding, seen), limits(), known):
            found.setdefault(name, {})[_button(fix, name)] = None
    for path in seen.errors:
        name = typed.field_of(path)
        if name.startswith("destinations-") and name.endswith("-host"):
            for fix in fixes_for_text(typed.rows[_position(name)].host.strip()):
                found.setdefault(name, {})[_button(fix, name)] = None
    return {name: tuple(buttons) for name, buttons in found.items()}


def mended(typed: TypedRequest, action: str) -> TypedRequest | None:
    """Return the form after the button of that value was pressed, None when it is no fix."""
    kind, _, detail = action.partition(":")
    if kind == "remove":
        positions = _positions(detail, typed)
        return typed.without_rows(positions) if positions else None
    if kind == "set":
        fields = {_FIELDS[name]: text for name, text in _pairs(detail).items() if name in _FIELDS}
        return replace(typed, **fields)  # type: ignore[arg-type]
    position, _, changes = detail.partition(":")
    places = _positions(position, typed)
    if kind == "change" and places:
        return typed.with_row_changed(places[0], _pairs(changes))
    if kind == "instead" and places:
        return typed.with_hosts_for(places[0], parse_qs(changes).get("host", []))
    return None


def removal_of(positions: Iterable[int]) -> str:
    """Return the value of a button that removes the rows at `positions`."""
    return f"remove:{','.join(map(str, positions))}"


def _button(fix: Fix, name: str) -> FixButton:
    if not name.startswith("destinations-"):
        return FixButton(fix.words, f"set:{urlencode(fix.changes or {})}")
    at = _position(name)
    if fix.removes:
        return FixButton(fix.words, removal_of([at]))
    if fix.hosts:
        query = urlencode({"host": fix.hosts}, doseq=True)
        return FixButton(f"{fix.words}: {', '.join(fix.hosts)}", f"instead:{at}:{query}")
    return FixButton(fix.words, f"change:{at}:{urlencode(fix.changes or {})}")


def _about(finding: Finding, seen: Preview) -> Destination | None:
    head, _, rest = finding.field.partition(".")
    number = rest.partition(".")[0]
    is_one = head == "destinations" and number.isdecimal() and int(number) < len(seen.destinations)
    return seen.destinations[int(number)] if is_one else None


def _known(standing: Standing, seen: Preview) -> Mapping[str, Sequence[str]]:
    wildcards = [one.host for one in seen.destinations if one and one.is_wildcard]
    if not wildcards or seen.cluster is None:
        return {}
    return known_below(standing, seen.cluster, wildcards)


def _position(name: str) -> int:
    return int(name.split("-")[1])


def _positions(text: str, typed: TypedRequest) -> list[int]:
    """Return the row numbers in `text` that the form has."""
    numbers = [int(one) for one in text.split(",") if re.fullmatch("[0-9]{1,4}", one)]
    return [number for number in numbers if number < len(typed.rows)]


def _pairs(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
