"""The form helps: buttons that mend, what is allowed already, who else uses it, and links."""

import re
from html import unescape
from typing import Any

import pytest

from egress.domain.lifecycle import GrantStatus
from egress.models import CatalogueEntry, Namespace, Person, Request
from tests import factories
from tests.web.browsing import body, get, post, typed, words

pytestmark = pytest.mark.django_db


def preview(who: Person, form: dict[str, object]) -> Any:
    return post(who, "request-preview", data=form, htmx=True)


def buttons(page: str) -> dict[str, str]:
    """The buttons of fixes: their words, and the value that pressing one sends."""
    found = re.findall(
        r'name="action" value="([^"]*)" hx-post=""[^>]*>.*?</svg>(.*?)</button>', page
    )
    return {unescape(text): unescape(value) for value, text in found}


def press(who: Person, form: dict[str, object], button: str) -> str:
    """The page after that button of the preview's answer was pressed."""
    value = buttons(body(preview(who, form)))[button]
    return body(post(who, "request-new", data=form | {"action": value}))


def test_a_host_with_too_much_around_it_is_mended_by_a_press(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    page = press(owner, typed(shop, "example.com/"), "Use example.com")
    assert 'name="destinations-0-host" value="example.com"' in page
    form = typed(shop, "curl -u a:b http://old.example.com:8080/x")
    page = press(owner, form, "Use old.example.com on port 8080")
    assert 'value="old.example.com"' in page
    assert 'name="destinations-0-port" value="8080"' in page
    assert '<option value="HTTP" selected>' in page
    assert not Request.objects.exists()


def test_a_wrong_port_and_a_long_duration_are_mended_by_a_press(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    form = typed(shop, "a.example.com", "b.example.com", **{"destinations-1-port": "80"})
    page = press(owner, form, "Port 443 instead of 80")
    assert 'name="destinations-1-port" value="443"' in page
    page = press(owner, typed(shop, duration_days="4000"), "Ask for 365 days")
    assert '<option value="365" selected>' in page


def test_a_wildcard_gives_way_to_hosts_that_are_known(
    shop: Namespace, payments: Namespace, owner: Person, alice: Person
) -> None:
    CatalogueEntry.objects.create(
        name="stripe",
        title="Stripe",
        destinations=[{"host": "api.stripe.com", "port": 443, "protocol": "TLS"}],
    )
    factories.grant(shop, host="files.stripe.com")
    factories.grant(payments, host="hidden.stripe.com")
    words_of_button = "Ask for these 2 hosts instead: api.stripe.com, files.stripe.com"
    page = press(owner, typed(shop, "*.stripe.com"), words_of_button)
    assert 'name="destinations-0-host" value="api.stripe.com"' in page
    assert 'name="destinations-1-host" value="files.stripe.com"' in page
    assert "hidden.stripe.com" not in page


@pytest.mark.parametrize(
    "action",
    [
        "change:9:port=1",
        "change:x:port=1",
        "change:0:shell=1",
        "set:reason=1",
        "remove:",
        "remove:99999999999",
        "instead:0:",
        "instead:7:host=a.example.com",
        "fix",
    ],
)
def test_a_button_that_the_form_does_not_have_does_no_harm(
    shop: Namespace, owner: Person, alice: Person, action: str
) -> None:
    answer = post(owner, "request-new", data=typed(shop, reason="", action=action))
    assert answer.status_code in (200, 422)
    assert not Request.objects.exists()


# --- allowed already, and who else ----------------------------------------------------------------


def test_what_is_allowed_already_is_named_with_its_grant_and_can_be_taken_out(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    grant = factories.grant(shop, owner, "api.stripe.com")
    form = typed(shop, "new.example.com", "", "api.stripe.com")
    answer = preview(owner, form)
    assert f"Destination 3, api.stripe.com:443 : grant {grant.pk} , which ends in" in words(answer)
    assert f'href="/grants/{grant.pk}"' in body(answer)
    page = press(owner, form, "Remove this destination")
    assert "api.stripe.com" not in page.split('id="preview"')[0]
    assert 'value="new.example.com"' in page


def test_when_everything_is_allowed_there_is_nothing_to_ask_for(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    factories.grant(shop, owner, "api.stripe.com", status=GrantStatus.PENDING)
    page = words(preview(owner, typed(shop, "api.stripe.com")))
    assert "which the worker applies now" in page
    assert "Nothing is left to ask for." in page


def test_a_grant_of_another_port_or_an_ended_one_allows_nothing(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    factories.grant(shop, owner, "api.stripe.com", port=8443)
    factories.grant(shop, owner, "old.stripe.com", status=GrantStatus.EXPIRED)
    page = words(preview(owner, typed(shop, "api.stripe.com", "old.stripe.com")))
    assert "Allowed already" not in page


def test_others_who_use_a_host_are_named_as_far_as_one_may_know_them(
    shop: Namespace, payments: Namespace, owner: Person, alice: Person
) -> None:
    search = factories.namespace(shop.cluster, "search", owner="team-shop")
    factories.grant(search, host="api.stripe.com")
    factories.grant(payments, host="api.stripe.com")
    factories.grant(payments, host="api.stripe.com", port=8443)
    factories.grant(payments, host="files.stripe.com")
    factories.grant(payments, host="gone.stripe.com", status=GrantStatus.REVOKED)
    hosts = ("api.stripe.com", "files.stripe.com", "gone.stripe.com")
    answer = preview(owner, typed(shop, *hosts))
    page = words(answer)
    assert "api.stripe.com : search and 1 other namespace" in page
    assert "files.stripe.com : 1 namespace of other teams" in page
    assert "gone.stripe.com :" not in page
    assert "payments" not in body(answer)


# --- catalogue, leftovers, links ------------------------------------------------------------------


def test_a_service_is_found_by_its_title_and_an_unknown_one_is_said(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    CatalogueEntry.objects.create(
        name="stripe",
        title="Stripe payments",
        destinations=[{"host": "api.stripe.com", "port": 443, "protocol": "TLS"}],
    )
    empty = body(get(owner, "request-new"))
    assert '<option value="Stripe payments">api.stripe.com</option>' in empty
    form = typed(shop, "", action="preset", preset="stripe PAYMENTS")
    page = body(post(owner, "request-new", data=form))
    assert 'value="api.stripe.com"' in page
    page = words(post(owner, "request-new", data=form | {"preset": "Strype"}))
    assert 'The catalogue has no service "Strype".' in page


def test_nothing_is_sent_while_something_pasted_or_chosen_is_not_part_of_it(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    answer = post(owner, "request-new", data=typed(shop, "", paste="b.example.com"))
    assert answer.status_code == 422
    assert "Nothing was sent yet: what you pasted was filled in." in words(answer)
    assert 'name="destinations-0-host" value="b.example.com"' in body(answer)
    answer = post(owner, "request-new", data=typed(shop, preset="Nothing like that"))
    assert "Nothing was sent: mend what stands below, or empty that field." in words(answer)
    assert not Request.objects.exists()


def test_what_a_paste_left_out_is_said(shop: Namespace, owner: Person, alice: Person) -> None:
    pasted = "curl -u me:hunter2 -x http://proxy.example:3128 https://a.example.com"
    answer = post(owner, "request-new", data=typed(shop, "", paste=pasted, action="paste"))
    assert "It was dropped: nothing keeps or shows it." in words(answer)
    assert "A proxy stood in the text." in words(answer)
    assert "hunter2" not in body(answer)


def test_the_link_to_the_form_fills_it_with_all_that_was_typed(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    form = typed(
        shop,
        "a.example.com",
        "b.example.com",
        reason="Because & so on",
        ticket="https://t.example/1",
    )
    answer = body(preview(owner, form))
    link = unescape(answer.split('id="form-link"')[1].split(">")[1].split("<")[0])
    page = body(get(owner, "request-new", query="?" + link.partition("?")[2]))
    for part in (
        'value="a.example.com"',
        'value="b.example.com"',
        "Because &amp; so on</textarea>",
    ):
        assert part in page


def test_the_only_namespace_somebody_has_is_filled_in(shop: Namespace, owner: Person) -> None:
    assert 'name="namespace" value="shop"' in body(get(owner, "request-new"))
    factories.namespace(shop.cluster, "search", owner="team-shop")
    assert 'name="namespace" value=""' in body(get(owner, "request-new"))
