"""The way of a grant: which places it passes, which objects decide there, and where it ends."""

from dataclasses import replace

import pytest

from egress.domain.access import (
    Access,
    ClusterProfile,
    Destination,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Protocol,
    Subject,
)
from egress.domain.path import PLACES, Path, Place, granted_path, likely_protocol, path_now

TLS = Destination("api.example.com", 443, Protocol.TLS)
ORIGINATED = Destination("orig.example.com", 80, Protocol.HTTP, tls_origination=True)
CLEAR = Destination("plain.example.com", 80, Protocol.HTTP)
NAMED_ADDRESS = Destination("203.0.113.9/32", 5432, Protocol.TCP, alias="old-database")
SHOP, WEB = Subject("shop"), Subject("shop", "web")


def cluster(enforcement: str = "sidecar", **changes: object) -> ClusterProfile:
    return replace(
        ClusterProfile(
            "ours",
            enforcement=Enforcement(enforcement),
            istio_version="1.30.2",
            dns_capture=True,
        ),
        **changes,
    )


def inventory(**facts: object) -> Inventory:
    shop = NamespaceFacts("shop", uid="1", service_accounts={"web": "2"})
    return Inventory({"shop": replace(shop, **facts)})


def granted(enforcement: str, destination: Destination = TLS, subject: Subject = SHOP) -> Path:
    return granted_path(cluster(enforcement), inventory(), Access(subject, destination))


def kinds(path: Path) -> dict[Place, set[str]]:
    return {stop.place: {key.kind for key in stop.objects} for stop in path.stops}


@pytest.mark.parametrize("enforcement", list(Enforcement))
@pytest.mark.parametrize("destination", [TLS, ORIGINATED, CLEAR], ids=str)
def test_a_grant_leads_through_every_place_of_its_enforcement_to_the_host(
    enforcement: Enforcement, destination: Destination
) -> None:
    path = granted(enforcement, destination)
    assert path.stopped_at is None
    assert tuple(stop.place for stop in path.stops) == PLACES[enforcement]
    assert len(path.legs) == len(path.stops) - 1


def test_the_gateway_is_where_the_door_the_policy_and_the_route_decide() -> None:
    found = kinds(granted("gateway", subject=WEB))
    assert found[Place.SIDECAR] == {"ServiceEntry", "VirtualService", "DestinationRule"}
    assert found[Place.GATEWAY] == {"Gateway", "AuthorizationPolicy", "VirtualService"}
    assert found[Place.HOST] == {"ServiceEntry"}


def test_the_waypoint_is_where_the_entry_and_its_policy_decide() -> None:
    found = kinds(granted("ambient"))
    assert found[Place.WAYPOINT] == {"ServiceEntry", "Gateway", "AuthorizationPolicy"}


def test_what_belongs_to_the_cluster_is_told_apart_from_what_a_grant_needs() -> None:
    assert {str(key) for key in granted("gateway").fixed} == {
        "AuthorizationPolicy istio-egress/handshake"
    }
    assert {str(key) for key in granted("ambient").fixed} == {
        "Gateway istio-egress/egress-waypoint"
    }
    assert granted("sidecar").fixed == frozenset()


@pytest.mark.parametrize(
    ("enforcement", "destination", "legs"),
    [
        ("sidecar", TLS, ("TLS", "TLS")),
        ("sidecar", CLEAR, ("HTTP", "HTTP")),
        ("sidecar", ORIGINATED, ("HTTP", "TLS")),
        ("gateway", ORIGINATED, ("HTTP", "mTLS", "TLS")),
        ("ambient", CLEAR, ("mTLS", "HTTP")),
    ],
)
def test_each_leg_says_what_is_spoken_on_it(
    enforcement: str, destination: Destination, legs: tuple[str, ...]
) -> None:
    path = granted(enforcement, destination)
    assert path.legs == legs
    assert path.originates_tls == destination.tls_origination


def test_a_central_entry_lies_in_the_egress_namespace_and_the_sidecar_admits_it() -> None:
    central = cluster(central_entries=True)
    path = granted_path(central, inventory(default_deny=True), Access(SHOP, TLS))
    sidecar = path.stops[1]
    assert {f"{key.kind} {key.namespace}" for key in sidecar.objects} == {
        "Sidecar shop",
        "ServiceEntry istio-egress",
    }
    assert path.holding == frozenset()


def test_a_sidecar_that_only_denies_holds_the_namespace_but_carries_nothing() -> None:
    path = granted_path(cluster(), inventory(default_deny=True), Access(SHOP, TLS))
    assert {key.kind for key in path.holding} == {"Sidecar"}


def test_without_default_deny_no_sidecar_object_is_told_of() -> None:
    path = granted("sidecar")
    assert kinds(path)[Place.SIDECAR] == {"ServiceEntry"}
    assert "Sidecar" not in {key.kind for key in path.manifests}


def test_a_named_address_is_followed_by_its_name() -> None:
    path = granted("sidecar", NAMED_ADDRESS)
    assert path.stopped_at is None
    assert kinds(path)[Place.SIDECAR] == {"Service"}
    assert kinds(path)[Place.HOST] == {"EndpointSlice", "DestinationRule"}


def test_a_path_holds_nothing_of_other_namespaces() -> None:
    others = Inventory({**inventory().namespaces, "secret": NamespaceFacts("secret")})
    path = granted_path(cluster("gateway"), others, Access(SHOP, TLS))
    assert "secret" not in str(path)


def test_what_cannot_be_enforced_ends_before_the_host_and_says_why() -> None:
    path = granted("gateway", Destination("*.example.com", 443, Protocol.TLS))
    assert path.stopped_at is Place.SIDECAR
    assert "wildcards" in path.why
    assert tuple(stop.place for stop in path.stops) == PLACES[Enforcement.GATEWAY]


def test_a_cluster_that_nothing_can_be_rendered_for_has_no_way() -> None:
    broken = cluster("ambient", egress_namespace="istio-system")
    path = granted_path(broken, inventory(), Access(SHOP, TLS))
    assert path.stopped_at is Place.WAYPOINT
    assert path.why


@pytest.mark.parametrize(
    ("enforcement", "held", "place", "kind"),
    [
        ("sidecar", {"default_deny": True}, Place.SIDECAR, "Sidecar"),
        ("gateway", {"default_deny": True}, Place.SIDECAR, "Sidecar"),
        ("ambient", {"network_policy": True}, Place.WORKLOAD, "NetworkPolicy"),
    ],
)
def test_without_a_grant_a_held_namespace_is_stopped_by_what_holds_it(
    enforcement: str, held: dict[str, bool], place: Place, kind: str
) -> None:
    path = path_now(cluster(enforcement), inventory(**held), SHOP, TLS, [])
    assert path.stopped_at is place
    assert {key.kind for key in path.manifests} == {kind}


def test_another_account_is_stopped_at_the_gateway_that_knows_it() -> None:
    facts = inventory(default_deny=True, service_accounts={"web": "2", "jobs": "3"})
    mine = Access(WEB, TLS)
    path = path_now(cluster("gateway"), facts, Subject("shop", "jobs"), TLS, [mine])
    assert path.stopped_at is Place.GATEWAY
    assert "identities" in path.why


def test_a_namespace_that_nothing_holds_passes_its_gateway_by() -> None:
    path = path_now(cluster("gateway"), inventory(), SHOP, TLS, [])
    assert path.stopped_at is None
    assert [stop.place for stop in path.stops] == [Place.WORKLOAD, Place.SIDECAR, Place.HOST]


def test_the_usual_ports_tell_what_is_spoken() -> None:
    assert [likely_protocol(port) for port in (443, 80, 5432)] == ["TLS", "HTTP", "TCP"]
