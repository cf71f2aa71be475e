"""What grants are turned into: the examples of istio.md 2.5, and what is never written."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, ClusterProfile, Destination, Enforcement, Protocol, Subject
from egress.domain.manifests.check import check_object
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import KubeObject, content_hash, key_of
from egress.domain.render import (
    CannotRender,
    render,
    render_slice,
    render_what_can,
    to_yaml,
)
from egress.domain.slices import host_slice, namespace_slice
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
YAHOO = to("developer.yahoo.com", 80, HTTP, origination=True)


def spec_of(objects: list[KubeObject], kind: str) -> KubeObject:
    """The spec of the only object of a kind."""
    (found,) = [obj for obj in objects if obj["kind"] == kind]
    spec: KubeObject = found["spec"]
    return spec


def test_a_tls_grant_is_one_service_entry() -> None:
    (entry,) = render(CLUSTER, inventory(), [grant(to("developers.google.com"))])
    assert entry["apiVersion"] == "networking.istio.io/v1"
    assert entry["metadata"]["name"] == "eg-developers-google-com-1a7d7b4541"
    assert entry["metadata"]["namespace"] == "default"
    assert entry["spec"] == {
        "hosts": ["developers.google.com"],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
    }


def test_tls_origination_is_a_target_port_and_a_rule_that_checks_the_name() -> None:
    objects = render(CLUSTER, inventory(), [grant(YAHOO, "otherns")])
    assert spec_of(objects, "ServiceEntry")["ports"] == [
        {"number": 80, "name": "http-80", "protocol": "HTTP", "targetPort": 443}
    ]
    assert spec_of(objects, "DestinationRule") == {
        "host": "developer.yahoo.com",
        "exportTo": ["."],
        "trafficPolicy": {
            "portLevelSettings": [
                {
                    "port": {"number": 80},
                    "tls": {
                        "mode": "SIMPLE",
                        "sni": "developer.yahoo.com",
                        "subjectAltNames": ["developer.yahoo.com"],
                    },
                }
            ]
        },
    }


def test_all_ports_of_a_host_share_one_entry_in_their_order() -> None:
    grants = [grant(to("a.example.com", port)) for port in (8443, 443, 9443)]
    objects = render(CLUSTER, inventory(), [*grants, grant(to("a.example.com", 80, HTTP, True))])
    numbers = [port["number"] for port in spec_of(objects, "ServiceEntry")["ports"]]
    assert numbers == [80, 443, 8443, 9443]


def test_two_namespaces_have_an_entry_each() -> None:
    objects = render(
        CLUSTER, inventory(), [grant(to("a.example.com"), name) for name in ("otherns", "default")]
    )
    assert [obj["metadata"]["namespace"] for obj in objects] == ["default", "otherns"]


def test_default_deny_is_a_sidecar_of_its_own() -> None:
    objects = render(CLUSTER, inventory(namespace("default", default_deny=True)), [])
    assert spec_of(objects, "Sidecar") == {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    assert objects[0]["metadata"]["name"] == "default"


def test_a_grant_alone_never_switches_default_deny_on() -> None:
    objects = render(CLUSTER, inventory(), [grant(to("a.example.com"))])
    assert [obj["kind"] for obj in objects] == ["ServiceEntry"]


def test_a_slice_holds_the_objects_of_its_namespace_only() -> None:
    known = inventory(
        namespace("default", default_deny=True), namespace("otherns", default_deny=True)
    )
    grants = [grant(to("a.example.com")), grant(YAHOO, "otherns")]
    whole = render(CLUSTER, known, grants)
    parts = [
        render_slice(namespace_slice(name), CLUSTER, known, grants).objects
        for name in ("default", "otherns")
    ]
    assert [*parts[0], *parts[1]] == whole
    assert {obj["metadata"]["namespace"] for obj in parts[1]} == {"otherns"}


def test_a_host_slice_holds_the_shared_objects_of_that_host_only() -> None:
    cluster = ClusterProfile("portal-a", Enforcement.AMBIENT)
    grants = [grant(to("a.example.com")), grant(to("b.example.com"), "otherns")]
    one = render_slice(host_slice("a.example.com"), cluster, inventory(), grants).objects
    assert one == render(cluster, inventory(), grants[:1])


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (grant(to("203.0.113.0/24", 80, HTTP)), "DestinationNotSupported"),
        (grant(to("*.example.com", 443)), "DestinationNotSupported"),
        (grant(YAHOO, "otherns", "billing"), "ServiceAccountNotEnforced"),
        (grant(to("a.example.com"), "kube-system"), "NamespaceProtected"),
        (grant(to("a.example.com"), "istio-system"), "NamespaceProtected"),
        (grant(to("a.example.com"), "../etc"), "NamespaceMalformed"),
        (grant(to("A.example.com")), "HostNotCanonical"),
        (grant(to("127.0.0.1")), "HostNotCanonical"),
        (grant(to("a.example.com\nhosts: ['*']")), "HostNotCanonical"),
        (grant(to("a.example.com", 0)), "PortOutOfRange"),
        (grant(to("a.example.com", 8080, HTTP, True)), "OriginationNotSupported"),
        (grant(to("a.example.com", 80, TLS, True)), "OriginationNotSupported"),
    ],
)
def test_what_has_no_safe_objects_is_refused_with_the_grant_named(
    access: Access, reason: str
) -> None:
    with pytest.raises(CannotRender) as refusal:
        render(CLUSTER, inventory(), [access])
    assert refusal.value.reason == reason
    assert refusal.value.accesses == (access,)


@pytest.mark.parametrize("name", ["istio-system", "kube-system", "istio-egress"])
def test_the_cluster_itself_never_gets_a_default_deny(name: str) -> None:
    with pytest.raises(CannotRender) as refusal:
        render(CLUSTER, inventory(namespace(name, default_deny=True)), [])
    assert refusal.value.reason == "NamespaceProtected"


def test_grants_that_contradict_each_other_hold_back_themselves_and_nothing_else() -> None:
    clash = [grant(to("a.example.com", 80, HTTP)), grant(to("a.example.com", 80, HTTP, True))]
    fine = [grant(to("a.example.com", 443)), grant(to("b.example.com"))]
    rendering = render_what_can(CLUSTER, inventory(), [*clash, *fine])
    assert rendering.objects == render(CLUSTER, inventory(), fine)
    (refusal,) = rendering.refused
    assert refusal.reason == "ProtocolConflict"
    assert set(refusal.accesses) == set(clash)


@pytest.mark.parametrize("installation", ["", "a b", "-a", "x" * 64, "ü"])
def test_an_installation_id_that_is_no_label_renders_nothing(installation: str) -> None:
    with pytest.raises(CannotRender, match="cannot be a label"):
        render(ClusterProfile(installation), inventory(), [])


def test_the_content_hash_covers_every_decision_and_not_itself() -> None:
    (one,) = render(CLUSTER, inventory(), [grant(to("a.example.com"))])
    (other,) = render(CLUSTER, inventory(), [grant(to("a.example.com", 8443))])
    (elsewhere,) = render(ClusterProfile("portal-b"), inventory(), [grant(to("a.example.com"))])
    hashes = [
        obj["metadata"]["annotations"][CONTENT_HASH_ANNOTATION] for obj in (one, other, elsewhere)
    ]
    assert len(set(hashes)) == 3
    assert hashes[0] == content_hash(one)


HOSTS = st.from_regex(
    r"[a-z][a-z0-9]{0,15}(-[a-z0-9]{1,9})?(\.[a-z][a-z0-9]{0,9}){0,3}\.(com|co\.uk|org)",
    fullmatch=True,
)
DESTINATIONS = st.one_of(
    st.builds(
        Destination, HOSTS, st.integers(1, 65535), st.sampled_from([TLS, HTTP, Protocol.GRPC])
    ),
    st.builds(
        Destination, HOSTS, st.just(80), st.sampled_from([HTTP, Protocol.HTTP2]), st.just(True)
    ),
)
GRANTS = st.lists(
    st.builds(Access, st.sampled_from([Subject("default"), Subject("otherns")]), DESTINATIONS),
    max_size=12,
)


@settings(max_examples=70, deadline=None)
@given(GRANTS, st.randoms(use_true_random=False))
def test_the_same_grants_give_the_same_bytes_in_any_order(
    grants: list[Access], luck: random.Random
) -> None:
    shuffled = [*grants, *grants[:2]]
    luck.shuffle(shuffled)
    one = render_what_can(CLUSTER, inventory(), grants)
    other = render_what_can(CLUSTER, inventory(), shuffled)
    assert to_yaml(one.objects).encode() == to_yaml(other.objects).encode()
    assert len(one.refused) == len(other.refused)


@settings(max_examples=70, deadline=None)
@given(GRANTS)
def test_every_rendered_object_passes_the_last_guard_and_is_there_once(
    grants: list[Access],
) -> None:
    objects = render_what_can(CLUSTER, inventory(), grants).objects
    assert [check_object(obj) for obj in objects] == [[]] * len(objects)
    assert len({key_of(obj) for obj in objects}) == len(objects)


@settings(max_examples=70, deadline=None)
@given(GRANTS)
def test_the_objects_open_exactly_the_granted_ports(grants: list[Access]) -> None:
    rendering = render_what_can(CLUSTER, inventory(), grants)
    refused = {access for refusal in rendering.refused for access in refusal.accesses}
    opened = {
        (
            obj["metadata"]["namespace"],
            obj["spec"]["hosts"][0],
            port["number"],
            port["protocol"],
            "targetPort" in port,
        )
        for obj in rendering.objects
        if obj["kind"] == "ServiceEntry"
        for port in obj["spec"]["ports"]
    }
    granted = {
        (a.subject.namespace, d.host, d.port, d.protocol.value, d.tls_origination)
        for a in set(grants) - refused
        for d in [a.destination]
    }
    assert opened == granted
