"""What a CRD itself says about an object: JSON schema, list keys, and the real CEL rules."""

from __future__ import annotations

import base64
import binascii
import copy
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import cel
from cel.stdlib import add_stdlib_to_context
from jsonschema import Draft202012Validator, FormatChecker

from .corruption import Path
from .crds import Schema

# `oldSelf` compares with the stored object; a rule about it says nothing about one object alone.
NOT_FOR_ONE_OBJECT = "oldSelf"
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_date_time(text: object) -> bool:
    form = r"\d{4}-(0[1-9]|1[0-2])-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return not isinstance(text, str) or bool(re.fullmatch(form, text))


@FORMATS.checks("byte", raises=(ValueError, binascii.Error))
def is_base64(text: object) -> bool:
    return not isinstance(text, str) or len(base64.b64decode(text, validate=True)) > 0


@FORMATS.checks("ipv4", raises=ValueError)
def is_ipv4(text: object) -> bool:
    return not isinstance(text, str) or ipaddress.IPv4Address(text) is not None


@FORMATS.checks("ipv6", raises=ValueError)
def is_ipv6(text: object) -> bool:
    return not isinstance(text, str) or ipaddress.IPv6Address(text) is not None


BITS = {"int32": 31, "int64": 63, "": 63}


def as_json_schema(schema: Schema) -> Schema:
    """Turn a structural schema into JSON schema that refuses what an API server refuses."""
    out = {k: v for k, v in schema.items() if not k.startswith("x-") and k != "nullable"}
    for word in ("items", "additionalProperties", "not"):
        if word in out:
            out[word] = as_json_schema(out[word])
    for word in ("allOf", "oneOf", "anyOf"):
        if word in out:
            out[word] = [as_json_schema(part) for part in out[word]]
    if "properties" in out:
        out["properties"] = {k: as_json_schema(v) for k, v in out["properties"].items()}
    closed = "x-kubernetes-preserve-unknown-fields" not in schema
    if out.get("type") == "object" and "additionalProperties" not in out:
        out["additionalProperties"] = not closed
    if out.get("type") == "integer":
        limit = 2 ** BITS[out.pop("format", "")]
        out["minimum"] = max(out.get("minimum", -limit), -limit)
        out["maximum"] = min(out.get("maximum", limit - 1), limit - 1)
    if "pattern" in out:
        # There, `$` is the very end; in Python a newline may follow.
        out["pattern"] = re.sub(r"\$(?=$|\|)", r"\\Z", out["pattern"])
    if schema.get("nullable"):
        out["type"] = [out["type"], "null"]
    return out


def prepared(schema: Schema, value: Any) -> Any:
    """Drop nulls that may not be and fill in defaults, as the server does before it looks."""
    if isinstance(value, list):
        return [prepared(schema.get("items", {}), item) for item in value]
    if not isinstance(value, Mapping):
        return value
    known = schema.get("properties", {})
    out = {}
    for name, item in value.items():
        child = known.get(name, schema.get("additionalProperties"))
        if child is None or item is not None or child.get("nullable"):
            out[name] = prepared(child or {}, item)
    for name, child in known.items():
        if name not in out and "default" in child:
            out[name] = prepared(child, copy.deepcopy(child["default"]))
    return out


@dataclass(frozen=True)
class Verdict:
    """Whether the schema refuses, and the messages of broken rules with their paths."""

    refused_by_schema: bool
    broken_rules: tuple[tuple[Path, str], ...]

    @property
    def refused(self) -> bool:
        return self.refused_by_schema or bool(self.broken_rules)


class Judge:
    """Judges objects of one kind by its CRD."""

    def __init__(self, schema: Schema) -> None:
        own = {k: v for k, v in schema["properties"].items() if k in ("spec", "status")}
        self.schema = {**schema, "type": "object", "properties": own}
        self.validator = Draft202012Validator(as_json_schema(self.schema), format_checker=FORMATS)

    def judge(self, obj: Mapping[str, Any]) -> Verdict:
        body = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "metadata")}
        body = prepared(self.schema, body)
        if not self.validator.is_valid(body) or any(repeated_keys(self.schema, body)):
            return Verdict(True, ())
        return Verdict(False, tuple(broken_rules(self.schema, body, ())))


def repeated_keys(schema: Schema, value: Any) -> Iterator[bool]:
    """Yield True for every list of type map in which a key comes twice."""
    if isinstance(value, list):
        names = schema.get("x-kubernetes-list-map-keys")
        if names:
            keys = [json.dumps([item.get(name) for name in names]) for item in value]
            yield len(set(keys)) < len(keys)
    for child, item, _ in children(schema, value):
        yield from repeated_keys(child, item)


def children(schema: Schema, value: Any) -> Iterator[tuple[Schema, Any, str | int]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield schema["items"], item, index
    elif isinstance(value, Mapping):
        for name, item in value.items():
            child = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if child is not None:
                yield child, item, name


def broken_rules(schema: Schema, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if value is None:
        return
    for rule in schema.get("x-kubernetes-validations", ()):
        if NOT_FOR_ONE_OBJECT not in rule["rule"] and not holds(rule["rule"], value):
            yield path, rule["message"]
    for child, item, name in children(schema, value):
        yield from broken_rules(child, item, (*path, name))


def holds(rule: str, value: Any) -> bool:
    """Evaluate a rule; one that cannot be computed does not hold, as on the server."""
    context = cel.Context()
    add_stdlib_to_context(context)
    # Functions that Kubernetes adds to the language.
    context.add_function("url", checked_url)
    context.add_function("getScheme", lambda address: urlsplit(address).scheme)
    context.add_variable("self", value)
    try:
        return program(rule).execute(context) is True
    except (RuntimeError, KeyError, ValueError, TypeError, OverflowError):
        return False


@cache
def program(rule: str) -> Any:
    return cel.compile(rule)


def checked_url(address: str) -> str:
    """Refuse what is clearly no URL; the server's parser refuses more."""
    parts = urlsplit(address)
    if parts.scheme and parts.port == -1:
        raise ValueError(address)
    if re.search("[\x00-\x1f ]", parts.netloc):
        raise ValueError(address)
    return address
