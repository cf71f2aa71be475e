"""Room of egress gateways and on lists of identities (istio.md 11.2, 11.3)."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import Access, ClusterProfile, Destination, GatewayProfile
from egress.domain.policies import Finding, Level
from tests.domain.examples import reasons, to
from tests.domain.policies.meshes import AMBIENT, GATEWAY, HTTP, SIDECAR, TCP, held, on

HOST = "a.example.com"
SMALL = replace(GATEWAY, gateways=(GatewayProfile(max_doors=10, max_http_hosts=10),))


def about_room(mesh: ClusterProfile, *wished: Destination, **more: Any) -> list[tuple[str, Level]]:
    """What is said about gateways."""
    found: list[Finding] = on(mesh, *wished, **more)
    return [
        (f.reason, f.level) for f in found if f.reason.startswith("GatewayN") or "Full" in f.reason
    ]


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (6, []),
        (7, [("GatewayNearlyFull", Level.WARN)]),
        (9, [("GatewayNearlyFull", Level.WARN)]),
        (10, [("GatewayFull", Level.BLOCK)]),
    ],
)
def test_a_gateway_warns_from_80_percent_and_refuses_beyond_its_budget(
    used: int, expected: list[tuple[str, Level]]
) -> None:
    assert about_room(SMALL, to(HOST), doors={"main": used}) == expected
    assert about_room(SMALL, to(HOST, 80, HTTP), http_hosts={"main": used}) == expected
    assert about_room(SMALL, to(HOST, 80, HTTP), doors={"main": used}) == []
    assert about_room(SIDECAR, to(HOST), doors={"main": 5000}) == []


def test_a_request_counts_with_all_its_doors() -> None:
    wished = [to(f"h{n}.example.com") for n in range(3)]
    assert about_room(SMALL, *wished, doors={"main": 8}) == [("GatewayFull", Level.BLOCK)]


def test_what_is_served_already_takes_no_room() -> None:
    full = {"doors": {"main": 10}, "http_hosts": {"main": 10}}
    door, http = held("default", to(HOST), "billing"), held("otherns", to(HOST, 80, HTTP))
    assert about_room(SMALL, to(HOST), grants=(door,), **full) == []
    assert about_room(SMALL, to(HOST, 8080, HTTP), grants=(http,), **full) == []
    elsewhere = held("otherns", to(HOST))
    assert about_room(SMALL, to(HOST), grants=(elsewhere,), **full)


def test_a_new_host_goes_to_the_gateway_with_room() -> None:
    two = replace(SMALL, gateways=(*SMALL.gateways, GatewayProfile("b", max_doors=10)))
    assert about_room(two, to(HOST), doors={"main": 10}) == []
    both = {"main": 10, "b": 10}
    assert about_room(two, to(HOST), doors=both) == [("GatewayFull", Level.BLOCK)]
    assigned = replace(two, assignments={HOST: "main"})
    assert about_room(assigned, to(HOST), doors={"main": 10}) == [("GatewayFull", Level.BLOCK)]


def many(count: int, destination: Destination, namespace: str = "otherns") -> tuple[Access, ...]:
    """Grants of so many service accounts of one namespace."""
    return tuple(held(namespace, destination, f"account-{n}") for n in range(count))


@pytest.mark.parametrize("mesh", [GATEWAY, AMBIENT])
@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (198, set()),
        (199, {"NamespaceGrantSuggested"}),
        (999, {"NamespaceGrantSuggested"}),
        (1000, {"TooManyIdentities"}),
    ],
)
def test_a_policy_has_room_for_1000_identities(
    mesh: ClusterProfile, others: int, expected: set[str]
) -> None:
    wished = to(HOST, 80, HTTP)
    found = on(mesh, wished, account="billing", grants=many(others, wished))
    assert reasons(found) & {"NamespaceGrantSuggested", "TooManyIdentities"} == expected


def test_a_namespace_grant_is_one_entry_and_needs_room_for_it() -> None:
    wished = to(HOST, 80, HTTP)
    for others, refused in ((999, False), (1000, True)):
        found = reasons(on(GATEWAY, wished, grants=many(others, wished)))
        assert ("TooManyIdentities" in found) is refused
        assert "NamespaceGrantSuggested" not in found


def test_the_doors_of_one_port_fit_into_one_object() -> None:
    wished = to(HOST, 5432, TCP)
    others = many(12_000, wished)
    assert "TooManyIdentities" not in reasons(on(GATEWAY, wished, grants=others))
    full = many(25_000, wished)
    assert "TooManyIdentities" in reasons(on(GATEWAY, wished, grants=full), Level.BLOCK)
    assert "TooManyIdentities" not in reasons(on(GATEWAY, to(HOST, 5433, TCP), grants=full))


@pytest.mark.parametrize("mesh", [SIDECAR, GATEWAY, AMBIENT])
def test_an_entry_has_room_for_256_ports(mesh: ClusterProfile) -> None:
    taken = tuple(held("default", to(HOST, 20_000 + number)) for number in range(256))
    assert "TooManyPorts" not in reasons(on(mesh, to(HOST, 443), grants=taken[:255]))
    assert "TooManyPorts" in reasons(on(mesh, to(HOST, 443), grants=taken), Level.BLOCK)
    assert "TooManyPorts" not in reasons(on(mesh, to(HOST, 20_000), grants=taken))


def test_each_alias_of_the_trust_domain_counts() -> None:
    mesh = replace(GATEWAY, trust_domain_aliases=("old.example",))
    wished = to(HOST, 80, HTTP)
    found = on(mesh, wished, account="billing", grants=many(500, wished))
    assert "TooManyIdentities" in reasons(found, Level.BLOCK)


def test_a_door_lists_its_own_namespace_alone() -> None:
    wished = to(HOST, 5432, TCP)
    elsewhere = on(GATEWAY, wished, account="billing", grants=many(300, wished))
    assert "NamespaceGrantSuggested" not in reasons(elsewhere)
    other_port = many(300, to(HOST, 5433, TCP), "default")
    found = on(GATEWAY, wished, account="billing", grants=other_port)
    assert "NamespaceGrantSuggested" not in reasons(found)
    same = on(GATEWAY, wished, account="billing", grants=many(1200, wished, "default"))
    assert "NamespaceGrantSuggested" in reasons(same, Level.INFO)
    assert "TooManyIdentities" not in reasons(same)
