"""Enforcement by the waypoint: the objects of istio.md 5.1, and who they let through."""

from dataclasses import replace
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, Protocol
from egress.domain.objects import KubeObject
from egress.domain.render import render
from tests.domain.examples import grant, inventory, to
from tests.domain.specification import bare, printed

HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
CLUSTER = ClusterProfile("portal-a", Enforcement.AMBIENT)
API = to("api.example.com")


def only(objects: list[KubeObject], kind: str) -> KubeObject:
    """The only object of a kind."""
    (found,) = [obj for obj in objects if obj["kind"] == kind]
    return found


def rules_of(objects: list[KubeObject]) -> list[dict[str, Any]]:
    """The rules of the only policy."""
    found: list[dict[str, Any]] = only(objects, "AuthorizationPolicy")["spec"]["rules"]
    return found


def test_the_grants_of_the_specification_give_its_objects() -> None:
    grants = [
        grant(to("developers.google.com")),
        grant(to("developer.yahoo.com", 80, HTTP, origination=True), "otherns", "sleep-yahoo"),
        grant(to("archive.ubuntu.com", 80, HTTP)),
        grant(to("db.example.net", 5432, TCP), "otherns", "billing"),
    ]
    static = {"egress-waypoint", "egress-waypoint-default-deny"}
    per_host = [obj for obj in printed("5.1") if obj["metadata"]["name"] not in static]
    assert bare(render(CLUSTER, inventory(), grants)) == bare(per_host)


def test_five_ports_of_a_host_are_five_rules_of_one_policy() -> None:
    ports = (80, 443, 5432, 8080, 8443)
    spoken = {80: HTTP, 8080: HTTP, 5432: TCP}
    grants = [
        grant(to("a.example.com", port, spoken.get(port, TLS)), "default", f"account-{port}")
        for port in ports
    ]
    objects = render(CLUSTER, inventory(), grants)
    assert len(only(objects, "ServiceEntry")["spec"]["ports"]) == 5
    found = {
        rule["to"][0]["operation"]["ports"][0]: rule["from"][0]["source"]["principals"]
        for rule in rules_of(objects)
    }
    assert found == {str(port): [f"cluster.local/ns/default/sa/account-{port}"] for port in ports}


def test_http_on_another_port_is_asked_for_with_its_port() -> None:
    (rule,) = rules_of(render(CLUSTER, inventory(), [grant(to("a.example.com", 8080, HTTP))]))
    assert rule["to"] == [{"operation": {"ports": ["8080"], "hosts": ["a.example.com:8080"]}}]


def test_tls_says_the_name_and_tcp_has_none_to_say() -> None:
    grants = [grant(API), grant(to("api.example.com", 9000, TCP))]
    tls, tcp = rules_of(render(CLUSTER, inventory(), grants))
    assert tls["when"] == [{"key": "connection.sni", "values": ["api.example.com"]}]
    assert "when" not in tcp
    assert "hosts" not in tls["to"][0]["operation"] | tcp["to"][0]["operation"]


def test_namespaces_and_accounts_that_share_a_port_share_its_rule() -> None:
    grants = [grant(API), grant(API, "otherns", "billing"), grant(API, "otherns", "a.b")]
    (rule,) = rules_of(render(CLUSTER, inventory(), grants))
    assert rule["from"] == [
        {
            "source": {
                "principals": [
                    "cluster.local/ns/default/sa/*",
                    "cluster.local/ns/otherns/sa/a.b",
                    "cluster.local/ns/otherns/sa/billing",
                ]
            }
        }
    ]


def test_the_real_trust_domain_and_its_aliases_are_named() -> None:
    cluster = replace(CLUSTER, trust_domain="corp.example", trust_domain_aliases=("old.example",))
    (rule,) = rules_of(render(cluster, inventory(), [grant(API, "otherns", "billing")]))
    assert rule["from"][0]["source"]["principals"] == [
        "corp.example/ns/otherns/sa/billing",
        "old.example/ns/otherns/sa/billing",
    ]


def test_the_entry_is_bound_to_the_waypoint_of_the_cluster() -> None:
    cluster = replace(CLUSTER, waypoint="way-out", egress_namespace="outside")
    entry = only(render(cluster, inventory(), [grant(API)]), "ServiceEntry")
    assert entry["metadata"]["labels"]["istio.io/use-waypoint"] == "way-out"
    assert entry["metadata"]["namespace"] == "outside"


def test_a_wildcard_admits_the_names_below_it_only() -> None:
    flags = {"ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS": "true"}
    cluster = replace(CLUSTER, istio_version="1.31.0", flags=flags)
    grants = [grant(to("*.example.com")), grant(to("*.example.com", 80, HTTP))]
    objects = render(cluster, inventory(), grants)
    assert only(objects, "ServiceEntry")["spec"]["resolution"] == "DYNAMIC_DNS"
    http, tls = rules_of(objects)
    assert http["to"][0]["operation"]["hosts"] == ["*.example.com", "*.example.com:80"]
    assert tls["when"][0]["values"] == ["*.example.com"]
