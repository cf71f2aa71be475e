"""Which pods have Istio's proxy, and which namespaces give them one."""

from typing import Any

import pytest

from egress.cluster.injection import is_ambient, is_injected, read_pod, revision


@pytest.mark.parametrize(
    ("labels", "injected", "by"),
    [
        ({}, False, ""),
        ({"istio-injection": "enabled"}, True, "default"),
        ({"istio-injection": "disabled"}, False, ""),
        ({"istio.io/rev": "1-29"}, True, "1-29"),
        ({"istio.io/rev": ""}, False, ""),
        ({"istio-injection": "disabled", "istio.io/rev": "1-29"}, False, ""),
        ({"istio-injection": "enabled", "istio.io/rev": "1-29"}, True, "default"),
        ({"istio-injection": "yes"}, False, ""),
    ],
)
def test_labels_decide_whether_a_namespace_is_injected(
    labels: dict[str, str], injected: bool, by: str
) -> None:
    assert is_injected("shop", labels) is injected
    assert revision(labels) == by


def test_system_namespaces_are_never_injected() -> None:
    assert not is_injected("kube-system", {"istio-injection": "enabled"})


def test_an_ambient_namespace_is_told_by_its_label() -> None:
    assert is_ambient({"istio.io/dataplane-mode": "ambient"})
    assert not is_ambient({"istio.io/dataplane-mode": "none"})


def pod(**parts: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "app"}], **parts.pop("spec", {})}
    return {"metadata": {"name": "p", **parts.pop("metadata", {})}, "spec": spec, **parts}


@pytest.mark.parametrize(
    ("found", "has_proxy"),
    [
        (pod(), False),
        (pod(spec={"containers": [{"name": "app"}, {"name": "istio-proxy"}]}), True),
        (pod(spec={"initContainers": [{"name": "istio-proxy"}]}), True),
        (pod(spec={"initContainers": [{"name": "istio-init"}]}), False),
        (pod(metadata={"annotations": {"ambient.istio.io/redirection": "enabled"}}), True),
        ({"metadata": {"name": "p"}}, False),
        ({"metadata": {"name": "p"}, "spec": {"containers": None}}, False),
    ],
)
def test_a_proxy_is_a_container_a_native_sidecar_or_ambient(
    found: dict[str, Any], has_proxy: bool
) -> None:
    assert read_pod(found).has_proxy is has_proxy


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_a_pod_may_opt_out_by_label_or_annotation(where: str) -> None:
    assert read_pod(pod(metadata={where: {"sidecar.istio.io/inject": "false"}})).opted_out
    assert not read_pod(pod(metadata={where: {"sidecar.istio.io/inject": "true"}})).opted_out


def test_the_label_of_a_pod_wins_over_its_annotation() -> None:
    switch = "sidecar.istio.io/inject"
    metadata = {"labels": {switch: "true"}, "annotations": {switch: "false"}}
    assert not read_pod(pod(metadata=metadata)).opted_out


def test_a_pod_that_is_done_sends_no_traffic() -> None:
    assert read_pod(pod(status={"phase": "Succeeded"})).is_done
    assert not read_pod(pod(status={"phase": "Pending"})).is_done
    assert read_pod(pod()).service_account == "default"
