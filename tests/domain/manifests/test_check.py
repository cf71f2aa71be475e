"""The last guard refuses every object that breaks a rule, whoever made it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Protocol
from egress.domain.manifests.check import check_object
from egress.domain.objects import KubeObject, with_content_hash
from egress.domain.render import render
from tests.domain.examples import CLUSTER, grant, inventory, namespace, to

ORIGINATION = to("a.example.com", 80, Protocol.HTTP, origination=True)
OBJECTS = {
    obj["kind"]: obj
    for obj in render(
        CLUSTER,
        inventory(namespace("default", default_deny=True)),
        [grant(ORIGINATION), grant(to("a.example.com"))],
    )
}
ENTRY, RULE, SIDECAR = "ServiceEntry", "DestinationRule", "Sidecar"


def changed(kind: str, path: str, value: Any, *, rehash: bool = True) -> KubeObject:
    """A copy of a good object with one field set, or removed when the value is None."""
    obj = _copied(OBJECTS[kind])
    *parents, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    at: Any = obj
    for step in parents:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return with_content_hash(obj) if rehash else obj


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(below) for name, below in value.items()}
    return [_copied(below) for below in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", [ENTRY, RULE, SIDECAR])
def test_what_the_generator_writes_passes(kind: str) -> None:
    assert check_object(OBJECTS[kind]) == []


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        (ENTRY, "spec/exportTo", ["*"]),
        (ENTRY, "spec/exportTo", [".", "otherns"]),
        (ENTRY, "spec/exportTo", None),
        (ENTRY, "spec/hosts", ["a.example.com", "b.example.com"]),
        (ENTRY, "spec/hosts", []),
        (ENTRY, "spec/hosts", ["*.example.com"]),
        (ENTRY, "spec/hosts", ["b.example.com"]),
        (ENTRY, "spec/resolution", "NONE"),
        (ENTRY, "spec/resolution", None),
        (ENTRY, "spec/location", "MESH_INTERNAL"),
        (ENTRY, "spec/addresses", ["10.0.0.0/8"]),
        (ENTRY, "spec/endpoints", [{"address": "1.2.3.4"}]),
        (ENTRY, "spec/ports", []),
        (ENTRY, "spec/ports/0/number", 0),
        (ENTRY, "spec/ports/0/number", True),
        (ENTRY, "spec/ports/0/targetPort", 22),
        (ENTRY, "spec/ports/1/targetPort", 443),
        (ENTRY, "spec/ports/1/protocol", "TCP"),
        (ENTRY, "spec/ports/1/name", "http-80"),
        (ENTRY, "metadata/name", "eg-other"),
        (ENTRY, "metadata/labels", {}),
        (ENTRY, "metadata/ownerReferences", [{}]),
        (ENTRY, "metadata/namespace", "Default"),
        (ENTRY, "apiVersion", "networking.istio.io/v1alpha3"),
        (ENTRY, "kind", "EnvoyFilter"),
        (ENTRY, "status", {}),
        (RULE, "spec/host", "*.example.com"),
        (RULE, "spec/exportTo", None),
        (RULE, "spec/subsets", []),
        (RULE, "spec/workloadSelector", {"matchLabels": {"a": "b"}}),
        (RULE, "spec/trafficPolicy/portLevelSettings", []),
        (RULE, "spec/trafficPolicy/tls", {"mode": "DISABLE"}),
        (RULE, "spec/trafficPolicy/portLevelSettings/0/tls/mode", "DISABLE"),
        (RULE, "spec/trafficPolicy/portLevelSettings/0/tls/sni", None),
        (RULE, "spec/trafficPolicy/portLevelSettings/0/tls/subjectAltNames", None),
        (RULE, "spec/trafficPolicy/portLevelSettings/0/tls/subjectAltNames", []),
        (RULE, "spec/trafficPolicy/portLevelSettings/0/tls/insecureSkipVerify", True),
        (RULE, "spec/trafficPolicy/portLevelSettings/0/port/number", 443),
        (SIDECAR, "spec/outboundTrafficPolicy/mode", "ALLOW_ANY"),
        (SIDECAR, "spec/outboundTrafficPolicy", {}),
        (SIDECAR, "spec/workloadSelector", {"labels": {"a": "b"}}),
        (SIDECAR, "metadata/name", "other"),
    ],
)
def test_a_broken_rule_is_named(kind: str, path: str, value: Any) -> None:
    assert check_object(changed(kind, path, value)) != []


def test_a_label_of_istio_is_refused() -> None:
    obj = _copied(OBJECTS[ENTRY])
    obj["metadata"]["labels"]["istio.io/rev"] = "canary"
    assert "revision" in " ".join(check_object(with_content_hash(obj)))


def test_a_content_that_does_not_match_its_hash_is_refused() -> None:
    problems = check_object(changed(ENTRY, "metadata/labels/egress-portal.io~", "x", rehash=False))
    assert problems == ["Its content hash is missing or is not that of its content."]


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    ),
    st.sampled_from([ENTRY, RULE, SIDECAR]),
    st.sampled_from(["spec", "metadata", "kind", "spec/hosts", "spec/ports", "spec/trafficPolicy"]),
)
def test_any_garbage_is_refused_and_nothing_is_raised(garbage: Any, kind: str, path: str) -> None:
    obj = _copied(OBJECTS[kind])
    *parents, last = path.split("/")
    at = obj
    for step in parents:
        at = at[step]
    at[last] = garbage
    assert check_object(obj) != []
