"""The last look refuses every object that breaks a rule, whoever made it."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.manifests.check import check_object
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.objects import content_hash
from tests.domain.manifests.check.written import NAMES, changed, refusal, step_of, written


@pytest.mark.parametrize("name", NAMES)
def test_an_object_of_the_specification_passes(name: str) -> None:
    assert check_object(written(name)) == []
    assert check_object(written(name), ["cluster.local"]) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("metadata/name", "eg-other", "does not follow from its host"),
        ("metadata/name", "Eg", "no DNS label"),
        ("metadata/namespace", "Default", "no DNS label"),
        ("metadata/namespace", None, "no DNS label"),
        ("metadata/labels", {}, "labels of ownership"),
        ("metadata/labels/egress-portal.io~1installation", "", "labels of ownership"),
        ("metadata/labels/egress-portal.io~1installation", 5, "malformed"),
        ("metadata/labels/app.kubernetes.io~1managed-by", "helm", "labels of ownership"),
        ("metadata/labels/istio.io~1rev", "canary", "one revision"),
        ("metadata/labels/egress-portal.io~1base", "eg-other", "is not"),
        ("metadata/labels/egress-portal.io~1client", "otherns", "do not belong"),
        ("metadata/annotations/istio.io~1dry-run", "true", "annotations"),
        ("metadata/ownerReferences", [{}], "not ours to set"),
        ("apiVersion", "networking.istio.io/v1alpha3", "does not write"),
        ("kind", "EnvoyFilter", "does not write"),
        ("status", {}, "fields of the server"),
        ("spec", None, "malformed"),
        ("spec", [], "malformed"),
    ],
)
def test_what_every_object_must_carry_is_asked_of_it(path: str, value: Any, words: str) -> None:
    assert words in refusal(changed("entry", path, value))


@pytest.mark.parametrize("name", NAMES)
def test_a_content_that_does_not_match_its_hash_is_refused(name: str) -> None:
    obj = written(name)
    obj["metadata"]["labels"]["egress-portal.io/installation"] = "portal-b"
    assert "content hash" in refusal(obj)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_nobody_judges_is_refused(name: str) -> None:
    at = "" if name == "addresses" else "spec/"
    assert refusal(changed(name, f"{at}somethingNew", {"a": "b"}))


@pytest.mark.parametrize("name", NAMES)
def test_a_label_that_puts_an_object_into_another_slice_is_refused(name: str) -> None:
    label = "client" if "base" in str(written(name)["metadata"]["labels"]) else "other"
    assert "do not belong" in refusal(
        changed(name, f"metadata/labels/egress-portal.io~1{label}", "x")
    )


MAY_BE_ABSENT = {
    # What a Service of one host says of it, and routes whose names are for people only.
    ("host-alias", "metadata/labels/egress-portal.io~1base"),
    ("to-the-gateway", "spec/http/0/name"),
    ("to-the-gateway", "spec/http/1/name"),
    # The families of routes: fewer are sound, whether they are enough is seen with the entry.
    ("to-the-gateway", "spec/http"),
    ("to-the-gateway", "spec/tls"),
    ("to-the-gateway", "spec/tcp"),
    # Without it the port is the one that the application names: another sound entry.
    ("entry", "spec/ports/0/targetPort"),
    # The whole view of the mesh; an entry for sidecars; a rule for TCP; all ports of some pods.
    ("sidecar-with-hosts", "spec/egress"),
    ("entry-behind-a-waypoint", "metadata/labels/istio.io~1use-waypoint"),
    ("waypoint-policy", "spec/rules/0/to/0/operation/hosts"),
    ("waypoint-policy", "spec/rules/1/when"),
    *(("client-network", f"spec/egress/{at}/ports") for at in (0, 1)),
    *((f"{who}-network", "spec/egress/0/ports") for who in ("client", "gateway")),
    *((f"{who}-network", "spec/egress/0/to/0/podSelector") for who in ("client", "gateway")),
    ("client-network", "spec/egress/1/to/0/podSelector"),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_needed(name: str) -> None:
    for path in places(written(name)):
        is_in_a_list = path.rpartition("/")[2].isdigit()
        if not is_in_a_list and (name, path) not in MAY_BE_ABSENT:
            assert refusal(without(name, path)), path


@settings(max_examples=250, deadline=None)
@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(NAMES),
    st.data(),
)
def test_any_garbage_is_refused_and_nothing_is_raised(
    garbage: Any, name: str, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(places(written(name))))
    obj = written(name)
    before = put(obj, path, garbage)
    problems = check_object(obj)
    if type(garbage) is not type(before):
        assert problems, path


def places(value: Any, above: str = "") -> list[str]:
    """The paths of all parts of an object, its hash apart."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for step, below in parts:
        path = "/".join(filter(None, [above, str(step).replace("/", "~1")]))
        found += places(below, path) if isinstance(below, dict | list) else []
        found += [] if "annotations" in path else [path]
    return found


def put(obj: Any, path: str, value: Any) -> Any:
    """Set a part of an object to anything, hash it again when that is possible, return the old."""
    *parents, last = [step_of(step) for step in path.split("/")]
    at = obj
    for step in parents:
        at = at[step]
    before, at[last] = at[last], value
    hash_again(obj)
    return before


def without(name: str, path: str) -> Any:
    """A written object with one part removed."""
    obj = written(name)
    *parents, last = [step_of(step) for step in path.split("/")]
    at: Any = obj
    for step in parents:
        at = at[step]
    del at[last]
    hash_again(obj)
    return obj


def hash_again(obj: Any) -> None:
    """Give an object the hash of its content, if it still is an object."""
    with contextlib.suppress(LookupError, TypeError, AttributeError, ValueError):
        obj["metadata"]["annotations"][CONTENT_HASH_ANNOTATION] = content_hash(obj)
