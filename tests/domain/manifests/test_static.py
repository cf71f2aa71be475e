"""What bootstrap lays down once per cluster."""

from collections.abc import Collection
from dataclasses import replace

import pytest
import yaml

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile
from egress.domain.manifests.static import static_objects
from egress.domain.naming import INSTALLATION_LABEL, MANAGED_BY, MANAGED_BY_LABEL
from egress.domain.objects import KubeObject, content_hash, key_of
from tests.domain.specification import bare, printed

CLUSTER = ClusterProfile("portal-a")
SHARDED = replace(
    CLUSTER,
    gateways=(GatewayProfile(), GatewayProfile("b", http_port=8000, tls_container_port=18443)),
)
STATIC = {
    Enforcement.GATEWAY: """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: egress-http, namespace: istio-egress}
spec:
  selector: {istio: egressgateway}
  servers:
  - port: {number: 80, name: https-mesh, protocol: HTTPS}
    hosts: ["./*"]
    tls: {mode: ISTIO_MUTUAL}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: default-deny, namespace: istio-egress}
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: handshake, namespace: istio-egress}
spec:
  selector: {matchLabels: {istio: egressgateway}}
  action: ALLOW
  rules:
  - from: [{source: {principals: ["*"]}}]
    to: [{operation: {ports: ["8443"]}}]
""",
    Enforcement.AMBIENT: """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: egress-waypoint
  namespace: istio-egress
  labels: {istio.io/waypoint-for: service}
spec:
  gatewayClassName: istio-waypoint
  listeners: [{name: mesh, port: 15008, protocol: HBONE}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: egress-waypoint-default-deny, namespace: istio-egress}
spec:
  targetRefs:
  - {group: gateway.networking.k8s.io, kind: Gateway, name: egress-waypoint}
""",
    Enforcement.SIDECAR: "",
}


def laid_down(
    enforcements: Collection[Enforcement], cluster: ClusterProfile = CLUSTER
) -> dict[str, KubeObject]:
    """The static objects by name."""
    found = static_objects(cluster, enforcements=enforcements)
    by_name = {obj["metadata"]["name"]: obj for obj in found}
    assert len(by_name) == len(found)
    return by_name


@pytest.mark.parametrize("enforcement", Enforcement)
def test_each_enforcement_has_its_static_objects(enforcement: Enforcement) -> None:
    assert bare(laid_down([enforcement]).values()) == bare(yaml.safe_load_all(STATIC[enforcement]))


def test_the_gateways_objects_are_those_of_the_specification() -> None:
    wanted = [obj for obj in printed("3.3") if obj.get("kind") not in (None, "Namespace")]
    assert len(wanted) == 3
    assert bare(laid_down([Enforcement.GATEWAY]).values()) == bare(wanted)


def test_the_waypoints_objects_are_those_of_the_specification() -> None:
    wanted = [obj for obj in printed("5.1") if obj["metadata"]["name"].startswith("egress-way")]
    assert len(wanted) == 2
    assert bare(laid_down([Enforcement.AMBIENT]).values()) == bare(wanted)


def test_mixed_clusters_get_the_objects_of_every_enforcement_that_they_use() -> None:
    every = laid_down(set(Enforcement))
    assert every == laid_down([Enforcement.GATEWAY]) | laid_down([Enforcement.AMBIENT])
    assert [key_of(obj) for obj in every.values()] == sorted(map(key_of, every.values()))


def test_a_further_gateway_has_its_own_entrance_and_handshake_but_shares_default_deny() -> None:
    found = laid_down([Enforcement.GATEWAY], SHARDED)
    assert set(found) == {
        "default-deny",
        "egress-http",
        "egress-http-b",
        "handshake",
        "handshake-b",
    }
    entrance = found["egress-http-b"]["spec"]
    assert entrance["selector"] == {"istio": "egressgateway-b"}
    assert entrance["servers"][0]["port"]["number"] == 8000
    handshake = found["handshake-b"]["spec"]
    assert handshake["selector"] == {"matchLabels": {"istio": "egressgateway-b"}}
    assert handshake["rules"][0]["to"] == [{"operation": {"ports": ["18443"]}}]
    assert found["egress-http"] == laid_down([Enforcement.GATEWAY])["egress-http"]


def test_default_deny_has_neither_selector_nor_rules() -> None:
    assert laid_down([Enforcement.GATEWAY])["default-deny"]["spec"] == {}


def test_handshake_never_names_the_port_of_http() -> None:
    (rule,) = laid_down([Enforcement.GATEWAY])["handshake"]["spec"]["rules"]
    assert rule["to"] == [{"operation": {"ports": [str(GatewayProfile().tls_container_port)]}}]


def test_the_names_of_the_cluster_are_used() -> None:
    elsewhere = replace(CLUSTER, egress_namespace="outside", waypoint="way-out")
    found = laid_down(set(Enforcement), elsewhere)
    assert {obj["metadata"]["namespace"] for obj in found.values()} == {"outside"}
    assert found["way-out-default-deny"]["spec"]["targetRefs"][0]["name"] == "way-out"


def test_static_objects_are_marked_as_ours_and_carry_their_hash() -> None:
    for obj in laid_down(set(Enforcement)).values():
        marks = obj["metadata"]["labels"]
        assert marks[MANAGED_BY_LABEL] == MANAGED_BY
        assert marks[INSTALLATION_LABEL] == "portal-a"
        assert obj["metadata"]["annotations"] == {
            "egress-portal.io/content-hash": content_hash(obj)
        }
