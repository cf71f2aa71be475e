"""Home: what is mine, what waits, what ends soon, and what went wrong."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Cluster, Namespace, Person
from tests import factories
from tests.web.browsing import XSS, body, get, signed_in, words

pytestmark = pytest.mark.django_db


def test_a_visitor_is_sent_to_the_sign_in_page() -> None:
    response = get(None, "home")
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('sign-in')}?next={reverse('home')}"


def test_a_developer_sees_their_namespaces_and_whether_refusals_hold(
    shop: Namespace, payments: Namespace, owner: Person
) -> None:
    page = words(get(owner, "home"))
    assert "shop Granted, not enforced main, team-shop, 0 grants" in page
    assert "payments" not in page
    shop.default_deny_enforced = True
    shop.save()
    assert "shop Enforced main" in words(get(owner, "home"))


def test_somebody_without_a_namespace_is_told_the_first_step(stranger: Person) -> None:
    assert "Ask an admin to make you a member" in words(get(stranger, "home"))


def test_somebody_who_never_asked_is_told_how_to(shop: Namespace, owner: Person) -> None:
    response = get(owner, "home")
    assert "You have not asked for anything yet" in words(response)
    assert f'href="{reverse("request-new")}"' in body(response)


def test_own_requests_stand_there_with_their_status(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    factories.request(shop, owner, "api.open.example.com")
    factories.request(shop, owner, "api.denied.example.com", status=RequestStatus.DENIED)
    factories.request(shop, mate, "api.other.example.com")
    page = words(get(owner, "home"))
    assert "api.open.example.com :443 TLS Request" in page
    assert "Pending" in page
    assert "Denied" in page
    assert "api.other.example.com" not in page


def test_what_failed_and_what_ends_soon_comes_with_the_next_step(
    shop: Namespace, owner: Person
) -> None:
    factories.grant(
        shop,
        owner,
        "broken.example.com",
        failed_reason="ForeignObject",
        failed_message="Adopt the object 'x', then it is applied.",
    )
    factories.grant(shop, owner, "soon.example.com", status=GrantStatus.EXPIRING)
    page = words(get(owner, "home"))
    assert "Does not work yet" in page
    assert "Adopt the object 'x', then it is applied." in page
    assert "What to do. Ask the owner of that object to take it away" in page
    assert f"{reverse('grants')}?status=failed" in body(get(owner, "home"))
    assert "Ends in 2 days" in page


def test_an_approver_sees_how_many_wait(shop: Namespace, owner: Person, alice: Person) -> None:
    for number in range(7):
        factories.request(shop, owner, f"api{number}.example.com")
    page = words(get(alice, "home"))
    assert "Decide 7 requests" in page
    assert page.count("api0.example.com") == 1
    assert "api6.example.com" not in page, "home shows the first five only"


def test_whose_team_is_asked_for_its_word_sees_what_waits(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    guard = factories.person("guard", teams=["security"])
    assert "Waiting for your decision" not in words(get(guard, "home"))
    for number in range(2):
        asked = factories.request(shop, owner, f"api{number}.example.com")
        factories.stage(asked, "Security", team="security")
    factories.request(shop, owner, "other.example.com")
    page = words(get(guard, "home"))
    assert "Waiting for your decision Decide 2 requests" in page
    assert "2 requests wait for your decision" in page
    assert "api0.example.com" in page
    assert "other.example.com" not in page
    for who in (owner, stranger):
        assert "Waiting for your decision" not in words(get(who, "home"))


def test_an_approver_for_whom_nothing_waits_reads_so(alice: Person) -> None:
    assert "Waiting for your decision Nothing waits for you." in words(get(alice, "home"))


def test_text_of_people_is_escaped(shop: Namespace, owner: Person) -> None:
    factories.grant(shop, owner, failed_reason="X", failed_message=XSS)
    assert XSS not in body(get(owner, "home"))


def test_home_costs_the_same_queries_however_much_there_is(
    cluster: Cluster, shop: Namespace, mate: Person
) -> None:
    def count() -> int:
        client = signed_in(mate)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("home")).status_code == 200
        return len(queries)

    other = factories.person("other")
    factories.request(shop, mate, "a.example.com")
    factories.request(shop, other, "b.example.com")
    factories.grant(shop, mate, "c.example.com", status=GrantStatus.EXPIRING)
    few = count()
    for number in range(8):
        factories.request(shop, mate, f"a{number}.example.com", "x.example.com")
        factories.request(shop, other, f"b{number}.example.com")
        factories.grant(shop, mate, f"c{number}.example.com", status=GrantStatus.EXPIRING)
        factories.namespace(cluster, f"more-{number}", owner="team-shop")
    assert count() == few
    assert few <= 26
