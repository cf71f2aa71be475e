"""The addresses behind a name are addresses that may be reached, on the ports the name has."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

LABELS = "metadata/labels"

CASES: list[tuple[str, Any, str]] = [
    (f"{LABELS}/kubernetes.io~1service-name", "other", "its Service"),
    (f"{LABELS}/kubernetes.io~1service-name", None, "is not"),
    (f"{LABELS}/endpointslice.kubernetes.io~1managed-by", None, "is not"),
    (
        f"{LABELS}/endpointslice.kubernetes.io~1managed-by",
        "endpointslice-controller.k8s.io",
        'is not "egress-portal"',
    ),
    ("addressType", "FQDN", "no kind of address"),
    ("addressType", "IPv6", "not of the kind"),
    ("addressType", None, "no kind of address"),
    ("endpoints", [], "one to 1000"),
    ("endpoints/0/addresses", [], "one address"),
    ("endpoints/0/addresses", ["203.0.113.15", "203.0.113.16"], "one address"),
    ("endpoints/0/addresses", ["203.0.113.14"], "each once"),
    ("endpoints/0/addresses", ["127.0.0.1"], "loopback"),
    ("endpoints/0/addresses", ["169.254.169.254"], "link-local"),
    ("endpoints/0/addresses", ["db.example.net"], "no IP address"),
    ("endpoints/0/conditions", {"ready": False}, "ready"),
    ("endpoints/0/targetRef", {"kind": "Pod"}, "targetRef"),
    ("ports", [], "no port"),
    ("ports/0/port", 22, "leads to another port"),
    ("ports/0/name", "", "no protocol follows"),
    ("ports/0/protocol", "UDP", "no port of TCP"),
    ("spec", {}, "fields of the server or of nobody"),
]


@pytest.mark.parametrize(("path", "value", "words"), CASES)
def test_a_broken_rule_is_named(path: str, value: Any, words: str) -> None:
    assert words in refusal(changed("addresses", path, value))


def test_addresses_of_the_other_kind_pass_when_the_slice_says_so() -> None:
    obj = changed(
        "addresses", "endpoints", [{"addresses": ["2001:db8::13"], "conditions": {"ready": True}}]
    )
    assert "not of the kind" in refusal(obj)
    obj["addressType"] = "IPv6"
    assert "not of the kind" not in refusal(obj)
