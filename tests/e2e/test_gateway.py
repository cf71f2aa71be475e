"""Through the egress gateway, end to end: a door for a service account, for TCP, and gone again."""

from typing import Any

import pytest

from tests.e2e.portal import Portal
from tests.servers import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
STRIPE, DATABASE = "api.stripe.com", "db.example.net"


def ask_for_tcp(portal: Portal) -> int:
    """Let the payments team ask for a database outside, and return the number of the request."""
    body = {
        "cluster": "sandbox",
        "namespace": "payments",
        "service_account": "settlement",
        "reason": "Settlement files are fetched from the bank's database.",
        "duration_days": 30,
        "destinations": [{"host": DATABASE, "port": 5432, "protocol": "TCP"}],
    }
    return int(portal.api("pavel", "POST", "requests/", body, 201)["id"])


def doors(portal: Portal) -> dict[str, list[str]]:
    """The identities that each door admits, by its name."""
    gateways = portal.objects("gateways")
    return {
        server["hosts"][0].removeprefix("./"): server["tls"]["subjectAltNames"]
        for gateway in gateways
        for server in gateway["spec"]["servers"]
        if "subjectAltNames" in server["tls"]
    }


def entry(portal: Portal, host: str) -> dict[str, Any] | None:
    """The live ServiceEntry of a host."""
    found = [e for e in portal.objects("serviceentries") if e["spec"]["hosts"] == [host]]
    return found[0] if found else None


def test_a_service_account_gets_a_door_of_its_own(portal: Portal) -> None:
    (waiting,) = portal.api("bob", "GET", "requests/?status=pending")["results"]
    assert waiting["service_account"] == "api"
    asked = ask_for_tcp(portal)
    grants = [portal.approve(waiting["id"], "bob"), portal.approve(asked, "bob")]
    for grant in grants:
        portal.wait_for_grant(grant, "active")
    assert doors(portal) == {
        f"p443.payments.{STRIPE}": ["spiffe://cluster.local/ns/payments/sa/api"],
        f"p5432.payments.{DATABASE}": ["spiffe://cluster.local/ns/payments/sa/settlement"],
    }
    for host in (STRIPE, DATABASE):
        found = entry(portal, host)
        assert found
        assert found["metadata"]["namespace"] == "istio-egress"
        assert found["spec"]["exportTo"] == [".", "payments"]
    for grant in grants:
        portal.api("pavel", "POST", f"grants/{grant}/revoke/", {"reason": "The contract ended."})
    wait_until("all doors are shut", lambda: doors(portal) == {}, 30)
    wait_until(
        "both ends are confirmed",
        lambda: all(
            portal.api("olga", "GET", f"grants/{grant}/")["confirmed_at"] for grant in grants
        ),
        30,
    )
    assert entry(portal, STRIPE) is None
    for plural in ("serviceentries", "virtualservices", "destinationrules"):
        wait_until(f"no {plural} are left", lambda kind=plural: portal.objects(kind) == [], 30)
    # What bootstrap laid down stays: without it the next approval would open too much.
    assert {one["metadata"]["name"] for one in portal.objects("gateways")} == {"egress-http"}
    assert portal.manage("verify_audit").returncode == 0
