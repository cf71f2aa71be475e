"""A worker that is killed at any moment loses nothing and leaves nothing extra behind."""

import random
from pathlib import Path

import pytest

from tests.e2e.portal import Portal, running_portal
from tests.servers import postgres_server, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(280)]
SEED = 20261121
KILLS = 20
QUICK = {
    "EGRESS_LEASE_SECONDS": "4",
    "EGRESS_SWEEP_SECONDS": "1",
    "EGRESS_CALL_TIMEOUT_SECONDS": "2",
}


def kill_during_deliveries(portal: Portal) -> list[int]:
    """Approve and kill 20 times, each time later into the delivery, and return the grants."""
    moments = random.Random(SEED)
    grants = []
    namespaces = ("shop", "data", "search", "otherns")
    for round_ in range(KILLS):
        namespace = namespaces[round_ % len(namespaces)]
        for index in range(3):
            request = portal.ask(f"r{round_}-{index}.example.com", namespace)
            grants.append(portal.approve(request))
        pause_for(moments.uniform(0.0, 0.5))
        portal.end("worker")
        portal.start("worker")
    return grants


def pause_for(seconds: float) -> None:
    """Let the worker get some way into its delivery before it is killed."""
    import threading

    threading.Event().wait(seconds)


def all_active(portal: Portal, grants: list[int]) -> bool:
    listed = portal.api("olga", "GET", "grants/?limit=200&status=active")["results"]
    return {row["id"] for row in listed} >= set(grants)


@pytest.mark.parametrize("store", ["SQLite", "PostgreSQL"])
def test_twenty_kills_lose_no_grant_and_leave_nothing_extra(store: str, tmp_path: Path) -> None:
    if store == "SQLite":
        with running_portal(tmp_path, QUICK) as portal:
            check(portal)
        return
    with (
        postgres_server() as database,
        running_portal(tmp_path, {**QUICK, "EGRESS_DATABASE_URL": database}) as portal,
    ):
        check(portal)


def check(portal: Portal) -> None:
    grants = kill_during_deliveries(portal)
    wait_until("every grant is active", lambda: all_active(portal, grants), 90, 0.5)
    granted = {
        (row["namespace"], row["host"])
        for row in portal.api("olga", "GET", "grants/?limit=200")["results"]
    }
    assert len(granted) == KILLS * 3
    assert portal.hosts() == granted
    assert portal.objects("destinationrules") == []
    assert "valid" in portal.manage("verify_audit").stdout.lower()
