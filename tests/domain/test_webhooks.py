"""Which addresses a webhook may have, and what it is told."""

import json

import pytest

from egress.domain.webhooks import (
    GROUP_WORDS,
    GROUPS,
    OTHERS,
    body_of,
    group_of,
    problem_of_address,
    shown_address,
)
from egress.services.audit import Tag

INSIDE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "10.0.0.1",
    "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[::1]", "[::]", "[fe80::1]",
    "[fd00::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "localhost", "localhost.", "LOCALHOST",
    "a.localhost", "kubernetes", "metadata", "127.0.0.1.", "017700000001", "1.2.3",
)  # fmt: skip
UNFIT = (
    "", "ci.example.com", "http://ci.example.com/", "ftp://ci.example.com/", "file:///etc/passwd",
    "gopher://ci.example.com/", "//ci.example.com/", "https://", "https:///path", "https://:443/",
    "https://user@ci.example.com/", "https://user:word@ci.example.com/", "https://ci.example.com#x",
    "https://ci.example.com@10.0.0.1/", "https://ci.example.com\\@10.0.0.1/",
    "https://ci.example.com:0/", "https://ci.example.com:99999/", "https://ci.example.com:x/",
    "https://ci.example.com/ x", "https://ci.example.com/\r\nHost: x", "https://ci.example.com/\t",
    "https://cı.example.com/", "https://[::1/", "https://ci.example.com/" + "a" * 2000,
    "javascript:alert(1)", "https:ci.example.com", "unix:///var/run/docker.sock",
)  # fmt: skip
WAYS = ("https://{}/", "https://{}:8443/hook", "https://{}/?next=https://ci.example.com/")


@pytest.mark.parametrize("url", [way.format(host) for host in INSIDE for way in WAYS])
def test_an_address_inside_is_refused_at_once(url: str) -> None:
    assert problem_of_address(url, private_allowed=False)


@pytest.mark.parametrize("url", UNFIT)
def test_what_is_no_https_address_is_refused_even_where_private_ones_are_allowed(url: str) -> None:
    problem = problem_of_address(url, private_allowed=True)
    assert problem
    assert "ci.example.com@" not in problem


@pytest.mark.parametrize(
    "url", ["https://ci.example.com/egress", "https://93.184.216.34:8443/x", "https://a.b/?k=v"]
)
def test_an_address_outside_is_accepted(url: str) -> None:
    assert problem_of_address(url, private_allowed=False) == ""


def test_only_the_host_is_shown() -> None:
    assert (
        shown_address("https://ci.example.com:8443/key/123?t=4") == "https://ci.example.com:8443/…"
    )


@pytest.mark.parametrize("tag", Tag)
def test_every_event_belongs_to_a_group_that_can_be_chosen(tag: Tag) -> None:
    assert group_of(tag) in GROUP_WORDS


def test_what_is_new_is_told_as_administration() -> None:
    assert group_of("weather:changed") == OTHERS
    assert OTHERS not in GROUPS


def test_the_body_is_what_standard_webhooks_asks_for() -> None:
    event = {
        "sequence": 7, "tag": "request:approval-given", "at": "2026-11-22T06:00:00+00:00",
        "actor": "alice", "cluster": "prod", "namespace": "shop", "host": "", "target": "request",
        "target_id": "12", "message": "Approved “a”.", "data": {"secret": "no"},
    }  # fmt: skip
    body = json.loads(body_of(event, "https://egress.example.com/"))
    assert body["type"] == "request.approval-given"
    assert body["timestamp"] == event["at"]
    assert body["data"]["url"] == "https://egress.example.com/audit/7"
    assert "secret" not in json.dumps(body)
