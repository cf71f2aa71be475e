"""The matrix of grants: one cluster, a row for each namespace, a column for each host."""

import re
from typing import Any

import pytest
from django.urls import reverse

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Cluster, Namespace, Person
from egress.web.records.matrix import HOSTS, NAMESPACES
from tests import factories
from tests.web.browsing import inline_code, words
from tests.web.records.pages import XSS, get, signed_in, text

pytestmark = pytest.mark.django_db
HOST = "api.stripe.com"
QUERIES = 13


def read(who: Person, **query: str) -> Any:
    return signed_in(who).get(reverse("grants-matrix"), query)


def rows(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', page)


def heads(page: str) -> list[str]:
    return re.findall(r'<a class="matrix-host" [^>]*>([^<]+)</a>', page)


def test_a_cell_leads_to_its_grant(owner: Person, shop: Namespace) -> None:
    grant = factories.grant(shop, owner, HOST)
    page = text(read(owner))
    assert (rows(page), heads(page)) == (["shop"], [HOST])
    assert f'href="{reverse("grant", args=[grant.pk])}" title="In force"' in page


def test_several_grants_of_a_cell_lead_to_their_list(owner: Person, shop: Namespace) -> None:
    web = shop.service_accounts.get(name="web")
    factories.grant(shop, owner, HOST, service_account=web)
    factories.grant(shop, owner, HOST, 8443, failed_reason="Foreign", failed_message="In the way.")
    page = text(read(owner))
    assert f"?cluster=main&amp;namespace=shop&amp;host={HOST}" in page
    assert "Failed, 2 grants, also service account web" in page


def test_an_empty_cell_leads_to_a_filled_request_where_one_may_ask(
    cluster: Cluster, shop: Namespace, owner: Person, olga: Person
) -> None:
    other = factories.namespace(cluster, "other", owner="team-shop")
    factories.grant(shop, owner, HOST)
    factories.grant(other, owner, "other.example.com")
    ask = f"{reverse('request-new')}?cluster=main&amp;namespace=other&amp;host={HOST}&amp;port=443"
    assert ask in text(read(owner))
    assert ask not in text(read(olga))
    assert "Nothing granted" in text(read(olga))


def test_the_filled_request_is_filled(shop: Namespace, owner: Person) -> None:
    query = f"?cluster=main&namespace=shop&host={HOST}&port=443"
    assert f'value="{HOST}"' in text(get(owner, "request-new", query=query))


def test_everybody_sees_their_own_rows(
    shop: Namespace, payments: Namespace, owner: Person, stranger: Person, olga: Person
) -> None:
    factories.grant(shop, owner, HOST)
    factories.grant(payments, owner, "secret.example.com")
    assert rows(text(read(owner))) == ["shop"]
    assert "secret" not in text(read(owner))
    assert rows(text(read(stranger))) == ["payments"]
    assert rows(text(read(olga))) == ["payments", "shop"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {HOST, "soon.example.com"}),
        ({"host": "STRIPE"}, {HOST}),
        ({"status": "expiring"}, {"soon.example.com"}),
        ({"status": "ended"}, {"old.example.com"}),
        ({"namespace": "payments"}, set()),
        ({"expiring": "on"}, {"soon.example.com"}),
    ],
)
def test_the_filters_of_the_list_narrow_the_matrix(
    owner: Person, shop: Namespace, query: dict[str, str], found: set[str]
) -> None:
    factories.grant(shop, owner, HOST)
    factories.grant(shop, owner, "soon.example.com", status=GrantStatus.EXPIRING)
    factories.grant(shop, owner, "old.example.com", status=GrantStatus.REVOKED)
    assert set(heads(text(read(owner, **query)))) == found


def test_one_cluster_is_shown_and_another_can_be_chosen(olga: Person, shop: Namespace) -> None:
    second = factories.namespace(factories.cluster("second"), "elsewhere")
    factories.grant(shop, host=HOST)
    factories.grant(second, host=HOST)
    assert rows(text(read(olga))) == ["shop"]
    assert rows(text(read(olga, cluster="second"))) == ["elsewhere"]


def test_a_large_matrix_comes_in_parts_and_says_what_it_leaves_out(
    cluster: Cluster, owner: Person, django_assert_max_num_queries: Any
) -> None:
    for number in range(NAMESPACES + 2):
        namespace = factories.namespace(cluster, f"n{number:02}", owner="team-shop", accounts=())
        asked = factories.request(namespace, owner, status=RequestStatus.APPROVED)
        factories.grant(namespace, owner, f"h{number:02}.example.com", request=asked)
    client = signed_in(owner)
    with django_assert_max_num_queries(QUERIES):
        page = text(client.get(reverse("grants-matrix")))
    assert (len(rows(page)), len(heads(page))) == (NAMESPACES, HOSTS)
    assert "from n00 to n29" in words(read(owner))
    assert "Namespaces after n29" in page
    assert "Hosts after h19.example.com" in page
    second = text(read(owner, namespaces_after="n29"))
    assert (rows(second), heads(second)) == (["n30", "n31"], ["h30.example.com", "h31.example.com"])
    assert "?namespaces_before=n30" in second
    assert rows(text(read(owner, namespaces_before="n30"))) == rows(page)
    assert heads(text(read(owner, hosts_after="h19.example.com")))[0] == "h20.example.com"


def test_a_small_matrix_costs_as_much_as_a_large_one(
    shop: Namespace, owner: Person, django_assert_max_num_queries: Any
) -> None:
    factories.grant(shop, owner, HOST)
    client = signed_in(owner)
    with django_assert_max_num_queries(QUERIES):
        client.get(reverse("grants-matrix"))


@pytest.mark.parametrize(
    "query",
    [
        {"cluster": "nowhere"},
        {"status": "nonsense"},
        {"expires_from": "2026-13-45"},
        {"namespaces_after": "\0"},
        {"namespaces_after": "zzz" * 500},
        {"hosts_before": XSS},
        {"host": "\0"},
    ],
)
def test_what_the_address_says_wrong_is_no_failure(
    owner: Person, shop: Namespace, query: dict[str, str]
) -> None:
    factories.grant(shop, owner, HOST)
    response = read(owner, **query)
    assert response.status_code == 200
    assert XSS not in text(response)


def test_the_first_step_is_offered_where_there_is_nothing(owner: Person, shop: Namespace) -> None:
    assert "No grants yet" in text(read(owner))
    assert "Show the whole matrix" in text(read(owner, host="nowhere"))


def test_nobody_without_a_cluster_gets_an_error() -> None:
    assert "No grants yet" in text(read(factories.person("lonely")))


def test_the_table_says_what_its_heads_are_for(owner: Person, shop: Namespace) -> None:
    factories.grant(shop, owner, HOST)
    page = text(read(owner))
    assert page.count('scope="col"') == 2
    assert page.count('scope="row"') == 1
    assert 'class="matrix-scroll" tabindex="0" role="region"' in page
    assert inline_code(page) == []


def test_the_list_leads_to_the_matrix_with_its_filters(owner: Person, shop: Namespace) -> None:
    page = text(get(owner, "grants", query="?namespace=shop&before=7"))
    assert f'href="{reverse("grants-matrix")}?namespace=shop"' in page
