"""Random objects that mostly fit a CRD's schema, made from the schema itself."""

from __future__ import annotations

from random import Random
from typing import Any

from .crds import Schema

# Words that matter to some rule or pattern, so that rules are met and missed about equally often.
WORDS = ["a", "web", "*", "5s", "1us", "unix:///a", "http://a.example", "10.0.0.0/8", "A", "b.c"]
WORDS += ["HTTP", "TLS", "TCP", "HTTPS", "IPAddress", "Hostname", "Service", "a.b/c", "192.0.2.1"]
FORMATTED = {"date-time": ["2026-11-21T10:00:00Z"], "byte": ["", "aGVsbG8="]}
KEYS = ["a", "b", "80", "a.b/c", "*", "A_b"]
MOST_DEPTH = 7


def random_object(group: str, kind: str, schema: Schema, random: Random) -> dict[str, Any]:
    """Return an object with a random spec and perhaps a status."""
    meta = {"name": "a"} if kind == "GatewayClass" else {"name": "a", "namespace": "b"}
    obj = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": meta}
    parts = schema["properties"]
    if random.random() < 0.95:
        obj["spec"] = random_value(parts["spec"], random, 0)
    if random.random() < 0.2:
        obj["status"] = random_value(parts["status"], random, 0)
    return obj


def random_value(schema: Schema, random: Random, depth: int) -> Any:
    """Return a value of the schema's type, mostly within its bounds."""
    if schema.get("nullable") and random.random() < 0.2:
        return None
    kind = schema.get("type", "integer")
    if "enum" in schema:
        return random.choice(schema["enum"])
    if kind == "object":
        return random_map(schema, random, depth)
    if kind == "array":
        few = min(schema.get("maxItems", 3), random.choice([0, 1, 1, 1, 2, 3]))
        count = max(schema.get("minItems", 0), few)
        return [random_value(schema["items"], random, depth + 1) for _ in range(count)]
    if kind == "string":
        return random.choice(FORMATTED.get(schema.get("format", ""), WORDS))
    if kind == "boolean":
        return random.random() < 0.5
    numbers = [schema.get("minimum", -1), schema.get("maximum", 2**31 - 1), 1, 80, 443, 65535]
    return random.choice([*numbers, 0.5] if kind == "number" else numbers)


def random_map(schema: Schema, random: Random, depth: int) -> dict[str, Any]:
    if "additionalProperties" in schema:
        keys = random.sample(KEYS, random.choice([0, 1, 1, 2]))
        return {
            key: random_value(schema["additionalProperties"], random, depth + 1) for key in keys
        }
    fields = schema.get("properties", {})
    share = min(0.5, 4 / (len(fields) + 1)) if depth < MOST_DEPTH else 0
    required = schema.get("required", ())
    # Once in a while a required field is forgotten.
    chosen = [name for name in fields if random.random() < (0.98 if name in required else share)]
    return {name: random_value(fields[name], random, depth + 1) for name in chosen}
