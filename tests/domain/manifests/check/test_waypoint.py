"""The waypoint is Istio's own, for services, with its one listener."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("spec/gatewayClassName", "nginx", "anything else"),
        ("spec/listeners/0/protocol", "HTTP", "anything else"),
        ("spec/listeners/0/port", 80, "anything else"),
        ("spec/listeners/0/allowedRoutes", {"namespaces": {"from": "All"}}, "anything else"),
        ("spec/listeners", [], "anything else"),
        ("spec/addresses", [], "anything else"),
        ("metadata/labels/istio.io~1waypoint-for", "all", '"service"'),
        ("metadata/labels/istio.io~1waypoint-for", None, '"service"'),
        ("apiVersion", "gateway.networking.k8s.io/v1beta1", "does not write"),
    ],
)
def test_a_broken_rule_is_named(path: str, value: Any, words: str) -> None:
    assert words in refusal(changed("waypoint", path, value))
