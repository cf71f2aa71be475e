"""The OpenAPI documents have what kubectl looks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egress.sandbox.schema import KINDS, openapi_v3

VERSIONS = sorted(
    {(node.root.group, node.root.version) for node in KINDS.values() if node.root is not None}
)


def schemas(group: str) -> dict[str, Any]:
    document: Any = openapi_v3(group, "v1")
    return {name.rpartition(".")[2]: one for name, one in document["components"]["schemas"].items()}


@pytest.mark.parametrize(("group", "version"), VERSIONS)
def test_each_group_version_has_a_document_with_its_kinds(group: str, version: str) -> None:
    document: Any = openapi_v3(group, version)
    named = {
        (known["group"], known["version"], known["kind"])
        for schema in document["components"]["schemas"].values()
        for known in schema["x-kubernetes-group-version-kind"]
    }
    assert named == {
        (node.root.group, node.root.version, node.root.kind)
        for node in KINDS.values()
        if node.root is not None and node.root.group == group
    }
    assert len(json.dumps(document)) < 400_000


@pytest.mark.parametrize(("group", "version"), VERSIONS)
def test_every_patch_takes_field_validation_and_every_reference_leads_somewhere(
    group: str, version: str
) -> None:
    document: Any = openapi_v3(group, version)
    assert document["paths"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            known = operation["x-kubernetes-group-version-kind"]
            assert (known["group"], known["version"]) == (group, version)
            content = operation["responses"]["200"]["content"]
            reference = content["application/json"]["schema"]["$ref"]
            assert reference.rpartition("/")[2] in document["components"]["schemas"]
            if method == "patch":
                assert path.endswith("/{name}")
                assert "fieldValidation" in [one["name"] for one in operation["parameters"]]


def test_paths_have_the_namespace_only_where_there_is_one() -> None:
    gateway: Any = openapi_v3("gateway.networking.k8s.io", "v1")["paths"]
    base = "/apis/gateway.networking.k8s.io/v1"
    assert f"{base}/namespaces/{{namespace}}/gateways/{{name}}" in gateway
    assert f"{base}/gatewayclasses/{{name}}" in gateway
    core: Any = openapi_v3("", "v1")["paths"]
    assert "/api/v1/namespaces/{namespace}/services" in core
    assert "/api/v1/namespaces" in core


def test_lists_tell_how_they_are_merged() -> None:
    ports = schemas("networking.istio.io")["ServiceEntry"]["properties"]["spec"]["properties"][
        "ports"
    ]
    assert ports["x-kubernetes-list-type"] == "map"
    assert ports["x-kubernetes-list-map-keys"] == ["name"]
    assert ports["items"]["required"] == ["number", "name"]
    service = schemas("")["Service"]["properties"]["spec"]["properties"]
    assert service["ports"]["x-kubernetes-list-map-keys"] == ["port", "protocol"]
    assert service["ports"]["items"]["properties"]["protocol"]["default"] == "TCP"
    assert service["selector"]["x-kubernetes-map-type"] == "atomic"


def test_an_unknown_group_has_no_kinds() -> None:
    document: Any = openapi_v3("nothing.example", "v1")
    assert document["components"]["schemas"] == {}
