"""What is in the cells of the matrix, and how its sides are cut into pages."""

from typing import Any

import pytest

from egress.domain.lifecycle import GrantStatus
from egress.models import Cluster, Grant, Namespace
from egress.selectors.matrix import Keys, cells, keys_of
from tests import factories

pytestmark = pytest.mark.django_db
HOST = "api.example.com"


def test_a_cell_says_how_its_grants_stand_and_for_whom(shop: Namespace) -> None:
    web = shop.service_accounts.get(name="web")
    whole = factories.grant(shop, host=HOST)
    factories.grant(shop, host=HOST, port=8443, service_account=web)
    (cell,) = cells(Grant.objects.all(), ["shop"], [HOST]).values()
    assert (cell.state, cell.grants, cell.first) == ("active", 2, whole.pk)
    assert (cell.accounts, cell.account, cell.is_whole) == (1, "web", True)


@pytest.mark.parametrize(
    ("others", "state"),
    [
        ({"status": GrantStatus.PENDING, "failed_reason": "Foreign"}, "failed"),
        ({"status": GrantStatus.PENDING}, "pending"),
        ({"status": GrantStatus.SUSPENDED}, "suspended"),
        ({"status": GrantStatus.EXPIRING}, "expiring"),
        ({"status": GrantStatus.REVOKED, "failed_reason": "Foreign"}, "active"),
    ],
)
def test_the_most_urgent_grant_decides(shop: Namespace, others: dict[str, Any], state: str) -> None:
    factories.grant(shop, host=HOST)
    factories.grant(shop, host=HOST, port=8443, **others)
    (cell,) = cells(Grant.objects.all(), ["shop"], [HOST]).values()
    assert cell.state == state


def test_only_ended_grants_make_an_ended_cell(shop: Namespace) -> None:
    factories.grant(shop, host=HOST, status=GrantStatus.REVOKED)
    (cell,) = cells(Grant.objects.all(), ["shop"], [HOST]).values()
    assert cell.state == "ended"


def test_cells_beside_the_page_are_not_read(shop: Namespace, payments: Namespace) -> None:
    factories.grant(shop, host=HOST)
    factories.grant(payments, host=HOST)
    factories.grant(shop, host="other.example.com")
    assert set(cells(Grant.objects.all(), ["shop"], [HOST])) == {("shop", HOST)}
    assert cells(Grant.objects.all(), [], [HOST]) == {}


def test_pages_of_keys_lead_forth_and_back_without_a_gap(cluster: Cluster) -> None:
    for name in ("a", "b", "c", "d", "e"):
        namespace = factories.namespace(cluster, name)
        factories.grant(namespace)
        factories.grant(namespace, host="other.example.com")

    def page(**key: str) -> Keys:
        return keys_of(Grant.objects.all(), "namespace", size=2, **key)

    assert page() == Keys(("a", "b"), has_before=False, has_after=True)
    assert page(after="b") == Keys(("c", "d"), has_before=True, has_after=True)
    assert page(after="d") == Keys(("e",), has_before=True, has_after=False)
    assert page(before="e") == Keys(("c", "d"), has_before=True, has_after=True)
    assert page(before="c") == Keys(("a", "b"), has_before=False, has_after=True)
    assert page(after="zz").names == ()
