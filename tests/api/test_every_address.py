"""Every address with every method, as everybody, with garbage: refused clearly, never broken."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.db import transaction

from egress.domain.lifecycle import GrantStatus, RequestStatus
from egress.models import Grant, Namespace, Person, Request
from tests import factories as make
from tests.api.addresses import METHODS, Address, addresses, filled
from tests.api.calling import Caller, in_session, problem, wish
from tests.tries import tries

pytestmark = pytest.mark.django_db
EVERY = addresses()

GARBAGE: list[bytes] = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"5",
    b'"text"',
    b"{",
    b'{"a": 1, "a": 2}',
    b"\xff\xfe\x00",
    b"\x00",
    b"[" * 100_000,
    b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    b"[" * 15 + b"]" * 15,
    b'{"reason": NaN}',
    b'{"reason": 1e999, "revision": ' + b"9" * 5_000 + b"}",
    b'{"\\ud800": 1}',
    json.dumps({"\0" + "x" * 5_000: 1, **{f"field{n}": n for n in range(5_000)}}).encode(),
]
FIELDS = (
    *("cluster", "namespace", "service_account", "destinations", "reason", "ticket"),
    *("duration_days", "dry_run", "revision", "verdicts", "note", "text", "name", "scopes", "days"),
    *("on", "digest"),
)
VALUES: list[object] = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**90,
    0.5,
    1e308,
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\u202e",
    "x" * 100_000,
    "'; DROP TABLE egress_grant; --",
    [],
    {},
    [None],
    [{}],
    [[]],
    [{"host": "\0", "port": "\0", "protocol": "\0"}],
    [{"host": "\ud800.com", "port": 10**90, "protocol": "\ud800"}],
    {"0": "\ud800"},
    {"\0": "approved"},
    {str(n): n for n in range(1_000)},
    [[[[[[[[[["deep"]]]]]]]]]],
]

SOUND: dict[str, dict[str, Any]] = {
    "requests/": {"destinations": [], "service_account": "", "ticket": "", "dry_run": False},
    "requests/<int:pk>/": {"destinations": [], "service_account": "", "ticket": "", "revision": 1},
    "requests/<int:pk>/approve/": {
        "revision": 1,
        "verdicts": {"0": "approved"},
        "duration_days": 1,
        "note": "x",
    },
    "requests/<int:pk>/deny/": {"revision": 1, "note": "x"},
    "requests/<int:pk>/comments/": {"text": "x"},
    "grants/<int:pk>/revoke/": {"reason": "x"},
    "grants/<int:pk>/resume/": {"reason": "x"},
    "grants/<int:pk>/renew/": {"reason": "x", "duration_days": 1},
    "namespaces/<slug:cluster>/<slug:name>/default-deny/": {
        "on": True,
        "digest": "0" * 64,
        "reason": "x",
    },
    "namespaces/<slug:cluster>/<slug:name>/network-policy/": {
        "on": True,
        "digest": "0" * 64,
        "reason": "x",
    },
    "clusters/<slug:name>/settings/": {"enforcement": "sidecar"},
    "namespaces/<slug:cluster>/<slug:name>/owner/": {"team": ""},
    "clusters/<slug:name>/foreign/adopt/": {
        "kind": "ServiceEntry",
        "namespace": "shop",
        "name": "x",
        "uid": "x",
        "resource_version": "1",
        "reason": "x",
        "duration_days": 1,
    },
    "tokens/": {"name": "x", "scopes": ["read"], "days": 1},
}


@pytest.fixture
def mine(shop: Namespace, owner: Person) -> tuple[Request, Grant]:
    """A pending request and a live grant."""
    return make.request(shop, owner, "asked.example.com"), make.grant(shop, owner)


def sound(response: Any, method: str) -> None:
    """The answer is no failure of ours, and every refusal has the one shape."""
    assert response.status_code < 500 or response.status_code == 503, response.content
    if response.status_code >= 400 and method != "HEAD":
        problem(response, response.status_code)


@pytest.mark.parametrize("address", EVERY, ids=str)
def test_nobody_gets_in_anywhere(address: Address, mine: tuple[Request, Grant]) -> None:
    path = filled(address, *mine)
    for method in METHODS:
        for caller in (Caller(), _with_bad_token()):
            answer = caller.call(method, path, b"{}")
            if address.is_public:
                allowed = method in address.methods
                assert answer.status_code in ({200, 302} if allowed else {405}), method
            else:
                assert answer.status_code == 401, method
                assert answer["WWW-Authenticate"]
            sound(answer, method)


def _with_bad_token() -> Caller:
    caller = Caller()
    caller.headers = {"Authorization": "Bearer egp_00000000_unknown"}
    return caller


@pytest.mark.parametrize("address", EVERY, ids=str)
def test_a_method_that_is_not_there_is_405(
    address: Address, owner: Person, mine: tuple[Request, Grant]
) -> None:
    caller, path = Caller(owner), filled(address, *mine)
    for method in sorted(set(METHODS) - address.methods):
        answer = caller.call(method, path, b"{}")
        assert answer.status_code == 405, method
        assert set(answer["Allow"].split(", ")) == address.methods
        sound(answer, method)


ROLES = ("owner", "stranger", "adam")


@pytest.mark.parametrize("role", ROLES)
def test_garbage_breaks_nothing_for_anybody(
    role: str, mine: tuple[Request, Grant], payments: Namespace, request: pytest.FixtureRequest
) -> None:
    who: Person = request.getfixturevalue(role)
    callers = [Caller(who), in_session(who)]
    bodies = [*GARBAGE, *(json.dumps({name: value}).encode() for name, value in _pairs(role))]
    step = tries(len(ROLES), of=1)
    for which, address in enumerate(EVERY):
        path = filled(address, *mine)
        for method in sorted(address.methods - {"GET", "HEAD"}):
            # In a hurry the roles share the garbage: each address meets all of it from somebody.
            for number, body in enumerate(bodies[(which + ROLES.index(role)) % step :: step]):
                caller = callers[number % len(callers)]
                sound(caller.call(method, path, body), method)
    pending, grant = mine
    pending.refresh_from_db()
    grant.refresh_from_db()
    assert pending.status in {RequestStatus.PENDING, RequestStatus.WITHDRAWN}
    assert grant.status == GrantStatus.ACTIVE


def _pairs(role: str) -> list[tuple[str, object]]:
    """Return each field with some values, and each value in some field: others for each role."""
    pairs = [
        (name, value)
        for n, name in enumerate(FIELDS)
        for v, value in enumerate(VALUES)
        if (n + v) % 4 == 0
    ]
    return pairs[ROLES.index(role) :: len(ROLES)]


@pytest.mark.parametrize("address", [a for a in EVERY if a.route in SOUND], ids=str)
def test_one_wrong_value_in_a_sound_body_breaks_nothing(
    address: Address, shop: Namespace, mine: tuple[Request, Grant], mate: Person, alice: Person
) -> None:
    caller, path = Caller(mate), filled(address, *mine)
    method = "PUT" if "PUT" in address.methods else "POST"
    sound_body = {**SOUND[address.route]}
    if "destinations" in sound_body:
        sound_body |= wish(shop, "api.example.org")
    with transaction.atomic():
        assert caller.call(method, path, sound_body).status_code in {200, 201, 403, 409, 503}
        transaction.set_rollback(True)
    for body in _one_wrong(sound_body):
        with transaction.atomic():
            sound(caller.call(method, path, body), method)
            transaction.set_rollback(True)


def _one_wrong(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for (n, name), (v, value) in product(enumerate(body), enumerate(VALUES)):
        if (n + v) % 2 == 0:
            yield body | {name: value}
    for rows in (body.get("destinations", []),):
        for row, name, value in product(rows, ("host", "port", "protocol"), VALUES):
            yield body | {"destinations": [row | {name: value}]}


NUMBERS = (0, 2**31, 2**63 - 1, 2**63, 10**30)
QUERIES = (
    *(
        "cursor=",
        "cursor=%00",
        "cursor=zzz",
        "cursor=cD1hYmM%3D",
        "cursor=cD05OTk5OTk5OTk5OTk5OTk5OTk5OQ==",
    ),
    *("limit=0", "limit=-1", "limit=abc", "limit=201", "limit=99999999999999999999", "limit=%00"),
    *("order=sideways", "order=%00", "order=-pk", "status=%00", "status=none", "unknown=1"),
    *("host=%00", "cluster=%00", "namespace=%ed%a0%80", "name=%ff", "actor=%00", "tag=%00"),
    *("since=%00", "since=yesterday", "since=0001-01-01T00:00:00%2B14:00", "since=9999-12-31"),
    *("until=9999-12-31T23:59:59-12:00", "expires_before=2026-02-30", "expires_before=now"),
    *("expires_before=99999999999999999999-01-01T00:00:00Z", "format=xml", "format=%00"),
    "&".join(f"x{number}=1" for number in range(500)),
)


@pytest.mark.parametrize("address", [a for a in EVERY if "GET" in a.methods], ids=str)
def test_no_address_and_no_query_breaks_reading(
    address: Address, adam: Person, mine: tuple[Request, Grant]
) -> None:
    caller = Caller(adam)
    for number in NUMBERS:
        sound(caller.get(filled(address, *mine, pk=number)), "GET")
    for query in QUERIES:
        path = filled(address, *mine)
        where = path if path.startswith("/api/") else f"/api/v1{path}"
        answer = caller.client.get(f"{where}?{query}", headers=caller.headers)
        sound(answer, "GET")


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
