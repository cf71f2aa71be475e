"""A name in a namespace leads to one host or to fixed addresses, for that namespace alone."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

HOST, ADDRESS = "host-alias", "address-alias"

CASES: list[tuple[str, str, Any, str]] = [
    (HOST, "spec/externalName", "Archive.Ubuntu.com", "not spelled"),
    (HOST, "spec/externalName", "10.0.0.1", "IP address"),
    (HOST, "spec/externalName", "kubernetes", "dot"),
    (HOST, "spec/externalName", "b.example.com", "does not follow"),
    (HOST, "spec/externalName", None, "empty"),
    (HOST, "spec/externalName", 5, "no text"),
    (HOST, "spec/ports", [{"port": 80}], "ports"),
    (HOST, "spec/type", "LoadBalancer", "from outside"),
    (HOST, "metadata/annotations/networking.istio.io~1exportTo", "*", "annotations"),
    (ADDRESS, "metadata/annotations/networking.istio.io~1exportTo", None, "annotations"),
    (ADDRESS, "metadata/annotations/networking.istio.io~1exportTo", "*", "annotations"),
    (ADDRESS, "metadata/annotations/networking.istio.io~1exportTo", ".,otherns", "annotations"),
    (ADDRESS, "spec/selector", {"app": "x"}, "selector"),
    (ADDRESS, "spec/type", "NodePort", "from outside"),
    (ADDRESS, "spec/externalIPs", ["203.0.113.13"], "externalIPs"),
    (ADDRESS, "spec/ports", [], "no port"),
    (ADDRESS, "spec/ports/0/port", 0, "no port of TCP"),
    (ADDRESS, "spec/ports/0/protocol", "UDP", "no port of TCP"),
    (ADDRESS, "spec/ports/0/name", "tcp-80", "does not follow"),
    (ADDRESS, "spec/ports/0/name", "database", "no protocol follows"),
    (ADDRESS, "spec/ports/0/targetPort", 22, "leads to another port"),
    (ADDRESS, "spec/ports/0/nodePort", 30000, "nodePort"),
    (ADDRESS, "spec/ports/1/targetPort", 8443, "leads to another port"),
    (ADDRESS, "spec/ports/1/port", 5432, "same port"),
    (ADDRESS, "spec/ports/1/name", "tcp-5432", "same name"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))
