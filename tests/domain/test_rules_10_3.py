"""The rows of istio.md 10.3 by name, in their order: what no policy of ours may be."""

import pytest

from tests.domain.rule_examples import assert_refused

RULE = "spec/rules/0"
OPERATION = f"{RULE}/to/0/operation"


def test_10_3_policy_has_one_target() -> None:
    target = {"group": "", "kind": "Service", "name": "x"}
    assert_refused(
        [
            ("http-policy", "spec/targetRefs", [target], "only target"),
            ("waypoint-policy", "spec/selector", {"matchLabels": {"istio": "x"}}, "selector"),
            ("waypoint-policy", "spec/targetRefs/1", target, "only target"),
            ("waypoint-policy", "spec/targetRefs/0/kind", "Pod", "only target"),
            ("waypoint-policy", "spec/targetRefs/0/namespace", "x", "only target"),
        ]
    )


def test_10_3_policy_rules_are_there_and_nothing_in_them_is_empty() -> None:
    rule = {"from": [{"source": {"principals": ["cluster.local/ns/a/sa/b"]}}]}
    assert_refused(
        [
            ("http-policy", "spec/rules", [rule] * 513, "one to 512"),
            ("http-policy", f"{RULE}/from", [], "no principal"),
            ("http-policy", f"{RULE}/from/0/source", {}, "no principal"),
            ("http-policy", f"{RULE}/to", [], "exactly one port"),
            ("http-policy", OPERATION, {}, "exactly one port"),
        ]
    )


def test_10_3_policy_lists_have_no_empty_text_and_ports_are_numbers() -> None:
    assert_refused(
        [
            ("http-policy", f"{RULE}/from/0/source/principals/0", "", "five segments"),
            ("http-policy", f"{OPERATION}/hosts/0", "", "not the authorities"),
            ("http-policy", f"{OPERATION}/ports", [""], "exactly one port"),
            ("http-policy", f"{OPERATION}/ports", ["8080-8443"], "exactly one port"),
            ("http-policy", f"{OPERATION}/ports", ["70000"], "exactly one port"),
        ]
    )


def test_10_3_policy_never_names_service_accounts_by_their_own_field() -> None:
    source = f"{RULE}/from/0/source/serviceAccounts"
    assert_refused([("http-policy", source, ["otherns/web"], "no principal")])


def test_10_3_policy_conditions_are_known_and_have_values() -> None:
    when = "spec/rules/1/when/0"
    assert_refused(
        [
            ("waypoint-policy", f"{when}/key", "connection.nonsense", "another condition"),
            ("waypoint-policy", f"{when}/values", None, "malformed"),
            ("waypoint-policy", f"{when}/values", [], "another condition"),
        ]
    )


@pytest.mark.parametrize("name", ["http-policy", "waypoint-policy", "handshake"])
def test_10_3_policy_never_denies(name: str) -> None:
    assert_refused([(name, "spec/action", "DENY", "only ALLOW")])


def test_10_3_policy_selector_has_one_plain_label() -> None:
    labels = "spec/selector/matchLabels"
    assert_refused(
        [
            ("http-policy", labels, {}, "not attached"),
            ("http-policy", labels, {"is*": "egressgateway"}, "not attached"),
            ("handshake", labels, {"istio": ""}, "not attached"),
        ]
    )


def test_10_3_policy_portal_says_whom_and_on_which_port() -> None:
    who, many = f"{RULE}/from/0/source/principals", [f"td/ns/a/sa/s{n}" for n in range(1001)]
    assert_refused(
        [
            ("http-policy", f"{RULE}/from", None, "no principal"),
            ("http-policy", f"{OPERATION}/ports", None, "exactly one port"),
            ("http-policy", who, ["*"], "five segments"),
            ("http-policy", who, ["cluster.local/ns/otherns/*"], "five segments"),
            ("http-policy", who, many, "more than 1000"),
            ("handshake", f"{OPERATION}/ports", ["8443", "8080"], "one port of the doors"),
        ]
    )
