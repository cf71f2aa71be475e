"""The audit page: what may be read, how it is found, and whether it is whole."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from egress.models import AuditCheck, AuditEvent, Namespace, Person
from egress.services import audit
from egress.services.audit import Tag
from egress.web.forms.audit import AuditFilter, first_sequence_at
from tests import factories
from tests.web.records.pages import XSS, get, post, signed_in, text

pytestmark = pytest.mark.django_db


def happen(who: Person, message: str = "Something happened.", **facts: Any) -> AuditEvent:
    values: dict[str, Any] = {
        "tag": Tag.GRANT_REVOKED,
        "target": "grant",
        "target_id": "7",
        "cluster": "main",
        "namespace": "shop",
        "host": "api.stripe.com",
        "message": message,
    }
    with transaction.atomic():
        return audit.record(actor=factories.actor(who), **{**values, **facts})


def messages_found(who: Person, query: str) -> list[str]:
    lines = text(get(who, "audit-ndjson", query=query)).splitlines()
    return [json.loads(line)["message"] for line in lines]


def test_an_auditor_reads_everything_newest_first(olga: Person, owner: Person) -> None:
    happen(owner, "The first.")
    happen(owner, "The second.", namespace="payments")
    page = text(get(olga, "audit"))
    assert page.index("The second.") < page.index("The first.")


def test_a_developer_reads_what_happened_in_their_namespaces(
    owner: Person, adam: Person, shop: Namespace, payments: Namespace
) -> None:
    happen(adam, "About the shop.")
    happen(adam, "About payments.", namespace="payments")
    for page in (text(get(owner, "audit")), text(get(owner, "audit-ndjson"))):
        assert "About the shop." in page
        assert "About payments." not in page


def test_a_hidden_event_answers_like_one_that_never_was(
    owner: Person, adam: Person, shop: Namespace, payments: Namespace
) -> None:
    hidden = happen(adam, "About payments.", namespace="payments")
    assert get(owner, "audit-event", hidden.sequence).status_code == 404
    assert get(owner, "audit-event", hidden.sequence + 99).status_code == 404
    assert get(adam, "audit-event", hidden.sequence).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?tag=token:created", ["Token."]),
        ("?tag=token:", ["Token."]),
        ("?actor=alice", ["By alice."]),
        ("?cluster=main&namespace=payments", ["Payments."]),
        ("?host=other.example.com", ["Other host."]),
        ("?target=token", ["Token."]),
        ("?target=grant+8", ["Grant 8."]),
        ("?target=grant+%238", ["Grant 8."]),
        ("?q=OTHER", ["Other host."]),
        ("?q=%25", []),
        ("?tag=nonsense", []),
        ("?since=yesterday", []),
        ("?since=2026-02-02&until=2026-02-01", []),
    ],
)
def test_filters_in_the_address_find_events(
    olga: Person, alice: Person, owner: Person, query: str, found: list[str]
) -> None:
    happen(owner, "Plain.")
    happen(alice, "By alice.")
    happen(owner, "Payments.", namespace="payments")
    happen(owner, "Other host.", host="other.example.com")
    happen(owner, "Grant 8.", target_id="8")
    happen(owner, "Token.", tag=Tag.TOKEN_CREATED, target="token", target_id="1")
    assert messages_found(olga, query) == found
    page = text(get(olga, "audit", query=query))
    assert [message for message in found if message not in page] == []
    assert "Plain." not in page


def test_a_date_range_that_ends_before_it_starts_is_explained(olga: Person) -> None:
    page = text(get(olga, "audit", query="?since=2026-02-02&until=2026-02-01"))
    assert "The range ends before it starts" in page


def test_dates_are_whole_days_in_utc(olga: Person) -> None:
    for day, hour in [(1, 23), (2, 0), (2, 23), (3, 0)]:
        at = datetime(2026, 2, day, hour, 59 if hour else 0, tzinfo=UTC)
        happen(olga, f"{day} at {hour}", at=at)
    assert messages_found(olga, "?since=2026-02-02&until=2026-02-02") == ["2 at 23", "2 at 0"]
    assert messages_found(olga, "?since=2026-02-03") == ["3 at 0"]
    assert messages_found(olga, "?until=2026-02-01") == ["1 at 23"]


def test_a_clock_that_ran_behind_hides_no_event_from_a_date_filter(olga: Person) -> None:
    noon = datetime(2026, 2, 2, 0, 20, tzinfo=UTC)
    happen(olga, "Before.", at=noon - timedelta(days=1))
    happen(olga, "After midnight.", at=noon)
    happen(olga, "By a slow clock.", at=noon - timedelta(minutes=30))
    happen(olga, "Later.", at=noon + timedelta(hours=3))
    assert messages_found(olga, "?until=2026-02-01") == ["By a slow clock.", "Before."]
    assert messages_found(olga, "?since=2026-02-02") == ["Later.", "After midnight."]


def test_an_old_day_is_found_by_halving_not_by_reading(
    olga: Person, django_assert_max_num_queries: Any
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(64):
        happen(olga, at=start + timedelta(days=number))
    with django_assert_max_num_queries(9):
        assert first_sequence_at(start + timedelta(days=20)) == 21
    assert first_sequence_at(start + timedelta(days=999)) == 65
    assert first_sequence_at(start - timedelta(days=1)) == 1


def test_no_events_at_all_is_no_mistake(olga: Person) -> None:
    assert first_sequence_at(timezone.now()) == 1
    assert AuditFilter({"since": "2026-01-01"}).narrow(AuditEvent.objects.all()).count() == 0


def test_an_event_page_shows_before_and_after_readably(olga: Person) -> None:
    event = happen(olga, data={"before": {"owner": "team-shop"}, "after": XSS})
    page = text(get(olga, "audit-event", event.sequence))
    assert "&quot;owner&quot;: &quot;team-shop&quot;" in page
    assert "&lt;script&gt;" in page
    assert XSS not in page
    assert event.hash in page


def test_messages_are_never_markup(olga: Person) -> None:
    happen(olga, XSS, host=XSS, namespace="shop")
    assert XSS not in text(get(olga, "audit"))
    assert XSS not in text(get(olga, "audit", query=f"?q={XSS}&tag={XSS}&actor={XSS}"))


def test_the_csv_holds_every_field_and_no_formula(olga: Person) -> None:
    event = happen(olga, "=1+1", data={"after": "x"})
    (row,) = csv.DictReader(io.StringIO(text(get(olga, "audit-csv")), newline=""))
    assert row["message"] == "'=1+1"
    assert (row["sequence"], row["hash"]) == (str(event.sequence), event.hash)
    assert set(row) == {field.attname for field in AuditEvent._meta.concrete_fields}


def test_the_page_is_keyset_paged(olga: Person) -> None:
    for number in range(53):
        happen(olga, f"Event number {number}.")
    first = text(get(olga, "audit", query="?actor=olga"))
    assert "Event number 52." in first
    assert "Event number 2." not in first
    assert "?actor=olga&amp;before=4" in first
    assert "Event number 2." in text(get(olga, "audit", query="?actor=olga&before=4"))


def test_the_page_costs_the_same_however_long_the_trail_is(
    olga: Person, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        happen(olga, f"Event number {number}.")
    client = signed_in(olga)
    with django_assert_max_num_queries(12):
        client.get(reverse("audit"))


# --- the chain --------------------------------------------------------------------------------


def test_before_the_first_check_the_mark_promises_nothing(olga: Person) -> None:
    page = text(get(olga, "audit"))
    assert "Not verified yet" in page
    assert "Chain verified" not in page


def test_verifying_shows_the_time_and_the_number_of_events(olga: Person) -> None:
    happen(olga)
    happen(olga)
    response = post(olga, "audit-verify")
    assert response["Location"] == reverse("audit")
    page = text(get(olga, "audit"))
    assert "Chain verified" in page
    assert "2 events verified" in page


def test_a_broken_chain_is_said_loudly(olga: Person) -> None:
    happen(olga)
    AuditCheck.objects.create(
        checked_at=timezone.now(), events=0, valid=False, message="Broken at event 1: changed."
    )
    page = text(get(olga, "audit"))
    assert "Chain broken" in page
    assert "Broken at event 1: changed." in page


def test_a_developer_may_not_verify_and_is_not_asked_to(owner: Person, shop: Namespace) -> None:
    assert "Verify now" not in text(get(owner, "audit"))
    response = post(owner, "audit-verify")
    assert response.status_code == 403
    assert "Only admins and auditors verify the chain" in text(response)
    assert not AuditCheck.objects.exists()


def test_verifying_takes_a_form(olga: Person) -> None:
    assert get(olga, "audit-verify").status_code == 405


@pytest.mark.parametrize("field", ["since", "until"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_of_another_age_is_explained(olga: Person, field: str, day: str) -> None:
    assert "1970" in text(get(olga, "audit", query=f"?{field}={day}"))
    assert text(get(olga, "audit-ndjson", query=f"?{field}={day}")) == ""
