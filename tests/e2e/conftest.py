"""Portals on embedded defaults and on PostgreSQL with Redis.

Starting one costs more than most of the tests: those of one kind share it, in one process, and
leave nothing open behind.
"""

from collections.abc import Iterator

import pytest

from tests.e2e.portal import Portal, running_portal
from tests.servers import postgres_server, redis_server

EVERYTHING = ("worker", "beat")


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(kind, marks=pytest.mark.xdist_group(kind))
        for kind in ("embedded", "production")
    ],
)
def portal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A running portal: once SQLite and the file-system broker, once PostgreSQL and Redis."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        with running_portal(folder, processes=EVERYTHING) as running:
            yield running
        return
    with postgres_server() as database, redis_server() as (broker, _):
        stores = {"EGRESS_DATABASE_URL": database, "EGRESS_BROKER_URL": broker}
        with running_portal(folder, stores, EVERYTHING) as running:
            yield running
