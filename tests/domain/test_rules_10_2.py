"""The rows of istio.md 10.2 by name: Gateways, VirtualServices, DestinationRules and Sidecars."""

from tests.domain.manifests.check.written import changed, refusal
from tests.domain.rule_examples import assert_refused


def test_10_2_gateway_name_servers_and_ports() -> None:
    assert_refused(
        [
            ("doors", "metadata/name", "x" * 64, "no DNS label"),
            ("doors", "spec/servers", [], "no server"),
            ("doors", "spec/servers/1/port/name", "tls-37a8eec1ce", "A server's port"),
            ("doors", "spec/servers/0/port/number", 0, "no port"),
            ("doors", "spec/servers/0/hosts", [], "not exactly one door"),
        ]
    )


def test_10_2_gateway_hosts_and_selector() -> None:
    assert_refused(
        [
            ("doors", "spec/servers/1/hosts", ["./short"], "not exactly one door"),
            ("doors", "spec/servers/1/hosts", ["./*-x.example.com"], "not exactly one door"),
            ("doors", "spec/servers/1/hosts", ["developers.google.com"], "not exactly one door"),
            ("doors", "spec/selector", {}, "does not select"),
        ]
    )


def test_10_2_gateway_tls_is_there_and_carries_no_certificates() -> None:
    tls = "spec/servers/0/tls"
    fields = ("serverCertificate", "privateKey", "caCertificates", "credentialName")
    assert_refused([("doors", tls, None, "malformed"), ("http-entrance", tls, None, "TLS")])
    assert_refused([("doors", f"{tls}/{field}", "x", field) for field in fields])
    assert_refused([("http-entrance", f"{tls}/{field}", "x", "TLS") for field in fields])


def test_10_2_gateway_portal_doors_are_mutual_with_identities_of_their_namespace() -> None:
    san = "spec/servers/0/tls/subjectAltNames"
    corp = "spiffe://corp.example/ns/default/sa/web"
    assert_refused(
        [
            ("doors", "spec/servers/0/tls/mode", "MUTUAL", "not ISTIO_MUTUAL"),
            ("doors", san, [], "empty list"),
            ("doors", f"{san}/0", "spiffe://cluster.local/ns/otherns/sa/web", "not of"),
            ("doors", f"{san}/0", "spiffe://cluster.local/ns/default/sa/*", "no identity"),
            ("doors", "spec/servers/0/hosts", ["./default.developers.google.com"], "no door"),
        ]
    )
    assert "trust domain" in refusal(changed("doors", f"{san}/0", corp), ["cluster.local"])


def test_10_2_gateway_no_two_servers_have_one_host() -> None:
    same = ["./p443.default.developers.google.com"]
    assert_refused([("doors", "spec/servers/1/hosts", same, "same host")])


MESH = "to-the-gateway"


def test_10_2_virtual_service_hosts() -> None:
    assert_refused(
        [
            (MESH, "spec/hosts", [], "one host"),
            (MESH, "spec/hosts", ["developers.google.com"] * 2, "one host"),
            (MESH, "spec/hosts", ["*"], "wildcard"),
            (MESH, "spec/hosts", ["short"], "no dot"),
            ("behind-the-doors", "spec/hosts/1", "p443.default.developers.google.com", "once"),
        ]
    )


def test_10_2_virtual_service_routes_gateways_and_exports() -> None:
    assert_refused(
        [
            ("alias-route", "spec/http", None, "no route"),
            (MESH, "spec/gateways", ["egress-http"], '"mesh"'),
            ("behind-http", "spec/gateways", ["egress-http"], "not bound"),
            (MESH, "spec/exportTo", ["~"], '"~"'),
        ]
    )


def test_10_2_virtual_service_tls_match_and_destinations() -> None:
    sni = "spec/tls/0/match/0/sniHosts"
    assert_refused(
        [
            (MESH, sni, [], "SNI"),
            (MESH, sni, ["*"], "SNI"),
            (MESH, sni, ["other.example.com"], "SNI"),
            (MESH, "spec/tcp/0/route", [], "exactly one destination"),
            (MESH, "spec/tls/0/route/0/weight", 101, "exactly one destination"),
        ]
    )


def test_10_2_virtual_service_destination_is_full_with_port_and_subset() -> None:
    at = "spec/http/0/route/0/destination"
    assert_refused(
        [
            (MESH, f"{at}/host", "egressgateway", "past the gateway"),
            (MESH, f"{at}/port/number", 0, "no port of the gateway"),
            (MESH, f"{at}/port", None, "malformed"),
            (MESH, f"{at}/subset", "No_Label", "subset"),
            ("behind-http", f"{at}/port", None, "malformed"),
        ]
    )


def test_10_2_virtual_service_authority_headers_and_retries() -> None:
    both = {"request": {"set": {"host": "x"}}}
    assert_refused(
        [
            (MESH, "spec/http/0/headers", both, "headers"),
            ("behind-http", "spec/http/0/rewrite", {"authority": "x"}, "rewrite"),
            ("behind-http", "spec/http/0/headers/request/remove/0", "", "may have set"),
            (MESH, "spec/http/0/retries", {"retryOn": "nonsense"}, "retries"),
            (MESH, "spec/http/1/match/0/port", 80, "same port"),
        ]
    )


def test_10_2_destination_rule_host_and_subsets() -> None:
    assert_refused(
        [
            ("origination", "spec/host", "not a host", "space"),
            ("client-rule", "spec/subsets/1/name", "http", "two of one name"),
            ("client-rule", "spec/subsets/1/name", "No_Label", "not a door"),
            ("client-rule", "spec/subsets/1/trafficPolicy", {}, "malformed"),
            ("address-rule", "spec/trafficPolicy", {}, "says nothing"),
        ]
    )


def test_10_2_destination_rule_port_level_settings() -> None:
    at = "spec/trafficPolicy/portLevelSettings"
    assert_refused(
        [
            ("origination", at, [], "no port level settings"),
            ("origination", f"{at}/0/port", None, "malformed"),
            ("origination", f"{at}/0/tls", None, "malformed"),
        ]
    )


def test_10_2_destination_rule_tls() -> None:
    tls = "spec/trafficPolicy/portLevelSettings/0/tls"
    subset = "spec/subsets/1/trafficPolicy/tls"
    assert_refused(
        [
            ("origination", f"{tls}/mode", "MUTUAL", "not SIMPLE"),
            ("origination", f"{tls}/insecureSkipVerify", True, "not SIMPLE"),
            ("origination", f"{tls}/credentialName", "c", "not SIMPLE"),
            ("client-rule", f"{subset}/clientCertificate", "c", "ISTIO_MUTUAL"),
            ("client-rule", f"{subset}/credentialName", "c", "ISTIO_MUTUAL"),
        ]
    )


def test_10_2_destination_rule_portal_simple_has_both_names() -> None:
    tls = "spec/trafficPolicy/portLevelSettings/0/tls"
    simple = {"mode": "SIMPLE", "sni": "db.example.net"}
    assert_refused(
        [
            ("origination", f"{tls}/sni", None, "not SIMPLE"),
            ("origination", f"{tls}/subjectAltNames", None, "not SIMPLE"),
            ("address-rule", "spec/trafficPolicy/tls", simple, "neither DISABLE"),
        ]
    )


def test_10_2_sidecar() -> None:
    hosts = "spec/egress/0/hosts"
    mode = "spec/outboundTrafficPolicy/mode"
    assert_refused(
        [
            ("sidecar", "spec/outboundTrafficPolicy", None, "anything else"),
            ("sidecar-with-hosts", f"{hosts}/0", "short", "not of the form"),
            ("sidecar-with-hosts", f"{hosts}/0", "./*-x.example.com", "not of the form"),
            ("sidecar-with-hosts", "spec/egress/1", {"hosts": ["./*"]}, "one listener"),
            ("sidecar", "spec/outboundTrafficPolicy/egressProxy", {}, "anything else"),
            ("sidecar", mode, "ALLOW_ANY_DYNAMIC_DNS", "anything else"),
        ]
    )
