"""What is a boundary and what is not is said before anybody approves."""

import pytest

from egress.domain.access import ClusterProfile
from egress.domain.policies import Level
from tests.domain.examples import inventory, namespace, reasons, to
from tests.domain.policies.meshes import AMBIENT, GATEWAY, HTTP, SIDECAR, on

AMBIENT_LABEL = {"istio.io/dataplane-mode": "ambient"}
ABOUT = {"GrantedNotEnforced", "Guardrail", "NotABoundary"}


@pytest.mark.parametrize(
    ("mesh", "deny", "policy", "expected"),
    [
        (SIDECAR, False, False, {"GrantedNotEnforced"}),
        (SIDECAR, True, False, {"Guardrail"}),
        (SIDECAR, True, True, {"Guardrail"}),
        (GATEWAY, False, False, {"GrantedNotEnforced", "NotABoundary"}),
        (GATEWAY, True, False, {"NotABoundary"}),
        (GATEWAY, True, True, set()),
        (AMBIENT, True, False, {"NotABoundary"}),
        (AMBIENT, False, True, set()),
    ],
)
def test_each_enforcement_says_what_is_missing(
    mesh: ClusterProfile, deny: bool, policy: bool, expected: set[str]
) -> None:
    facts = namespace("default", default_deny=deny, network_policy=policy, labels=AMBIENT_LABEL)
    found = on(mesh, to("a.example.com"), inventory=inventory(facts))
    assert reasons(found) & ABOUT == expected
    assert all(f.level is Level.WARN for f in found if f.reason == "NotABoundary")


def test_r_a9_other_ports_of_a_host_close_with_dns_capture() -> None:
    known = inventory(namespace("default"))
    found = on(SIDECAR, to("a.example.com"), to("a.example.com", 80, HTTP), inventory=known)
    assert [f.field for f in found if f.reason == "OtherPortsClose"] == ["destinations.0.host"]
    denied = inventory(namespace("default", default_deny=True))
    assert "OtherPortsClose" not in reasons(on(SIDECAR, to("a.example.com"), inventory=denied))
    assert "OtherPortsClose" not in reasons(on(SIDECAR, to("8.8.8.0/24"), inventory=known))
