"""A Sidecar of ours denies what is not registered, or not listed, and does nothing else."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

BARE, LISTED = "sidecar", "sidecar-with-hosts"
HOSTS = "spec/egress/0/hosts"

CASES: list[tuple[str, str, Any, str]] = [
    (BARE, "spec/outboundTrafficPolicy/mode", "ALLOW_ANY", "anything else"),
    (BARE, "spec/outboundTrafficPolicy/mode", "ALLOW_ANY_DYNAMIC_DNS", "anything else"),
    (BARE, "spec/outboundTrafficPolicy", {}, "anything else"),
    (BARE, "spec/outboundTrafficPolicy", None, "anything else"),
    (BARE, "spec/outboundTrafficPolicy/egressProxy", {"host": "a.b"}, "anything else"),
    (BARE, "spec/workloadSelector", {"labels": {"a": "b"}}, "workloadSelector"),
    (BARE, "spec/ingress", [], "ingress"),
    (BARE, "metadata/name", "other", "is named"),
    (BARE, "spec/egress", [], "one listener"),
    (LISTED, "spec/egress/1", {"hosts": ["./*"]}, "one listener"),
    (LISTED, "spec/egress/0/port", {"number": 80}, "port"),
    (LISTED, "spec/egress/0/captureMode", "NONE", "captureMode"),
    (LISTED, HOSTS, [], "is empty"),
    (LISTED, HOSTS, None, "malformed"),
    (LISTED, f"{HOSTS}/0", "*/*", "every host of the mesh"),
    (LISTED, f"{HOSTS}/0", "archive.ubuntu.com", "not of the form"),
    (LISTED, f"{HOSTS}/0", "~/*", "not of the form"),
    (LISTED, f"{HOSTS}/0", "istio-egress/*-x.example.com", "not of the form"),
    (LISTED, f"{HOSTS}/0", "istio-egress/short", "not of the form"),
    (LISTED, f"{HOSTS}/0", "istio-egress/archive.ubuntu.com", "twice"),
    (LISTED, f"{HOSTS}/0", "istio-egress/*", "admits everything"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_a_service_of_the_mesh_may_stand_beside_its_whole_namespace() -> None:
    kept = ["./*", "shop/*", "shop/web.shop.svc.cluster.local", "*/api.search.svc.cluster.local"]
    assert refusal(changed(LISTED, HOSTS, kept)) == ""
