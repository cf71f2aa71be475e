"""Every address with every method, as everybody, with garbage: refused clearly, never broken."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice, product
from typing import Any, TypeVar

import pytest
from django.db import transaction

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Grant, Namespace, Person, Request
from tests import factories as make
from tests.api.addresses import METHODS, addresses, filled
from tests.api.calling import Caller, in_session, problem, wish
from tests.api.garbage import FIELDS, GARBAGE, NUMBERS, QUERIES, SOUND, VALUES
from tests.tries import tries

pytestmark = pytest.mark.django_db
T = TypeVar("T")
EVERY = addresses()


@pytest.fixture
def mine(shop: Namespace, owner: Person) -> tuple[Request, Grant]:
    """A pending request, and a live grant that was opened by break-glass."""
    grant = make.grant(shop, owner)
    make.opening(grant.request, owner)
    return make.request(shop, owner, "asked.example.com"), grant


def sound(response: Any, method: str) -> None:
    """The answer is no failure of ours, and every refusal has the one shape."""
    assert response.status_code < 500 or response.status_code == 503, response.content
    if response.status_code >= 400 and method != "HEAD":
        problem(response, response.status_code)


def part(items: Iterable[T], hurried: int, beginning: int = 0) -> Iterator[T]:
    """Yield every item; in a hurry one of `hurried`, beginning with another one for each."""
    step = tries(hurried, of=1)
    return islice(items, beginning % step, None, step)


@contextmanager
def taken_back() -> Iterator[None]:
    """Forget what is written meanwhile."""
    before = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)


def test_nobody_gets_in_anywhere(mine: tuple[Request, Grant]) -> None:
    stranger, liar = Caller(), Caller()
    liar.headers = {"Authorization": "Bearer egp_00000000_unknown"}
    for address in EVERY:
        path = filled(address, *mine)
        for method, caller in product(METHODS, (stranger, liar)):
            with taken_back():  # or so many wrong tokens would be too many guesses
                answer = caller.call(method, path, b"{}")
            if address.is_public:
                allowed = method in address.methods
                assert answer.status_code in ({200, 302} if allowed else {405}), (path, method)
            else:
                assert answer.status_code == 401, (path, method)
                assert answer["WWW-Authenticate"]
            sound(answer, method)


def test_a_method_that_is_not_there_is_405(owner: Person, mine: tuple[Request, Grant]) -> None:
    caller = Caller(owner)
    for which, address in enumerate(EVERY):
        path = filled(address, *mine)
        for method in part(sorted(set(METHODS) - address.methods), 3, which):
            answer = caller.call(method, path, b"{}")
            assert answer.status_code == 405, (path, method)
            assert set(answer["Allow"].split(", ")) == address.methods
            sound(answer, method)


ROLES = ("owner", "stranger", "adam")


def test_garbage_breaks_nothing_for_anybody(
    mine: tuple[Request, Grant],
    payments: Namespace,
    owner: Person,
    stranger: Person,
    adam: Person,
) -> None:
    """Everybody sends garbage, by token and in a session. In a hurry they share it."""
    for role, who in enumerate((owner, stranger, adam)):
        callers = cycle((Caller(who), in_session(who)))
        pairs = ({name: value} for name, value in _pairs(role))
        bodies = [*GARBAGE, *(json.dumps(one).encode() for one in pairs)]
        for which, address in enumerate(EVERY):
            path = filled(address, *mine)
            for method in sorted(address.methods - {"GET", "HEAD"}):
                for body in part(bodies, 21, 7 * role + which):
                    sound(next(callers).call(method, path, body), method)
    pending, grant = mine
    pending.refresh_from_db()
    grant.refresh_from_db()
    assert pending.status in {RequestStatus.PENDING, RequestStatus.WITHDRAWN}
    assert grant.status == GrantStatus.ACTIVE


def _pairs(role: int) -> list[tuple[str, object]]:
    """Return each field with some values, and each value in some field: others for each role."""
    pairs = [
        (name, value)
        for n, name in enumerate(FIELDS)
        for v, value in enumerate(VALUES)
        if (n + v) % 4 == 0
    ]
    return pairs[role :: len(ROLES)]


def test_one_wrong_value_in_a_sound_body_breaks_nothing(
    shop: Namespace, mine: tuple[Request, Grant], mate: Person, alice: Person
) -> None:
    caller = Caller(mate)
    make.asked_about(mine[1])
    for which, address in enumerate(one for one in EVERY if one.route in SOUND):
        path, body = filled(address, *mine), {**SOUND[address.route]}
        method = "PUT" if "PUT" in address.methods else "POST"
        if "destinations" in body:
            body |= wish(shop, "api.example.org")
        with taken_back():
            answer = caller.call(method, path, body)
            assert answer.status_code in {200, 201, 403, 409, 503}, (path, answer.content)
        for wrong in part(_one_wrong(body), 11, which):
            with taken_back():
                sound(caller.call(method, path, wrong), method)


def _one_wrong(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for (n, name), (v, value) in product(enumerate(body), enumerate(VALUES)):
        if (n + v) % 2 == 0:
            yield body | {name: value}
    for row, name, value in product(
        body.get("destinations", []), ("host", "port", "protocol"), VALUES
    ):
        yield body | {"destinations": [row | {name: value}]}


def test_no_address_and_no_query_breaks_reading(adam: Person, mine: tuple[Request, Grant]) -> None:
    caller = Caller(adam)
    for which, address in enumerate(one for one in EVERY if "GET" in one.methods):
        for number in part(NUMBERS, 3, which):
            sound(caller.get(filled(address, *mine, pk=number)), "GET")
        path = filled(address, *mine)
        where = path if path.startswith("/api/") else f"/api/v1{path}"
        for query in part(QUERIES, 7, which):
            sound(caller.client.get(f"{where}?{query}", headers=caller.headers), "GET")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/requests",
        "/api/v1/requests/abc/",
        "/api/v1/requests/-1/",
        "/api/v1/requests/1.5/",
        "/api/v1/requests/%00/",
        "/api/v1/requests/%F0%9F%92%A9/",
        "/api/v1/clusters/a%00b/",
        "/api/v1/clusters/../me/",
        "/api/v2/requests/",
        "/api/v1/requests/1/approve/now/",
        "/api/" + "x" * 5_000,
    ],
)
def test_an_address_that_is_not_there_is_404_for_every_method(path: str, owner: Person) -> None:
    for caller in (Caller(), Caller(owner), in_session(owner, checks_csrf=True)):
        for method in METHODS:
            answer = caller.call(method, path, b"{}")
            assert answer.status_code == 404, (method, answer.content)
            sound(answer, method)


def test_every_post_may_be_repeated_with_a_key() -> None:
    posts = [address.view.post for address in EVERY if "POST" in address.methods]  # type: ignore[attr-defined]
    assert len(posts) >= 10
    assert all(post.is_idempotent for post in posts)
