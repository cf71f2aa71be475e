"""Lists in the order of names, narrowed by how a name begins, and namespaces without an owner."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from egress.models import Cluster, Namespace, Person
from egress.web.paging import ROWS_PER_PAGE
from tests import factories
from tests.web.records.pages import XSS, get, signed_in, text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("typed", ["DA", "dan", "Dana", "Svens", "mail-of"])
def test_people_are_found_by_how_any_name_of_theirs_begins(adam: Person, typed: str) -> None:
    factories.person("dana", first_name="Dana", last_name="Svensson", email="mail-of@example.com")
    factories.person("other")
    page = text(get(adam, "people", query=f"?q={typed}"))
    assert ">dana</a>" in page
    assert ">other</a>" not in page


def test_people_are_not_found_by_the_middle_of_a_name(adam: Person) -> None:
    factories.person("dana")
    page = text(get(adam, "people", query="?q=ana"))
    assert ">dana</a>" not in page
    assert "Nobody is called that" in page


def test_teams_are_found_by_how_they_begin(adam: Person) -> None:
    factories.team("team-data")
    factories.team("shop-team")
    page = text(get(adam, "teams", query="?q=TEAM"))
    assert ">team-data</a>" in page
    assert ">shop-team</a>" not in page
    assert "No team is called that" in text(get(adam, "teams", query="?q=x"))


def test_namespaces_are_found_by_how_they_begin_as_far_as_one_may_see(
    owner: Person, adam: Person, cluster: Cluster, shop: Namespace, payments: Namespace
) -> None:
    factories.namespace(cluster, "shop-tests", owner="team-shop")
    assert links(adam) == ["payments", "shop", "shop-tests"]
    assert links(adam, "?q=Shop") == ["shop", "shop-tests"]
    assert links(owner, "?q=pay") == []
    assert "No namespace passes these filters" in text(
        get(owner, "cluster", "main", query="?q=pay")
    )


def links(who: Person, query: str = "") -> list[str]:
    """Return the namespaces that the page of the cluster lists."""
    page = text(get(who, "cluster", "main", query=query))
    listed = page.split('aria-label="Table of namespaces"')[1:]
    marks = "".join(listed).split("</table>")[0].split('data-label=""><a href="')[1:]
    return [piece.split(">")[1].removesuffix("</a") for piece in marks]


def test_the_filter_stays_from_page_to_page(adam: Person, cluster: Cluster) -> None:
    for number in range(ROWS_PER_PAGE + 1):
        factories.namespace(cluster, f"shop-{number:03}", owner="team-shop")
    factories.namespace(cluster, "zoo", owner="team-shop")
    page = text(get(adam, "cluster", "main", query="?q=shop"))
    assert f'href="?q=shop&amp;after=shop-{ROWS_PER_PAGE - 1:03}"' in page
    assert links(adam, f"?q=shop&after=shop-{ROWS_PER_PAGE - 1:03}") == [f"shop-{ROWS_PER_PAGE:03}"]


def test_namespaces_that_nobody_owns_are_counted_and_listed(
    adam: Person, cluster: Cluster, shop: Namespace
) -> None:
    assert "every namespace belongs to a team" in text(get(adam, "administration"))
    bare = factories.namespace(cluster, "bare")
    for name in ("kube-system", cluster.egress_namespace, cluster.root_namespace):
        factories.namespace(cluster, name)
    factories.gone(factories.namespace(cluster, "past"))
    owned = factories.namespace(cluster, "given")
    owned.owner = Group.objects.create(name="team-given")
    owned.save(update_fields=["owner"])
    page = text(get(adam, "administration"))
    assert f'href="{reverse("owners")}?owner=none&amp;cluster=main">main: 1</a>' in page
    assert links(adam, "?owner=none") == [bare.name]


@pytest.mark.parametrize(("page", "args"), [("people", ()), ("teams", ()), ("cluster", ("main",))])
@pytest.mark.parametrize("q", ["%25", "_", "%00", "x" * 400, XSS])
def test_odd_words_find_nothing_and_break_nothing(
    adam: Person, shop: Namespace, page: str, args: tuple[str, ...], q: str
) -> None:
    answer = get(adam, page, *args, query=f"?q={q}")
    assert answer.status_code == 200
    assert XSS not in text(answer)
    assert ">adam</a>" not in text(answer)


def test_narrowed_lists_cost_no_more_queries(
    adam: Person, shop: Namespace, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(adam)
    with django_assert_max_num_queries(12):
        client.get(f"{reverse('people')}?q=a")
    with django_assert_max_num_queries(12):
        client.get(reverse("administration"))
