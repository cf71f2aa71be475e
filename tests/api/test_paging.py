"""Lists come in pages that stay the same while rows are added."""

from base64 import b64encode
from itertools import chain

import pytest

from egress.models import Grant, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem, rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def grants(shop: Namespace, owner: Person) -> list[Grant]:
    """Seven grants, oldest first."""
    return [make.grant(shop, owner, f"h{number}.example.com") for number in range(7)]


def walk(caller: Caller, path: str) -> list[list[int]]:
    """Return the numbers of every page."""
    pages = []
    while path:
        answer = caller.client.get(path, headers=caller.headers)
        pages.append([row["id"] for row in rows(answer)])
        path = answer.json()["next"]
    return pages


def test_the_pages_hold_every_row_once(grants: list[Grant], owner: Person) -> None:
    ids = [grant.pk for grant in grants]
    pages = walk(Caller(owner), "/api/v1/grants/?limit=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [*chain(*pages)] == ids[::-1]
    assert [*chain(*walk(Caller(owner), "/api/v1/grants/?limit=3&order=oldest"))] == ids


def test_a_row_added_meanwhile_moves_nothing(
    grants: list[Grant], shop: Namespace, owner: Person
) -> None:
    caller = Caller(owner)
    first = caller.get("/grants/", {"limit": 3}).json()
    make.grant(shop, owner, "new.example.com")
    second = caller.client.get(first["next"], headers=caller.headers).json()
    assert [row["id"] for row in second["results"]] == [grants[n].pk for n in (3, 2, 1)]
    back = caller.client.get(second["previous"], headers=caller.headers).json()
    assert [row["id"] for row in back["results"]] == [row["id"] for row in first["results"]]


def test_a_page_keeps_its_filters(grants: list[Grant], owner: Person) -> None:
    following = Caller(owner).get("/grants/", {"limit": 2, "namespace": "shop"}).json()["next"]
    assert "namespace=shop" in following
    assert "limit=2" in following


@pytest.mark.parametrize("limit", ["0", "-1", "201", "ten", "1e1", "５", " 5", "", "9" * 30, "\0"])
def test_an_impossible_page_size_is_refused(owner: Person, limit: str) -> None:
    errors = problem(Caller(owner).get("/grants/", {"limit": limit}), 422)["errors"]
    assert [*errors] == ["limit"]


@pytest.mark.parametrize("order", ["", "up", "-pk", "newest ", "\0"])
def test_an_unknown_order_is_refused(owner: Person, order: str) -> None:
    assert [*problem(Caller(owner).get("/grants/", {"order": order}), 422)["errors"]] == ["order"]


@pytest.mark.parametrize(
    "inside",
    [
        b"p=abc",
        b"p=-1",
        b"p=1.5",
        b"p=%00",
        b"p=9223372036854775808",
        b"p=" + b"9" * 5000,
        b"o=x",
        b"r=x",
        b"r=" + b"1" * 5000,
        b"\xff\xff",
    ],
)
def test_a_forged_cursor_is_refused(grants: list[Grant], owner: Person, inside: bytes) -> None:
    query = {"cursor": b64encode(inside).decode()}
    errors = problem(Caller(owner).get("/grants/", query), 422)["errors"]
    assert [*errors] == ["cursor"]


@pytest.mark.parametrize("cursor", ["a", "\u00fc", "\0", "%%%"])
def test_what_is_no_cursor_at_all_is_refused(owner: Person, cursor: str) -> None:
    answer = Caller(owner).get("/grants/", {"cursor": cursor})
    assert answer.status_code in {200, 422}
    if answer.status_code == 422:
        assert [*problem(answer, 422)["errors"]] == ["cursor"]


@pytest.mark.parametrize("position", [0, 1, 2**63 - 1])
def test_a_cursor_at_the_end_of_the_numbers_is_an_empty_or_full_page(
    grants: list[Grant], owner: Person, position: int
) -> None:
    query = {"cursor": b64encode(f"p={position}".encode()).decode()}
    assert len(rows(Caller(owner).get("/grants/", query))) == (7 if position > 7 else 0)
