"""Whatever others write is read without a failure: a list must not stop at one strange object."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import ClusterProfile, Enforcement
from egress.domain.adoption import WayOut, ways_out
from egress.domain.posture import Read, Snapshot
from tests.domain.adoption.entries import HOST, entry, inventory

CLUSTER = ClusterProfile("portal-a", Enforcement.GATEWAY, istio_version="1.31.0")
KINDS = [
    Read.SERVICE_ENTRY,
    Read.VIRTUAL_SERVICE,
    Read.DESTINATION_RULE,
    Read.SIDECAR,
    Read.GATEWAY,
    Read.AUTHORIZATION_POLICY,
    Read.SERVICE,
]
LEAVES = st.none() | st.booleans() | st.integers(-1, 70_000) | st.text(max_size=8)
NAMES = st.sampled_from(
    [
        *("hosts", "host", "ports", "number", "protocol", "exportTo", "egress", "gateways"),
        *("servers", "selector", "matchLabels", "http", "tcp", "route", "destination", "action"),
        *("outboundTrafficPolicy", "mode", "resolution", "location", "type", "port", "rules"),
    ]
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
SPECS = st.dictionaries(NAMES, ANYTHING, max_size=6) | ANYTHING


def listed(kind: Read, obj: Any, **more: Any) -> list[WayOut]:
    snapshot = Snapshot(objects={kind: (obj,)})
    known: dict[str, Any] = {"ours": frozenset(), "hosts": {}, **more}
    return ways_out(snapshot, CLUSTER, inventory(), **known)


@settings(deadline=None)
@given(kind=st.sampled_from(KINDS), spec=SPECS)
def test_an_object_of_any_shape_is_read(kind: Read, spec: Any) -> None:
    obj = {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind.value,
        "metadata": {"name": "strange", "namespace": "shop", "uid": "u"},
        "spec": spec,
    }
    for way in listed(kind, obj):
        assert way.sentence
        assert way.adoptable == (way.why_not == "")


def test_ours_is_not_listed() -> None:
    assert listed(Read.SERVICE_ENTRY, entry())
    assert listed(Read.SERVICE_ENTRY, entry(), ours={"uid-1"}) == []


@pytest.mark.parametrize(
    ("export_to", "serves", "granted"),
    [
        (["."], ("shop",), (HOST,)),
        (["*"], ("*",), (HOST,)),
        (["data"], ("data",), ()),
        (["~"], (), ()),
        (None, ("*",), (HOST,)),
    ],
)
def test_whom_an_entry_serves_decides_whether_it_meets_a_grant(
    export_to: Any, serves: tuple[str, ...], granted: tuple[str, ...]
) -> None:
    (way,) = listed(Read.SERVICE_ENTRY, entry(exportTo=export_to), hosts={HOST: ["shop"]})
    assert (way.serves, way.granted) == (serves, granted)


def test_long_lists_of_one_object_are_cut() -> None:
    hosts = [f"h{number}.example.com" for number in range(50)]
    (way,) = listed(Read.SERVICE_ENTRY, entry(hosts=hosts))
    assert len(way.hosts) == 20
    assert "47 more" in way.sentence


@pytest.mark.parametrize(
    ("wild", "host", "is_listed"),
    [
        ("*.partner.internal", "a.partner.internal", True),
        ("*.partner.internal", "*.a.partner.internal", True),
        ("*r.internal", "ar.internal", True),
        ("*.partner.internal", "partner.internal", False),
        ("*", "database", True),
        ("*.partner.internal", "database", False),
    ],
)
def test_a_rule_for_a_host_that_somebody_s_wildcard_opens_is_listed(
    wild: str, host: str, is_listed: bool
) -> None:
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "rule", "namespace": "shop", "uid": "u"},
        "spec": {"host": host},
    }
    opens = {Read.SERVICE_ENTRY: (entry(hosts=[wild]),), Read.DESTINATION_RULE: (rule,)}
    inside = replace(CLUSTER, cluster_domain="internal")
    found = ways_out(Snapshot(objects=opens), inside, inventory(), ours=(), hosts={})
    assert ("rule" in {way.key.name for way in found}) == is_listed


def test_a_route_that_sends_copies_outside_is_listed() -> None:
    copies = {"mirror": {"host": HOST}, "route": [{"destination": {"host": "web"}}]}
    route = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "copies", "namespace": "shop", "uid": "u"},
        "spec": {"hosts": ["web.shop.svc.cluster.local"], "http": [copies]},
    }
    opens = {Read.SERVICE_ENTRY: (entry(),), Read.VIRTUAL_SERVICE: (route,)}
    found = ways_out(Snapshot(objects=opens), CLUSTER, inventory(), ours=(), hosts={})
    assert "copies" in {way.key.name for way in found}
