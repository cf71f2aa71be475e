"""A network policy of ours closes ways; none of its rules is open by an omission."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

CLIENT, GATEWAY = "client-network", "gateway-network"
DNS = "spec/egress/0"
EVERYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}
NODE_DNS = {"ipBlock": {"cidr": "169.254.20.10/32"}}

CASES: list[tuple[str, str, Any, str]] = [
    (CLIENT, "spec/podSelector", {"matchLabels": {"a": "b"}}, "all pods"),
    (CLIENT, "spec/policyTypes", ["Ingress", "Egress"], "that alone"),
    (CLIENT, "spec/policyTypes", None, "that alone"),
    (CLIENT, "spec/ingress", [], "who may reach"),
    (CLIENT, "spec/egress", [], "lets nothing out"),
    (CLIENT, "spec/egress", None, "malformed"),
    (CLIENT, DNS, {}, "malformed"),
    (CLIENT, f"{DNS}/to", [], "every address"),
    (CLIENT, f"{DNS}/to/0", {}, "malformed"),
    (CLIENT, f"{DNS}/to/0/ipBlock", {"cidr": "0.0.0.0/0"}, "both an address range"),
    (CLIENT, f"{DNS}/to/0/namespaceSelector", {}, "any namespace"),
    (CLIENT, f"{DNS}/to/0/namespaceSelector", {"matchLabels": {"team": "a"}}, "its name"),
    (CLIENT, f"{DNS}/to/0/podSelector", {}, "not chosen by labels"),
    (CLIENT, f"{DNS}/to/0/podSelector", {"matchExpressions": []}, "not chosen by labels"),
    (CLIENT, f"{DNS}/ports", [], "every port"),
    (CLIENT, f"{DNS}/ports/0/port", 443, "UDP"),
    (CLIENT, f"{DNS}/ports/0/port", 0, "no port"),
    (CLIENT, f"{DNS}/ports/0/protocol", "SCTP", "no port"),
    (CLIENT, f"{DNS}/ports/0/endPort", 65535, "endPort"),
    (CLIENT, "spec/egress/3", {"to": [EVERYWHERE]}, "is open to"),
    (CLIENT, "spec/egress/3", {"to": [EVERYWHERE]}, "the way around it"),
    (CLIENT, "spec/egress/3", {"to": [NODE_DNS]}, "more than DNS"),
    (CLIENT, "metadata/name", "other", "neither for a client"),
    (GATEWAY, "spec/podSelector", {}, "neither for a client"),
    (GATEWAY, "spec/podSelector", {"matchLabels": {"app": "x"}}, "neither for a client"),
    (GATEWAY, "spec/policyTypes", ["Egress"], "both ways"),
    (GATEWAY, "spec/ingress", None, "malformed"),
    (GATEWAY, "spec/ingress/0/ports", None, "proxy's own ports"),
    (GATEWAY, "spec/ingress/0/from", [], "every address"),
    (GATEWAY, "spec/egress/1/to/0/ipBlock/except", None, "169.254.0.0/16"),
    (GATEWAY, "spec/egress/1/to/0/ipBlock/except/4", None, "169.254.0.0/16"),
    (GATEWAY, "spec/egress/1/to/1/ipBlock/except/2", None, "fc00::/7"),
    (GATEWAY, "spec/egress/1/to/0/ipBlock/cidr", "0.0.0.0/1", "neither the Internet"),
    (GATEWAY, "spec/egress/1/to/0/ipBlock", {"cidr": "169.254.169.254/32"}, "link-local"),
    (GATEWAY, "spec/egress/1/to/0/ipBlock", {"cidr": "nowhere"}, "malformed"),
    (GATEWAY, "spec/egress/1/to/0", {"namespaceSelector": {}}, "the whole cluster"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_dns_on_the_node_and_networks_of_the_company_may_be_added() -> None:
    dns = {"to": [NODE_DNS], "ports": [{"protocol": "UDP", "port": 53}]}
    assert refusal(changed(CLIENT, "spec/egress/3", dns)) == ""
    company = {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}
    assert refusal(changed(GATEWAY, "spec/egress/2", company)) == ""
    assert "the way around it" in refusal(changed(CLIENT, "spec/egress/3", company))
