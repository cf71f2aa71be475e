"""Wishes that would hide what was granted, or be hidden by it, are refused before approval."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import ClusterProfile, Destination, Enforcement
from egress.domain.policies import blocking
from tests.domain.policies.meshes import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HTTP,
    SIDECAR,
    TCP,
    enforced,
    held,
    on,
    place,
)

OWN, OTHER, THIRD = "default", "otherns", "third"
WILD, NAME = place("*.wild.example.com"), place("shop.wild.example.com", 8443)
A = place("a.example.com", addresses=("8.8.8.8",))
B = place("b.example.com", addresses=("8.8.4.4", "8.8.8.8"))
SHARED, HIDDEN, HIDES = "AddressShared", "WildcardHidden", "HidesWildcard"


def refusals(mesh: ClusterProfile, *wished: Destination, **more: Any) -> list[tuple[str, str]]:
    """Reasons and fields of what blocks."""
    return [(f.reason, f.field) for f in blocking(on(mesh, *wished, **more))]


@pytest.mark.parametrize("mesh", [SIDECAR, GATEWAY, CENTRAL])
def test_a_host_at_an_address_and_port_of_another_one_is_refused(mesh: ClusterProfile) -> None:
    expected = [(SHARED, "destinations.0.addresses")]
    assert refusals(mesh, B, grants=(held(OWN, A),)) == expected
    assert refusals(mesh, B, grants=(held(OTHER, A),)) == []
    assert refusals(mesh, replace(B, port=8443), grants=(held(OWN, A),)) == []
    assert refusals(mesh, A, B) == [(SHARED, "destinations.1.addresses")]


@pytest.mark.parametrize("mesh", [SIDECAR, CENTRAL])
def test_so_are_a_range_and_a_host_in_it(mesh: ClusterProfile) -> None:
    around = place("8.8.8.0/24")
    assert refusals(mesh, around, grants=(held(OWN, A),)) == [(SHARED, "destinations.0.host")]
    assert refusals(mesh, A, grants=(held(OWN, around),)) == [(SHARED, "destinations.0.addresses")]


def test_http_hosts_may_share_an_address_because_clients_say_the_name() -> None:
    one, other = (replace(found, port=8080, protocol=HTTP) for found in (A, B))
    for mesh in (SIDECAR, GATEWAY, CENTRAL):
        assert refusals(mesh, other, grants=(held(OWN, one),)) == []
        tcp = replace(one, protocol=TCP)
        assert (SHARED, "destinations.0.addresses") in refusals(
            mesh, other, grants=(held(OWN, tcp),)
        )


def test_a_port_that_would_hide_what_another_namespace_reaches_is_refused_too() -> None:
    granted = (held(OTHER, A), held(OTHER, replace(B, port=8443)))
    found = [f for f in blocking(on(GATEWAY, B, grants=granted)) if f.reason == SHARED]
    assert [finding.field for finding in found] == ["destinations.0.addresses"]
    assert not any(name in found[0].message for name in (OTHER, A.host))
    assert refusals(SIDECAR, B, grants=granted) == []


def test_a_port_that_another_namespace_brought_counts() -> None:
    granted = (held(OWN, replace(B, port=8443)), held(OTHER, B))
    assert refusals(GATEWAY, A, grants=granted) == [(SHARED, "destinations.0.addresses")]


def test_a_renewal_hides_nothing_it_did_not_hide_before() -> None:
    mine = held(OWN, A)
    granted = (mine, held(OWN, replace(B, port=8443)), held(OTHER, B))
    assert refusals(SIDECAR, A, grants=granted, renewing=mine) == []


def test_malformed_addresses_are_refused_for_that_alone() -> None:
    wrong = replace(B, addresses=("8.8.8.8", "nonsense"))
    found = refusals(SIDECAR, wrong, A, grants=(held(OWN, place("8.8.4.0/24")),))
    assert found == [("AddressMalformed", "destinations.0.addresses")]


@pytest.mark.parametrize("theirs", Enforcement)
def test_under_ambient_a_wildcard_above_a_granted_name_is_refused(theirs: Enforcement) -> None:
    known = enforced(otherns=theirs)
    expected = [(HIDDEN, "destinations.0.host")]
    assert refusals(AMBIENT, WILD, grants=(held(OTHER, NAME),), inventory=known) == expected
    narrower = place("*.shop.wild.example.com")
    assert refusals(AMBIENT, WILD, grants=(held(OWN, narrower),)) == expected


@pytest.mark.parametrize("mine", Enforcement)
def test_a_name_below_a_wildcard_of_the_ambient_mesh_is_refused_under_any_enforcement(
    mine: Enforcement,
) -> None:
    known = enforced(default=mine, otherns=Enforcement.AMBIENT)
    found = refusals(AMBIENT, NAME, grants=(held(OTHER, WILD),), inventory=known)
    assert found == [(HIDES, "destinations.0.host")]


def test_a_narrower_wildcard_is_such_a_name() -> None:
    narrower = place("*.shop.wild.example.com")
    found = refusals(AMBIENT, narrower, grants=(held(OTHER, WILD),))
    assert found == [(HIDES, "destinations.0.host")]


def test_of_one_request_the_later_is_refused() -> None:
    assert refusals(AMBIENT, WILD, NAME) == [(HIDES, "destinations.1.host")]
    assert refusals(AMBIENT, NAME, WILD) == [(HIDDEN, "destinations.1.host")]


@pytest.mark.parametrize("host", ["wild.example.com", "shop.wilder.example.com"])
def test_names_beside_a_wildcard_are_free(host: str) -> None:
    assert refusals(AMBIENT, place(host), grants=(held(OWN, WILD),)) == []
    assert refusals(AMBIENT, WILD, grants=(held(OWN, place(host)),)) == []


def test_sidecars_keep_a_wildcard_and_a_name_below_it() -> None:
    for mesh in (SIDECAR, CENTRAL):
        assert refusals(mesh, NAME, grants=(held(OWN, WILD),)) == []
        assert refusals(mesh, WILD, grants=(held(OTHER, NAME),)) == []


def test_what_other_namespaces_reach_is_not_told() -> None:
    (above,) = blocking(on(AMBIENT, NAME, grants=(held(OTHER, WILD),)))
    (below,) = blocking(on(AMBIENT, WILD, grants=(held(OTHER, NAME),)))
    assert WILD.host not in above.message
    assert NAME.host not in below.message
    assert OTHER not in above.message + below.message
    (own,) = blocking(on(AMBIENT, WILD, grants=(held(OWN, NAME),)))
    assert own.message.startswith(f'"{NAME.host}" below "{WILD.host}" was granted')
