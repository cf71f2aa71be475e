"""A file of grants is understood, or every mistake in it is named with its place."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Enforcement, Protocol, Resolution, Subject
from egress.domain.grants_file import (
    MAX_CHARACTERS,
    GrantsFileError,
    parse_grants_file,
    render_grants_file,
)

GOOD = """\
cluster: {enforcement: sidecar, trustDomain: corp.example}
grants:
- subject: {namespace: default}
  destination: {host: Developers.Google.com., port: 443, protocol: TLS}
- subject: {namespace: otherns}
  destination: {host: developer.yahoo.com, port: 80, protocol: HTTP, tlsOrigination: true}
"""
GOOD_FOR = "grants:\n- subject: {}\n  destination: {{host: a.com, port: 443, protocol: TLS}}"
TLS = "{host: a.com, port: 443, protocol: TLS}"
GRANT = "grants:\n- subject: {namespace: default}\n  destination: "


def problems(text: str) -> list[str]:
    """All problems of a file, as they are printed."""
    with pytest.raises(GrantsFileError) as refusal:
        render_grants_file(parse_grants_file(text))
    return [str(problem) for problem in refusal.value.problems]


def test_a_good_file_says_who_may_reach_what() -> None:
    parsed = parse_grants_file(GOOD)
    assert parsed.grants == (
        Access(Subject("default"), Destination("developers.google.com", 443, Protocol.TLS)),
        Access(Subject("otherns"), Destination("developer.yahoo.com", 80, Protocol.HTTP, True)),
    )
    assert parsed.cluster.trust_domain == "corp.example"
    assert parsed.cluster.enforcement is Enforcement.SIDECAR
    assert parsed.cluster.installation == "render"


def test_a_file_names_namespaces_with_default_deny_and_private_zones() -> None:
    parsed = parse_grants_file(
        "cluster: {installation: x, allowedPrivateZones: [corp]}\n"
        "defaultDeny: [default]\n"
        "grants:\n- subject: {namespace: default}\n"
        "  destination: {host: db.corp, port: 443, protocol: TLS}"
    )
    assert parsed.inventory.namespaces["default"].default_deny
    assert parsed.grants[0].destination.host == "db.corp"


def test_the_same_grant_twice_counts_once() -> None:
    parsed = parse_grants_file(GOOD + GOOD.partition("grants:\n")[2])
    assert len(parsed.grants) == 2


def test_no_grants_are_no_objects() -> None:
    assert parse_grants_file("grants: []").grants == ()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "line 1, column 1: ", "empty"),
        ("grants: [", "line 2, column 1: ", "not YAML"),
        ("grants:\n\t- a", "line 2, column 1: ", "not YAML"),
        ("a\x00b", "line 1, column 1: ", "not YAML"),
        ("- a", "line 1, column 1: ", "no fields"),
        ("{}", "line 1, column 1: ", '"grants" is missing'),
        ("grants: {}", "line 1, column 9: grants: ", "no list"),
        ("grants: [1]", "line 1, column 10: grants[0]: ", "no fields"),
        ("grants: []\ngrants: []", "line 2, column 1: ", "stands here twice"),
        ("grants: []\n---\ngrants: []", "line 2, column 1: ", "second document"),
        ("a: &x [1]\ngrants: *x", "line 1, column 4: ", "Anchors and aliases"),
        ("grants: []\nextra: 1", "line 2, column 8: extra: ", '"extra" is unknown'),
        ("grants: []\n1: 2", "line 2, column 1: ", "no name of a field"),
        ("grants: []\n? [a]\n: b", "line 2, column 3: ", "no name of a field"),
        ("cluster: 1\ngrants: []", "line 1, column 10: cluster: ", "no fields"),
        (
            "cluster: {enforcement: side}\ngrants: []",
            "line 1, column 24: cluster.enforcement: ",
            "none of sidecar",
        ),
        (
            "cluster: {installation: a b}\ngrants: []",
            "line 1, column 25: cluster.installation: ",
            "value of a label",
        ),
        (
            "namespaces: {A: {enforcement: sidecar}}\ngrants: []",
            "line 1, column 17: namespaces.A: ",
            "no namespace",
        ),
        (
            GRANT + "{host: a.com, port: 0, protocol: TLS}",
            "line 3, column 36: grants[0].destination.port: ",
            "no port",
        ),
        (
            GRANT + "{host: a.com, port: 80:80, protocol: TLS}",
            "line 3, column 36: grants[0].destination.port: ",
            "no port",
        ),
        (
            GRANT + "{host: a.com, port: 4e2, protocol: TLS}",
            "line 3, column 36: grants[0].destination.port: ",
            "no port",
        ),
        (
            GRANT + "{host: a.com, port: [1], protocol: TLS}",
            "line 3, column 36: grants[0].destination.port: ",
            "no port",
        ),
        (
            GRANT + "{host: a.com, port: 443, protocol: UDP}",
            "line 3, column 51: grants[0].destination.protocol: ",
            "none of HTTP",
        ),
        (
            GRANT + "{host: a.com, port: 443, protocol: TLS, tlsOrigination: yes}",
            "line 3, column 72: grants[0].destination.tlsOrigination: ",
            "neither true nor false",
        ),
        (
            GRANT + "{host: 127.1, port: 443, protocol: TLS}",
            "line 3, column 23: grants[0].destination.host: ",
            "IP address",
        ),
        (
            GRANT + "{port: 443, protocol: TLS}",
            "line 3, column 16: grants[0].destination: ",
            '"host" is missing',
        ),
        (
            GRANT + "{host: metadata.google.internal, port: 80, protocol: HTTP}",
            "line 3, column 23: grants[0].destination.host: ",
            "credentials",
        ),
        (
            GRANT + "{host: a.payments.svc, port: 80, protocol: HTTP}",
            "line 3, column 23: grants[0].destination.host: ",
            "cluster",
        ),
        (
            GRANT + "{host: a.com, port: 15001, protocol: TLS}",
            "line 3, column 36: grants[0].destination.port: ",
            "15000",
        ),
        (
            GOOD_FOR.format("{namespace: no}"),
            "line 2, column 24: grants[0].subject.namespace: ",
            "quotes",
        ),
        (
            GOOD_FOR.format("{namespace: kube-system}"),
            "line 2, column 24: grants[0].subject.namespace: ",
            "cluster itself",
        ),
        (
            GOOD_FOR.format("{namespace: a, serviceAccount: b}"),
            "line 2, column 43: grants[0].subject.serviceAccount: ",
            "service account",
        ),
    ],
)
def test_a_mistake_is_named_with_line_column_and_path(text: str, place: str, words: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(place)
    assert words in problem


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    found = problems(
        "cluster: {enforcement: x, colour: blue}\n"
        "grants:\n"
        "- subject: {namespace: default}\n"
        "  destination: {host: localhost, port: 99999, protocol: TLS}\n"
        "- {}\n"
    )
    assert [line.split(":")[0] for line in found] == [
        "line 1, column 24",
        "line 1, column 35",
        "line 4, column 23",
        "line 4, column 40",
        "line 5, column 3",
        "line 5, column 3",
    ]


def test_grants_that_contradict_each_other_are_all_named() -> None:
    found = problems(
        GRANT + "{host: a.com, port: 80, protocol: HTTP}\n"
        "- subject: {namespace: default}\n"
        "  destination: {host: a.com, port: 80, protocol: HTTP2}"
    )
    assert [line.split(": ")[:2] for line in found] == [
        ["line 2, column 3", "grants[0]"],
        ["line 4, column 3", "grants[1]"],
    ]
    assert "different ways" in found[0]


EVERYTHING = """\
cluster:
  enforcement: gateway
  trustDomain: corp.example
  trustDomainAliases: [old.example]
  egressNamespace: out
  istioVersion: 1.30.2
  clientDestinationRule: clientNamespace
  gateways:
  - {id: main, maxDoors: 5}
  - {id: two, selector: {istio: second}, http: {servicePort: 81, containerPort: 8081}}
  assignments: {db.example.net: two}
namespaces:
  plain: {enforcement: sidecar, meshHosts: [shop/api.shop.svc.cluster.local]}
inventory:
  shop: [web, worker]
defaultDeny: [plain]
networkPolicies: [shop]
grants:
- subject: {namespace: shop}
  destination: {host: db.example.net, port: 5432, protocol: TCP, addresses: [203.0.113.9]}
- subject: {namespace: plain}
  destination: {host: archive.ubuntu.com, port: 80, protocol: HTTP, resolution: DNS_ROUND_ROBIN}
  alias: os-mirror
"""


def test_a_file_can_say_everything_that_decides() -> None:
    parsed = parse_grants_file(EVERYTHING)
    cluster, namespaces = parsed.cluster, parsed.inventory.namespaces
    assert (cluster.trust_domain_aliases, cluster.egress_namespace) == (("old.example",), "out")
    assert cluster.rules_at_clients
    assert cluster.is_at_least(1, 30, 2)
    second = cluster.gateway_of("db.example.net")
    assert (second.id, second.istio_label, second.http_port, second.tls_port) == (
        *("two", "second", 81),
        443,
    )
    assert cluster.gateway_of("other.example").max_doors == 5
    assert set(namespaces["shop"].service_accounts) == {"web", "worker"}
    assert namespaces["shop"].network_policy
    assert namespaces["plain"].default_deny
    assert namespaces["plain"].mesh_hosts == ("shop/api.shop.svc.cluster.local",)
    assert namespaces["plain"].enforcement is Enforcement.SIDECAR
    database, mirror = (grant.destination for grant in parsed.grants)
    assert database.addresses == ("203.0.113.9",)
    assert (mirror.alias, mirror.resolution) == ("os-mirror", Resolution.DNS_ROUND_ROBIN)
    assert {obj["kind"] for obj in render_grants_file(parsed)} >= {"Gateway", "Sidecar", "Service"}


def test_static_objects_are_added_on_demand() -> None:
    parsed = parse_grants_file(EVERYTHING)
    without = render_grants_file(parsed)
    added = [obj for obj in render_grants_file(parsed, static=True) if obj not in without]
    assert {obj["metadata"]["name"] for obj in added} == {
        *("default-deny", "egress-http", "egress-http-two", "handshake", "handshake-two"),
    }


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("inventory: {shop: [Web]}", "no service account"),
        ("inventory: {shop: ['*']}", "no service account"),
        ("namespaces: {shop: {meshHosts: ['*/*']}}", "no host of the mesh"),
        ("namespaces: {shop: {meshHosts: [shop/api]}}", "no host of the mesh"),
        ("namespaces: {shop: {meshHosts: [api.shop.svc.cluster.local]}}", "no host of the mesh"),
        ("cluster: {trustDomain: '*'}", "no trust domain"),
        ("cluster: {gateways: [{http: {containerPort: 8443}}]}", "one port for HTTP and for doors"),
        ("cluster: {gateways: [{id: a}, {id: b, selector: {istio: egressgateway-a}}]}", "label"),
    ],
)
def test_what_would_open_more_than_was_granted_is_refused(section: str, words: str) -> None:
    with pytest.raises(GrantsFileError, match=words):
        render_grants_file(parse_grants_file(section + "\ngrants: []"))


def test_a_namespace_grant_on_a_door_needs_the_inventory() -> None:
    (problem,) = problems("cluster: {enforcement: gateway}\n" + GRANT + TLS)
    assert problem.startswith("line 3, column 3: grants[0]: ")
    assert "service account" in problem


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ngrants: *c",
        "grants: " + "[" * 5000,
        "grants: " + "{a: " * 5000,
        "- " * 5000,
        "grants: !!python/object/apply:os.system ['id']",
        "x" * (MAX_CHARACTERS + 1),
        "\ud800",
    ],
    ids=["aliases", "lists", "maps", "dashes", "python", "size", "surrogate"],
)
def test_a_bomb_is_refused_quickly(bomb: str) -> None:
    assert problems(bomb)


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=80)
    | st.text("{}[]:,-&*!|>'\"%@` \n#?abgrnts", max_size=80)
)
def test_any_text_is_understood_or_refused(text: str) -> None:
    with suppress(GrantsFileError):
        assert parse_grants_file(text).grants == ()
