"""The OpenAPI v3 document of a group version, as far as kubectl's apply and explain read it."""

from __future__ import annotations

from collections.abc import Iterable

from .node import Node, Root


def openapi_document(nodes: Iterable[Node]) -> dict[str, object]:
    """Return the document for some kinds of one group and version."""
    schemas: dict[str, object] = {}
    paths: dict[str, object] = {}
    for node in nodes:
        if node.root is None:
            continue
        schemas[_schema_name(node.root)] = {
            **_schema(node),
            "x-kubernetes-group-version-kind": [_names(node.root)],
        }
        paths.update(_paths(node.root))
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes sandbox", "version": "v0.1.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _names(root: Root) -> dict[str, str]:
    return {"group": root.group, "version": root.version, "kind": root.kind}


def _schema_name(root: Root) -> str:
    parts = reversed((root.group or "core.api.k8s.io").split("."))
    return ".".join([*parts, root.version, root.kind])


def _paths(root: Root) -> dict[str, object]:
    base = f"/apis/{root.group}/{root.version}" if root.group else f"/api/{root.version}"
    where = f"{base}/namespaces/{{namespace}}/{root.plural}" if root.namespaced else ""
    where = where or f"{base}/{root.plural}"
    content = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{_schema_name(root)}"}}
    }
    about = {
        "x-kubernetes-group-version-kind": _names(root),
        "responses": {"200": {"description": "OK", "content": content}},
    }
    options = [
        {"name": name, "in": "query", "schema": {"type": kind}} for name, kind in _OPTIONS.items()
    ]
    write = {**about, "parameters": options}
    return {
        where: {"get": {**about, "x-kubernetes-action": "list"}, "post": write},
        f"{where}/{{name}}": {
            "get": {**about, "x-kubernetes-action": "get"},
            "put": write,
            "patch": write,
            "delete": about,
        },
    }


_OPTIONS = {
    "dryRun": "string",
    "fieldManager": "string",
    "fieldValidation": "string",
    "force": "boolean",
}
_BOUNDS = {
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "minimum": "minimum",
    "maximum": "maximum",
    "pattern": "pattern",
    "format": "format",
    "description": "description",
    "default": "default",
    "required": "required",
    "enum": "enum",
    "map_keys": "x-kubernetes-list-map-keys",
}


def _schema(node: Node) -> dict[str, object]:
    out = _type(node)
    for ours, theirs in _BOUNDS.items():
        value = getattr(node, ours)
        if value not in (None, "", ()):
            out[theirs] = list(value) if isinstance(value, tuple) else value
    for ours, theirs in _FLAGS.items():
        if getattr(node, ours):
            out[theirs] = True
    if node.properties:
        out["properties"] = {name: _schema(child) for name, child in node.properties.items()}
    if node.additional is not None:
        out["additionalProperties"] = _schema(node.additional)
    if node.items is not None:
        out["items"] = _schema(node.items)
        out["x-kubernetes-list-type"] = node.list_type
    if node.atomic_map:
        out["x-kubernetes-map-type"] = "atomic"
    return out


def _type(node: Node) -> dict[str, object]:
    if node.type == "int-or-string":
        either = [{"type": "integer"}, {"type": "string"}]
        return {"oneOf": either, "x-kubernetes-int-or-string": True}
    return {} if node.type == "any" else {"type": node.type}


_FLAGS = {"nullable": "nullable", "preserve_unknown": "x-kubernetes-preserve-unknown-fields"}
