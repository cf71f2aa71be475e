"""Pages of long lists: newest first, by key, without counting."""

from typing import Any

import pytest
from django.db.models import F
from django.http import QueryDict
from django.test import RequestFactory

from egress.models import CatalogueEntry
from egress.web.paging import Page, by_name, every, in_order, newest_first

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven() -> list[int]:
    """The keys of seven rows, newest first."""
    made = [CatalogueEntry.objects.create(name=f"entry-{n}", title=f"Entry {n}") for n in range(7)]
    return sorted((row.pk for row in made), reverse=True)


def page(query: str = "", size: int = 3) -> Page[CatalogueEntry]:
    request = RequestFactory().get(f"/list{query}")
    return newest_first(CatalogueEntry.objects.all(), request, size=size)


def keys(found: Page[CatalogueEntry]) -> list[int]:
    return [row.pk for row in found.rows]


def test_the_first_page_has_the_newest_rows_and_leads_to_older_ones_only(seven: list[int]) -> None:
    first = page()
    assert keys(first) == seven[:3]
    assert first.older == f"?before={seven[2]}"
    assert first.newer == ""


def test_walking_forward_and_back_shows_every_row_once(seven: list[int]) -> None:
    first = page()
    second = page(first.older)
    third = page(second.older)
    assert keys(first) + keys(second) + keys(third) == seven
    assert third.older == ""
    back = page(third.newer)
    assert keys(back) == keys(second)
    front = page(back.newer)
    assert keys(front) == keys(first)
    assert front.newer == ""
    assert keys(page(front.older)) == keys(second)


def test_links_keep_the_filters_and_drop_the_old_cursor(seven: list[int]) -> None:
    assert page(f"?host=a%26b&before={seven[0]}").older == f"?host=a%26b&before={seven[3]}"


def test_a_row_added_while_somebody_reads_moves_nothing(seven: list[int]) -> None:
    first = page()
    CatalogueEntry.objects.create(name="new", title="New")
    assert keys(page(first.older)) == seven[3:6]


@pytest.mark.parametrize("cursor", ["abc", "-1", "1.5", "٣", "9" * 400, "", "1;drop"])
def test_what_is_no_key_shows_the_first_page(seven: list[int], cursor: str) -> None:
    assert keys(page(f"?before={cursor}")) == seven[:3]
    assert keys(page(f"?after={cursor}")) == seven[:3]


def test_a_page_behind_the_end_is_empty_and_leads_nowhere(seven: list[int]) -> None:
    assert page(f"?before={seven[-1]}") == Page([])
    assert page(f"?after={seven[0]}") == Page([])


def test_a_page_costs_one_query_and_counts_nothing(
    seven: list[int], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1) as seen:
        page()
    assert "COUNT" not in seen.captured_queries[0]["sql"].upper()


# --- by name ----------------------------------------------------------------------------------


def named(query: str = "") -> Page[CatalogueEntry]:
    request = RequestFactory().get(f"/list{query}")
    return by_name(CatalogueEntry.objects.all(), request, size=3)


def names(found: Page[CatalogueEntry]) -> list[str]:
    return [row.name for row in found.rows]


def test_walking_by_name_and_back_shows_every_row_once(seven: list[int]) -> None:
    first = named("?q=x")
    assert (first.older, first.newer) == ("?q=x&after=entry-2", "")
    second = named(first.older)
    third = named(second.older)
    assert names(first) + names(second) + names(third) == [f"entry-{n}" for n in range(7)]
    assert third.older == ""
    assert names(named(third.newer)) == names(second)
    front = named(named(third.newer).newer)
    assert (names(front), front.newer) == (names(first), "")


@pytest.mark.parametrize(
    "query", ["?after=zzz", "?before=a", "?after=%00zzz", "?after=" + "z" * 999]
)
def test_a_page_of_names_behind_the_end_is_empty_and_leads_nowhere(
    seven: list[int], query: str
) -> None:
    assert named(query) == Page([])


# --- in any order -----------------------------------------------------------------------------


def ordered(query: str = "") -> Page[CatalogueEntry]:
    rows = CatalogueEntry.objects.annotate(rank=F("pk") % 2)
    return in_order(rows, QueryDict(query.removeprefix("?")), ("-rank", "pk"), size=3)


def test_walking_in_an_order_of_several_columns_shows_every_row_once(seven: list[int]) -> None:
    first = ordered("?q=x")
    assert first.newer == ""
    second = ordered(first.older)
    third = ordered(second.older)
    wanted = sorted(seven, key=lambda key: (-(key % 2), key))
    assert keys(first) + keys(second) + keys(third) == wanted
    assert first.older == f"?q=x&after={wanted[2] % 2}.{wanted[2]}"
    assert third.older == ""
    assert keys(ordered(third.newer)) == keys(second)
    assert keys(ordered(ordered(third.newer).newer)) == keys(first)


@pytest.mark.parametrize("cursor", ["1", "1.2.3", "1.", "x.1", "1.-2", f"1.{'9' * 40}", ""])
def test_what_are_no_keys_of_the_order_shows_the_first_page(seven: list[int], cursor: str) -> None:
    assert keys(ordered(f"?before={cursor}")) == keys(ordered())
    assert keys(ordered(f"?after={cursor}")) == keys(ordered())


# --- everything, for downloads ----------------------------------------------------------------


@pytest.mark.parametrize(("first", "at_once"), [(1, 2), (3, 4), (7, 1), (100, 100)])
def test_a_download_has_every_row_once_newest_first(
    seven: list[int], first: int, at_once: int
) -> None:
    rows = CatalogueEntry.objects.all()
    assert [row.pk for row in every(rows, first=first, at_once=at_once)] == seven


def test_a_download_begins_with_a_small_piece(
    seven: list[int], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1) as seen:
        next(every(CatalogueEntry.objects.all(), first=2))
    assert "LIMIT 2" in seen.captured_queries[0]["sql"]
