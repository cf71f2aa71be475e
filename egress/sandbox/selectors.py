"""Label and field selectors, as they stand in a query."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from egress.sandbox.errors import bad_request
from egress.sandbox.kinds import Kind

Labels = Mapping[str, str]
_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt", ">", "<")
_TOKEN = re.compile(r"\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")


@dataclass(frozen=True)
class Requirement:
    """One condition on labels. `operator` is in, notin, exists, absent, gt or lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Labels) -> bool:
        """Tell whether the labels meet the condition."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "absent":
            return value is None
        if self.operator == "in":
            return value in self.values
        if self.operator == "notin":
            return value not in self.values
        return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        try:
            number, bound = int(value), int(next(iter(self.values)))
        except ValueError:
            return False
        return number > bound if self.operator == "gt" else number < bound


class _Reader:
    """Reads a selector piece by piece, with the server's complaints."""

    def __init__(self, text: str) -> None:
        self.pieces = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.pieces[self.at] if self.at < len(self.pieces) else ""

    def take(self) -> str:
        piece = self.peek()
        self.at += 1
        return piece

    def requirement(self) -> Requirement:
        if self.peek() == "!":
            self.take()
            return Requirement(self._key(), "absent")
        key = self._key()
        operator = self.peek()
        if operator in ("", ","):
            return Requirement(key, "exists")
        if operator not in _OPERATORS:
            expected = "in, notin, =, ==, !=, gt, lt"
            raise _unparsable(f"found '{operator}', expected: {expected}")
        self.take()
        return self._with_values(key, operator)

    def _key(self) -> str:
        key = self.take()
        if not key or key in "=!<>(),":
            raise _unparsable(f"found '{key}', expected: identifier")
        return key

    def _with_values(self, key: str, operator: str) -> Requirement:
        if operator in ("in", "notin"):
            return Requirement(key, operator, self._value_list())
        value = "" if self.peek() in ("", ",") else self.take()
        if _LABEL_VALUE.match(value) is None:
            raise _unparsable(f"invalid label value '{value}' for key '{key}'")
        told = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}
        return Requirement(key, told.get(operator, operator), frozenset([value]))

    def _value_list(self) -> frozenset[str]:
        if self.take() != "(":
            raise _unparsable(f"found '{self.pieces[self.at - 1 :][:1]}' expected: '('")
        values, value = set(), ""
        while True:
            piece = self.take()
            if piece in (",", ")"):
                values.add(value)
                value = ""
                if piece == ")":
                    return frozenset(values)
            elif piece == "":
                raise _unparsable("found '', expected: ',', or ')'")
            else:
                value = piece


def _unparsable(what: str) -> Exception:
    return bad_request(f"unable to parse requirement: {what}")


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """Read a label selector such as `a=b,c in (d,e),!f`.

    Raises StatusError (400) when it cannot be read.
    """
    if not text.strip():
        return ()
    reader, found = _Reader(text), []
    while True:
        found.append(reader.requirement())
        separator = reader.take()
        if not separator:
            return tuple(found)
        if separator != ",":
            raise _unparsable(f"found '{separator}', expected: ',' or 'end of string'")


@dataclass(frozen=True)
class FieldTerm:
    """One condition on a field: `equal` tells whether it must be `value` or must not."""

    path: str
    value: str
    equal: bool


_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVENT_FIELDS = (
    *(f"involvedObject.{name}" for name in _INVOLVED),
    "reason",
    "reportingComponent",
    "source",
    "type",
)
_POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
_EXTRA_FIELDS: dict[str, tuple[str, ...]] = {
    "events": _EVENT_FIELDS,
    "pods": _POD_FIELDS,
    "namespaces": ("status.phase",),
    "services": ("spec.clusterIP", "spec.type"),
}


def parse_fields(kind: Kind, text: str) -> tuple[FieldTerm, ...]:
    """Read a field selector such as `metadata.name=a,metadata.namespace!=b`.

    Raises StatusError (400) for a field that the server does not index for this kind.
    """
    terms = []
    supported = ("metadata.name", "metadata.namespace", *_EXTRA_FIELDS.get(kind.resource, ()))
    for part in filter(None, text.split(",")):
        path, operator, value = _split_term(part)
        if path not in supported:
            if kind.custom:
                raise bad_request(f"field label not supported: {path}")
            raise bad_request(f'"{path}" is not a known field selector: only {_quoted(supported)}')
        terms.append(FieldTerm(path, value, operator != "!="))
    return tuple(terms)


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _split_term(part: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        path, found, value = part.partition(operator)
        if found:
            return path.strip(), operator, value.strip()
    raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")


@dataclass(frozen=True)
class Selection:
    """What a list, watch or collection delete is about. Empty selects everything."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[FieldTerm, ...] = ()

    def matcher(self) -> Callable[[Mapping[str, Any]], bool] | None:
        """Return a test for objects, or None when every object is meant."""
        if not self.labels and not self.fields:
            return None
        return self._matches

    def _matches(self, obj: Mapping[str, Any]) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(requirement.holds(labels) for requirement in self.labels) and all(
            (_field(obj, term.path) == term.value) == term.equal for term in self.fields
        )


def _field(obj: Mapping[str, Any], path: str) -> str:
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if path == "source" and isinstance(value, Mapping):
        value = value.get("component")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def parse_selection(kind: Kind, query: Mapping[str, list[str]]) -> Selection:
    """Return the selection of a query (`labelSelector`, `fieldSelector`)."""
    labels = parse_labels(query.get("labelSelector", [""])[0])
    return Selection(labels, parse_fields(kind, query.get("fieldSelector", [""])[0]))
