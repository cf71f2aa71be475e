"""Systematic damage: from a valid object and its CRD, every object with one thing wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .crds import Schema

Path = tuple[str | int, ...]
OTHERS: dict[str, list[object]] = {
    "string": [7, True, ["a"], {"a": "b"}],
    "integer": ["7", 1.5, True, [1], {"a": 1}],
    "number": ["7", True, [1], {"a": 1}],
    "boolean": ["true", 1, [True], {"a": True}],
    "array": ["a", 1, {"a": "b"}],
    "object": ["a", 1, ["a"]],
}
MISFITS = {
    "date-time": ["2026-11-21", "2026-13-21T10:00:00Z", "2026-11-21T10:00:00"],
    "byte": ["a", "not base64!"],
}


# What rules about a text, a number or a key may refuse.
TEXTS = [
    *["", "*", "a*b", "5", "1us", "0", "0s", "-5s", "1d", "1 s", "5S", "1.s", ".5s", "+1s"],
    *["1h1m", "µs", "1µs", "unix://a", "unix:///a/", "unix://@a/", "unix:///a"],
    *["ftp://a", "http:", "HTTP://a", "http://[::1", "http://a b", "http://a:x", "/a", "://a"],
    *["http://a?%zz", "http://u:p@a", "https"],
    *["http://[::1]:80/", "http:a", "http://a\x01", "ünter/a"],
]
NUMBERS = [0, 1, 65535, 65536]
KEYS = ["", "*", "a*b", "0", "65535", "65536", "-1", "+1", "01", "x", "a" * 62, "a" * 63, "-a", "ä"]
KEYS += ["a.b/c", "a/b/c", "A/b", "a" * 253 + "/b", "a" * 252 + "/b", "/a", "a/", "a_b", "a b"]


@dataclass(frozen=True)
class Damage:
    """One thing wrong: what, where, and the object that has it."""

    what: str
    path: Path
    obj: dict[str, Any]


def damages(schema: Schema, objects: Iterable[dict[str, Any]]) -> Iterator[Damage]:
    """Yield every damage of some objects below spec and status, once for each place."""
    own = {**schema, "properties": {k: schema["properties"][k] for k in ("spec", "status")}}
    done = set()
    for obj in objects:
        for path, part, value in visit(own, obj, ()):
            for what, wrong in damage_here(part, value, is_root=not path):
                where = tuple("*" if isinstance(step, int) else step for step in path)
                place = (where, what, "" if what == "too many" else repr(wrong))
                if place not in done:
                    done.add(place)
                    yield Damage(what, path, replaced(obj, path, wrong))


def visit(schema: Schema, value: Any, path: Path) -> Iterator[tuple[Path, Schema, Any]]:
    """Yield every value of an object with its schema."""
    yield path, schema, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            child = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if child is not None:
                yield from visit(child, item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from visit(schema["items"], item, (*path, index))


def replaced(obj: Any, path: Path, new: Any) -> Any:
    """Return an object with another value at a path; the rest is shared."""
    if not path:
        return new
    changed = dict(obj) if isinstance(obj, Mapping) else list(obj)
    changed[path[0]] = replaced(obj[path[0]], path[1:], new)  # type: ignore[index]
    return changed


def damage_here(schema: Schema, value: Any, *, is_root: bool) -> Iterator[tuple[str, Any]]:
    """Yield what can be wrong with this very value."""
    if not is_root:
        for other in OTHERS.get(schema.get("type", ""), [[1], {"a": 1}, True, 1.5]):
            yield "wrong type", other
        yield "null", None
    if isinstance(value, str):
        yield from damaged_texts(schema, value)
    elif isinstance(value, list):
        yield from damaged_lists(schema, value)
    elif isinstance(value, Mapping):
        yield from damaged_maps(schema, dict(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from damaged_numbers(schema)


def damaged_texts(schema: Schema, value: str) -> Iterator[tuple[str, Any]]:
    if "x-kubernetes-validations" in schema:
        yield from (("rule", text) for text in TEXTS)
    if "enum" in schema:
        yield "enum", "NOT_ONE_OF_THEM"
        yield "enum", value.lower() if value.lower() != value else value.upper()
    if "maxLength" in schema:
        yield "too long", "a" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield "too short", ""
    if "pattern" in schema:
        for text in ("", "a b", "-a-", "a\n", "ä", "A_b!"):
            yield "pattern", text
    for text in MISFITS.get(schema.get("format", ""), ()):
        yield "format", text


def damaged_numbers(schema: Schema) -> Iterator[tuple[str, Any]]:
    if "x-kubernetes-validations" in schema:
        yield from (("rule", number) for number in NUMBERS)
    if "minimum" in schema:
        yield "below the minimum", schema["minimum"] - 1
    if "maximum" in schema:
        yield "above the maximum", schema["maximum"] + 1
    if schema.get("type") == "integer":
        bits = 31 if schema.get("format") == "int32" else 63
        yield "no room", 2**bits
        yield "no room", -(2**bits) - 1


def damaged_lists(schema: Schema, value: list[Any]) -> Iterator[tuple[str, Any]]:
    if "maxItems" in schema:
        yield "too many", [simplest(schema["items"])] * (schema["maxItems"] + 1)
    if schema.get("minItems"):
        yield "too few", []
    if value:
        yield "twice", [*value, value[0]]
    yield "null in a list", [*value, None]


def damaged_maps(schema: Schema, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if value and "x-kubernetes-validations" in schema and "additionalProperties" in schema:
        item = next(iter(value.values()))
        yield from (("rule", {key: item}) for key in KEYS)
        yield "rule", {"x": item, "0": item}
    if "additionalProperties" not in schema:
        yield "unknown field", {**value, "fieldThatNobodyKnows": 1}
    for name in schema.get("required", ()):
        yield "required", {key: item for key, item in value.items() if key != name}
    if "maxProperties" in schema and value:
        item = next(iter(value.values()))
        count = schema["maxProperties"] + 1
        yield "too many", {f"key-{number}": item for number in range(count)}
    if schema.get("minProperties"):
        yield "too few", {}
    for part in [schema, *schema.get("allOf", ())]:
        names = [one["required"][0] for one in part.get("oneOf", ()) if "required" in one]
        for name in names:
            if any(other in value for other in names if other != name):
                yield "one of", {**value, name: simplest(schema["properties"][name])}


def simplest(schema: Schema) -> Any:
    """Return the smallest value that fits a schema."""
    kind = schema["type"]
    if kind == "object":
        fields = schema.get("properties", {})
        return {name: simplest(fields[name]) for name in schema.get("required", ())}
    if "enum" in schema:
        return schema["enum"][0]
    return {"string": "1s", "integer": 1, "number": 1, "boolean": True, "array": []}[kind]
