"""Grants that contradict each other are held back together, and nothing else is."""

from dataclasses import replace

import pytest

from egress.domain.access import (
    Access,
    Destination,
    Enforcement,
    Protocol,
    Resolution,
    Subject,
)
from egress.domain.refusals import sort_out
from tests.domain.examples import CLUSTER, grant, inventory, to
from tests.domain.refusals.examples import mixed, originated, profile, reasons

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
SIDECAR, GATEWAY, AMBIENT = Enforcement.SIDECAR, Enforcement.GATEWAY, Enforcement.AMBIENT
A80 = to("a.example.com", 80, HTTP)
A443 = to("a.example.com", 443)


@pytest.mark.parametrize("enforcement", Enforcement)
def test_two_ways_to_one_port_are_refused_and_nothing_else(enforcement: Enforcement) -> None:
    grants = [grant(A80), grant(replace(A80, tls_origination=True)), grant(A443)]
    accepted, (refusal,) = sort_out(profile(enforcement), inventory(), grants)
    assert refusal.reason == "ProtocolConflict"
    assert set(refusal.accesses) == set(grants[:2])
    assert accepted == grants[2:]
    assert 'port 80 of "a.example.com"' in refusal.message


@pytest.mark.parametrize("enforcement", [GATEWAY, AMBIENT])
def test_a_shared_entry_has_one_way_for_all_namespaces(enforcement: Enforcement) -> None:
    grants = [grant(A80), grant(replace(A80, tls_origination=True), "otherns"), grant(A443)]
    assert reasons(*grants, cluster=profile(enforcement)) == ["ProtocolConflict"]
    assert reasons(*grants, cluster=profile(SIDECAR)) == []


def test_an_alias_is_no_other_way() -> None:
    grants = [grant(A80), grant(replace(A80, alias="mirror"), "otherns")]
    assert reasons(*grants, cluster=profile(GATEWAY)) == []


@pytest.mark.parametrize(
    "other",
    [
        replace(A443, addresses=("203.0.113.13",)),
        replace(A443, resolution=Resolution.DNS_ROUND_ROBIN),
    ],
)
def test_the_ports_of_one_entry_are_looked_up_alike(other: Destination) -> None:
    here, there = [grant(A80), grant(other)], [grant(A80), grant(other, "otherns")]
    assert reasons(*here) == ["AddressConflict"]
    assert reasons(*there) == []
    assert reasons(*there, cluster=profile(GATEWAY)) == ["AddressConflict"]


@pytest.mark.parametrize(
    ("one", "other", "central", "is_refused"),
    [
        (AMBIENT, SIDECAR, False, True),
        (AMBIENT, GATEWAY, False, True),
        (GATEWAY, SIDECAR, False, False),
        (GATEWAY, SIDECAR, True, True),
        (AMBIENT, SIDECAR, True, True),
    ],
)
def test_enforcements_that_cannot_share_a_host_refuse_it_to_both(
    one: Enforcement, other: Enforcement, central: bool, is_refused: bool
) -> None:
    known = mixed(default=one, otherns=other)
    grants = [grant(A443), grant(A80, "otherns"), grant(to("b.example.com"), "otherns")]
    accepted, refused = sort_out(profile(central_entries=central), known, grants)
    assert [refusal.reason for refusal in refused] == ["EnforcementConflict"] * is_refused
    assert accepted == (grants[2:] if is_refused else grants)


def test_a_namespace_without_all_ports_of_a_central_entry_is_refused_and_no_other() -> None:
    cluster, known = profile(central_entries=True), mixed(default=SIDECAR, otherns=SIDECAR)
    whole = [grant(A80), grant(A443), grant(A80, "otherns"), grant(A443, "otherns")]
    assert sort_out(cluster, known, whole) == (whole, [])
    # The end of one grant takes nothing from the other namespace, and opens nothing in its own.
    accepted, (refusal,) = sort_out(cluster, known, whole[:3])
    assert refusal.reason == "CentralPortsDiffer"
    assert accepted == whole[:2]
    _, (refusal,) = sort_out(cluster, known, whole[1:3])
    assert set(refusal.accesses) == set(whole[1:3])


def test_ports_are_compared_as_they_will_be_not_as_they_were_granted() -> None:
    # The refusal of one alias takes port 80 from one namespace, so the entry may not have it.
    cluster, known = profile(central_entries=True), mixed(default=SIDECAR, otherns=SIDECAR)
    grants = [
        grant(replace(A80, alias="mirror")),
        grant(replace(to("b.example.com", 80, HTTP), alias="mirror")),
        grant(A443),
        grant(A80, "otherns"),
        grant(A443, "otherns"),
    ]
    assert sorted(reasons(*grants, cluster=cluster, known=known)) == [
        "AliasConflict",
        "CentralPortsDiffer",
    ]


def address(text: str, port: int = 5432, protocol: Protocol = TCP) -> Access:
    """A grant of one address with the name `old-db`."""
    return grant(replace(to(text, port, protocol), alias="old-db"))


@pytest.mark.parametrize(
    "grants",
    [
        [grant(replace(A80, alias="old-db")), address("203.0.113.13/32")],
        [grant(replace(A80, alias="x")), grant(replace(to("b.test.com", 80, HTTP), alias="x"))],
        [address("203.0.113.13/32"), address("203.0.113.14/32", 5433)],
        [address("203.0.113.13/32"), address("203.0.113.14/32", 5432, TLS)],
        [address("203.0.113.13/32"), address("2001:db8::13/128")],
        [address("203.0.113.13/32", 5433), grant(originated(5432))],
        [grant(originated(5432)), grant(originated(5433, addresses=("203.0.113.14",)))],
    ],
)
def test_an_alias_means_one_thing_or_nothing(grants: list[Access]) -> None:
    elsewhere = replace(grants[0], subject=Subject("otherns"))
    accepted, (refusal,) = sort_out(CLUSTER, inventory(), [*grants, elsewhere])
    assert refusal.reason == "AliasConflict"
    assert set(refusal.accesses) == set(grants)
    assert accepted == [elsewhere]


def test_a_port_that_contradicts_itself_does_not_open_another_address() -> None:
    # Both addresses have both ports, but one of them speaks two ways on 5433: it is left out.
    grants = [
        *(address(f"203.0.113.{last}/32", port) for last in (13, 14) for port in (5432, 5433)),
        grant(to("203.0.113.14/32", 5433, TLS)),
    ]
    accepted, refused = sort_out(CLUSTER, inventory(), grants)
    assert accepted == grants[:2]
    assert {refusal.reason for refusal in refused} == {"ProtocolConflict", "AliasConflict"}


def test_the_end_of_a_port_takes_no_other_address_out_of_an_alias() -> None:
    whole = [address(f"203.0.113.{last}/32", port) for last in (13, 14) for port in (5432, 5433)]
    assert sort_out(CLUSTER, inventory(), whole) == (whole, [])
    accepted, (refusal,) = sort_out(CLUSTER, inventory(), whole[:3])
    assert accepted == whole[:2]
    assert refusal.accesses == (whole[2],)


def test_an_alias_is_judged_by_its_namespace_whatever_becomes_of_the_other_host() -> None:
    # Else the slice of one host would need every grant of the other one, and so on.
    known = mixed(default=GATEWAY, otherns=AMBIENT)
    other = to("b.example.com", 80, HTTP)
    grants = [grant(replace(A80, alias="x")), grant(replace(other, alias="x"))]
    held = [*grants, grant(other, "otherns")]
    accepted, (refusal,) = sort_out(profile(), known, held)
    assert (refusal.reason, set(refusal.accesses)) == ("AliasConflict", set(grants))
    assert accepted == held[2:]


def test_a_service_of_its_own_is_looked_up_apart_from_the_entry_of_its_host() -> None:
    grants = [grant(originated(5432)), grant(to("db.example.net", 443))]
    assert reasons(*grants) == []
