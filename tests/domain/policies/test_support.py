"""What an enforcement cannot express is refused, and says what to ask for instead."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import ClusterProfile, Destination, Enforcement, Subject
from egress.domain.policies import Level, blocking
from tests.domain.examples import findings, inventory, namespace, reasons, to
from tests.domain.policies.meshes import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HTTP,
    KNOWN,
    LONG_LIVED,
    MESHES,
    SIDECAR,
    TCP,
    on,
    place,
)


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize(
    "destination",
    [
        to("a.example.com"),
        to("a.example.com", 80, HTTP),
        to("a.example.com", 80, HTTP, True),
        to("db.example.net", 5432, TCP),
        place("db.example.net", 5432, TCP, addresses=("8.8.8.8",)),
    ],
    ids=str,
)
def test_every_enforcement_takes_single_hosts(
    mesh: ClusterProfile, destination: Destination
) -> None:
    assert blocking(on(mesh, destination)) == []


def test_a_service_account_is_refused_with_the_offer_of_its_namespace() -> None:
    (finding,) = blocking(on(SIDECAR, to("a.example.com"), account="billing"))
    assert (finding.reason, finding.field) == ("ServiceAccountNotEnforced", "service_account")
    assert 'Request it for the namespace "default" instead' in finding.message


@pytest.mark.parametrize("mesh", [GATEWAY, AMBIENT])
def test_a_service_account_is_fine_where_identities_are_checked(mesh: ClusterProfile) -> None:
    assert blocking(on(mesh, to("a.example.com"), account="billing")) == []


def test_the_enforcement_of_the_namespace_wins_over_that_of_the_cluster() -> None:
    known = inventory(namespace("default", enforcement=Enforcement.SIDECAR))
    found = findings(
        to("a.example.com"), subject=Subject("default", "billing"), cluster=GATEWAY, inventory=known
    )
    assert reasons(blocking(found)) == {"ServiceAccountNotEnforced"}


@pytest.mark.parametrize(
    ("mesh", "version", "refused"),
    [
        (SIDECAR, "1.23.6", True),
        (SIDECAR, "1.24.0", False),
        (GATEWAY, "1.23.6", True),
        (replace(GATEWAY, rules_at_clients=True), "1.22.0", False),
        (replace(GATEWAY, rules_at_clients=True), "1.21.6", True),
        (AMBIENT, "1.27.9", True),
        (AMBIENT, "1.28.0", False),
        (AMBIENT, "1.28.0-rc.0", True),
        (AMBIENT, "", False),
        (AMBIENT, "latest", False),
    ],
)
def test_a_mesh_that_is_too_old_is_refused(
    mesh: ClusterProfile, version: str, refused: bool
) -> None:
    found = on(replace(mesh, istio_version=version), to("a.example.com"))
    assert ("IstioTooOld" in reasons(found, Level.BLOCK)) is refused


@pytest.mark.parametrize("mesh", [GATEWAY, AMBIENT])
def test_an_address_range_goes_past_gateways_only(mesh: ClusterProfile) -> None:
    found = on(mesh, to("8.8.8.0/24", 5432, TCP))
    assert "AddressRangeNotSupported" in reasons(found, Level.BLOCK)


@pytest.mark.parametrize("mesh", [SIDECAR, CENTRAL])
def test_r_a5_an_address_range_is_no_place_for_http(mesh: ClusterProfile) -> None:
    assert blocking(on(mesh, to("8.8.8.0/24", 5432, TCP))) == []
    found = on(mesh, to("8.8.8.0/24", 80, HTTP))
    assert reasons(found, Level.BLOCK) == {"AddressRangeNeedsTcp"}


@pytest.mark.parametrize(
    "destination",
    [
        place("8.8.8.0/24", **LONG_LIVED),
        place("*.example.com", **LONG_LIVED),
        place("a.example.com", addresses=("8.8.8.8",), **LONG_LIVED),
    ],
    ids=str,
)
def test_r_a6_long_lived_lookups_are_for_hosts_that_dns_is_asked_for(
    destination: Destination,
) -> None:
    (finding,) = blocking(on(SIDECAR, destination))
    assert (finding.reason, finding.field) == ("LongLivedNotSupported", "destinations.0.long_lived")
    assert blocking(on(SIDECAR, place("a.example.com", **LONG_LIVED))) == []


def test_a_host_of_a_gateway_that_is_gone_is_refused() -> None:
    cluster = replace(GATEWAY, assignments={"a.example.com": "old"})
    found = on(cluster, to("a.example.com"), to("b.example.com"))
    assert [(f.reason, f.field) for f in blocking(found)] == [
        ("GatewayUnknown", "destinations.0.host")
    ]


def test_central_entries_need_default_deny() -> None:
    off: dict[str, Any] = {"inventory": inventory(namespace("default"))}
    wished = to("a.example.com"), to("b.example.com")
    assert [f.reason for f in blocking(on(CENTRAL, *wished, **off))] == ["DefaultDenyOff"]
    assert blocking(on(CENTRAL, *wished, inventory=KNOWN)) == []
    assert blocking(on(SIDECAR, *wished, **off)) == []


def test_a_fixed_address_with_a_name_needs_no_host_list() -> None:
    off: dict[str, Any] = {"inventory": inventory(namespace("default"))}
    assert blocking(on(CENTRAL, place("8.8.8.8/32", 5432, TCP, alias="db"), **off)) == []
