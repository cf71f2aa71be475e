"""Asking for access: the form, its deep links, the preview while typing, and editing."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egress.domain.lifecycle import RequestStatus
from egress.models import CatalogueEntry, Namespace, Person, Request
from tests import factories
from tests.web.browsing import XSS, body, get, post, signed_in, typed, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(shop: Namespace, owner: Person) -> Request:
    """A pending request of the owner."""
    return factories.request(shop, owner, "api.stripe.com", reason="Card payments.")


# --- sending ----------------------------------------------------------------------------------


def test_a_developer_sends_a_request_and_is_led_to_it(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    response = post(owner, "request-new", data=typed(shop, "API.Stripe.com", "api.github.com"))
    made = Request.objects.get()
    assert response["Location"] == reverse("request", args=[made.pk])
    assert [row.host for row in made.destinations.all()] == ["api.stripe.com", "api.github.com"]
    assert (made.requester, made.namespace, made.duration_days) == (owner, "shop", 90)


def test_empty_rows_are_no_mistake(shop: Namespace, owner: Person, alice: Person) -> None:
    post(owner, "request-new", data=typed(shop, "", "api.github.com", ""))
    assert [row.host for row in Request.objects.get().destinations.all()] == ["api.github.com"]


def test_no_end_date_is_sent_as_such_and_judged_by_the_policies(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    assert "No end date" not in words(get(owner, "request-new")), "no policy allows it"
    response = post(owner, "request-new", data=typed(shop, duration_days="none"))
    assert response.status_code == 422
    assert "Access needs an end date." in words(response)
    assert "No end date" in words(response), "what was chosen stays chosen"
    assert not Request.objects.exists()


def test_a_refused_form_keeps_everything_that_was_typed(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    form = typed(
        shop,
        "localhost",
        "api.github.com",
        reason="A very particular reason",
        ticket="https://tickets.example.com/1",
        duration_days="30",
        service_account="nobody-knows",
    )
    response = post(owner, "request-new", data=form)
    page = body(response)
    assert response.status_code == 422
    assert not Request.objects.exists()
    for kept in ("localhost", "api.github.com", "https://tickets.example.com/1", "nobody-knows"):
        assert f'value="{kept}"' in page
    assert "A very particular reason</textarea>" in page
    assert '<option value="30" selected>' in page


def test_each_mistake_stands_beside_its_field_and_is_tied_to_it(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    form = typed(shop, "", "api.github.com", "localhost", reason="")
    page = body(post(owner, "request-new", data=form))
    assert 'id="id-reason" name="reason"' in page
    assert 'aria-describedby="help-reason hint-reason" aria-invalid="true"' in page
    assert 'aria-describedby="hint-destinations-2-host" aria-invalid="true"' in page
    assert 'aria-describedby="hint-destinations-1-host" aria-invalid="true"' not in page
    assert 'href="#id-reason"' in page, "the summary leads to the field"


def test_a_mistyped_host_is_the_only_mistake_that_is_listed(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    response = post(owner, "request-new", data=typed(shop, "exa mple_.com"))
    alert = body(response).partition('role="alert"')[2].partition("</ul>")[0]
    assert re.findall(r'href="#id-([^"]+)"', alert) == ["destinations-0-host"]


def test_a_mistake_in_a_row_below_an_empty_one_stands_in_its_own_row(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    page = body(post(owner, "request-new", data=typed(shop, "", "localhost")))
    hint = page.split('id="hint-destinations-1-host"')[1].split("</div>")[0]
    assert "localhost" in hint


def test_nobody_asks_for_a_namespace_of_another_team(
    shop: Namespace, stranger: Person, alice: Person
) -> None:
    response = post(stranger, "request-new", data=typed(shop))
    assert response.status_code == 422
    assert not Request.objects.exists()


def test_an_approver_who_owns_nothing_cannot_ask(shop: Namespace, alice: Person) -> None:
    response = post(alice, "request-new", data=typed(shop))
    assert response.status_code == 403
    assert not Request.objects.exists()


def test_a_request_that_nobody_could_approve_is_refused(shop: Namespace, owner: Person) -> None:
    response = post(owner, "request-new", data=typed(shop))
    assert response.status_code == 422
    assert not Request.objects.exists()


def test_sending_needs_the_token_of_the_form(shop: Namespace, owner: Person, alice: Person) -> None:
    client = signed_in(owner, enforce_csrf_checks=True)
    assert client.post(reverse("request-new"), typed(shop)).status_code == 403
    assert client.post(reverse("request-preview"), typed(shop)).status_code == 403
    assert not Request.objects.exists()


def test_a_visitor_is_sent_to_sign_in_and_comes_back_with_the_link(shop: Namespace) -> None:
    response = Client().get(reverse("request-new") + "?host=api.example.com")
    assert response["Location"].endswith("next=/requests/new%3Fhost%3Dapi.example.com")


def test_what_people_type_is_escaped(shop: Namespace, owner: Person, alice: Person) -> None:
    form = typed(shop, XSS, reason=XSS, ticket=XSS, service_account=XSS, paste=XSS)
    assert XSS not in body(post(owner, "request-new", data=form))
    form["namespace"] = form["cluster"] = XSS
    assert XSS not in body(post(owner, "request-new", data=form))
    assert XSS not in body(post(owner, "request-preview", data=form, htmx=True))


@pytest.mark.parametrize("value", ["\0", "²", "9" * 40, "-1", "١"])
def test_odd_characters_give_a_page_and_no_crash(
    shop: Namespace, owner: Person, alice: Person, value: str
) -> None:
    for name in ("cluster", "namespace", "service_account", "destinations-0-port", "duration_days"):
        response = post(owner, "request-new", data=typed(shop, **{name: value}))
        assert response.status_code in (422, 403), name
    assert get(owner, "request-options", query=f"?namespace={value}").status_code == 200
    assert get(owner, "request-new", query=f"?preset={value}&{value}=1").status_code == 200


# --- rows, paste, presets -----------------------------------------------------------------------


def test_buttons_add_and_take_away_rows_without_sending(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    page = body(post(owner, "request-new", data=typed(shop, "a.example.com", action="add")))
    assert 'name="destinations-1-host"' in page
    form = typed(shop, "a.example.com", "b.example.com", action="remove:0")
    page = body(post(owner, "request-new", data=form))
    assert 'name="destinations-0-host" value="b.example.com"' in page
    assert "destinations-1-host" not in page
    assert not Request.objects.exists()


def test_pasted_text_becomes_rows_and_what_is_not_understood_stays(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    pasted = "curl https://user:secret@hooks.slack.com/services/T0\nfoo_bar\napi.github.com:8443"
    page = body(post(owner, "request-new", data=typed(shop, "", paste=pasted, action="paste")))
    assert 'name="destinations-0-host" value="hooks.slack.com"' in page
    assert 'name="destinations-1-host" value="api.github.com"' in page
    assert 'name="destinations-1-port" value="8443"' in page
    assert "secret" not in page
    assert "foo_bar</textarea>" in page


def test_a_preset_of_the_catalogue_fills_rows(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    CatalogueEntry.objects.create(
        name="stripe",
        title="Stripe",
        destinations=[{"host": "api.stripe.com", "port": 443, "protocol": "TLS"}],
    )
    form = typed(shop, "a.example.com", action="preset", preset="stripe")
    page = body(post(owner, "request-new", data=form))
    assert 'name="destinations-1-host" value="api.stripe.com"' in page
    linked = body(get(owner, "request-new", query="?preset=stripe"))
    assert 'name="destinations-0-host" value="api.stripe.com"' in linked


# --- deep links and choices -----------------------------------------------------------------------


def test_a_link_fills_the_whole_form(shop: Namespace, owner: Person, alice: Person) -> None:
    query = (
        "?cluster=main&namespace=shop&service_account=web&host=smtp.example.com&port=25"
        "&protocol=TCP&reason=Mail&ticket=https://t.example.com/1&duration_days=7"
    )
    page = body(get(owner, "request-new", query=query))
    for part in (
        'name="namespace" value="shop"',
        'name="service_account" value="web"',
        'value="smtp.example.com"',
        'value="25"',
        '<option value="TCP" selected>',
        "Mail</textarea>",
        'value="https://t.example.com/1"',
        '<option value="7" selected>',
    ):
        assert part in page


def test_the_form_of_a_clone_says_the_same_as_the_request(
    pending: Request, owner: Person, alice: Person
) -> None:
    link = body(get(owner, "request", pending.pk)).split('href="/requests/new?')[1].split('"')[0]
    page = body(get(owner, "request-new", query="?" + link.replace("&amp;", "&")))
    assert 'value="api.stripe.com"' in page
    assert "Card payments.</textarea>" in page


def test_a_host_that_was_read_otherwise_is_shown_as_it_was_read(
    shop: Namespace, owner: Person
) -> None:
    answer = post(owner, "request-preview", data=typed(shop, "", "API.Stripe.com."), htmx=True)
    hint = body(answer).split('id="hint-destinations-1-host"')[1].split("</div>")[0]
    assert '<code class="wrap-any">api.stripe.com</code>' in hint
    plain = post(owner, "request-preview", data=typed(shop, "api.stripe.com"), htmx=True)
    assert "Read as" not in words(plain)


def test_only_own_namespaces_and_accounts_are_suggested(
    shop: Namespace, payments: Namespace, owner: Person
) -> None:
    page = body(get(owner, "request-options", query="?of=namespaces&cluster=main&namespace="))
    assert 'value="shop"' in page
    assert "payments" not in page
    accounts = "?of=accounts&cluster=main&namespace={}&service_account=w"
    assert 'value="web"' in body(get(owner, "request-options", query=accounts.format("shop")))
    hidden = body(get(owner, "request-options", query="?of=accounts&namespace=payments"))
    assert "api" not in hidden


def test_somebody_without_a_namespace_is_told_why_there_is_no_form(stranger: Person) -> None:
    page = words(get(stranger, "request-new"))
    assert "None of your teams owns a namespace" in page
    assert "Send the request" not in page


# --- preview ------------------------------------------------------------------------------------


def preview(who: Person, form: dict[str, object]) -> Any:
    return post(who, "request-preview", data=form, htmx=True)


def test_the_preview_says_what_would_change_and_who_decides(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    response = preview(owner, typed(shop, "API.Stripe.com"))
    page = words(response)
    assert "One approval is needed, from alice" in page
    assert "api.stripe.com" in page
    assert "kind: ServiceEntry" in page
    assert "Granted, not enforced" in page
    assert not Request.objects.exists()


def test_the_preview_puts_sentences_beside_fields_out_of_band(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    page = body(preview(owner, typed(shop, "localhost")))
    hint = page.split('id="hint-destinations-0-host"')[1].split("</div>")[0]
    assert 'hx-swap-oob="true"' in hint
    assert "localhost" in hint


def test_the_preview_is_silent_about_what_nobody_typed_yet(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    page = words(preview(owner, typed(shop, "", reason="", namespace="", cluster="")))
    assert "Nothing to show yet" in page
    assert "empty" not in page


def test_the_preview_costs_a_bounded_number_of_queries(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    def count(*hosts: str) -> int:
        client = signed_in(owner)
        with CaptureQueriesContext(connection) as queries:
            client.post(reverse("request-preview"), typed(shop, *hosts))
        return len(queries)

    assert count("a.example.com") == count("a.example.com", "b.example.com", "c.example.com")
    assert count("a.example.com") <= 45


# --- editing ------------------------------------------------------------------------------------


def test_the_requester_edits_a_pending_request(
    pending: Request, shop: Namespace, owner: Person, alice: Person
) -> None:
    form = body(get(owner, "request-edit", pending.pk))
    assert 'name="revision" value="1"' in form
    assert 'value="api.stripe.com"' in form
    data = typed(shop, "api.stripe.com", "files.stripe.com", revision="1")
    response = post(owner, "request-edit", pending.pk, data=data)
    assert response["Location"] == reverse("request", args=[pending.pk])
    pending.refresh_from_db()
    assert (pending.revision, pending.destinations.count()) == (2, 2)


def test_an_edit_of_an_older_revision_is_a_conflict_that_keeps_what_was_typed(
    pending: Request, shop: Namespace, owner: Person, alice: Person
) -> None:
    Request.objects.update(revision=2)
    data = typed(shop, "typed.example.com", revision="1")
    response = post(owner, "request-edit", pending.pk, data=data)
    assert response.status_code == 409
    assert 'value="typed.example.com"' in body(response)


def test_nobody_else_edits(pending: Request, mate: Person, stranger: Person) -> None:
    assert get(mate, "request-edit", pending.pk).status_code == 403
    assert get(stranger, "request-edit", pending.pk).status_code == 404
    assert post(mate, "request-edit", pending.pk).status_code == 403


def test_a_decided_request_is_not_edited(shop: Namespace, owner: Person) -> None:
    decided = factories.request(shop, owner, status=RequestStatus.DENIED)
    assert get(owner, "request-edit", decided.pk).status_code == 409
