"""A door admits the listed identities of its own namespace; an empty list would admit everybody."""

from typing import Any

import pytest

from tests.domain.manifests.check.written import changed, refusal

WEB = "spiffe://cluster.local/ns/default/sa/web"

CASES: list[tuple[str, str, Any, str]] = [
    ("doors", "spec/servers/0/tls/subjectAltNames", [], "empty list"),
    ("doors", "spec/servers/0/tls/subjectAltNames", None, "empty list"),
    ("doors", "spec/servers/0/tls/subjectAltNames", "x", "malformed"),
    ("doors", "spec/servers/0/tls/subjectAltNames", [WEB, WEB], "twice"),
    ("doors", "spec/servers/0/tls/subjectAltNames/0", "*", "no identity"),
    (
        "doors",
        "spec/servers/0/tls/subjectAltNames/0",
        "cluster.local/ns/default/sa/web",
        "no identity",
    ),
    ("doors", "spec/servers/0/tls/subjectAltNames/0", f"{WEB[:-3]}*", "no identity"),
    ("doors", "spec/servers/0/tls/subjectAltNames/0", f"{WEB}*", "no service account"),
    ("doors", "spec/servers/0/tls/subjectAltNames/0", f"{WEB}/x", "five segments"),
    ("doors", "spec/servers/0/tls/subjectAltNames/0", f"{WEB}/*", "no identity"),
    (
        "doors",
        "spec/servers/0/tls/subjectAltNames/0",
        "spiffe:///ns/default/sa/web",
        "trust domain",
    ),
    (
        "doors",
        "spec/servers/0/tls/subjectAltNames/0",
        "spiffe://cluster.local/ns/otherns/sa/web",
        'not of "default"',
    ),
    ("doors", "spec/servers/0/tls/mode", "SIMPLE", "not ISTIO_MUTUAL"),
    ("doors", "spec/servers/0/tls/mode", "PASSTHROUGH", "not ISTIO_MUTUAL"),
    ("doors", "spec/servers/0/tls/insecureSkipVerify", True, "insecureSkipVerify"),
    ("doors", "spec/servers/0/tls/credentialName", "c", "credentialName"),
    ("doors", "spec/servers/0/tls", None, "malformed"),
    ("doors", "spec/servers/0/hosts", [], "not exactly one door"),
    ("doors", "spec/servers/0/hosts", ["./*"], "no door"),
    ("doors", "spec/servers/0/hosts", ["*/p443.default.developers.google.com"], "not exactly one"),
    (
        "doors",
        "spec/servers/0/hosts",
        ["./p443.default.b.example.com"],
        "more than one destination",
    ),
    ("doors", "spec/servers/0/hosts", ["./p0443.default.developers.google.com"], "no door"),
    ("doors", "spec/servers/0/hosts", ["./p443.default.Developers.google.com"], "no door"),
    ("doors", "spec/servers/1/hosts", ["./p443.default.developers.google.com"], "same host"),
    (
        "doors",
        "spec/servers/1/hosts",
        ["./p443.otherns.developers.google.com", "./p443.x.developers.google.com"],
        "not exactly one door",
    ),
    (
        "doors",
        "spec/servers/1/hosts",
        ["./p80.otherns.developers.google.com"],
        "more than one dest",
    ),
    ("doors", "spec/servers/1/port/number", 80, "different ports of the gateway"),
    ("doors", "spec/servers/1/port/number", 0, "no port"),
    ("doors", "spec/servers/1/port/name", "tls-37a8eec1ce", "A server's port"),
    ("doors", "spec/servers/1/port/protocol", "HTTPS", "A server's port"),
    ("doors", "spec/servers/1/port/targetPort", 1, "targetPort"),
    ("doors", "spec/servers/1/bind", "0.0.0.0", "bind"),
    ("doors", "spec/servers", [], "no server"),
    ("doors", "spec/selector", {}, "does not select"),
    ("doors", "spec/selector", None, "does not select"),
    ("doors", "spec/selector/app", "x", "does not select"),
    ("doors", "metadata/name", "eg-developers-google-com-1a7d7b4541-p80", "does not follow"),
    ("http-entrance", "spec/servers/0/hosts", ["*/*"], '"./*"'),
    ("http-entrance", "spec/servers/0/hosts", ["*"], '"./*"'),
    ("http-entrance", "spec/servers/0/tls/mode", "SIMPLE", "ISTIO_MUTUAL"),
    ("http-entrance", "spec/servers/0/tls", None, "ISTIO_MUTUAL"),
    ("http-entrance", "spec/servers/0/tls/httpsRedirect", True, "ISTIO_MUTUAL"),
    ("http-entrance", "spec/servers/0/port/protocol", "HTTP", "https-mesh"),
    ("http-entrance", "spec/servers", [], "exactly one server"),
    ("http-entrance", "spec/selector", {}, "does not select"),
    ("http-entrance", "metadata/name", "egress-http-long", "no door"),
]


@pytest.mark.parametrize(("name", "path", "value", "words"), CASES)
def test_a_broken_rule_is_named(name: str, path: str, value: Any, words: str) -> None:
    assert words in refusal(changed(name, path, value))


def test_an_identity_of_another_mesh_is_named_when_the_mesh_is_known() -> None:
    foreign = "spiffe://corp.example/ns/default/sa/web"
    obj = changed("doors", "spec/servers/0/tls/subjectAltNames/0", foreign)
    assert refusal(obj) == ""
    assert refusal(obj, ["cluster.local", "corp.example"]) == ""
    assert '"corp.example" is not a trust domain' in refusal(obj, ["cluster.local"])


def test_the_doors_of_one_namespace_may_be_gone_already() -> None:
    assert refusal(changed("doors", "spec/servers/0", None)) == ""
    assert refusal(changed("http-entrance", "metadata/name", "egress-http-b")) == ""


def test_a_door_name_of_more_than_253_characters_is_no_door() -> None:
    host = ".".join(["a" * 60] * 4)
    obj = changed("doors", "spec/servers/0/hosts", [f"./p443.default.{host}"])
    assert "no door" in refusal(obj)
