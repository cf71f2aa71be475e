"""The audit page: what may be read, how it is found, and whether it is whole."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from egress.models import AuditCheck, AuditEvent, Namespace, Person
from egress.selectors import audit_search
from egress.services import audit
from egress.services.audit import Tag
from egress.web.forms.audit import AuditFilter
from egress.web.records.audit_facts import KINDS
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


def test_an_old_day_costs_as_many_questions_as_today(
    olga: Person, django_assert_num_queries: Any
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(40):
        happen(olga, f"Day {number}.", at=start + timedelta(days=number))
    filters = AuditFilter({"since": "2026-01-21", "until": "2026-01-21"})
    with django_assert_num_queries(2):
        assert [one.message for one in filters.narrow(AuditEvent.objects.all())] == ["Day 20."]


def test_no_events_at_all_is_no_mistake() -> None:
    asked = {"since": "2026-01-01", "until": "2026-01-01", "q": "word"}
    assert AuditFilter(asked).found(AuditEvent.objects.all()).count() == 0


def test_a_minute_may_be_asked_for_in_any_zone(olga: Person) -> None:
    happen(olga, "Early.", at=datetime(2026, 2, 2, 9, 29, 59, tzinfo=UTC))
    happen(olga, "In time.", at=datetime(2026, 2, 2, 9, 30, 59, tzinfo=UTC))
    happen(olga, "Late.", at=datetime(2026, 2, 2, 9, 31, tzinfo=UTC))
    for minute in ("2026-02-02T09:30", "2026-02-02 09:30", "2026-02-02T10:30%2B01:00"):
        assert messages_found(olga, f"?since={minute}&until={minute}") == ["In time."]
    page = text(get(olga, "audit", query="?since=2026-02-02&until=2026-02-02"))
    assert 'value="2026-02-02T00:00"' in page
    assert 'value="2026-02-02T23:59"' in page


def test_a_time_that_is_none_stays_as_it_was_typed(olga: Person) -> None:
    page = text(get(olga, "audit", query="?since=last+week"))
    assert "“last week” is no time" in page
    assert 'value="last week"' in page


# --- search -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stripe", True),
        ("API.Stripe.com", True),
        ("owner stripe revoked", True),
        ("main/shop grant", True),
        ("grant 7", True),
        ("parc*", True),
        ("parc", False),
        ("arcels", False),
        ("stripe absent", False),
        ("Größe", True),
        ("100", True),
    ],
)
def test_search_finds_whole_words_wherever_they_stand(
    olga: Person, owner: Person, query: str, found: bool
) -> None:
    happen(owner, "Ended: parcels, Größe 100%.")
    happen(olga, "Nothing.", target="token", target_id="1", host="", namespace="", cluster="x")
    words = quote_plus(query)
    assert messages_found(olga, f"?q={words}") == ["Ended: parcels, Größe 100%."] * found
    assert ("Ended: parcels" in text(get(olga, "audit", query=f"?q={words}"))) is found


def test_a_rare_word_is_found_however_far_back_it_stands(
    olga: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "STRETCHES", (2, 4))
    for number in range(9):
        happen(olga, f"{'needle' if number in (0, 4, 8) else 'straw'} {number}")
    page = text(get(olga, "audit", query="?q=needle"))
    assert [page.index(f"needle {n}<") for n in (8, 4, 0)] == sorted(
        page.index(f"needle {n}<") for n in (8, 4, 0)
    )
    assert "needle 4<" not in text(get(olga, "audit", query="?q=needle&before=5"))
    newer = text(get(olga, "audit", query="?q=needle&after=5"))
    assert "needle 8<" in newer
    assert "needle 4<" not in newer


def test_search_is_limited_to_what_may_be_seen(
    owner: Person, adam: Person, shop: Namespace, payments: Namespace
) -> None:
    happen(adam, "Secret parcels.", namespace="payments")
    happen(adam, "Our parcels.")
    assert messages_found(owner, "?q=parcels") == ["Our parcels."]
    assert "Secret" not in text(get(owner, "audit", query="?q=parcels"))


@pytest.mark.parametrize("q", ["%25%25", "_", "a b c d e f g h i", "*", "' OR 1=1 --%00"])
def test_a_search_that_cannot_be_understood_is_explained_or_finds_nothing(
    olga: Person, q: str
) -> None:
    happen(olga, "Plain.")
    response = get(olga, "audit", query=f"?q={q}")
    assert response.status_code == 200
    assert "Plain." not in text(response)


# --- chips ------------------------------------------------------------------------------------


def test_filters_in_use_are_chips_that_take_themselves_away(olga: Person) -> None:
    happen(olga, "Plain.")
    page = text(get(olga, "audit", query="?tag=grant:&host=api.stripe.com"))
    assert 'href="?tag=grant%3A" aria-label="Take away Host: api.stripe.com"' in page
    assert 'href="?host=api.stripe.com" aria-label="Take away Event: grant:"' in page
    assert 'aria-current="true"><span class="wrap-any">Grants</span>' in page


def test_every_kind_that_is_offered_finds_events() -> None:
    nouns = {tag.partition(":")[0] for tag in Tag}
    assert {tag.removesuffix(":") for _, tag in KINDS} <= nouns


# --- one event --------------------------------------------------------------------------------


def test_an_event_page_shows_what_changed_line_by_line(olga: Person) -> None:
    data = {"before": {"days": 30, "team": "shop"}, "after": {"days": 90, "team": "shop"}}
    page = text(get(olga, "audit-event", happen(olga, data={**data, "note": "ok"}).sequence))
    assert "diff-del" in page
    assert "&quot;days&quot;: 30" in page
    assert "&quot;days&quot;: 90" in page
    assert "<dt>Note</dt>" in page
    assert "<dt>Before</dt>" not in page


def test_an_event_leads_to_what_it_names_and_to_its_neighbours(
    olga: Person, adam: Person, owner: Person, stranger: Person, shop: Namespace
) -> None:
    grant = factories.grant(shop, owner, "api.stripe.com")
    facts = {"target_id": str(grant.pk), "data": {"request": grant.request_id}}
    first, second, third = (happen(owner, f"{n}.", **facts) for n in range(3))
    happen(owner, "Another grant.", target_id="9999")
    page = text(get(adam, "audit-event", second.sequence))
    for name, args in [
        ("grant", [grant.pk]),
        ("request", [grant.request_id]),
        ("cluster", ["main"]),
        ("namespace", ["main", "shop"]),
        ("person", [owner.pk]),
        ("audit-event", [first.sequence]),
        ("audit-event", [third.sequence]),
    ]:
        assert f'href="{reverse(name, args=args)}"' in page, name
    assert reverse("person", args=[owner.pk]) not in text(get(olga, "audit-event", second.sequence))


def test_an_event_does_not_lead_where_the_person_may_not_go(
    stranger: Person, payments: Namespace, shop: Namespace, owner: Person
) -> None:
    grant = factories.grant(shop, owner)
    event = happen(
        stranger, target_id=str(grant.pk), namespace="payments", data={"request": grant.request_id}
    )
    page = text(get(stranger, "audit-event", event.sequence))
    assert f'href="{reverse("grant", args=[grant.pk])}"' not in page
    assert f'href="{reverse("request", args=[grant.request_id])}"' not in page
    assert f'href="{reverse("namespace", args=["main", "payments"])}"' in page


@pytest.mark.parametrize("target_id", ["x", "²", "9" * 40, "-1", ""])
def test_an_event_about_a_thing_without_a_number_still_shows(olga: Person, target_id: str) -> None:
    event = happen(olga, target_id=target_id, data={"request": [1], "before": None, "after": 1})
    assert get(olga, "audit-event", event.sequence).status_code == 200


def test_an_event_page_shows_before_and_after_readably(olga: Person) -> None:
    event = happen(olga, data={"before": {"owner": "team-shop"}, "after": XSS, "note": XSS})
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
    assert "not covered yet" not in page
    later = happen(olga)
    assert "1 newer event is not covered yet" in text(get(olga, "audit"))
    assert "This event is newer" in text(get(olga, "audit-event", later.sequence))
    assert "This event was verified" in text(get(olga, "audit-event", later.sequence - 1))


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
