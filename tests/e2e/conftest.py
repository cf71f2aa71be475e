"""Portals on embedded defaults and on PostgreSQL with Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.portal import Portal, running_portal
from tests.servers import postgres_server, redis_server

EVERYTHING = ("worker", "beat")


@pytest.fixture(params=["embedded", "production"])
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Portal]:
    """A running portal: once SQLite and the file-system broker, once PostgreSQL and Redis."""
    if request.param == "embedded":
        with running_portal(tmp_path, processes=EVERYTHING) as running:
            yield running
        return
    with postgres_server() as database, redis_server() as (broker, _):
        stores = {"EGRESS_DATABASE_URL": database, "EGRESS_BROKER_URL": broker}
        with running_portal(tmp_path, stores, EVERYTHING) as running:
            yield running
