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
from tests.domain.hostile_addresses import OUTSIDE, PAYLOADS, UNFIT


def test_no_hostile_address_is_accepted_or_repeated() -> None:
    assert len(PAYLOADS) >= 200
    assert [url for url in PAYLOADS if not problem_of_address(url, private_allowed=False)] == []
    said = {problem_of_address(url, private_allowed=False) for url in PAYLOADS}
    assert len(said) <= 5, "a sentence quotes nothing of what was typed"


@pytest.mark.parametrize("url", OUTSIDE)
def test_an_address_outside_is_accepted(url: str) -> None:
    assert problem_of_address(url, private_allowed=False) == ""


def test_where_private_addresses_are_allowed_all_else_stays_forbidden() -> None:
    assert problem_of_address("https://10.0.0.1/", private_allowed=True) == ""
    assert [url for url in UNFIT if not problem_of_address(url, private_allowed=True)] == []


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
