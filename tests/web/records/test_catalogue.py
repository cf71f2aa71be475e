"""The catalogue: presets for everybody, kept by admins."""

from typing import Any

import pytest
from django.urls import reverse

from egress.models import AuditEvent, CatalogueEntry, Person
from tests.web.records.pages import XSS, get, post, text

pytestmark = pytest.mark.django_db
STRIPE: dict[str, Any] = {
    "name": "stripe",
    "title": "Stripe",
    "owner": "team-payments",
    "notes": "Payments.",
    "destinations": "api.stripe.com:443 TLS\n\n API.example.com:80 http tls-origination \n",
}


@pytest.fixture
def stripe() -> CatalogueEntry:
    """A preset with one destination."""
    host = {"host": "api.stripe.com", "port": 443, "protocol": "TLS", "tls_origination": False}
    return CatalogueEntry.objects.create(name="stripe", title="Stripe", destinations=[host])


def test_everybody_finds_presets_and_the_way_to_request_them(
    owner: Person, stripe: CatalogueEntry
) -> None:
    page = text(get(owner, "catalogue"))
    assert "api.stripe.com" in page
    assert f'href="{reverse("request-new")}?preset=stripe"' in page
    assert reverse("catalogue-edit", args=["stripe"]) not in page
    assert reverse("catalogue-new") not in page


def test_an_empty_catalogue_says_what_to_do(owner: Person, adam: Person) -> None:
    assert reverse("request-new") in text(get(owner, "catalogue"))
    assert "Add the first entry" in text(get(adam, "catalogue"))


def test_an_admin_adds_a_preset(adam: Person) -> None:
    assert post(adam, "catalogue-new", **STRIPE).status_code == 302
    entry = CatalogueEntry.objects.get(name="stripe")
    assert entry.destinations == [
        {"host": "api.stripe.com", "port": 443, "protocol": "TLS", "tls_origination": False},
        {"host": "api.example.com", "port": 80, "protocol": "HTTP", "tls_origination": True},
    ]
    assert AuditEvent.objects.filter(tag="catalogue:saved", actor="adam").exists()


def test_adding_it_twice_is_a_conflict_that_keeps_what_was_typed(adam: Person) -> None:
    post(adam, "catalogue-new", **STRIPE)
    response = post(adam, "catalogue-new", **{**STRIPE, "notes": "Typed again."})
    assert response.status_code == 409
    assert "Typed again." in text(response)
    assert CatalogueEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("destinations", "sentence"),
    [
        ("api.stripe.com", "Line 1: “api.stripe.com” has no port."),
        ("api.stripe.com:443\nb.example.com:x TLS", "Line 2: “b.example.com:x” has no port."),
        ("api.stripe.com:443 QUIC", "Line 1: “QUIC” is no protocol."),
        ("api.stripe.com:443 TLS please", "Line 1: “please” is not understood."),
        ("api.stripe.com:99999 TLS", "is no port"),
        ("not_a_host!:443 TLS", "not_a_host"),
        ("   ", "required"),
        (f"{XSS}:443", "&lt;script&gt;"),
    ],
)
def test_destinations_that_are_none_are_named_by_line(
    adam: Person, destinations: str, sentence: str
) -> None:
    response = post(adam, "catalogue-new", **{**STRIPE, "destinations": destinations})
    assert response.status_code == 422
    page = text(response)
    assert sentence in page
    assert XSS not in page
    assert not CatalogueEntry.objects.exists()


def test_an_admin_edits_what_is_there(adam: Person, stripe: CatalogueEntry) -> None:
    page = text(get(adam, "catalogue-edit", "stripe"))
    assert "api.stripe.com:443 TLS" in page
    assert post(adam, "catalogue-edit", "stripe", **{**STRIPE, "title": "Stripe!"})["Location"]
    stripe.refresh_from_db()
    assert stripe.title == "Stripe!"


def test_a_retired_preset_is_gone_for_people_and_comes_back_when_saved(
    adam: Person, owner: Person, stripe: CatalogueEntry
) -> None:
    assert post(adam, "catalogue-retire", "stripe").status_code == 302
    assert "api.stripe.com" not in text(get(owner, "catalogue"))
    assert "Retired" in text(get(adam, "catalogue"))
    assert post(adam, "catalogue-retire", "stripe").status_code == 409
    post(adam, "catalogue-edit", "stripe", **STRIPE)
    assert "api.stripe.com" in text(get(owner, "catalogue"))


@pytest.mark.parametrize("who", ["owner", "alice", "olga"])
def test_nobody_else_changes_the_catalogue(request: Any, who: str, stripe: CatalogueEntry) -> None:
    person: Person = request.getfixturevalue(who)
    for name, args in [("catalogue-new", ()), ("catalogue-edit", ("stripe",))]:
        assert get(person, name, *args).status_code == 403
        assert post(person, name, *args, **STRIPE).status_code == 403
    assert post(person, "catalogue-retire", "stripe").status_code == 403
    stripe.refresh_from_db()
    assert (stripe.is_active, stripe.title) == (True, "Stripe")


def test_a_preset_that_is_not_there_is_missing(adam: Person) -> None:
    assert get(adam, "catalogue-edit", "nothing").status_code == 404
    assert post(adam, "catalogue-retire", "nothing").status_code == 404


def test_text_of_presets_is_never_markup(adam: Person, stripe: CatalogueEntry) -> None:
    CatalogueEntry.objects.update(title=XSS, notes=XSS, owner=XSS)
    assert XSS not in text(get(adam, "catalogue"))
    assert XSS not in text(get(adam, "catalogue-edit", "stripe"))


def test_presets_stand_under_the_heading_their_note_begins_with(
    owner: Person, stripe: CatalogueEntry
) -> None:
    CatalogueEntry.objects.create(name="mollie", title="Mollie", notes="Payment. The API.")
    page = text(get(owner, "catalogue"))
    own, payment = page.index("Your company&#x27;s own</h2>"), page.index("Payment</h2>")
    assert own < page.index("<h3>Stripe") < payment < page.index("<h3>Mollie")
    assert '<p class="prewrap small mb-0">The API.</p>' in page


@pytest.mark.parametrize("words", ["stripe", "API.stripe", "payments team", "cards stri"])
def test_presets_are_found_by_name_host_note_and_owner(
    owner: Person, stripe: CatalogueEntry, words: str
) -> None:
    CatalogueEntry.objects.filter(pk=stripe.pk).update(notes="For cards.", owner="team-payments")
    CatalogueEntry.objects.create(name="mollie", title="Mollie")
    page = text(get(owner, "catalogue", query=f"?q={words}"))
    assert "<h3>Stripe" in page
    assert "Mollie" not in page
    assert "1 preset found" in page


def test_a_search_without_a_hit_leads_on_and_is_no_markup(
    owner: Person, stripe: CatalogueEntry
) -> None:
    page = text(get(owner, "catalogue", query=f"?q={XSS}"))
    assert "0 presets found" in page
    assert f'<a href="{reverse("request-new")}">New request</a>' in page
    assert XSS not in page
