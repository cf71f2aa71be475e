"""The admission policies, their expressions evaluated as an API server does."""

from dataclasses import replace
from typing import Any

import cel
import pytest

from egress.domain.access import GatewayProfile
from egress.domain.bootstrap.admission import (
    GUARDED,
    binding,
    gateways_policy,
    mesh_policy,
)
from egress.sandbox.schema import schema_of, validate
from tests.cluster.company import ISTIOD, PORTAL_NAME, PROFILE

TENANT = "system:serviceaccount:shop:deployer"


def expression(policy: dict[str, Any]) -> str:
    (validation,) = policy["spec"]["validations"]
    return str(validation["expression"])


def may_write(user: str, groups: list[str] | None = None, **labels: str) -> bool:
    info = {"username": user} | ({"groups": groups} if groups is not None else {})
    facts = {
        "request": {"userInfo": info},
        "namespaceObject": {"metadata": {"name": "shop"} | ({"labels": labels} if labels else {})},
    }
    return bool(cel.evaluate(expression(mesh_policy(PROFILE, [PORTAL_NAME, ISTIOD])), facts))


def may_select(namespace: str, profile: Any = PROFILE, **spec: Any) -> bool:
    facts = {"object": {"metadata": {"namespace": namespace}, "spec": spec}}
    return bool(cel.evaluate(expression(gateways_policy(profile)), facts))


def test_the_portal_and_istiod_write_and_a_tenant_does_not() -> None:
    assert may_write(PORTAL_NAME)
    assert may_write(ISTIOD, ["system:serviceaccounts"])
    assert not may_write(TENANT)
    assert not may_write(TENANT, ["system:authenticated"], team="shop")


def test_admins_and_exempt_namespaces_pass() -> None:
    assert may_write("anna", ["egress-portal-admins"])
    assert may_write(TENANT, [], **{"egress-portal.io/exempt": "yes"})


def test_every_kind_that_opens_a_way_out_is_guarded_and_failures_refuse() -> None:
    spec = mesh_policy(PROFILE, [PORTAL_NAME])["spec"]
    (rule,) = spec["matchConstraints"]["resourceRules"]
    assert rule["resources"] == list(GUARDED)
    assert set(GUARDED) == {"serviceentries", "workloadentries", "sidecars", "envoyfilters"}
    assert (rule["apiVersions"], rule["operations"]) == (["*"], ["CREATE", "UPDATE"])
    assert spec["failurePolicy"] == "Fail"


def test_a_gateway_elsewhere_must_select_a_gateway_of_its_own() -> None:
    assert may_select("istio-egress", selector={"istio": "egressgateway"})
    assert may_select("shop", selector={"istio": "ingressgateway"})
    assert not may_select("shop", selector={"istio": "egressgateway"})
    assert not may_select("shop", selector={"app": "egressgateway"})
    assert not may_select("shop", selector={})
    assert not may_select("shop")


def test_every_egress_gateway_is_guarded() -> None:
    two = replace(PROFILE, gateways=(GatewayProfile(), GatewayProfile("b")))
    assert not may_select("shop", two, selector={"istio": "egressgateway-b"})
    assert may_select("shop", two, selector={"istio": "egressgateway-c"})


def test_a_users_name_is_never_an_expression() -> None:
    policy = mesh_policy(PROFILE, ["o'brien' || true || '\\"])
    assert not cel.evaluate(
        expression(policy),
        {
            "request": {"userInfo": {"username": TENANT}},
            "namespaceObject": {"metadata": {"name": "shop"}},
        },
    )


@pytest.mark.parametrize("obj", [mesh_policy(PROFILE, ["a"]), gateways_policy(PROFILE)])
def test_policies_and_bindings_are_valid_objects(obj: dict[str, Any]) -> None:
    assert validate(schema_of("admissionregistration.k8s.io", obj["kind"]), obj) == []
    bound = binding(PROFILE, obj["metadata"]["name"], ["Warn", "Audit"])
    assert validate(schema_of("admissionregistration.k8s.io", bound["kind"]), bound) == []
    assert bound["spec"]["policyName"] == obj["metadata"]["name"]
