"""Names in the cluster for what lies outside: istio.md 6."""

from typing import Any

import pytest

from tests.domain.explain.meshes import (
    HTTP,
    SIDECAR,
    TCP,
    TLS,
    asked,
    changed,
    four_grants,
    mesh,
    objects,
    reasons,
    without,
)


def aliases() -> list[dict[str, Any]]:
    """The aliases of istio.md 6 beside the entries of their namespace."""
    return objects("default-deny", "sidecar", "aliases")


@pytest.mark.parametrize(
    ("who", "host", "port", "protocol", "allowed"),
    [
        ("default", "os-mirror", 80, HTTP, True),
        ("default", "os-mirror.default", 80, HTTP, True),
        ("default", "os-mirror.default.svc.cluster.local", 80, HTTP, True),
        ("default", "os-mirror", 8080, HTTP, False),
        ("default", "os-mirror", 80, TLS, False),
        ("otherns", "os-mirror", 80, HTTP, False),
        ("default", "old-database", 5432, TCP, True),
        ("default", "old-database.default.svc", 5432, TCP, True),
        ("default", "198.51.100.13/32", 5432, TCP, True),
        ("default", "198.51.100.14/32", 5432, TCP, False),
        ("default", "old-database", 5433, TCP, False),
        ("otherns", "old-database.default", 5432, TCP, False),
        ("otherns", "198.51.100.13/32", 5432, TCP, False),
    ],
)
def test_a_name_is_for_its_own_namespace(
    who: str, host: str, port: int, protocol: Any, allowed: bool
) -> None:
    answer = asked(mesh(aliases(), SIDECAR), who, host, port, protocol)
    assert answer.allowed is allowed, answer


def test_faithful_names_have_nothing_to_complain_about() -> None:
    assert mesh(aliases(), SIDECAR).anomalies() == ()


def test_an_alias_of_a_host_without_an_entry_leads_nowhere() -> None:
    found = mesh(without(aliases(), "ServiceEntry", "ubuntu"), SIDECAR)
    assert not asked(found, "default", "os-mirror", 80, HTTP).allowed
    assert "AliasWithoutEntry" in reasons(found)


def test_an_alias_without_its_route_would_tell_the_host_its_own_name() -> None:
    found = mesh(without(aliases(), "VirtualService", "ubuntu-alias"), SIDECAR)
    assert reasons(found) == {"AliasSendsOwnName"}


def test_the_way_through_the_gateway_corrects_the_authority_by_itself() -> None:
    service = next(obj for obj in objects("aliases") if obj["metadata"]["name"] == "os-mirror")
    found = mesh([*four_grants(), service])
    assert asked(found, "default", "os-mirror", 80, HTTP).allowed
    assert found.anomalies() == ()


def test_addresses_that_every_namespace_knows_are_a_way_for_everybody() -> None:
    def forget(obj: Any) -> None:
        del obj["metadata"]["annotations"]

    found = mesh(changed(aliases(), "Service", "old-database", forget), SIDECAR)
    assert asked(found, "otherns", "old-database.default", 5432, TCP).allowed
    assert "ServiceExported" in reasons(found)


def test_a_service_with_nothing_behind_it_leads_nowhere() -> None:
    found = mesh(without(aliases(), "EndpointSlice", "old-database-eg"), SIDECAR)
    assert not asked(found, "default", "old-database", 5432, TCP).allowed
    assert reasons(found) == {"ServiceWithoutAddresses"}


def test_addresses_without_a_rule_or_a_service_are_anomalies() -> None:
    assert reasons(mesh(without(aliases(), "DestinationRule", "old-database-eg"), SIDECAR)) == {
        "AddressRuleMissing"
    }
    assert "SliceWithoutService" in reasons(
        mesh(without(aliases(), "Service", "old-database"), SIDECAR)
    )


def test_a_service_with_pods_is_no_way_out() -> None:
    def select(obj: Any) -> None:
        obj["spec"]["selector"] = {"app": "database"}

    found = mesh(changed(aliases(), "Service", "old-database", select), SIDECAR)
    assert not asked(found, "default", "old-database", 5432, TCP).allowed
