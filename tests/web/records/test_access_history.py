"""The page that tells who could reach a host on a date."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Grant, Namespace, Person
from egress.services import audit
from egress.services.audit import Tag
from tests import factories
from tests.web.records.pages import XSS, get, signed_in, text

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def grant(shop: Namespace, owner: Person) -> Grant:
    """A grant of March 2026, ended and confirmed, with the event of its decision."""
    made = factories.grant(
        shop,
        owner,
        "api.stripe.com",
        status=GrantStatus.REVOKED,
        created_at=NOON,
        active_at=NOON + timedelta(minutes=1),
        ended_at=NOON + timedelta(days=10),
        end_reason="No longer needed.",
        confirmed_at=NOON + timedelta(days=10, minutes=1),
    )
    with transaction.atomic():
        audit.record(
            tag=Tag.GRANT_CREATED,
            actor=factories.actor(owner),
            target="grant",
            target_id=made.pk,
            message="Granted it.",
            cluster="main",
            namespace="shop",
            at=NOON,
        )
    return made


def ask(who: Person, name: str = "access-history", **asked: str) -> Any:
    return signed_in(who).get(reverse(name), {"host": "api.stripe.com", **asked})


def test_the_page_starts_with_an_empty_question(owner: Person, shop: Namespace) -> None:
    page = text(get(owner, "access-history"))
    assert "Ask about a host" in page
    assert "This field is required" not in page


def test_the_answer_names_grant_request_people_and_events(owner: Person, grant: Grant) -> None:
    page = text(ask(owner, host=" API.stripe.com. ", at="2026-03-05T10:00"))
    assert "Who could reach api.stripe.com at 2026-03-05 10:00 UTC" in page
    assert f'href="{reverse("grant", args=[grant.pk])}"' in page
    assert f'href="{reverse("request", args=[grant.request_id])}"' in page
    assert "<q>No longer needed.</q>" in page
    assert "Granted it." in page
    assert "The trail has no event for: activated, revoked, confirmed" in page
    assert "The portal serves cluster" in page


@pytest.mark.parametrize(
    ("asked", "when", "is_there"),
    [
        ({"at": "2026-03-01"}, "on 2026-03-01 (UTC)", True),
        ({"at": "2026-02-28"}, "on 2026-02-28 (UTC)", False),
        ({"at": "2026-02-01", "until": "2026-02-28"}, "between 2026-02-01", False),
        ({"at": "2026-02-01", "until": "2026-03-01"}, "between 2026-02-01", True),
        ({"at": "2026-04-01T00:00"}, "at 2026-04-01", False),
        ({}, "at 20", False),
    ],
)
def test_a_day_a_moment_and_a_span_may_be_asked_for(
    olga: Person, grant: Grant, asked: dict[str, str], when: str, is_there: bool
) -> None:
    page = text(ask(olga, **asked))
    assert when in page
    assert (reverse("grant", args=[grant.pk]) in page) is is_there
    assert ("Nobody, as far as you may see" in page) is not is_there


def test_a_day_that_is_sent_again_from_the_page_is_the_same_question(
    olga: Person, grant: Grant
) -> None:
    page = text(ask(olga, at="2026-03-01"))
    asked = dict(re.findall(r'name="(at|until)" value="([^"]*)"', page))
    assert asked == {"at": "2026-03-01T00:00", "until": "2026-03-01T23:59"}
    assert "on 2026-03-01 (UTC)" in text(ask(olga, **asked))


def test_a_time_before_the_portal_is_not_answered_with_a_plain_nobody(
    olga: Person, grant: Grant
) -> None:
    page = text(ask(olga, host="unheard-of.example.com", at="2019-01-01"))
    assert "Nobody, as far as you may see" in page
    assert "What could be reached there before is not known here." in page


def test_a_printed_part_of_an_answer_says_that_it_is_one(
    owner: Person, shop: Namespace, grant: Grant
) -> None:
    part = "This is one page of a longer list."
    assert part not in text(ask(owner, at="2026-03-05"))
    for port in range(1, 52):
        factories.grant(shop, owner, "api.stripe.com", port=port, created_at=NOON)
    assert part in text(ask(owner, at="2026-03-05"))


def test_a_stranger_is_told_of_nobody(stranger: Person, payments: Namespace, grant: Grant) -> None:
    asked = {"at": "2026-03-05"}
    assert "Nobody, as far as you may see" in text(ask(stranger, **asked))
    assert text(ask(stranger, "access-history-ndjson", **asked)) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "not a host"},
        {"host": ""},
        {"host": "h" * 300},
        {"host": "\0"},
        {"at": "yesterday"},
        {"at": "0001-01-01"},
        {"at": "2026-13-01"},
        {"at": "2026-03-05", "until": "2026-03-01"},
        {"until": "1999-01-01"},
        {"until": "9999-12-31T23:59+00:00"},
        {"cluster": "elsewhere"},
        {"port": "https"},
        {"port": "0"},
    ],
)
def test_a_question_that_cannot_be_understood_is_explained_and_kept(
    owner: Person, grant: Grant, wrong: dict[str, str]
) -> None:
    response = ask(owner, **wrong)
    assert response.status_code == 200
    assert 'aria-invalid="true"' in text(response)
    assert "What is not known here" not in text(response)
    assert len(text(ask(owner, "access-history-csv", **wrong)).splitlines()) == 1


def test_what_was_typed_is_never_markup(owner: Person, grant: Grant) -> None:
    for field in ("host", "namespace", "service_account", "at", "until", "port", "cluster"):
        assert XSS not in text(ask(owner, **{field: XSS}))


def test_files_hold_every_period_and_no_formula(owner: Person, grant: Grant) -> None:
    Grant.objects.filter(pk=grant.pk).update(end_reason="=1+1")
    span = {"at": "2026-02-01", "until": "2026-04-01"}
    lines = text(ask(owner, "access-history-ndjson", **span)).splitlines()
    assert [json.loads(line)["reach"] for line in lines] == ["granted", "open", "closing"]
    first = json.loads(lines[0])
    assert (first["requester"], first["events"]) == ("owner", "1")
    assert (first["since"], first["until"]) == (
        "2026-03-01T12:00:00+00:00",
        "2026-03-01T12:01:00+00:00",
    )
    told = text(ask(owner, "access-history-csv", **span))
    rows = list(csv.DictReader(io.StringIO(told, newline="")))
    assert [row["end_reason"] for row in rows] == ["'=1+1"] * 3


def test_the_page_costs_the_same_for_one_grant_and_for_fifty(
    owner: Person, shop: Namespace, grant: Grant, django_assert_max_num_queries: Any
) -> None:
    for port in range(1, 60):
        factories.grant(shop, owner, "api.stripe.com", port=port, created_at=NOON)
    client = signed_in(owner)
    with django_assert_max_num_queries(12):
        page = text(client.get(f"{reverse('access-history')}?host=api.stripe.com&at=2026-03-05"))
    assert "before=" in page


def test_grant_and_access_check_lead_to_the_history(
    owner: Person, cluster: Cluster, shop: Namespace
) -> None:
    grant = factories.grant(shop, owner, "api.stripe.com")
    assert f"{reverse('access-history')}?host=api.stripe.com&amp;cluster=main" in text(
        get(owner, "grant", grant.pk)
    )
    query = "?cluster=main&namespace=shop&host=api.stripe.com&port=443"
    answer = text(get(owner, "access-check", query=query))
    assert f"{reverse('access-history')}?cluster=main&amp;namespace=shop" in answer
