"""What bootstrap lays down: complete, valid, in an order that never leaves a way open."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from egress.cluster import kinds
from egress.domain.access import Enforcement, GatewayProfile
from egress.domain.bootstrap.objects import Plan, binding_objects, bootstrap_objects
from egress.domain.bootstrap.offenders import refused_today
from egress.domain.bootstrap.workload import helm_values
from egress.domain.objects import key_of
from egress.sandbox.schema import schema_of, validate
from tests.cluster.company import ISTIOD, PORTAL_NAME, PROFILE


def objects(
    *enforcements: Enforcement, profile: Any = PROFILE, **more: Any
) -> list[dict[str, Any]]:
    plan = Plan(profile, frozenset(enforcements), PORTAL_NAME, (ISTIOD,), **more)
    return [*bootstrap_objects(plan), *binding_objects(plan)]


def names(found: list[dict[str, Any]]) -> list[str]:
    return [str(key_of(obj)) for obj in found]


def test_gateway_gets_everything_its_doors_need() -> None:
    found = names(objects(Enforcement.GATEWAY))
    assert {
        "Namespace egress-portal",
        "Namespace istio-egress",
        "ServiceAccount egress-portal/portal",
        "NetworkPolicy istio-egress/egressgateway",
        "AuthorizationPolicy istio-egress/default-deny",
        "AuthorizationPolicy istio-egress/handshake",
        "Gateway istio-egress/egress-http",
        "Service istio-egress/egressgateway",
        "Deployment istio-egress/egressgateway",
        "ValidatingAdmissionPolicyBinding egress-portal-gateways",
    } <= set(found)
    assert found.index("Namespace istio-egress") < found.index("Role istio-egress/egress-portal")
    denies = found.index("AuthorizationPolicy istio-egress/default-deny")
    assert denies < found.index("Deployment istio-egress/egressgateway")


def test_ambient_gets_a_waypoint_and_no_gateway() -> None:
    found = names(objects(Enforcement.AMBIENT))
    assert "Gateway istio-egress/egress-waypoint" in found
    assert "NetworkPolicy istio-egress/egress-waypoint" in found
    assert not [one for one in found if one.startswith("Deployment")]


def test_sidecar_gets_rights_and_admission_only() -> None:
    found = names(objects(Enforcement.SIDECAR))
    assert not [one for one in found if "istio-egress" in one]
    assert "ClusterRole egress-portal" in found


def test_each_gateway_has_its_own_workload_unless_it_is_installed() -> None:
    two = replace(PROFILE, gateways=(GatewayProfile(), GatewayProfile("b")))
    installed = frozenset({"egressgateway"})
    found = names(objects(Enforcement.GATEWAY, profile=two, installed=installed))
    deployments = [one for one in found if one.startswith("Deployment")]
    assert deployments == ["Deployment istio-egress/egressgateway-b"]


def test_a_user_who_is_no_service_account_gets_none() -> None:
    plan = Plan(PROFILE, frozenset({Enforcement.GATEWAY}), "portal@corp.example", (ISTIOD,))
    assert "Namespace egress-portal" not in names(bootstrap_objects(plan))


@pytest.mark.parametrize("enforcement", Enforcement)
def test_every_object_is_valid_and_nothing_carries_a_revision(enforcement: Enforcement) -> None:
    for obj in objects(enforcement):
        kind = kinds.kind_of(obj)
        assert validate(schema_of(kind.group, kind.kind), obj) == []
        labels = obj["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "egress-portal"
        assert "istio.io/rev" not in labels


def test_bindings_watch_until_they_are_told_to_deny() -> None:
    def actions(**more: Any) -> list[list[str]]:
        plan = Plan(PROFILE, frozenset({Enforcement.GATEWAY}), PORTAL_NAME, (ISTIOD,), **more)
        return [obj["spec"]["validationActions"] for obj in binding_objects(plan)]

    assert actions() == [["Warn", "Audit"]] * 2
    both = frozenset({"egress-portal-mesh-config", "egress-portal-gateways"})
    assert actions(denying=both) == [["Deny"]] * 2


def test_helm_values_say_what_the_deployment_says() -> None:
    values = yaml.safe_load(helm_values(GatewayProfile()))
    found = {obj["kind"]: obj for obj in objects(Enforcement.GATEWAY) if obj["kind"] in _WORKLOAD}
    assert values["service"]["ports"] == found["Service"]["spec"]["ports"]
    template = found["Deployment"]["spec"]["template"]["metadata"]
    name = "proxy.istio.io/config"
    assert values["podAnnotations"][name] == template["annotations"][name]
    config = yaml.safe_load(values["podAnnotations"][name])
    assert config["gatewayTopology"] == {"forwardClientCertDetails": "SANITIZE"}


_WORKLOAD = ("Service", "Deployment")


def test_what_admission_would_refuse_today_is_named() -> None:
    def obj(kind: str, namespace: str, uid: str = "u", **spec: Any) -> dict[str, Any]:
        metadata = {"name": "x", "namespace": namespace, "uid": uid}
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}

    exempt = {"metadata": {"name": "free", "labels": {"egress-portal.io/exempt": ""}}}
    found = refused_today(
        PROFILE,
        guarded=[
            obj("ServiceEntry", "shop"),
            obj("ServiceEntry", "data", uid="ours"),
            obj("Sidecar", "free"),
        ],
        gateways=[
            obj("Gateway", "istio-egress", selector={"istio": "egressgateway"}),
            obj("Gateway", "shop", selector={"istio": "ingressgateway"}),
            obj("Gateway", "data", selector={"istio": "egressgateway"}),
            obj("Gateway", "free"),
        ],
        namespaces=[exempt],
        ours={"ours"},
    )
    assert found == [
        "Gateway data/x does not select a gateway of its own by label.",
        "Gateway free/x does not select a gateway of its own by label.",
        "ServiceEntry shop/x is not the portal's.",
    ]
