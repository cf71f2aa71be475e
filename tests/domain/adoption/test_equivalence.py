"""An entry of somebody else is adopted only when grants open exactly the same."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Enforcement, Protocol, Resolution, Subject
from egress.domain.adoption import Adoptable, Refusal, Surrounding, equivalence, judge, read_entry
from egress.domain.explain import Mesh
from egress.domain.manifests.static import static_objects
from egress.domain.render import render
from tests.domain.adoption.entries import HOST, entry, surrounding

TLS, TCP, HTTP = Protocol.TLS, Protocol.TCP, Protocol.HTTP
GATEWAY, SIDECAR, AMBIENT = Enforcement.GATEWAY, Enforcement.SIDECAR, Enforcement.AMBIENT


def refusal(obj: Any, around: Surrounding | None = None) -> Refusal:
    found = judge(obj, around or surrounding())
    assert isinstance(found, Refusal), found
    return found


def adopted(obj: Any, around: Surrounding | None = None) -> Adoptable:
    found = judge(obj, around or surrounding())
    assert isinstance(found, Adoptable), found
    return found


@pytest.mark.parametrize("enforcement", [SIDECAR, GATEWAY])
@pytest.mark.parametrize(
    ("said", "protocol"), [("TLS", TLS), ("HTTPS", TLS), ("TCP", TCP), ("HTTP", HTTP)]
)
def test_an_entry_of_one_namespace_and_host_can_be_adopted(
    enforcement: Enforcement, said: str, protocol: Protocol
) -> None:
    port = {"number": 8080, "name": "p", "protocol": said}
    found = adopted(entry(ports=[port]), surrounding(enforcement))

    assert found.namespace == "shop"
    assert found.destinations == (Destination(HOST, 8080, protocol),)
    assert found.objects


def test_all_ports_and_hosts_are_adopted_together() -> None:
    ports = [
        {"number": 443, "name": "a", "protocol": "HTTPS"},
        {"number": 80, "name": "b", "protocol": "HTTP"},
    ]
    found = adopted(entry(hosts=[HOST, "b.example.com"], ports=ports))
    assert {(one.host, one.port) for one in found.destinations} == {
        (HOST, 443),
        (HOST, 80),
        ("b.example.com", 443),
        ("b.example.com", 80),
    }


def test_long_lived_connections_stay_long_lived() -> None:
    found = adopted(entry(resolution="DNS_ROUND_ROBIN"))
    assert found.destinations[0].resolution is Resolution.DNS_ROUND_ROBIN


def test_a_wildcard_can_be_adopted_where_it_can_be_granted() -> None:
    wild = entry(hosts=["*.example.com"], resolution="DYNAMIC_DNS")
    assert adopted(wild).destinations[0].is_wildcard
    assert refusal(wild, surrounding(GATEWAY)).sentence


def test_what_the_mesh_exports_by_default_counts_when_the_entry_does_not_say() -> None:
    assert adopted(entry(exportTo=None), surrounding(default_export=(".",)))
    assert refusal(entry(exportTo=None)).reason == "ExportedToAll"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"exportTo": ["*"]}, "ExportedToAll"),
        ({"exportTo": [".", "data"]}, "ExportedToOthers"),
        ({"exportTo": ["data"]}, "ExportedToOthers"),
        ({"exportTo": ["~"]}, "ExportedToOthers"),
        ({"workloadSelector": {"labels": {"app": "a"}}}, "WorkloadsSelected"),
        ({"endpoints": [{"address": "203.0.113.5"}]}, "EndpointsFixed"),
        ({"addresses": ["203.0.113.5"]}, "AddressesFixed"),
        ({"subjectAltNames": ["spiffe://x"]}, "NamesChecked"),
        ({"resolution": "STATIC"}, "ResolutionNotAdoptable"),
        ({"resolution": "NONE"}, "ResolutionNone"),
        ({"resolution": None}, "ResolutionNone"),
        ({"resolution": "DYNAMIC_DNS"}, "WildcardResolution"),
        ({"hosts": ["*.example.com"]}, "WildcardResolution"),
        ({"hosts": ["API.example.com"]}, "HostNotCanonical"),
        ({"hosts": ["localhost"]}, "HostNotAllowed"),
        ({"hosts": []}, "NoHost"),
        ({"hosts": [HOST, HOST]}, "HostTwice"),
        ({"hosts": HOST}, "NotReadable"),
        ({"location": "MESH_INTERNAL"}, "NotExternal"),
        ({"ports": []}, "NoPort"),
        ({"ports": [{"number": 443, "name": "p", "protocol": "MONGO"}]}, "ProtocolNotAdoptable"),
        ({"ports": [{"number": 443, "name": "p"}]}, "ProtocolNotAdoptable"),
        ({"ports": [{"number": 0, "name": "p", "protocol": "TLS"}]}, "PortUnknown"),
        (
            {"ports": [{"number": 80, "name": "p", "protocol": "HTTP", "targetPort": 443}]},
            "PortLeadsElsewhere",
        ),
        ({"ports": [{"number": 443, "name": "p", "protocol": "TLS", "new": 1}]}, "FieldNotKnown"),
        ({"newField": True}, "FieldNotKnown"),
    ],
)
def test_what_says_more_than_a_grant_can_is_refused(spec: dict[str, Any], reason: str) -> None:
    found = refusal(entry(**spec))
    assert found.reason == reason
    assert found.sentence.endswith(".")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"ownerReferences": [{"kind": "App", "name": "a"}]}, "OwnedByAnother"),
        ({"finalizers": ["example.com/wait"]}, "HasFinalizer"),
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, "BeingDeleted"),
        ({"labels": {"istio.io/rev": "canary"}}, "MeshSettingSet"),
        ({"labels": {"istio.io/use-waypoint": "w"}}, "MeshSettingSet"),
        ({"annotations": {"networking.istio.io/exportTo": "*"}}, "MeshSettingSet"),
        ({"namespace": "istio-system"}, "NamespaceNotServed"),
        ({"namespace": "unknown"}, "NamespaceNotServed"),
    ],
)
def test_what_others_hold_on_to_is_refused(metadata: dict[str, Any], reason: str) -> None:
    obj = entry()
    obj["metadata"] |= metadata
    assert refusal(obj).reason == reason


def test_an_ambient_namespace_gains_a_decision_it_did_not_have() -> None:
    assert refusal(entry(), surrounding(AMBIENT)).reason == "EnforcementDiffers"


def test_pods_without_a_proxy_are_not_served_by_an_entry() -> None:
    assert refusal(entry(), surrounding(facts={"injected": False})).reason == "NotInMesh"


def test_an_entry_with_the_name_of_ours_is_refused() -> None:
    obj = entry()
    obj["metadata"]["name"] = adopted(obj).objects[0]["metadata"]["name"]
    assert refusal(obj).reason == "NameTaken"


def test_behind_the_gateway_the_name_is_free_because_ours_lies_elsewhere() -> None:
    obj = entry()
    obj["metadata"]["name"] = adopted(obj).objects[0]["metadata"]["name"]
    assert adopted(obj, surrounding(GATEWAY))


def test_a_host_that_is_granted_to_the_namespace_already_is_refused() -> None:
    granted = Access(Subject("shop", "web"), Destination(HOST, 5432, TCP))
    found = refusal(entry(), surrounding(GATEWAY, accesses=[granted]))
    assert found.reason == "GrantedAlready"


def test_a_host_that_others_were_granted_stays_as_it_is_for_them() -> None:
    theirs = Access(Subject("data"), Destination(HOST, 443, TLS))
    assert adopted(entry(), surrounding(GATEWAY, accesses=[theirs]))


def test_grants_that_contradict_the_entry_refuse_it() -> None:
    theirs = Access(Subject("data"), Destination(HOST, 443, TCP))
    assert refusal(entry(), surrounding(GATEWAY, accesses=[theirs])).sentence


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "VirtualService", "spec": {"hosts": [HOST]}},
        {"kind": "VirtualService", "spec": {"hosts": ["*.example.com"]}},
        {"kind": "DestinationRule", "spec": {"host": HOST}},
        {"kind": "ServiceEntry", "spec": {"hosts": [HOST], "exportTo": ["*"]}},
    ],
)
def test_what_others_say_on_the_host_refuses_it(other: dict[str, Any]) -> None:
    named = {"name": "theirs", "namespace": "data"}
    other |= {"apiVersion": "networking.istio.io/v1", "metadata": named}
    assert refusal(entry(), surrounding(others=[other])).reason == "OthersHaveASay"


def test_what_others_say_among_themselves_does_not_matter() -> None:
    other = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "theirs", "namespace": "data"},
        "spec": {"host": HOST, "exportTo": ["."]},
    }
    assert adopted(entry(), surrounding(others=[other]))


def test_a_sidecar_that_hides_the_entry_makes_the_difference() -> None:
    hides = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": "shop"},
        "spec": {"egress": [{"hosts": ["istio-egress/*"]}]},
    }
    found = refusal(entry(), surrounding(GATEWAY, sidecars=[hides]))
    assert found.reason == "NotEquivalent"
    assert "would reach" in found.sentence


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "VirtualService", "spec": {"hosts": ["*.example.com"]}},
        {"kind": "VirtualService", "spec": {"hosts": ["*x.example.com"]}},
        {"kind": "DestinationRule", "spec": {"host": "*.example.com"}},
    ],
)
def test_a_wildcard_has_a_say_on_names_that_are_no_longer_than_itself(said: dict[str, Any]) -> None:
    named = {"name": "theirs", "namespace": "data"}
    other = {**said, "apiVersion": "networking.istio.io/v1", "metadata": named}
    found = refusal(entry(hosts=["x.example.com"]), surrounding(others=[other]))
    assert found.reason == "OthersHaveASay"


@pytest.mark.parametrize("family", ["http", "tls", "tcp"])
def test_a_route_of_another_host_that_leads_to_this_one_has_a_say_too(family: str) -> None:
    other = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "theirs", "namespace": "shop"},
        "spec": {
            "hosts": ["front.example.net"],
            family: [{"route": [{"destination": {"host": HOST, "port": {"number": 443}}}]}],
        },
    }
    found = refusal(entry(), surrounding(GATEWAY, others=[other]))
    assert found.reason == "OthersHaveASay"


@pytest.mark.parametrize("seen", ["./*", "istio-egress/*"])
def test_a_sidecar_of_some_workloads_that_sees_one_place_only_makes_the_difference(
    seen: str,
) -> None:
    some = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "some", "namespace": "shop"},
        "spec": {
            "workloadSelector": {"labels": {"app": "web"}},
            "egress": [{"hosts": [seen]}],
        },
    }
    assert refusal(entry(), surrounding(GATEWAY, sidecars=[some])).reason == "NotEquivalent"


def test_a_sidecar_of_some_workloads_that_sees_both_places_makes_none() -> None:
    some = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "some", "namespace": "shop"},
        "spec": {"workloadSelector": {"labels": {"app": "web"}}, "egress": [{"hosts": ["*/*"]}]},
    }
    assert adopted(entry(), surrounding(GATEWAY, sidecars=[some]))


def test_an_entry_with_more_destinations_than_a_request_may_have_is_refused_unread() -> None:
    ports = [{"number": n, "name": f"p-{n}", "protocol": "TLS"} for n in range(1, 6)]
    found = refusal(entry(hosts=[f"h{n}.example.com" for n in range(5)], ports=ports))
    assert found.reason == "TooManyDestinations"
    more = surrounding(most_destinations=25)
    assert adopted(entry(hosts=[f"h{n}.example.com" for n in range(5)], ports=ports), more)


def test_namespaces_that_nothing_names_are_asked_about_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    around = surrounding()
    facts = dict(around.inventory.namespaces)
    facts |= {f"n{n}": replace(facts["data"], name=f"n{n}") for n in range(200)}
    asked: set[str] = set()
    real = Mesh.can

    def can(self: Mesh, subject: Subject, *said: Any) -> Any:
        asked.add(subject.namespace)
        return real(self, subject, *said)

    monkeypatch.setattr(Mesh, "can", can)
    assert adopted(entry(), replace(around, inventory=replace(around.inventory, namespaces=facts)))
    assert "shop" in asked
    assert 2 <= len(asked) <= 5


def test_an_entry_with_a_wildcard_is_refused_beside_a_name_that_it_covers() -> None:
    other = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "theirs", "namespace": "data"},
        "spec": {"host": "a.example.com"},
    }
    wild = entry(hosts=["*.example.com"], resolution="DYNAMIC_DNS")
    assert refusal(wild, surrounding(others=[other])).reason == "OthersHaveASay"


def test_other_hosts_and_objects_for_other_namespaces_have_no_say() -> None:
    others = [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": {"name": name, "namespace": "data"},
            "spec": {"hosts": [host], "exportTo": targets},
        }
        for name, host, targets in (("a", "other.example.com", ["*"]), ("b", HOST, ["."]))
    ]
    assert adopted(entry(), surrounding(others=others))


@pytest.mark.parametrize(
    "listener", [{"port": {"number": 9999, "protocol": "TLS", "name": "p"}}, {"bind": "127.0.0.1"}]
)
@pytest.mark.parametrize("place", ["shop", "istio-system"])
def test_a_sidecar_that_shows_hosts_on_some_ports_only_is_not_understood(
    listener: dict[str, Any], place: str
) -> None:
    shows = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "default", "namespace": place},
        "spec": {"egress": [{"hosts": ["./*"]}, {**listener, "hosts": ["istio-egress/*"]}]},
    }
    found = refusal(entry(), surrounding(GATEWAY, sidecars=[shows]))
    assert found.reason == "SidecarNotUnderstood"


# Properties: an oracle that knows entries only, not what the portal renders.

PORTS = st.sampled_from([22, 80, 443, 5432])
GOOD = st.sampled_from(["TLS", "HTTPS", "TCP", "HTTP", "HTTP2", "GRPC"])
SPEAKS = {
    "TLS": {TLS},
    "HTTPS": {TLS},
    "TCP": set(Protocol),
    **{said: {p for p in Protocol if p.is_http_family} for said in ("HTTP", "HTTP2", "GRPC")},
}


@st.composite
def fitting(draw: st.DrawFn) -> Any:
    ports = draw(st.lists(st.tuples(PORTS, GOOD), min_size=1, max_size=3, unique_by=lambda p: p[0]))
    hosts = draw(
        st.lists(st.sampled_from([HOST, "b.example.com", "c.example.net"]), min_size=1, unique=True)
    )
    return entry(
        hosts=hosts,
        exportTo=draw(st.sampled_from([["."], ["shop"], [".", "shop"]])),
        resolution=draw(st.sampled_from(["DNS", "DNS_ROUND_ROBIN"])),
        ports=[{"number": n, "name": f"p-{n}", "protocol": said} for n, said in ports],
    )


MUTATIONS: list[tuple[str, Any]] = [
    ("exportTo", ["*"]),
    ("exportTo", [".", "data"]),
    ("exportTo", None),
    ("resolution", "NONE"),
    ("resolution", "STATIC"),
    ("resolution", "DYNAMIC_DNS"),
    ("resolution", None),
    ("location", "MESH_INTERNAL"),
    ("location", None),
    ("hosts", ["*.example.com"]),
    ("hosts", ["UPPER.example.com"]),
    ("hosts", ["a.b", "a.b"]),
    ("endpoints", [{"address": "198.51.100.4"}]),
    ("addresses", ["198.51.100.0/24"]),
    ("workloadSelector", {"labels": {"app": "a"}}),
    ("subjectAltNames", ["x"]),
    ("ports", [{"number": 443, "name": "p", "protocol": "TLS", "targetPort": 8443}]),
    ("ports", [{"number": 443, "name": "p", "protocol": "MYSQL"}]),
    ("ports", [{"number": 443, "name": "p", "protocol": "TLS", "targetPort": 443}]),
    ("ports", "443"),
    ("unknown", {"a": 1}),
]


def opens(obj: Any, namespace: str, host: str, port: int, protocol: Protocol) -> bool:
    """What an entry says, read without any of the product's code."""
    spec = obj["spec"]
    if namespace != "shop" and not {"*", namespace} & set(spec.get("exportTo", ["*"])):
        return False
    for pattern in spec["hosts"]:
        wild = pattern.startswith("*") and host.endswith(pattern[1:]) and host != pattern[2:]
        if host == pattern or wild:
            return any(
                p["number"] == port and protocol in SPEAKS.get(p["protocol"], set())
                for p in spec["ports"]
            )
    return False


def assert_same(obj: Any, found: Adoptable, around: Surrounding) -> None:
    cluster, known = around.cluster, around.inventory
    accesses = [Access(Subject("shop"), one) for one in found.destinations]
    denies = [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": "default", "namespace": name},
            "spec": {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
        }
        for name in known.namespaces
    ]
    objects = [
        *static_objects(cluster, enforcements={cluster.enforcement}),
        *denies,
        *render(cluster, known, accesses),
    ]
    mesh = Mesh(objects, cluster=cluster, inventory=known)
    for namespace in known.namespaces:
        for account in ("", "web"):
            for host in (*obj["spec"]["hosts"], "x.example.com", "stranger.example.org"):
                for port in (22, 80, 443, 5432, 9999):
                    for protocol in (HTTP, TLS, TCP):
                        said = mesh.can(Subject(namespace, account), host, port, protocol).allowed
                        assert said == opens(obj, namespace, host, port, protocol), (
                            namespace,
                            host,
                            port,
                            protocol,
                        )


@settings(deadline=None, max_examples=60)
@given(obj=fitting(), enforcement=st.sampled_from([SIDECAR, GATEWAY]))
def test_what_is_adopted_opens_exactly_the_same(obj: Any, enforcement: Enforcement) -> None:
    around = surrounding(enforcement)
    found = judge(obj, around)
    if isinstance(found, Adoptable):
        assert_same(obj, found, around)
    else:
        # Ports that contradict each other, such as TCP beside HTTP on one host's address.
        assert found.sentence


@settings(deadline=None, max_examples=60)
@given(
    obj=fitting(),
    change=st.sampled_from(MUTATIONS),
    enforcement=st.sampled_from([SIDECAR, GATEWAY]),
)
def test_what_is_changed_at_random_is_refused_or_the_same(
    obj: Any, change: tuple[str, Any], enforcement: Enforcement
) -> None:
    changed = copy.deepcopy(obj)
    field, value = change
    if value is None:
        changed["spec"].pop(field, None)
    else:
        changed["spec"][field] = value
    around = surrounding(enforcement)
    found = judge(changed, around)
    if isinstance(found, Adoptable):
        assert_same(changed, found, around)


def test_an_entry_that_opens_more_than_it_says_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(obj: Any, default: Any) -> Any:
        read = read_entry(obj, default)
        more = Destination(HOST, 8443, TLS)
        return type(read)(read.namespace, read.name, (*read.destinations, more))

    monkeypatch.setattr(equivalence, "read_entry", careless)
    assert refusal(entry()).reason == "NotEquivalent"
