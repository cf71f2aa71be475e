"""The access check: a straight answer, and the way on when it is no."""

from typing import Any

import pytest
from django.urls import reverse

from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Namespace, Person
from tests import factories
from tests.web.records.pages import XSS, get, signed_in, text

pytestmark = pytest.mark.django_db


def ask(who: Person, **asked: str) -> Any:
    question = {"cluster": "main", "namespace": "shop", "host": "api.stripe.com", "port": "443"}
    return signed_in(who).get(reverse("access-check"), {**question, **asked})


def test_the_page_starts_with_an_empty_question(owner: Person, shop: Namespace) -> None:
    response = get(owner, "access-check")
    assert response.status_code == 200
    assert "This field is required" not in text(response)


def test_yes_names_the_grant(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, "api.stripe.com")
    page = text(ask(owner, service_account="web"))
    assert "Yes:" in page
    assert reverse("grant", args=[grant.pk]) in page
    assert "shop/web → api.stripe.com:443" in page


def test_the_host_may_be_typed_as_people_do(owner: Person, shop: Namespace) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    assert "Yes:" in text(ask(owner, namespace=" Shop ", host=" API.Stripe.com. "))


def test_no_leads_to_the_filled_request(owner: Person, shop: Namespace) -> None:
    page = text(ask(owner, service_account="web", host="new.example.com", port="8443"))
    assert "Yes:" not in page
    query = "cluster=main&amp;namespace=shop&amp;service_account=web&amp;host=new.example.com"
    assert f'href="{reverse("request-new")}?{query}&amp;port=8443"' in page


def test_asking_is_offered_to_those_who_may_ask(
    olga: Person, alice: Person, shop: Namespace
) -> None:
    for who in (olga, alice):
        page = text(ask(who))
        assert "Ask for it</a>" not in page
        assert "Members of team team-shop may ask for it." in page
    Namespace.objects.update(owner_label="")
    assert "No team owns this namespace" in text(ask(olga))


def test_a_grant_that_waits_is_not_a_yes(owner: Person, shop: Namespace) -> None:
    factories.grant(shop, owner, "api.stripe.com", status=GrantStatus.PENDING)
    page = text(ask(owner))
    assert "Yes:" not in page
    assert "not applied so far" in page
    assert "Ask for it</a>" not in page


def test_without_default_deny_the_answer_says_what_it_is_worth(
    owner: Person, shop: Namespace
) -> None:
    assert "traffic may pass" in text(ask(owner))
    factories.grant(shop, owner, "api.stripe.com")
    assert "Nothing denies other hosts" in text(ask(owner))
    Namespace.objects.filter(pk=shop.pk).update(default_deny_enforced=True)
    assert "Nothing denies other hosts" not in text(ask(owner))


def test_a_strangers_namespace_is_as_unknown_as_one_that_is_not_there(
    owner: Person, shop: Namespace, payments: Namespace
) -> None:
    factories.grant(payments, host="api.stripe.com")
    hidden, missing = ask(owner, namespace="payments"), ask(owner, namespace="nowhere")
    for page in (text(hidden), text(missing)):
        assert "You see no namespace" in page
        assert "Yes:" not in page


def test_who_else_may_reach_it_is_listed_as_far_as_one_may_see(
    owner: Person, olga: Person, shop: Namespace, payments: Namespace
) -> None:
    factories.grant(shop, owner, "api.stripe.com")
    other = factories.grant(payments, host="*.stripe.com")
    factories.grant(payments, host="api.stripe.com", port=8443)
    link = f'href="{reverse("grant", args=[other.pk])}"'
    assert link in text(ask(olga))
    assert "Nobody else whose grants you may see" in text(ask(owner))


@pytest.mark.parametrize(
    "wrong",
    [
        {"cluster": "elsewhere"},
        {"port": "0"},
        {"port": "70000"},
        {"port": "https"},
        {"host": ""},
        {"namespace": ""},
        {"namespace": "x" * 64},
        {"host": "h" * 300},
    ],
)
def test_a_question_that_cannot_be_understood_is_answered_beside_the_field(
    owner: Person, shop: Namespace, wrong: dict[str, str]
) -> None:
    response = ask(owner, **wrong)
    assert response.status_code == 200
    page = text(response)
    assert 'aria-invalid="true"' in page
    assert "Yes:" not in page


@pytest.mark.parametrize("host", ["not a host", "a..b", "*", "169.254.169.254", "\u0000", "[::1]"])
def test_a_host_that_is_none_gets_a_sentence(owner: Person, shop: Namespace, host: str) -> None:
    response = ask(owner, host=host)
    assert response.status_code == 200
    assert "Yes:" not in text(response)


def test_what_was_typed_is_never_markup(owner: Person, shop: Namespace) -> None:
    assert XSS not in text(ask(owner, host=XSS, service_account=XSS, namespace="shop"))
    assert XSS not in text(ask(owner, namespace=XSS, cluster=XSS))


def test_the_answer_costs_few_queries(
    owner: Person, cluster: Cluster, shop: Namespace, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        factories.grant(shop, owner, f"host-{number}.example.com")
    client = signed_in(owner)
    with django_assert_max_num_queries(12):
        client.get(
            f"{reverse('access-check')}?cluster=main&namespace=shop&host=no.example&port=443"
        )
