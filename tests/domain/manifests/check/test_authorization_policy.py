"""Policies only allow, always say whom and on which port, and never allow everybody."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

HTTP, WAYPOINT = "http-policy", "waypoint-policy"
FROM, TO = "spec/rules/0/from", "spec/rules/0/to"
WHO = f"{FROM}/0/source/principals"

CASES: list[tuple[str, str, Any, str]] = [
    (HTTP, "spec/action", "DENY", "only ALLOW"),
    (HTTP, "spec/action", "CUSTOM", "only ALLOW"),
    (HTTP, "spec/action", None, "only ALLOW"),
    (HTTP, "spec/selector", {}, "not attached"),
    (HTTP, "spec/selector", {"matchLabels": {}}, "not attached"),
    (HTTP, "spec/selector", {"matchLabels": {"istio": "*"}}, "not attached"),
    (HTTP, "spec/selector", None, "malformed"),
    (HTTP, "spec/targetRefs", [], "only target"),
    (HTTP, "spec/rules", [], "one to 512 rules"),
    (HTTP, "spec/rules", None, "malformed"),
    (HTTP, "spec/rules/0", {}, "no principal"),
    (HTTP, FROM, None, "no principal"),
    (HTTP, FROM, [], "no principal"),
    (HTTP, f"{FROM}/0/source", {}, "no principal"),
    (HTTP, WHO, [], "no principal"),
    (HTTP, WHO, ["*"], "five segments"),
    (HTTP, WHO, [""], "five segments"),
    (HTTP, WHO, ["cluster.local/ns/otherns/*"], "five segments"),
    (HTTP, WHO, ["*/ns/otherns/sa/web"], "no trust domain"),
    (HTTP, WHO, ["cluster.local/ns/*/sa/web"], "no namespace"),
    (HTTP, WHO, ["cluster.local/ns/otherns/sa/web*"], "no service account"),
    (HTTP, WHO, ["cluster.local/ns/otherns/sa/"], "no service account"),
    (HTTP, WHO, ["cluster.local/ns/otherns/sa/web"] * 2, "twice"),
    (HTTP, f"{FROM}/0/source/namespaces", ["otherns"], "no principal"),
    (HTTP, f"{FROM}/0/source/notPrincipals", ["x"], "no principal"),
    (HTTP, f"{FROM}/1", {"source": {"namespaces": ["otherns"]}}, "no principal"),
    (HTTP, TO, None, "exactly one port"),
    (HTTP, f"{TO}/0/operation/ports", None, "exactly one port"),
    (HTTP, f"{TO}/0/operation/ports", [], "exactly one port"),
    (HTTP, f"{TO}/0/operation/ports", ["8080", "8443"], "exactly one port"),
    (HTTP, f"{TO}/0/operation/ports", ["http"], "exactly one port"),
    (HTTP, f"{TO}/0/operation/ports", ["8443"], "different ports"),
    (HTTP, f"{TO}/0/operation/hosts", None, "names no host"),
    (HTTP, f"{TO}/0/operation/hosts", [], "not the authorities"),
    (HTTP, f"{TO}/0/operation/hosts", ["developer.yahoo.com"], "not the authorities"),
    (HTTP, f"{TO}/0/operation/hosts", ["developer.yahoo.com:*"], "not the authorities"),
    (HTTP, f"{TO}/0/operation/hosts", ["*"], "*"),
    (HTTP, f"{TO}/0/operation/hosts", ["*.yahoo.com", "*.yahoo.com:80"], "wildcard"),
    (HTTP, f"{TO}/0/operation/hosts", ["b.example.com:8080"], "does not follow"),
    (HTTP, f"{TO}/0/operation/hosts", ["developer.yahoo.com:8080"], "same port of the host"),
    (HTTP, f"{TO}/0/operation/methods", ["GET"], "methods"),
    (HTTP, f"{TO}/0/operation/notPorts", ["1"], "notPorts"),
    (HTTP, "spec/rules/0/when", [{"key": "connection.sni", "values": ["x"]}], "when"),
    (WAYPOINT, "spec/targetRefs", [], "only target"),
    (WAYPOINT, "spec/targetRefs/0/name", "eg-other", "only target"),
    (WAYPOINT, "spec/targetRefs/0/kind", "Gateway", "only target"),
    (WAYPOINT, "spec/targetRefs/0/namespace", "default", "only target"),
    (WAYPOINT, "spec/selector", {"matchLabels": {"istio": "egressgateway"}}, "selector"),
    (WAYPOINT, "spec/action", "DENY", "only ALLOW"),
    (WAYPOINT, WHO, [], "no principal"),
    (WAYPOINT, WHO, ["*"], "five segments"),
    (WAYPOINT, f"{TO}/0/operation/ports", ["443"], "not that of its hosts"),
    (WAYPOINT, f"{TO}/0/operation/ports", None, "exactly one port"),
    (WAYPOINT, f"{TO}/0/operation/hosts", ["developers.google.com"], "not the authorities"),
    (WAYPOINT, "spec/rules/1/to/0/operation/ports", ["80"], "same port of the host"),
    (WAYPOINT, "spec/rules/1/when/0/values", ["b.example.com"], "does not follow"),
    (WAYPOINT, "spec/rules/1/when/0/values", [], "another condition"),
    (WAYPOINT, "spec/rules/1/when/0/key", "source.ip", "another condition"),
    (WAYPOINT, "spec/rules/1/when/0/notValues", ["x"], "another condition"),
    (
        WAYPOINT,
        "spec/rules/0/when",
        [{"key": "connection.sni", "values": ["developers.google.com"]}],
        "mixes",
    ),
    ("default-deny", "spec", {"rules": [{}]}, "not empty"),
    ("default-deny", "spec", {"action": "DENY"}, "not empty"),
    ("default-deny", "spec", {"selector": {"matchLabels": {"istio": "x"}}}, "not empty"),
    ("handshake", "spec/rules/0/to/0/operation/ports", ["8443", "8080"], "one port of the doors"),
    ("handshake", "spec/rules/0/to/0/operation/ports", ["8080"], "one port of the doors"),
    ("handshake", "spec/rules/0/to/0/operation/ports", [], "one port of the doors"),
    ("handshake", "spec/rules/0/to", None, "one port of the doors"),
    ("handshake", WHO, ["cluster.local/ns/default/sa/web"], "one port of the doors"),
    ("handshake", "spec/rules/1", {}, "one port of the doors"),
    ("handshake", "spec/action", "DENY", "only ALLOW"),
    ("handshake", "spec/selector", {}, "not attached"),
    ("handshake", "metadata/name", "handshake-long", "five segments"),
    ("waypoint-default-deny", "spec/rules", [{}], "has another target or rules"),
    ("waypoint-default-deny", "spec/targetRefs/0/name", "other", "has another target or rules"),
    ("waypoint-default-deny", "spec/action", "DENY", "has another target or rules"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_a_policy_has_at_most_1000_principals() -> None:
    many = [f"cluster.local/ns/otherns/sa/a{number}" for number in range(1000)]
    assert "more than 1000" in refusal(changed(HTTP, WHO, many))
    assert refusal(changed(HTTP, WHO, many[1:])) == ""


def test_a_principal_of_another_mesh_is_named_when_the_mesh_is_known() -> None:
    obj = changed(HTTP, WHO, ["corp.example/ns/otherns/sa/web"])
    assert refusal(obj) == ""
    assert "not a trust domain of this mesh" in refusal(obj, ["cluster.local"])


def test_a_rule_may_be_gone_already() -> None:
    assert refusal(changed(HTTP, "spec/rules/0", None)) == ""
    assert refusal(changed(WAYPOINT, "spec/rules/2", None)) == ""
