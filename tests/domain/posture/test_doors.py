"""PF2 and PF7: nobody else opens a way through the egress gateway."""

from typing import Any

import pytest

from egress.cluster import kinds
from egress.domain.bootstrap.admission import GATEWAYS_POLICY
from egress.domain.posture import Level, blocks, is_boundary
from tests.cluster.company import Company

SERVERS = [
    {
        "port": {"number": 443, "name": "tls", "protocol": "TLS"},
        "hosts": ["*.example.com"],
        "tls": {"mode": "PASSTHROUGH"},
    }
]
RULES = [{"from": [{"source": {"principals": ["*"]}}]}]
SCOPE = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE"


def allow(company: Company, namespace: str, name: str = "open", **spec: Any) -> dict[str, Any]:
    body = {"rules": RULES, **spec}
    return company.plant("AuthorizationPolicy", namespace, name, spec=body)


@pytest.mark.parametrize("selector", [{"istio": "egressgateway"}, {"app": "egressgateway"}, {}])
def test_pf2_finds_a_gateway_that_selects_the_pods(
    company: Company, selector: dict[str, str]
) -> None:
    spec = {"servers": SERVERS, **({"selector": selector} if selector else {})}
    company.plant("Gateway", "shop", "own-door", spec=spec)
    row = company.find_one("PF2")
    assert (row.level, row.object) == (Level.REVIEW, "Gateway shop/own-door")
    assert "Delete it" in row.fix
    rows = company.rows()
    assert not is_boundary(rows)
    assert not blocks(rows, host="api.example.com", namespace="shop", needs_dns=True)


def test_pf2_finds_a_foreign_gateway_in_the_egress_namespace(company: Company) -> None:
    spec = {"servers": SERVERS, "selector": {"istio": "egressgateway"}}
    company.plant("Gateway", "istio-egress", "beside", spec=spec)
    assert company.find_one("PF2").object == "Gateway istio-egress/beside"


def test_pf2_leaves_ingress_gateways_alone(company: Company) -> None:
    spec = {"servers": SERVERS, "selector": {"istio": "ingressgateway"}}
    company.plant("Gateway", "shop", "shop-front", spec=spec)
    assert company.found("PF2") == []


def test_pf2_wants_gateways_scoped_or_admission_that_denies(company: Company) -> None:
    company.set_istiod(**{SCOPE: "false"})
    row = company.find_one("PF2")
    assert row.level is Level.REVIEW
    assert row.object == f"ValidatingAdmissionPolicyBinding {GATEWAYS_POLICY}"
    assert "--enforce" in row.fix
    change = {"spec": {"validationActions": ["Deny"]}}
    company.change(kinds.VALIDATING_ADMISSION_POLICY_BINDING, "", GATEWAYS_POLICY, change)
    assert company.found("PF2") == []


NARROWED = {"matchExpressions": [{"key": "guarded", "operator": "Exists"}]}
_RULE = {
    "apiGroups": ["networking.istio.io"],
    "apiVersions": ["*"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["gateways"],
}


@pytest.mark.parametrize(
    "spec",
    [
        {"failurePolicy": "Ignore"},
        {"matchConditions": [{"name": "never", "expression": "false"}]},
        {"validations": [{"expression": "true"}]},
        {"matchConstraints": {"resourceRules": [_RULE], "namespaceSelector": NARROWED}},
        {"matchConstraints": {"resourceRules": [_RULE | {"resourceNames": ["one"]}]}},
    ],
)
def test_pf2_does_not_trust_an_admission_policy_that_was_weakened(
    company: Company, spec: dict[str, Any]
) -> None:
    company.set_istiod(**{SCOPE: "false"})
    denies = {"spec": {"validationActions": ["Deny"]}}
    company.change(kinds.VALIDATING_ADMISSION_POLICY_BINDING, "", GATEWAYS_POLICY, denies)
    company.change(kinds.VALIDATING_ADMISSION_POLICY, "", GATEWAYS_POLICY, {"spec": spec})
    assert company.find_one("PF2").level is Level.REVIEW


def test_pf2_does_not_trust_a_binding_that_leaves_namespaces_out(company: Company) -> None:
    company.set_istiod(**{SCOPE: "false"})
    spec = {"validationActions": ["Deny"], "matchResources": {"namespaceSelector": NARROWED}}
    company.change(kinds.VALIDATING_ADMISSION_POLICY_BINDING, "", GATEWAYS_POLICY, {"spec": spec})
    assert company.found("PF2")


@pytest.mark.parametrize(
    ("namespace", "spec"),
    [
        ("istio-system", {}),
        ("istio-system", {"selector": {"matchLabels": {"istio": "egressgateway"}}}),
        ("istio-egress", {}),
        ("istio-egress", {"selector": {"matchLabels": {"app": "egressgateway"}}}),
    ],
)
def test_pf7_finds_an_allow_policy_that_holds_for_the_gateway(
    company: Company, namespace: str, spec: dict[str, Any]
) -> None:
    allow(company, namespace, **spec)
    row = company.find_one("PF7")
    assert (row.level, row.object) == (Level.REVIEW, f"AuthorizationPolicy {namespace}/open")
    assert "Delete it" in row.fix
    rows = company.rows()
    assert not is_boundary(rows)
    assert not blocks(rows, host="api.example.com", namespace="shop", needs_dns=True)


def test_pf7_leaves_policies_alone_that_do_not_hold_for_the_gateway(company: Company) -> None:
    allow(company, "shop")
    allow(company, "istio-system", selector={"matchLabels": {"istio": "ingressgateway"}})
    allow(company, "istio-system", "deny", action="DENY")
    company.plant("AuthorizationPolicy", "istio-egress", "nothing", spec={"action": "ALLOW"})
    assert company.found("PF7") == []


def test_pf7_finds_a_widened_handshake(company: Company) -> None:
    company.change(
        kinds.AUTHORIZATION_POLICY, "istio-egress", "handshake", {"spec": {"rules": RULES}}
    )
    assert company.find_one("PF7").object == "AuthorizationPolicy istio-egress/handshake"


def test_pf7_finds_that_nothing_denies_by_default(company: Company) -> None:
    company.remove(kinds.AUTHORIZATION_POLICY, "istio-egress", "default-deny")
    row = company.find_one("PF7")
    assert row.object == "AuthorizationPolicy istio-egress/default-deny"
    assert "manage.py bootstrap" in row.fix
