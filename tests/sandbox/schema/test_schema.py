"""The recorded answers of a 1.36 API server about names, labels, types, values and rules."""

from __future__ import annotations

from typing import Any

import pytest

from egress.sandbox.schema import (
    KINDS,
    Cause,
    prune,
    schema_of,
    structural_error,
    validate,
    with_defaults,
)

ENTRY = schema_of("networking.istio.io", "ServiceEntry")
NOT_CHECKED = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
    "<nil>",
)
PORT = {"number": 443, "name": "tls-443", "protocol": "TLS"}


def entry(metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    usual = {
        "hosts": ["a.example.com"],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [PORT],
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": "bad", "namespace": "default", **(metadata or {})},
        "spec": {**usual, **spec},
    }


def invalid(field: str, message: str) -> list[Cause]:
    return [Cause("FieldValueInvalid", f"Invalid value: {message}", field)]


def test_a_usual_entry_is_fine() -> None:
    assert structural_error(ENTRY, entry()) is None
    assert validate(ENTRY, entry()) == []


def test_a_wrong_type_cannot_be_parsed() -> None:
    error = structural_error(ENTRY, entry(hosts="not-a-list"))
    assert error == ".spec.hosts: expected list, got &{not-a-list}"


def test_an_unknown_field_cannot_be_parsed() -> None:
    assert structural_error(ENTRY, entry(hostz=["x"])) == (
        ".spec.hostz: field not declared in schema"
    )


def test_an_unknown_field_is_dropped_with_a_warning_when_it_is_posted() -> None:
    kept, warnings = prune(ENTRY, entry(hostz=["x"]))
    assert kept == entry()
    assert warnings == ['unknown field "spec.hostz"']


def test_a_key_that_comes_twice_cannot_be_parsed() -> None:
    ports = [{"number": 443, "name": "tls"}, {"number": 444, "name": "tls"}]
    error = structural_error(ENTRY, entry(ports=ports))
    assert error == '.spec.ports: duplicate entries for key [name="tls"]'
    duplicate = Cause("FieldValueDuplicate", 'Duplicate value: {"name":"tls"}', "spec.ports[1]")
    assert validate(ENTRY, entry(ports=ports)) == [duplicate]


def test_a_value_that_is_none_of_the_choices_is_refused() -> None:
    message = (
        'Unsupported value: "SOMETIMES": supported values: '
        '"NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"'
    )
    assert validate(ENTRY, entry(resolution="SOMETIMES")) == [
        Cause("FieldValueNotSupported", message, "spec.resolution"),
        NOT_CHECKED,
    ]


def test_a_missing_field_is_refused() -> None:
    obj = entry()
    del obj["spec"]["hosts"]
    assert validate(ENTRY, obj) == [
        Cause("FieldValueRequired", "Required value", "spec.hosts"),
        NOT_CHECKED,
    ]


def test_too_many_ports_are_refused() -> None:
    ports = [{"number": n, "name": f"p-{n}"} for n in range(1, 301)]
    message = "Too many: 300: must have at most 256 items"
    assert validate(ENTRY, entry(ports=ports)) == [
        Cause("FieldValueTooMany", message, "spec.ports"),
        NOT_CHECKED,
    ]


def test_a_range_with_dns_is_refused() -> None:
    message = "CIDR addresses are allowed only for NONE/STATIC resolution types"
    assert validate(ENTRY, entry(addresses=["203.0.113.0/24"])) == invalid("spec", message)


def test_a_port_out_of_range_is_refused_with_its_value() -> None:
    obj = entry(ports=[{"number": 70000, "name": "tls", "protocol": "TLS"}])
    assert validate(ENTRY, obj) == invalid(
        "spec.ports[0].number", "70000: port must be between 1-65535"
    )


def test_a_name_with_capitals_is_refused() -> None:
    assert validate(ENTRY, entry({"name": "Bad_Name"})) == invalid(
        "metadata.name",
        '"Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
        "characters, '-' or '.', and must start and end with an alphanumeric character "
        "(e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    )


def test_a_name_of_254_characters_is_refused() -> None:
    name = "a" * 254
    assert validate(ENTRY, entry({"name": name})) == invalid(
        "metadata.name", f'"{name}": must be no more than 253 characters'
    )


def test_a_label_of_64_characters_is_refused() -> None:
    value = "x" * 64
    assert validate(ENTRY, entry({"labels": {"app": value}})) == invalid(
        "metadata.labels", f'"{value}": must be no more than 63 bytes'
    )


def test_annotations_over_256_kib_are_refused() -> None:
    message = "Too long: may not be more than 262144 bytes"
    assert validate(ENTRY, entry({"annotations": {"a": "x" * 2**18}})) == [
        Cause("FieldValueTooLong", message, "metadata.annotations"),
        NOT_CHECKED,
    ]
    assert validate(ENTRY, entry({"annotations": {"a": "x" * (2**18 - 1)}})) == []


def test_a_gateway_class_keeps_its_controller() -> None:
    node = schema_of("gateway.networking.k8s.io", "GatewayClass")

    def of(controller: str) -> dict[str, Any]:
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "GatewayClass",
            "metadata": {"name": "a"},
            "spec": {"controllerName": controller},
        }

    assert validate(node, of("a.example/b"), of("a.example/b")) == []
    assert validate(node, of("a.example/b")) == []
    assert validate(node, of("a.example/c"), of("a.example/b")) == invalid(
        "spec.controllerName", '"a.example/c": Value is immutable'
    )


def test_an_object_of_another_version_is_refused() -> None:
    obj = {**entry(), "apiVersion": "networking.istio.io/v1beta1"}
    assert validate(ENTRY, obj) == invalid(
        "apiVersion", '"networking.istio.io/v1beta1": must be networking.istio.io/v1'
    )


def test_an_unknown_kind_has_no_schema() -> None:
    with pytest.raises(KeyError):
        schema_of("networking.istio.io", "Nonsense")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_says_what_it_is_called(name: tuple[str, str]) -> None:
    root = KINDS[name].root
    assert root is not None
    assert (root.group, root.kind) == name
    assert root.plural == root.plural.lower()
    assert root.description.endswith(".")


@pytest.mark.parametrize("name", KINDS)
def test_an_object_without_a_name_is_refused_whatever_its_kind(name: tuple[str, str]) -> None:
    node = KINDS[name]
    wanted = Cause(
        "FieldValueRequired", "Required value: name or generateName is required", "metadata.name"
    )
    assert wanted in validate(node, with_defaults(node, {"metadata": {}}))
