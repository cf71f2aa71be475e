"""Which scope of a token opens which door: the whole table, generated from the addresses."""

from typing import Any

import pytest

from egress.api.permissions import TokenScope
from egress.api.views.base import PortalView
from egress.models import Namespace, Person
from tests import factories as make
from tests.api.addresses import Address, addresses, filled
from tests.api.calling import ALL_SCOPES, Caller, problem

pytestmark = pytest.mark.django_db

WRITE_SCOPES = {
    "POST requests/": {"request"},
    "PUT requests/<int:pk>/": {"request"},
    "POST requests/<int:pk>/approve/": {"decide"},
    "POST requests/<int:pk>/deny/": {"decide"},
    "POST requests/<int:pk>/withdraw/": {"request"},
    "POST requests/<int:pk>/comments/": {"request", "decide"},
    "POST grants/<int:pk>/revoke/": {"request", "decide", "admin"},
    "POST grants/<int:pk>/resume/": {"decide"},
    "POST grants/<int:pk>/renew/": {"request"},
    "PUT namespaces/<slug:cluster>/<slug:name>/default-deny/": {"admin"},
    "PUT namespaces/<slug:cluster>/<slug:name>/network-policy/": {"admin"},
    "PUT clusters/<slug:name>/settings/": {"admin"},
    "PUT namespaces/<slug:cluster>/<slug:name>/owner/": {"admin"},
    "POST clusters/<slug:name>/foreign/adopt/": {"request"},
    "POST clusters/<slug:name>/brake/release/": {"admin"},
    "POST tokens/": {"admin"},
    "DELETE tokens/<int:pk>/": {"admin"},
    "POST webhooks/": {"admin"},
    "PUT webhooks/<int:pk>/": {"admin"},
    "DELETE webhooks/<int:pk>/": {"admin"},
    "POST webhooks/<int:pk>/secret/": {"admin"},
    "POST webhooks/<int:pk>/test/": {"admin"},
    "POST webhooks/<int:pk>/messages/<int:message>/again/": {"admin"},
}
PRIVATE = [address for address in addresses() if not address.is_public]


@pytest.fixture
def places(shop: Namespace, owner: Person) -> dict[str, Any]:
    """Things that the addresses can name."""
    return {"request": make.request(shop, owner), "grant": make.grant(shop, owner)}


def test_the_table_names_every_unsafe_method_there_is() -> None:
    unsafe = {
        f"{method} {address.route}"
        for address in PRIVATE
        for method in address.methods - {"GET", "HEAD"}
    }
    assert unsafe == set(WRITE_SCOPES)


@pytest.mark.parametrize("address", PRIVATE, ids=str)
def test_a_scope_opens_what_it_names_and_nothing_else(
    address: Address, owner: Person, places: dict[str, Any]
) -> None:
    path = filled(address, places["request"], places["grant"])
    for scope in ALL_SCOPES:
        caller = Caller(owner, scope)
        for method in sorted(address.methods):
            wanted = WRITE_SCOPES.get(f"{method} {address.route}", {"read"})
            answer = caller.call(method, path, {"no such field": 1})
            if scope in wanted:
                assert answer.status_code != 401
                assert b"ScopeMissing" not in answer.content
            elif method == "HEAD":
                assert answer.status_code == 403
            else:
                problem(answer, 403, "ScopeMissing")


def test_a_method_that_is_not_there_is_said_to_be_so_whatever_the_scopes(owner: Person) -> None:
    for scope in ALL_SCOPES:
        answer = Caller(owner, scope).post("/clusters/", {})
        problem(answer, 405)
        assert answer["Allow"] == "GET, HEAD"


def test_every_view_of_v1_asks_for_a_scope() -> None:
    for address in PRIVATE:
        assert issubclass(address.view, PortalView)
        assert TokenScope in address.view.permission_classes


def test_scopes_give_nothing_that_the_owner_does_not_have(
    shop: Namespace, owner: Person, mate: Person
) -> None:
    request = make.request(shop, mate)
    strong = Caller(owner, *ALL_SCOPES)
    answer = strong.post(f"/requests/{request.pk}/approve/", {"revision": 1})
    problem(answer, 403, "NotAnApprover")
