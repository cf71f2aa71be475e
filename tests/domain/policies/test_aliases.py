"""Aliases: which ones can work, and what each name means (istio.md 6)."""

from typing import Any

import pytest

from egress.domain.access import ClusterProfile, Destination
from egress.domain.policies import blocking
from tests.domain.examples import inventory, namespace, to
from tests.domain.policies.meshes import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HTTP,
    SIDECAR,
    TCP,
    TLS,
    held,
    on,
    place,
)

MIRROR = place("archive.example.com", 80, HTTP, alias="os-mirror")
DATABASE = place("8.8.8.8/32", 5432, TCP, alias="old-database")
ORIGINATED = place(
    "db.example.net",
    5432,
    TCP,
    tls_origination=True,
    addresses=("8.8.8.8",),
    alias="old-database",
)


def refusals(mesh: ClusterProfile, *wished: Destination, **more: Any) -> list[tuple[str, str]]:
    """Reasons and fields of what blocks."""
    return [(f.reason, f.field) for f in blocking(on(mesh, *wished, **more))]


@pytest.mark.parametrize("mesh", [SIDECAR, GATEWAY, CENTRAL])
def test_a_host_that_speaks_http_may_have_an_alias(mesh: ClusterProfile) -> None:
    assert refusals(mesh, MIRROR) == []
    assert refusals(mesh, place("a.example.com", 80, HTTP, tls_origination=True, alias="a")) == []


@pytest.mark.parametrize("mesh", [SIDECAR, CENTRAL])
@pytest.mark.parametrize("destination", [DATABASE, ORIGINATED], ids=str)
def test_fixed_addresses_may_have_an_alias_under_sidecar(
    mesh: ClusterProfile, destination: Destination
) -> None:
    assert refusals(mesh, destination) == []


@pytest.mark.parametrize(
    ("mesh", "destination"),
    [
        (AMBIENT, MIRROR),
        (GATEWAY, ORIGINATED),
        (SIDECAR, place("a.example.com", 443, TLS, alias="a")),
        (SIDECAR, place("a.example.com", 5432, TCP, alias="a")),
        (SIDECAR, place("a.example.com", 5432, TCP, alias="a", addresses=("8.8.8.8",))),
        (GATEWAY, place("a.example.com", 443, TLS, alias="a")),
        (SIDECAR, place("8.8.8.0/24", 5432, TCP, alias="a")),
    ],
    ids=str,
)
def test_an_alias_that_cannot_work_is_refused(
    mesh: ClusterProfile, destination: Destination
) -> None:
    assert refusals(mesh, destination) == [("AliasNotSupported", "destinations.0.alias")]


def test_the_reason_is_told_for_a_host_that_speaks_tls() -> None:
    (finding,) = blocking(on(SIDECAR, place("a.example.com", alias="a")))
    assert "certificate" in finding.message
    assert "Use the host itself" in finding.message


@pytest.mark.parametrize("name", ["1st", "Big", "a.b", "-a", "a" * 64, "a_b"])
def test_what_cannot_name_a_service_is_refused(name: str) -> None:
    found = refusals(SIDECAR, place("a.example.com", 80, HTTP, alias=name))
    assert found == [("AliasMalformed", "destinations.0.alias")]


def test_the_objects_of_a_fixed_address_need_room_for_their_ending() -> None:
    assert refusals(SIDECAR, place("8.8.8.8/32", 5432, TCP, alias="a" * 60)) == []
    found = refusals(SIDECAR, place("8.8.8.8/32", 5432, TCP, alias="a" * 61))
    assert found == [("AliasMalformed", "destinations.0.alias")]


def test_the_name_of_a_service_that_every_cluster_has_is_taken() -> None:
    api = place("a.example.com", 80, HTTP, alias="kubernetes")
    assert refusals(SIDECAR, api) == [("AliasTaken", "destinations.0.alias")]


def test_an_alias_means_one_host() -> None:
    other = place("b.example.com", 80, HTTP, alias="os-mirror")
    assert refusals(SIDECAR, other, grants=(held("default", MIRROR),)) == [
        ("AliasConflict", "destinations.0.alias")
    ]
    assert refusals(SIDECAR, MIRROR, other) == [("AliasConflict", "destinations.1.alias")]
    assert refusals(SIDECAR, other, grants=(held("otherns", MIRROR),)) == []


def test_an_alias_may_have_several_ports_of_its_host() -> None:
    second = place("archive.example.com", 8080, HTTP, alias="os-mirror")
    assert refusals(SIDECAR, second, grants=(held("default", MIRROR),)) == []


def test_an_alias_for_addresses_means_no_host() -> None:
    granted = (held("default", DATABASE),)
    host = place("a.example.com", 80, HTTP, alias="old-database")
    assert refusals(SIDECAR, host, grants=granted) == [("AliasConflict", "destinations.0.alias")]
    found = refusals(SIDECAR, ORIGINATED, grants=granted)
    assert found == [("AliasConflict", "destinations.0.alias")]


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        (place("8.8.4.4/32", 5432, TCP, alias="old-database"), True),
        (place("8.8.4.4/32", 5433, TCP, alias="old-database"), False),
        (place("8.8.4.4/32", 5432, TLS, alias="old-database"), False),
        (place("2001:4860::8888/128", 5432, TCP, alias="old-database"), False),
    ],
    ids=str,
)
def test_the_addresses_of_one_alias_form_one_service(second: Destination, fits: bool) -> None:
    granted = (held("default", DATABASE),)
    expected = [] if fits else [("AliasConflict", "destinations.0.alias")]
    assert refusals(SIDECAR, second, grants=granted) == expected


def test_two_addresses_with_the_same_two_ports_can_be_requested_together() -> None:
    wished = [
        place(f"8.8.{n}.8/32", port, TCP, alias="cluster") for n in (4, 8) for port in (5432, 5433)
    ]
    assert refusals(SIDECAR, *wished) == []
    assert len(refusals(SIDECAR, *wished[:3])) == 3


def test_addresses_of_both_kinds_fit_no_service() -> None:
    both = place(
        "db.example.net",
        5432,
        TCP,
        tls_origination=True,
        addresses=("2001:4860::8888", "8.8.8.8"),
        alias="db",
    )
    assert refusals(SIDECAR, both) == [("AliasNotSupported", "destinations.0.alias")]


def test_an_alias_beside_a_grant_without_one_is_no_conflict() -> None:
    plain = to("archive.example.com", 80, HTTP)
    known = inventory(namespace("default", default_deny=True))
    assert refusals(SIDECAR, MIRROR, grants=(held("default", plain),), inventory=known) == []
    found = refusals(SIDECAR, plain, grants=(held("default", MIRROR),), inventory=known)
    assert [reason for reason, _ in found] == ["AlreadyGranted"]
