"""No page asks the database more often than it may, whoever looks at it."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.benchmarks.addresses import VIEWERS, Address, addresses, person
from tests.web.browsing import signed_in

pytestmark = pytest.mark.django_db

MOST = 12

ALSO = {"request, pending", "access over time, asked"}
"""Pages looked at beside those that have one name only."""
SHOW_POSTURE = {"cluster", "grant", "new request", "request", "request, pending"}
"""Pages of which the posture of one cluster is a part: elsewhere it would come with each row."""


@pytest.fixture
def _company(db: None) -> None:
    call_command("seed_large", grants=400, events=600, verbosity=0, stdout=_Nowhere())


class _Nowhere:
    def write(self, text: str) -> None:
        """Say nothing."""


def _is_plain(address: Address) -> bool:
    return "," not in address.name or address.name in ALSO


@pytest.mark.usefixtures("_company")
def test_every_page_keeps_to_its_queries() -> None:
    # In one company: making it takes longer than looking at it.
    for viewer in VIEWERS:
        assert_few_queries(viewer)


def assert_few_queries(viewer: str) -> None:
    client = signed_in(person(viewer))
    asked: dict[str, int] = {}
    for address in filter(_is_plain, addresses(viewer)):
        with CaptureQueriesContext(connection) as captured:
            response: Any = client.get(address.path)
            b"".join(response) if response.streaming else response.content
        assert response.status_code == 200, (viewer, address)
        asked[address.name] = len(captured)
        if address.name not in SHOW_POSTURE:
            assert not any('."posture"' in query["sql"] for query in captured), address
    assert len(asked) > 15, viewer
    too_many = {name: count for name, count in asked.items() if count > MOST}
    assert too_many == {}, viewer
