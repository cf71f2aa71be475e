"""What two versions of an object have in common, for each kind."""

import copy
from typing import Any

import pytest

from egress.domain.access import Access, Destination, Protocol, Subject
from egress.domain.manifests.check import check_object
from egress.domain.objects import KubeObject
from egress.domain.order.narrowed import narrowed
from egress.domain.order.roles import role_of
from egress.domain.plan import key_of
from tests.domain.order.worlds import AMBIENT, CENTRAL, GATEWAY, SIDECAR

HOST = "a.example.com"
PLAIN = Destination(HOST, 80, Protocol.HTTP)
HTTP_8080 = Destination(HOST, 8080, Protocol.HTTP)
TLS = Destination(HOST, 443, Protocol.TLS)
ORIGINATED = Destination(HOST, 80, Protocol.HTTP, True)


def only(objects: list[KubeObject], kind: str, suffix: str = "") -> KubeObject:
    """The object of that kind whose name ends so."""
    (found,) = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].endswith(suffix)]
    return found


def by_gateway(*grants: tuple[Destination, str]) -> list[KubeObject]:
    """The objects of grants to `namespace` or `namespace/account`."""
    return GATEWAY.render(
        frozenset(Access(Subject(*who.split("/")), destination) for destination, who in grants)
    )


def common(live: KubeObject, desired: KubeObject) -> KubeObject | None:
    """The intersection, which must itself be fit to be written."""
    found = narrowed(role_of(key_of(desired)), live, desired)
    assert found is None or check_object(found) == []
    return found


EVERYTHING = [
    *by_gateway((ORIGINATED, "default"), (TLS, "default"), (HTTP_8080, "otherns/billing")),
    *AMBIENT.render(frozenset([Access(Subject("default"), TLS)])),
    *CENTRAL.render(frozenset([Access(Subject("default"), TLS)])),
    *SIDECAR.render(
        frozenset(
            Access(Subject("default"), destination)
            for destination in (
                Destination("b.example.com", 80, Protocol.HTTP, alias="mirror"),
                Destination("203.0.113.9/32", 5432, Protocol.TCP, alias="old-database"),
            )
        )
    ),
]


@pytest.mark.parametrize("obj", EVERYTHING, ids=lambda obj: f"{key_of(obj)}")
def test_an_object_has_everything_in_common_with_itself(obj: KubeObject) -> None:
    assert common(copy.deepcopy(obj), obj) == obj


def test_a_door_keeps_those_whom_both_admit() -> None:
    live = by_gateway((TLS, "default/billing"), (TLS, "otherns"))
    desired = by_gateway((TLS, "default"), (TLS, "otherns/default"))
    found = common(only(live, "Gateway"), only(desired, "Gateway"))
    assert found is not None
    assert [server["tls"]["subjectAltNames"] for server in found["spec"]["servers"]] == [
        ["spiffe://cluster.local/ns/default/sa/billing"],
        ["spiffe://cluster.local/ns/otherns/sa/default"],
    ]


def test_doors_without_anybody_in_common_go() -> None:
    live = by_gateway((TLS, "default/billing"))
    desired = by_gateway((TLS, "default/default"), (TLS, "otherns"))
    assert common(only(live, "Gateway"), only(desired, "Gateway")) is None


def test_a_policy_keeps_the_account_that_one_side_names_and_the_other_covers() -> None:
    account, whole = by_gateway((PLAIN, "default/billing")), by_gateway((PLAIN, "default"))
    for live, desired in ((account, whole), (whole, account)):
        found = common(only(live, "AuthorizationPolicy"), only(desired, "AuthorizationPolicy"))
        assert found is not None
        assert found["spec"] == only(account, "AuthorizationPolicy")["spec"]


def test_the_way_behind_the_gateway_says_nothing_of_authorities_while_it_has_one_port() -> None:
    one, two = (
        by_gateway((PLAIN, "default")),
        by_gateway((PLAIN, "default"), (HTTP_8080, "default")),
    )
    leg = only(one, "VirtualService", "-http")
    for live, desired in ((one, two), (two, one)):
        found = common(
            only(live, "VirtualService", "-http"), only(desired, "VirtualService", "-http")
        )
        assert found is not None
        assert found["spec"] == leg["spec"]


def test_a_port_with_another_protocol_is_not_in_common() -> None:
    live = by_gateway((TLS, "default"), (PLAIN, "default"))
    desired = by_gateway((Destination(HOST, 443, Protocol.TCP), "default"), (PLAIN, "default"))
    found = common(only(live, "ServiceEntry"), only(desired, "ServiceEntry"))
    assert found is not None
    assert [port["number"] for port in found["spec"]["ports"]] == [80]


def test_an_entry_that_is_hidden_stays_hidden() -> None:
    (desired,) = SIDECAR.render(frozenset([Access(Subject("default"), TLS)]))
    live = {**desired, "spec": {**desired["spec"], "exportTo": ["~"]}}
    found = common(live, desired)
    assert found is not None
    assert found["spec"]["exportTo"] == ["~"]


@pytest.mark.parametrize("exported", [["*"], [], None], ids=repr)
def test_an_entry_that_everybody_sees_is_narrowed_to_what_is_wanted(exported: Any) -> None:
    (desired,) = SIDECAR.render(frozenset([Access(Subject("default"), TLS)]))
    live = {**desired, "spec": {**desired["spec"], "exportTo": exported}}
    assert common(live, desired) == desired


def test_a_client_rule_keeps_the_subset_for_http() -> None:
    live, desired = by_gateway((TLS, "default")), by_gateway((HTTP_8080, "default"))
    found = common(only(live, "DestinationRule"), only(desired, "DestinationRule"))
    assert found == only(desired, "DestinationRule")


def test_an_entry_that_loses_its_waypoint_is_made_anew() -> None:
    access = frozenset([Access(Subject("default"), TLS)])
    bound = only(AMBIENT.render(access), "ServiceEntry")
    free = only(GATEWAY.render(access), "ServiceEntry")
    assert common(bound, free) is None
    unbound = {**bound, "metadata": {**bound["metadata"], "labels": {}}}
    assert common(unbound, bound) == bound


def host_list(*hosts: str) -> KubeObject:
    """The Sidecar of namespace `default` that admits these hosts."""
    grants = frozenset(
        Access(Subject("default"), Destination(host, 443, Protocol.TLS)) for host in hosts
    )
    own = [o for o in CENTRAL.render(grants) if o["metadata"]["namespace"] == "default"]
    return only(own, "Sidecar")


def test_a_host_list_keeps_what_both_admit() -> None:
    found = common(
        host_list("a.example.com", "b.example.com"), host_list("b.example.com", "c.example.com")
    )
    assert found == host_list("b.example.com")
