"""A file of grants is understood, or every mistake in it is named with its place."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egress.domain.access import Access, Destination, Enforcement, Protocol, Subject
from egress.domain.grants_file import MAX_CHARACTERS, GrantsFileError, parse_grants_file

GOOD = """\
cluster: {enforcement: sidecar, trustDomain: corp.example}
grants:
- subject: {namespace: default}
  destination: {host: Developers.Google.com., port: 443, protocol: TLS}
- subject: {namespace: otherns}
  destination: {host: developer.yahoo.com, port: 80, protocol: HTTP, tlsOrigination: true}
"""
GOOD_FOR = "grants:\n- subject: {}\n  destination: {{host: a.com, port: 443, protocol: TLS}}"
GRANT = "grants:\n- subject: {namespace: default}\n  destination: "


def problems(text: str) -> list[str]:
    """All problems of a file, as they are printed."""
    with pytest.raises(GrantsFileError) as refusal:
        parse_grants_file(text)
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
        "namespaces: [{name: default, defaultDeny: true}]\n"
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
            "namespaces: [{name: A}]\ngrants: []",
            "line 1, column 21: namespaces[0].name: ",
            "no namespace",
        ),
        (
            "namespaces: [{name: a}, {name: a}]\ngrants: []",
            "line 1, column 25: namespaces[1]: ",
            "twice",
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
            GRANT + "{host: db.example.net, port: 5432, protocol: TCP}",
            "line 3, column 61: grants[0].destination.protocol: ",
            "TCP",
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
        (
            "cluster: {enforcement: ambient}\n" + GRANT + "{host: a.com, port: 443, protocol: TLS}",
            "line 3, column 24: grants[0].subject.namespace: ",
            "ambient",
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


def test_grants_that_contradict_each_other_are_named_at_the_second_one() -> None:
    (problem,) = problems(
        GRANT + "{host: a.com, port: 80, protocol: HTTP}\n"
        "- subject: {namespace: default}\n"
        "  destination: {host: a.com, port: 80, protocol: HTTP2}"
    )
    assert problem.startswith("line 5, column 50: grants[1].destination.protocol: ")


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


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=80)
    | st.text("{}[]:,-&*!|>'\"%@` \n#?abgrnts", max_size=80)
)
def test_any_text_is_understood_or_refused(text: str) -> None:
    with suppress(GrantsFileError):
        assert parse_grants_file(text).grants == ()
