"""How live objects differ from wanted ones, for kinds that servers fill in."""

import copy
from typing import Any

import pytest

from egress.domain.access import Access, Destination, Enforcement, Protocol, Subject
from egress.domain.difference import decided_content, diff, differs, extra_fields
from egress.domain.objects import KubeObject, content_hash
from egress.domain.render import render
from tests.domain.examples import CLUSTER, inventory, live, namespace

DATABASE = Destination("203.0.113.9/32", 5432, Protocol.TCP, alias="old-database")
MIRROR = Destination("a.example.com", 80, Protocol.HTTP, alias="mirror")
OBJECTS = render(
    CLUSTER,
    inventory(namespace("default", network_policy=True)),
    [Access(Subject("default"), DATABASE), Access(Subject("default"), MIRROR)],
)
FILLED_IN = {
    "clusterIP": "10.0.0.7",
    "clusterIPs": ["10.0.0.7"],
    "ipFamilies": ["IPv4"],
    "ipFamilyPolicy": "SingleStack",
    "internalTrafficPolicy": "Cluster",
    "sessionAffinity": "None",
    "type": "ClusterIP",
}


def named(kind: str, name: str) -> KubeObject:
    """The object with that kind and name."""
    (found,) = [o for o in OBJECTS if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return found


NAME, ALIAS = named("Service", "old-database"), named("Service", "mirror")
ADDRESSES = named("EndpointSlice", "old-database-eg")


def as_stored(obj: KubeObject, **spec: Any) -> KubeObject:
    """The object as a server returns it, with what it filled in."""
    found = live(copy.deepcopy(obj), "u1")
    if obj["kind"] == "Service":
        added = FILLED_IN if obj is NAME else {"sessionAffinity": "None"}
        found["spec"] = {**added, **found["spec"], **spec}
    if obj["kind"] == "EndpointSlice":
        for endpoint in found["endpoints"]:
            endpoint["conditions"] |= {"serving": True, "terminating": False}
    return found


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj["kind"])
def test_what_a_server_fills_in_is_no_difference(obj: KubeObject) -> None:
    found = as_stored(obj)
    assert not differs(obj, found)
    assert extra_fields(obj, found) == []
    assert diff(found, obj) == ""
    assert content_hash(decided_content(found)) == content_hash(obj)


@pytest.mark.parametrize(
    "changed",
    [{"type": "LoadBalancer"}, {"sessionAffinity": "ClientIP"}, {"internalTrafficPolicy": "Local"}],
    ids=lambda changed: next(iter(changed)),
)
def test_what_somebody_chose_is_a_difference(changed: dict[str, Any]) -> None:
    found = as_stored(NAME, **changed)
    assert extra_fields(NAME, found) == [("spec", next(iter(changed)))]
    assert diff(found, NAME) != ""


def test_a_name_that_is_no_alias_any_more_differs() -> None:
    assert differs(ALIAS, as_stored(ALIAS, type="ClusterIP"))


def test_addresses_differ_although_they_lie_beside_no_spec() -> None:
    found = as_stored(ADDRESSES)
    found["endpoints"][0]["addresses"] = ["203.0.113.66"]
    assert differs(ADDRESSES, found)
    assert "203.0.113.66" in diff(found, ADDRESSES)
    assert content_hash(found) != content_hash(ADDRESSES)


def test_an_endpoint_that_is_not_ready_differs() -> None:
    found = as_stored(ADDRESSES)
    found["endpoints"][0]["conditions"]["ready"] = False
    assert differs(ADDRESSES, found)


def test_a_field_beside_the_wanted_ones_is_named() -> None:
    found = as_stored(ADDRESSES) | {"hints": {}}
    assert extra_fields(ADDRESSES, found) == [("hints",)]


def test_ports_of_a_name_are_told_apart_by_number_and_protocol() -> None:
    extra = {"name": "udp-5432", "port": 5432, "protocol": "UDP", "targetPort": 5432}
    found = as_stored(NAME)
    found["spec"]["ports"] = [extra, *found["spec"]["ports"]]
    assert not differs(NAME, found)
    assert extra_fields(NAME, found) == [("spec", "ports", (("port", 5432), ("protocol", "UDP")))]


@pytest.mark.parametrize(
    ("obj", "field", "name"),
    [
        (NAME, "annotations", "networking.istio.io/exportTo"),
        (ADDRESSES, "labels", "kubernetes.io/service-name"),
        (ADDRESSES, "labels", "endpointslice.kubernetes.io/managed-by"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_labels_of_others_that_we_write_count_as_ours(
    obj: KubeObject, field: str, name: str
) -> None:
    found = as_stored(obj)
    found["metadata"][field] = {k: v for k, v in found["metadata"][field].items() if k != name}
    assert differs(obj, found)
    assert content_hash(decided_content(found)) != content_hash(obj)
    assert name in diff(found, obj)


def test_a_waypoint_label_counts_as_ours() -> None:
    cluster = type(CLUSTER)(installation="portal-a", enforcement=Enforcement.AMBIENT)
    access = Access(Subject("default"), Destination("a.example.com", 443, Protocol.TLS))
    entry = next(o for o in render(cluster, inventory(), [access]) if o["kind"] == "ServiceEntry")
    assert content_hash(decided_content(as_stored(entry))) == content_hash(entry)
