"""Central entries: shared ServiceEntries that each namespace's Sidecar admits (istio.md 2.6)."""

from dataclasses import replace

from egress.domain.access import Access, ClusterProfile, Enforcement, Protocol
from egress.domain.objects import KubeObject
from egress.domain.render import render, render_what_can
from tests.domain.examples import grant, inventory, namespace, to
from tests.domain.specification import bare, printed

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
CLUSTER = ClusterProfile("portal-a", central_entries=True)
CLOSED = inventory(namespace("default", default_deny=True), namespace("otherns", default_deny=True))
UBUNTU = to("archive.ubuntu.com", 80, HTTP)


def named(objects: list[KubeObject], kind: str, namespace: str) -> KubeObject:
    """The only object of a kind in a namespace."""
    (found,) = [
        obj for obj in objects if obj["kind"] == kind and obj["metadata"]["namespace"] == namespace
    ]
    return found


def hosts_of(objects: list[KubeObject], namespace: str) -> list[str]:
    """What the Sidecar of a namespace admits."""
    (listener,) = named(objects, "Sidecar", namespace)["spec"]["egress"]
    found: list[str] = listener["hosts"]
    return found


def test_the_grant_of_the_specification_gives_its_objects() -> None:
    known = inventory(namespace("default", default_deny=True))
    assert bare(render(CLUSTER, known, [grant(UBUNTU)])) == bare(printed("2.6"))


def test_two_namespaces_share_the_entry_and_each_admits_its_own_hosts() -> None:
    grants = [grant(UBUNTU), grant(UBUNTU, "otherns"), grant(to("b.example.com"), "otherns")]
    objects = render(CLUSTER, CLOSED, grants)
    exported = {
        obj["spec"]["hosts"][0]: obj["spec"]["exportTo"]
        for obj in objects
        if obj["kind"] == "ServiceEntry"
    }
    assert exported == {
        "archive.ubuntu.com": [".", "default", "otherns"],
        "b.example.com": [".", "otherns"],
    }
    assert hosts_of(objects, "default")[2:] == ["istio-egress/archive.ubuntu.com"]
    assert hosts_of(objects, "otherns")[2:] == [
        "istio-egress/archive.ubuntu.com",
        "istio-egress/b.example.com",
    ]


def test_the_rule_that_originates_tls_reaches_the_clients_that_need_it() -> None:
    yahoo = to("developer.yahoo.com", 80, HTTP, origination=True)
    objects = render(CLUSTER, CLOSED, [grant(yahoo), grant(yahoo, "otherns")])
    rule = named(objects, "DestinationRule", "istio-egress")
    assert rule["spec"]["exportTo"] == [".", "default", "otherns"]


def test_in_mesh_hosts_that_an_admin_named_stay_in_the_list() -> None:
    kept = ("payments/api.payments.svc.cluster.local", "data/*", "./*")
    known = inventory(namespace("default", default_deny=True, mesh_hosts=kept))
    assert hosts_of(render(CLUSTER, known, []), "default") == [
        "./*",
        "istio-system/*",
        "data/*",
        "payments/api.payments.svc.cluster.local",
    ]


def test_address_ranges_are_admitted_by_the_name_that_stands_for_them() -> None:
    objects = render(CLUSTER, CLOSED, [grant(to("203.0.113.0/24", 8443, TCP))])
    entry = named(objects, "ServiceEntry", "istio-egress")
    assert f"istio-egress/{entry['spec']['hosts'][0]}" in hosts_of(objects, "default")


def test_a_namespace_with_another_enforcement_has_no_host_list() -> None:
    known = inventory(
        namespace("default", default_deny=True, enforcement=Enforcement.GATEWAY),
        namespace("otherns", default_deny=True),
    )
    objects = render(CLUSTER, known, [])
    assert "egress" not in named(objects, "Sidecar", "default")["spec"]
    assert "egress" in named(objects, "Sidecar", "otherns")["spec"]


def test_without_central_entries_there_is_no_host_list() -> None:
    objects = render(replace(CLUSTER, central_entries=False), CLOSED, [grant(UBUNTU)])
    assert "egress" not in named(objects, "Sidecar", "default")["spec"]
    assert named(objects, "ServiceEntry", "default")["spec"]["exportTo"] == ["."]


def test_an_alias_has_its_objects_where_it_is_used_and_its_entry_where_it_is_shared() -> None:
    objects = render(CLUSTER, CLOSED, [grant(replace(UBUNTU, alias="os-mirror"))])
    assert named(objects, "Service", "default")["spec"]["externalName"] == "archive.ubuntu.com"
    assert named(objects, "VirtualService", "default")["spec"]["hosts"] == ["archive.ubuntu.com"]
    assert named(objects, "ServiceEntry", "istio-egress")["spec"]["exportTo"] == [".", "default"]


def test_a_fixed_address_with_a_name_needs_no_shared_entry() -> None:
    old = Access(grant(UBUNTU).subject, replace(to("203.0.113.13/32", 5432, TCP), alias="old-db"))
    objects = render(CLUSTER, CLOSED, [old])
    assert {obj["metadata"]["namespace"] for obj in objects} == {"default", "otherns"}
    assert named(objects, "EndpointSlice", "default")["endpoints"][0]["addresses"] == [
        "203.0.113.13"
    ]


def test_what_contradicts_itself_is_not_admitted_either() -> None:
    grants = [grant(UBUNTU), grant(to("archive.ubuntu.com", 8080, HTTP), "otherns")]
    rendering = render_what_can(CLUSTER, CLOSED, grants)
    assert [refusal.reason for refusal in rendering.refused] == ["CentralPortsDiffer"]
    assert {obj["kind"] for obj in rendering.objects} == {"Sidecar"}
    assert hosts_of(rendering.objects, "default") == ["./*", "istio-system/*"]
