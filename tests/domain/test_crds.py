"""Every object that is rendered is valid by the schemas that Istio ships."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cel
import jsonschema
import pytest
import yaml

from egress.domain.access import Access, Protocol
from egress.domain.objects import KubeObject
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to

pytestmark = pytest.mark.crds

ROOT = Path(__file__).resolve().parents[2]
LABEL = "x" * 63
GRANTS: list[Access] = [
    grant(to("developers.google.com")),
    grant(to("archive.ubuntu.com", 80, Protocol.HTTP)),
    grant(to("developer.yahoo.com", 80, Protocol.HTTP, origination=True), "otherns"),
    grant(to("developer.yahoo.com", 443), "otherns"),
    grant(to("rpc.example.com", 80, Protocol.GRPC, origination=True)),
    grant(to("h2.example.com", 8080, Protocol.HTTP2)),
    grant(to("xn--bcher-kva.example.com", 65535)),
    grant(to(f"{LABEL}.{LABEL}.{LABEL}.{'x' * 57}.com")),
    *(grant(to("many.example.com", port)) for port in range(1, 200)),
]


@cache
def schemas() -> Mapping[str, dict[str, Any]]:
    """The schema of each kind, read from the folder named by EGRESS_CRDS."""
    folder = ROOT / os.environ.get("EGRESS_CRDS", "../shared/istio")
    if not folder.is_dir():
        message = f"the CRDs are not at {folder}; name their folder in EGRESS_CRDS"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    found = {}
    text = (folder / "istio-crds-v1.yaml").read_text()
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if document:
            version = document["spec"]["versions"][0]
            found[document["spec"]["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
    return found


def rendered() -> list[KubeObject]:
    """Objects of every kind and shape that can be rendered."""
    known = inventory(namespace("default", default_deny=True), namespace("otherns"))
    return render(CLUSTER, known, GRANTS)


def strict(schema: Any) -> Any:
    """The schema as an API server applies it with strict field validation."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {name: strict(part) for name, part in schema.items() if name != "format"}
    is_object = isinstance(copy.get("properties"), dict) and copy.get("type") == "object"
    if is_object and not copy.get("x-kubernetes-preserve-unknown-fields"):
        copy.setdefault("additionalProperties", False)
    return copy


def rules(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str, Any]]:
    """Every CEL rule of the schema that applies to a part of the value, with that part."""
    for rule in schema.get("x-kubernetes-validations", []):
        yield rule["rule"], value
    if isinstance(value, dict):
        for name, below in value.items():
            part = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if isinstance(part, dict):
                yield from rules(part, below)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for below in value:
            yield from rules(schema["items"], below)


def schema_errors(obj: KubeObject) -> list[str]:
    """What the schema of its kind finds wrong with an object."""
    schema = strict(schemas()[obj["kind"]])
    # The API server adds these three to every schema.
    schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(obj)]


def broken_rules(obj: KubeObject) -> list[str]:
    """The CEL rules of the schema that an object breaks."""
    found = rules(schemas()[obj["kind"]], obj)
    return [rule for rule, part in found if cel.evaluate(rule, {"self": part}) is not True]


def test_all_three_kinds_are_rendered_here() -> None:
    assert {obj["kind"] for obj in rendered()} == {"ServiceEntry", "DestinationRule", "Sidecar"}


def test_every_object_is_valid_by_its_schema_without_unknown_fields() -> None:
    assert [(obj["metadata"]["name"], e) for obj in rendered() for e in schema_errors(obj)] == []


def test_every_object_keeps_the_rules_of_its_schema() -> None:
    checked = [rule for obj in rendered() for rule, _ in rules(schemas()[obj["kind"]], obj)]
    assert len(checked) > 100
    assert [
        (obj["metadata"]["name"], rule) for obj in rendered() for rule in broken_rules(obj)
    ] == []


def test_the_schema_check_refuses_unknown_fields_and_wrong_values() -> None:
    entry = next(obj for obj in rendered() if obj["kind"] == "ServiceEntry")
    assert schema_errors({**entry, "spec": {**entry["spec"], "port": 1}})
    assert schema_errors({**entry, "spec": {**entry["spec"], "resolution": "SOMETIMES"}})
    assert broken_rules({**entry, "spec": {**entry["spec"], "hosts": ["*"]}})
