"""The sandbox's own description of the kinds it serves, and what follows from it.

`schema_of` gives a kind's description; the other functions hold an object against it, in the
order in which an API server does: parse (`structural_error`), `prune`, `with_defaults`,
`validate`. All texts are the server's, so that the sandbox is never kinder than the real thing.
"""

from __future__ import annotations

from collections.abc import Mapping

from .catalog import KINDS
from .defaults import prune, with_defaults
from .gotext import bad_value
from .metadata import metadata_causes, name_problems
from .node import Cause, Node, Root, Rule
from .openapi import openapi_document
from .rules import key_causes, rule_causes
from .typed import element_key, structural_error
from .values import NO_FIELD, value_causes

__all__ = [
    "KINDS",
    "Cause",
    "Node",
    "Root",
    "Rule",
    "element_key",
    "name_problems",
    "openapi_v3",
    "prune",
    "schema_of",
    "structural_error",
    "validate",
    "with_defaults",
]

# After one of these the server leaves the rules unchecked and says so.
_BLOCKING = {
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
}
_LEFT_OUT = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
    NO_FIELD,
)


def schema_of(group: str, kind: str) -> Node:
    """Return the description of a kind; the core group is the empty text. Raises KeyError."""
    return KINDS[group, kind]


def validate(
    node: Node, obj: Mapping[str, object], old: Mapping[str, object] | None = None
) -> list[Cause]:
    """Return the causes to refuse a whole object, already with defaults; none when it is fine.

    `old` is the stored object of an update: rules about changes compare with it.
    """
    root = node.root
    found = []
    if root is not None:
        found = _type_causes(root, obj) if root.custom else []
        found += metadata_causes(root, obj.get("metadata"))
    found += value_causes(node, obj)
    # Metadata has rules of its own: there, a finalizer may come twice.
    found += key_causes(node, {name: obj[name] for name in obj if name != "metadata"})
    if any(cause.reason in _BLOCKING for cause in found):
        return [*found, _LEFT_OUT] if root is None or root.custom else found
    return found + rule_causes(node, obj, old)


def _type_causes(root: Root, obj: Mapping[str, object]) -> list[Cause]:
    expected = {"kind": root.kind, "apiVersion": f"{root.group}/{root.version}".lstrip("/")}
    return [
        Cause(
            "FieldValueInvalid",
            f"Invalid value: {bad_value(obj.get(name, ''))}: must be {wanted}",
            name,
        )
        for name, wanted in expected.items()
        if obj.get(name) != wanted
    ]


def openapi_v3(group: str, version: str) -> dict[str, object]:
    """Return the OpenAPI v3 document of a group version; without kinds if there is no such."""
    nodes = [
        node
        for node in KINDS.values()
        if node.root is not None and (node.root.group, node.root.version) == (group, version)
    ]
    return openapi_document(nodes)
