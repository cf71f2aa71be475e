"""A worker that is killed at any moment loses nothing and leaves nothing extra behind."""

import random
import threading
from pathlib import Path

import pytest

from tests.e2e.portal import Portal, running_portal
from tests.servers import postgres_server, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(280)]
SEED = 20261121
KILLS = 20
LATENCY = 0.1
"""Seconds the sandbox adds to every call, so that there is a middle to be killed in."""
QUICK = {
    "EGRESS_LEASE_SECONDS": "3",
    "EGRESS_SWEEP_SECONDS": "1",
    "EGRESS_CALL_TIMEOUT_SECONDS": "1",
}


def kill_during_deliveries(portal: Portal) -> list[int]:
    """Approve, wait for a delivery to begin, kill at another moment of it; return the grants."""
    moments = random.Random(SEED)
    pause = threading.Event()
    grants = []
    namespaces = ("shop", "data", "search", "otherns")
    for round_ in range(KILLS):
        request = portal.ask(f"r{round_}.example.com", namespaces[round_ % 4])
        # Only now: asking takes longer than a delivery, so an earlier one would be over by then.
        seen = newest_delivery(portal)
        grants.append(portal.approve(request))
        wait_until("a delivery begins", lambda seen=seen: newest_delivery(portal) > seen, 30, 0.01)
        pause.wait(moments.uniform(0.0, LATENCY))
        portal.end("worker")
        portal.start("worker")
    return grants


def newest_delivery(portal: Portal) -> int:
    """Return the id of the delivery that began last."""
    rows = portal.api("olga", "GET", "deliveries/?limit=1")["results"]
    return int(rows[0]["id"]) if rows else 0


def all_active(portal: Portal, grants: list[int]) -> bool:
    listed = portal.api("olga", "GET", "grants/?limit=200&status=active")["results"]
    return {row["id"] for row in listed} >= set(grants)


@pytest.mark.parametrize("store", ["SQLite", "PostgreSQL"])
def test_twenty_kills_lose_no_grant_and_leave_nothing_extra(store: str, tmp_path: Path) -> None:
    if store == "SQLite":
        with running_portal(tmp_path, QUICK, latency=LATENCY) as portal:
            check(portal)
        return
    with (
        postgres_server() as database,
        running_portal(
            tmp_path, {**QUICK, "EGRESS_DATABASE_URL": database}, latency=LATENCY
        ) as portal,
    ):
        check(portal)


def check(portal: Portal) -> None:
    grants = kill_during_deliveries(portal)
    wait_until("every grant is active", lambda: all_active(portal, grants), 90, 0.5)
    granted = {
        (row["namespace"], row["host"])
        for row in portal.api("olga", "GET", "grants/?limit=200")["results"]
    }
    assert len(granted) == KILLS
    assert portal.hosts() == granted
    assert portal.objects("destinationrules") == []
    assert "sound" in portal.manage("verify_audit").stdout
    cut_short = portal.api("olga", "GET", "deliveries/?limit=200&outcome=abandoned")["results"]
    print(f"{KILLS} kills (seed {SEED}), {len(cut_short)} in the middle of a delivery")
    assert len(cut_short) >= KILLS // 2
