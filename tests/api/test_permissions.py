"""What scopes do not change, and that every view asks for one; the table is in tests/matrix."""

import pytest

from egress.api.permissions import TokenScope
from egress.api.views.base import PortalView
from egress.models import Namespace, Person
from tests import factories as make
from tests.api.addresses import addresses
from tests.api.calling import ALL_SCOPES, Caller, problem

pytestmark = pytest.mark.django_db

PRIVATE = [address for address in addresses() if not address.is_public]


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
