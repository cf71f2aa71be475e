"""The list of grants and its downloads, as the owner, a team mate and a stranger see them."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import (
    Grant,
    Namespace,
    Person,
)
from tests import factories
from tests.web.records.pages import text as body

pytestmark = pytest.mark.django_db
QUERIES_OF_LIST = 8


@pytest.fixture
def grant(shop: Namespace, owner: Person) -> Grant:
    """An active grant of the shop, asked for by the owner."""
    return factories.grant(shop, owner, "api.stripe.com")


def read(client: Client, who: Person, name: str, *args: object, query: str = "") -> Any:
    client.force_login(who)
    return client.get(reverse(name, args=args) + query)


# --- the list ---------------------------------------------------------------------------------


def test_a_visitor_is_sent_to_the_sign_in_page(client: Client, grant: Grant) -> None:
    for name, args in [("grants", ()), ("grants-csv", ()), ("grant", (grant.pk,))]:
        response = client.get(reverse(name, args=args))
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("sign-in"))


def test_the_owner_finds_the_grant_with_its_status(
    client: Client, owner: Person, grant: Grant
) -> None:
    page = body(read(client, owner, "grants"))
    assert "api.stripe.com" in page
    assert "Active" in page
    assert "Granted, not enforced" in page


def test_a_team_mate_finds_it_too(client: Client, mate: Person, grant: Grant) -> None:
    assert "api.stripe.com" in body(read(client, mate, "grants"))


def test_a_stranger_finds_nothing_in_any_form(
    client: Client, stranger: Person, grant: Grant
) -> None:
    for name in ("grants", "grants-csv", "grants-json"):
        response = read(client, stranger, name, query="?status=all")
        assert response.status_code == 200
        assert "api.stripe.com" not in body(response)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"api.stripe.com", "soon.example.com", "broken.example.com", "web.example.com",
              "edited.example.com"}),
        ("?host=STRIPE", {"api.stripe.com"}),
        ("?host=stripe.com.", {"api.stripe.com"}),
        ("?namespace=payments", set()),
        ("?namespace=Shop&host=web", {"web.example.com"}),
        ("?service_account=web", {"web.example.com"}),
        ("?cluster=main&host=stripe", {"api.stripe.com"}),
        ("?status=ended", {"old.example.com"}),
        ("?status=revoked", {"old.example.com"}),
        ("?status=failed", {"broken.example.com"}),
        ("?status=drifted", {"edited.example.com"}),
        ("?status=expiring", {"soon.example.com"}),
        ("?expiring=on", {"soon.example.com"}),
        ("?status=all&host=old", {"old.example.com"}),
        ("?cluster=elsewhere", set()),
        ("?status=nonsense", set()),
        ("?host=%25", set()),
        ("?host=_", set()),
    ],
)  # fmt: skip
def test_filters_in_the_address_narrow_the_list_and_the_downloads(
    client: Client, owner: Person, grant: Grant, shop: Namespace, query: str, found: set[str]
) -> None:
    web = shop.service_accounts.get(name="web")
    factories.grant(shop, owner, "soon.example.com", status=GrantStatus.EXPIRING)
    factories.grant(shop, owner, "old.example.com", status=GrantStatus.REVOKED)
    factories.grant(shop, owner, "broken.example.com", failed_reason="Unreachable")
    factories.grant(shop, owner, "web.example.com", service_account=web)
    factories.grant(shop, owner, "edited.example.com", drifted_at=timezone.now())
    everything = {
        "api.stripe.com",
        "edited.example.com",
        "soon.example.com",
        "old.example.com",
        "broken.example.com",
        "web.example.com",
    }
    page = body(read(client, owner, "grants", query=query))
    assert {host for host in everything if f"{host}<" in page} == found
    rows = json.loads(body(read(client, owner, "grants-json", query=query)))
    assert {row["host"] for row in rows} == found


def test_an_invalid_filter_is_named_beside_its_field(client: Client, owner: Person) -> None:
    page = body(read(client, owner, "grants", query="?status=nonsense"))
    assert "nonsense is not one of the available choices" in page


def test_a_list_of_many_grants_is_paged_and_keeps_its_filters(
    client: Client, owner: Person, shop: Namespace
) -> None:
    asked = factories.request(shop, owner, status=RequestStatus.APPROVED)
    for number in range(55):
        factories.grant(shop, owner, f"host-{number}.example.com", request=asked)
    first = body(read(client, owner, "grants", query="?namespace=shop"))
    assert "host-54.example.com" in first
    assert "host-4.example.com" not in first
    last_shown = Grant.objects.get(host="host-5.example.com").pk
    assert f"?namespace=shop&amp;before={last_shown}" in first
    second = body(read(client, owner, "grants", query=f"?namespace=shop&before={last_shown}"))
    assert "host-4.example.com" in second
    assert "host-54.example.com" not in second


def test_the_list_costs_the_same_however_long_it_is(
    client: Client, owner: Person, shop: Namespace, django_assert_max_num_queries: Any
) -> None:
    asked = factories.request(shop, owner, status=RequestStatus.APPROVED)
    for number in range(40):
        factories.grant(shop, owner, f"host-{number}.example.com", request=asked)
    client.force_login(owner)
    with django_assert_max_num_queries(QUERIES_OF_LIST):
        client.get(reverse("grants"))


def test_an_empty_list_offers_the_first_step(client: Client, owner: Person) -> None:
    page = body(read(client, owner, "grants"))
    assert "No grants yet" in page
    assert reverse("request-new") in page


# --- downloads --------------------------------------------------------------------------------


def test_the_csv_never_holds_a_formula(client: Client, owner: Person, shop: Namespace) -> None:
    factories.grant(
        shop,
        owner,
        status=GrantStatus.REVOKED,
        ended_by="@SUM(A1)",
        end_reason='=HYPERLINK("http://evil.example","click")',
        granted_by="+alice",
    )
    response = read(client, owner, "grants-csv", query="?status=all")
    (row,) = csv.DictReader(io.StringIO(body(response), newline=""))
    assert row["end_reason"] == '\'=HYPERLINK("http://evil.example","click")'
    assert (row["ended_by"], row["granted_by"]) == ("'@SUM(A1)", "'+alice")
    assert response["Content-Type"].startswith("text/csv")


def test_the_json_says_who_may_reach_what(client: Client, owner: Person, grant: Grant) -> None:
    (row,) = json.loads(body(read(client, owner, "grants-json")))
    assert row["cluster"] == "main"
    assert (row["namespace"], row["service_account"]) == ("shop", "")
    assert (row["host"], row["port"], row["protocol"]) == ("api.stripe.com", 443, "TLS")
    assert (row["status"], row["enforced"]) == ("active", False)
    assert row["request"] == grant.request_id
    assert "binding" not in row
