"""Grants that hide each other are held back, and those that proxies can tell apart are not."""

from dataclasses import replace
from typing import Any

import pytest

from egress.domain.access import Access, Destination, Enforcement, Protocol
from egress.domain.refusals import sort_out
from tests.domain.examples import grant, inventory, to
from tests.domain.refusals.examples import TLS_WILDCARDS, mixed, originated, profile, reasons

HTTP, GRPC, TLS, TCP = Protocol.HTTP, Protocol.GRPC, Protocol.TLS, Protocol.TCP
SIDECAR, GATEWAY, AMBIENT = Enforcement.SIDECAR, Enforcement.GATEWAY, Enforcement.AMBIENT
ONE, BOTH, OTHER = ("203.0.113.13",), ("203.0.113.13", "203.0.113.14"), ("203.0.113.15",)
WILD = to("*.wild.example.com")


def at(
    addresses: tuple[str, ...], host: str = "a.example.com", port: int = 443, protocol: Any = TLS
) -> Destination:
    """A host with fixed addresses."""
    return replace(to(host, port, protocol), addresses=addresses)


def central() -> Any:
    """A cluster with central entries and namespaces that can use them."""
    known = mixed(default=SIDECAR, otherns=SIDECAR)
    return {"cluster": profile(central_entries=True), "known": known}


B = at(BOTH, "b.example.com")


@pytest.mark.parametrize("enforcement", [SIDECAR, GATEWAY])
def test_two_hosts_at_one_address_and_port_are_both_refused(enforcement: Enforcement) -> None:
    apart = [grant(at(OTHER, "c.example.com")), grant(at(ONE, port=8443))]
    grants = [grant(at(ONE)), grant(B), *apart]
    accepted, (refusal,) = sort_out(profile(enforcement), inventory(), grants)
    assert refusal.reason == "AddressShared"
    assert set(refusal.accesses) == set(grants[:2])
    assert accepted == apart
    assert "a.example.com:443 TLS at 203.0.113.13" in refusal.message


def test_so_are_two_central_entries_and_a_central_range_around_one() -> None:
    assert reasons(grant(at(ONE)), grant(B), **central()) == ["AddressShared"]
    assert reasons(grant(at(ONE)), grant(to("203.0.113.0/24")), **central()) == ["AddressShared"]


def test_other_namespaces_have_proxies_of_their_own() -> None:
    grants = [grant(at(ONE)), grant(B, "otherns")]
    for enforcement in (SIDECAR, GATEWAY):
        assert reasons(*grants, cluster=profile(enforcement)) == []
    assert reasons(*grants, **central()) == []


@pytest.mark.parametrize("around", ["203.0.113.0/24", "203.0.113.13/32", "203.0.113.12/30"])
def test_a_range_around_an_address_of_a_host_is_refused_with_it(around: str) -> None:
    assert reasons(grant(at(ONE)), grant(to(around))) == ["AddressShared"]
    assert reasons(grant(at(ONE)), grant(to(around, 8443))) == []
    assert reasons(grant(at(OTHER)), grant(to(around.replace(".113.", ".112.")))) == []


def test_a_range_around_an_ipv6_address_is_seen_too() -> None:
    host = at(("203.0.113.13", "2001:db8::13"))
    assert reasons(grant(host), grant(to("2001:db8::/48"))) == ["AddressShared"]
    assert reasons(grant(host), grant(to("2001:db8:1::/48"))) == []


def test_ranges_alone_lead_to_the_address_that_is_dialled_whichever_wins() -> None:
    assert reasons(grant(to("203.0.113.0/24")), grant(to("203.0.113.13/32"))) == []


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [(HTTP, HTTP, False), (HTTP, GRPC, False), (HTTP, TLS, True), (TCP, HTTP, True)],
)
def test_http_is_told_apart_by_name(one: Protocol, other: Protocol, is_refused: bool) -> None:
    # HTTP is listened for at every address, and the Host header decides (istio.md 2.3).
    pair = [
        grant(at(ONE, "a.example.com", 8080, one)),
        grant(at(BOTH, "b.example.com", 8080, other)),
    ]
    assert reasons(*pair) == ["AddressShared"] * is_refused
    assert reasons(*pair, cluster=profile(GATEWAY)) == ["AddressShared"] * is_refused


def test_a_service_of_its_own_has_another_address() -> None:
    address = grant(replace(to("203.0.113.13/32"), alias="appliance"))
    assert reasons(grant(at(ONE)), address) == []
    assert reasons(grant(at(ONE, "b.example.com", 5432, TCP)), grant(originated(5432))) == []


def test_an_entry_hides_by_ports_that_other_namespaces_brought() -> None:
    # "default" was not granted port 443 of "b", but its proxies know the whole entry.
    hidden, beside = grant(at(ONE)), grant(at(BOTH, "b.example.com", 8443))
    grants = [hidden, beside, grant(B, "otherns")]
    accepted, (refusal,) = sort_out(profile(GATEWAY), inventory(), grants)
    assert (refusal.reason, refusal.accesses) == ("AddressShared", (hidden,))
    assert accepted == grants[1:]
    assert reasons(*grants, cluster=profile(SIDECAR)) == []


def test_a_grant_is_refused_once_whatever_else_it_contradicts() -> None:
    grants = [grant(at(ONE)), grant(replace(at(ONE), protocol=TCP)), grant(B)]
    accepted, refused = sort_out(profile(), inventory(), grants)
    assert accepted == []
    assert [len(refusal.accesses) for refusal in refused] == [2, 1]
    assert {refusal.reason for refusal in refused} == {"ProtocolConflict", "AddressShared"}


def ambient(*grants: Access, **others: Enforcement) -> list[str]:
    """Why grants of `default` (ambient) and of other namespaces are held back."""
    cluster = profile(AMBIENT, istio_version="1.31.0", flags=TLS_WILDCARDS)
    return reasons(*grants, cluster=cluster, known=mixed(default=AMBIENT, **others))


@pytest.mark.parametrize("theirs", Enforcement)
def test_a_wildcard_under_ambient_is_refused_where_a_name_below_it_has_an_entry(
    theirs: Enforcement,
) -> None:
    name = grant(to("shop.wild.example.com", 8443), "otherns")
    known = mixed(default=AMBIENT, otherns=theirs)
    cluster = profile(AMBIENT, istio_version="1.31.0", flags=TLS_WILDCARDS)
    grants = [grant(WILD), grant(to(WILD.host, 8443)), name, grant(to("*.other.example.com"))]
    accepted, (refusal,) = sort_out(cluster, known, grants)
    assert refusal.reason == "WildcardHidden"
    assert set(refusal.accesses) == set(grants[:2])
    assert accepted == grants[2:]


def test_a_narrower_wildcard_hides_a_wider_one() -> None:
    narrow = grant(to("*.shop.wild.example.com"))
    assert ambient(grant(WILD), narrow) == ["WildcardHidden"]


@pytest.mark.parametrize("host", ["wild.example.com", "notwild.example.com", "a.wild.example.net"])
def test_other_names_hide_no_wildcard(host: str) -> None:
    assert ambient(grant(WILD), grant(to(host))) == []


def test_a_name_that_is_reached_by_a_service_of_its_own_hides_nothing() -> None:
    own = originated(5432, host="db.wild.example.com")
    assert ambient(grant(WILD), grant(own, "otherns"), otherns=SIDECAR) == []


def test_sidecars_fall_back_to_the_wildcard() -> None:
    cluster = profile(SIDECAR, istio_version="1.31.0")
    assert reasons(grant(WILD), grant(to("shop.wild.example.com", 8443)), cluster=cluster) == []
