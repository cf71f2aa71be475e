"""How AuthorizationPolicies add up: istio.md 3.7."""

from typing import Any

import pytest

from egress.domain.access import ClusterProfile
from egress.domain.explain.policies import Call, Policies, read_policy

CLUSTER = ClusterProfile("portal-a", trust_domain="corp.example", trust_domain_aliases=("old.org",))
WEB = "corp.example/ns/shop/sa/web"


def policy(action: str = "ALLOW", **rule: Any) -> Any:
    """A policy with one rule; fields of its source, operation and condition by name."""
    names = {"principals": "from", "namespaces": "from", "when": "when"}
    built: dict[str, Any] = {}
    for name, value in rule.items():
        part = names.get(name, "to")
        if part == "when":
            built["when"] = value
        else:
            inner = "source" if part == "from" else "operation"
            built.setdefault(part, [{inner: {}}])[0][inner][name] = value
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "a", "namespace": "istio-egress"},
        "spec": {"action": action, "rules": [built]},
    }


def allowed(call: Call, *policies: Any) -> bool:
    """Whether policies together let a call through."""
    read = [read_policy(obj) for obj in policies]
    return Policies(read, CLUSTER).judge(read, call).allowed


HTTP = Call(WEB, 8080, authority="api.example.com")
BYTES = Call(WEB, 8443, sni="p443.shop.api.example.com")


@pytest.mark.parametrize(
    ("principal", "fits"),
    [
        (WEB, True),
        ("cluster.local/ns/shop/sa/web", True),
        ("old.org/ns/shop/sa/*", True),
        ("corp.example/ns/shop/sa/*", True),
        ("*/sa/web", True),
        ("*", True),
        ("corp.example/ns/shop/*", True),
        ("cluster.local/ns/shop/*", False),
        ("corp.example/ns/shop/sa/we", False),
        ("corp.example/ns/shopping/sa/web", False),
        ("spiffe://corp.example/ns/shop/sa/web", False),
    ],
)
def test_a_principal_is_exact_a_beginning_or_an_end(principal: str, fits: bool) -> None:
    assert allowed(HTTP, policy(principals=[principal])) is fits


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("api.example.com", True),
        ("API.example.com", True),
        ("*.example.com", True),
        ("api.example.com:80", False),
        ("example.com", False),
    ],
)
def test_a_host_is_the_whole_authority_in_any_case(host: str, fits: bool) -> None:
    assert allowed(HTTP, policy(principals=[WEB], hosts=[host])) is fits


def test_no_policy_is_open_and_an_empty_one_is_closed() -> None:
    empty = policy()
    empty["spec"] = {}
    assert allowed(HTTP)
    assert not allowed(HTTP, empty)
    assert allowed(HTTP, empty, policy(principals=[WEB]))


def test_a_rule_with_http_fields_disappears_where_bytes_are_passed_on() -> None:
    assert not allowed(BYTES, policy(principals=[WEB], hosts=["*"]))
    assert allowed(BYTES, policy(principals=[WEB], ports=["8443"]))
    assert not allowed(BYTES, policy(principals=[WEB], ports=["8080"]))


def test_an_sni_condition_wants_one_of_its_names() -> None:
    condition = [{"key": "connection.sni", "values": ["*.api.example.com"]}]
    assert allowed(BYTES, policy(principals=[WEB], when=condition))
    condition = [{"key": "connection.sni", "values": ["p443.data.api.example.com"]}]
    assert not allowed(BYTES, policy(principals=[WEB], when=condition))


def test_what_is_not_understood_opens_an_allow_and_closes_no_deny() -> None:
    assert allowed(HTTP, policy(namespaces=["other"]))
    assert allowed(HTTP, policy("DENY", namespaces=["other"]))
    assert not allowed(HTTP, policy("DENY", principals=[WEB]), policy(principals=["*"]))
