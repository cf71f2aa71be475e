"""Hosts that several namespaces reach: what their shared objects cannot tell apart."""

from typing import Any

import pytest

from egress.domain.access import ClusterProfile, Destination, Enforcement
from egress.domain.policies import blocking
from tests.domain.examples import to
from tests.domain.policies.meshes import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HTTP,
    LONG_LIVED,
    MESHES,
    SIDECAR,
    TCP,
    enforced,
    held,
    on,
    place,
)

HOST = "a.example.com"
OWN, OTHER = "default", "otherns"


def refusals(mesh: ClusterProfile, *wished: Destination, **more: Any) -> list[tuple[str, str]]:
    """Reasons and fields of what blocks."""
    return [(f.reason, f.field) for f in blocking(on(mesh, *wished, **more))]


@pytest.mark.parametrize(
    ("mine", "theirs", "refused"),
    [
        (Enforcement.SIDECAR, Enforcement.GATEWAY, False),
        (Enforcement.GATEWAY, Enforcement.SIDECAR, False),
        (Enforcement.AMBIENT, Enforcement.AMBIENT, False),
        (Enforcement.AMBIENT, Enforcement.GATEWAY, True),
        (Enforcement.AMBIENT, Enforcement.SIDECAR, True),
        (Enforcement.SIDECAR, Enforcement.AMBIENT, True),
        (Enforcement.GATEWAY, Enforcement.AMBIENT, True),
    ],
)
def test_a_host_under_ambient_is_nowhere_else(
    mine: Enforcement, theirs: Enforcement, refused: bool
) -> None:
    found = refusals(
        SIDECAR,
        to(HOST),
        grants=(held(OTHER, to(HOST)),),
        inventory=enforced(default=mine, otherns=theirs),
    )
    assert found == ([("EnforcementConflict", "destinations.0.host")] if refused else [])


def test_a_central_entry_and_one_of_the_gateway_cannot_be_two() -> None:
    mixed = enforced(otherns=Enforcement.GATEWAY)
    found = refusals(CENTRAL, to(HOST), grants=(held(OTHER, to(HOST)),), inventory=mixed)
    assert found == [("EnforcementConflict", "destinations.0.host")]


def test_other_namespaces_are_not_named() -> None:
    mixed = enforced(default=Enforcement.AMBIENT, otherns=Enforcement.GATEWAY)
    granted = (held(OTHER, to(HOST, 8443)),)
    messages = [f.message for f in blocking(on(SIDECAR, to(HOST), grants=granted, inventory=mixed))]
    granted = (held(OTHER, to(HOST, 443, TCP)),)
    messages += [f.message for f in blocking(on(GATEWAY, to(HOST), grants=granted))]
    granted = (held(OTHER, to(HOST, 8443)),)
    messages += [f.message for f in blocking(on(CENTRAL, to(HOST), grants=granted))]
    assert len(messages) == 3
    assert not any(OTHER in message for message in messages)


@pytest.mark.parametrize("mesh", MESHES)
def test_a_granted_port_cannot_be_spoken_to_in_another_way(mesh: ClusterProfile) -> None:
    granted = (held(OWN, to(HOST, 8080, HTTP)),)
    found = refusals(mesh, to(HOST, 8080, TCP), grants=granted)
    assert ("ProtocolConflict", "destinations.0.protocol") in found


@pytest.mark.parametrize(
    ("mesh", "refused"), [(GATEWAY, True), (AMBIENT, True), (CENTRAL, True), (SIDECAR, False)]
)
def test_where_an_entry_is_shared_all_namespaces_speak_in_one_way(
    mesh: ClusterProfile, refused: bool
) -> None:
    granted = (held(OTHER, to(HOST, 8080, HTTP)),)
    found = refusals(mesh, to(HOST, 8080, TCP), grants=granted)
    expected = [("ProtocolConflict", "destinations.0.protocol")] if refused else []
    assert found == expected


def test_the_conflict_has_the_codes_of_the_analyzers() -> None:
    granted = (held(OTHER, to(HOST, 8080, HTTP)),)
    (finding,) = blocking(on(GATEWAY, to(HOST, 8080, TCP), grants=granted))
    assert finding.codes == ("IST0177", "KIA1212")


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (place(HOST, 8443, addresses=("8.8.8.8",)), "addresses"),
        (place(HOST, 8443, **LONG_LIVED), "long_lived"),
    ],
    ids=str,
)
def test_all_ports_of_an_entry_are_looked_up_alike(other: Destination, field: str) -> None:
    expected = [("AddressConflict", f"destinations.0.{field}")]
    assert refusals(SIDECAR, to(HOST), grants=(held(OWN, other),)) == expected
    assert refusals(SIDECAR, to(HOST), grants=(held(OTHER, other),)) == []
    assert refusals(GATEWAY, to(HOST), grants=(held(OTHER, other),)) == expected
    both = refusals(SIDECAR, to(HOST), other)
    assert both == [("AddressConflict", f"destinations.1.{field}")]


def test_a_service_of_its_own_has_addresses_of_its_own() -> None:
    own = place(HOST, 5432, TCP, tls_origination=True, addresses=("8.8.8.8",), alias="db")
    assert refusals(SIDECAR, to(HOST), grants=(held(OWN, own),)) == []
    assert refusals(SIDECAR, own, grants=(held(OWN, to(HOST)),)) == []


def test_central_entries_give_all_namespaces_the_same_ports() -> None:
    granted = (held(OTHER, to(HOST)), held(OTHER, to(HOST, 8443)))
    assert refusals(CENTRAL, to(HOST), grants=granted) == [
        ("CentralPortsDiffer", "destinations.0.port")
    ]
    assert refusals(CENTRAL, to(HOST), to(HOST, 8443), grants=granted) == []
    third = (*granted, held(OWN, to(HOST)))
    assert refusals(CENTRAL, to(HOST, 8443), grants=third) == []
    assert refusals(SIDECAR, to(HOST), grants=granted) == []


def test_the_ports_that_are_free_are_told() -> None:
    granted = (held(OTHER, to(HOST)), held(OTHER, to(HOST, 8443)))
    (finding,) = blocking(on(CENTRAL, to(HOST, 9443), grants=granted))
    assert 'others have ports "443" and "8443"' in finding.message


def test_a_renewal_conflicts_with_nothing_it_agreed_with() -> None:
    mine = held(OWN, to(HOST))
    for mesh in MESHES:
        granted = (mine, held(OTHER, to(HOST)))
        assert refusals(mesh, to(HOST), grants=granted, renewing=mine) == []
