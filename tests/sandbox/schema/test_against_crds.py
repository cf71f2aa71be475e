"""Our descriptions say what the CRDs say: the same fields, types, bounds, defaults and rules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from egress.sandbox.schema import KINDS, Node, schema_of

from .crds import Schema, crd_schemas

pytestmark = pytest.mark.crds

CUSTOM = [name for name, node in KINDS.items() if node.root is not None and node.root.custom]
# Keyword of the CRD -> (what our node says, what absence means).
SAME: dict[str, tuple[Callable[[Node], object], object]] = {
    "enum": (lambda node: list(node.enum), []),
    "pattern": (lambda node: node.pattern, ""),
    "format": (lambda node: node.format, ""),
    "minLength": (lambda node: node.min_length, None),
    "maxLength": (lambda node: node.max_length, None),
    "minItems": (lambda node: node.min_items, None),
    "maxItems": (lambda node: node.max_items, None),
    "minimum": (lambda node: node.minimum, None),
    "maximum": (lambda node: node.maximum, None),
    "minProperties": (lambda node: node.min_properties, None),
    "maxProperties": (lambda node: node.max_properties, None),
    "default": (lambda node: node.default, None),
    "nullable": (lambda node: node.nullable, False),
    "x-kubernetes-preserve-unknown-fields": (lambda node: node.preserve_unknown, False),
    "x-kubernetes-list-type": (lambda node: node.list_type, "atomic"),
    "x-kubernetes-list-map-keys": (lambda node: list(node.map_keys), []),
    "x-kubernetes-map-type": (lambda node: "atomic" if node.atomic_map else None, None),
}
WALKED = {
    "type",
    "description",
    "properties",
    "additionalProperties",
    "items",
    "required",
    "oneOf",
    "allOf",
    "anyOf",
    "x-kubernetes-int-or-string",
    "x-kubernetes-validations",
}


def type_of(schema: Schema) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    return str(schema["type"])


def groups_of(schema: Schema) -> list[object]:
    """Return the groups of alternatives; fields of which at most one may be set as a tuple."""
    parts = [part for part in [schema, *schema.get("allOf", [])] if "oneOf" in part]
    return [group_of(part["oneOf"]) for part in parts]


def group_of(alternatives: list[Schema]) -> object:
    names = tuple(one["required"][0] for one in alternatives if "required" in one)
    none = {"not": {"anyOf": [{"required": [name]} for name in names]}}
    each = [{"required": [name]} for name in names]
    return names if alternatives == [none, *each] else len(alternatives)


def differences(schema: Schema, node: Node, path: str) -> Iterator[str]:
    """Yield what the CRD and our node say differently, from here down."""
    for word in schema.keys() - WALKED - SAME.keys():
        yield f"{path}: the CRD says {word!r}, which this test does not know"
    if type_of(schema) != node.type:
        yield f"{path}: type {type_of(schema)} here {node.type}"
    for word, (ours, absent) in SAME.items():
        if schema.get(word, absent) != ours(node):
            yield f"{path}: {word} is {schema.get(word, absent)!r}, here {ours(node)!r}"
    if sorted(schema.get("required", [])) != sorted(node.required):
        yield f"{path}: required {schema.get('required')}, here {node.required}"
    theirs = [rule["message"] for rule in schema.get("x-kubernetes-validations", [])]
    if theirs != [rule.message for rule in node.rules]:
        yield f"{path}: rules {theirs}, here {[rule.message for rule in node.rules]}"
    wanted = groups_of(schema)
    found: list[object] = [one.fields or len(one.alternatives) for one in node.one_of]
    if wanted != found:
        yield f"{path}: alternatives {wanted}, here {found}"
    yield from differences_below(schema, node, path)


def differences_below(schema: Schema, node: Node, path: str) -> Iterator[str]:
    fields = schema.get("properties", {})
    if fields.keys() != node.properties.keys():
        yield f"{path}: fields differ in {sorted(fields.keys() ^ node.properties.keys())}"
    for name in fields.keys() & node.properties.keys():
        yield from differences(fields[name], node.properties[name], f"{path}.{name}")
    for word, child in (("additionalProperties", node.additional), ("items", node.items)):
        below = schema.get(word)
        if (below is None) != (child is None):
            yield f"{path}: {word} is {'absent' if below is None else 'there'} in the CRD"
        elif below is not None and child is not None:
            yield from differences(below, child, f"{path}.{word}")


def spec_and_status(schema: Schema) -> Schema:
    """Return a CRD's schema without the fields that every object has."""
    own = dict(schema)
    common = ("apiVersion", "kind", "metadata")
    own["properties"] = {k: v for k, v in schema["properties"].items() if k not in common}
    return own


def own_fields(node: Node) -> Node:
    fields = {name: node.properties[name] for name in node.properties.keys() & {"spec", "status"}}
    return Node("object", properties=fields, required=node.required, rules=node.rules)


def test_we_describe_every_kind_of_the_crds_and_no_other() -> None:
    assert sorted(CUSTOM) == sorted(crd_schemas())


@pytest.mark.parametrize(("group", "kind"), CUSTOM)
def test_a_description_says_what_the_crd_says(group: str, kind: str) -> None:
    schema = spec_and_status(crd_schemas()[group, kind])
    assert list(differences(schema, own_fields(schema_of(group, kind)), kind)) == []


def places(schema: Schema) -> Iterator[Schema]:
    """Yield every schema from here down."""
    yield schema
    below = [*schema.get("properties", {}).values()]
    below += [schema[word] for word in ("items", "additionalProperties") if word in schema]
    for child in below:
        yield from places(child)


def add_rule(schema: Schema) -> None:
    rule = {"rule": "self == self", "message": "something new"}
    schema.setdefault("x-kubernetes-validations", []).append(rule)


def add_field(schema: Schema) -> None:
    schema.setdefault("properties", {})["somethingNew"] = {"type": "string"}


def tighten(schema: Schema) -> None:
    schema["maxLength"] = schema.get("maxLength", 77) - 1


def add_word(schema: Schema) -> None:
    schema["uniqueItems"] = True


@pytest.mark.parametrize("change", [add_rule, add_field, tighten, add_word])
def test_the_comparison_notices_a_change_at_every_place(change: Callable[[Schema], Any]) -> None:
    name = ("networking.istio.io", "ServiceEntry")
    original = spec_and_status(crd_schemas()[name])
    node = own_fields(schema_of(*name))
    for index in range(len(list(places(original)))):
        changed = copy.deepcopy(original)
        change(list(places(changed))[index])
        assert list(differences(changed, node, "ServiceEntry"))
