"""The main job, by people in browsers: ask, approve, active, revoke, gone, audited."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Visitor, chromium
from tests.e2e.portal import Portal
from tests.servers import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
HOST = "developers.google.com"


def ask(dana: Visitor) -> str:
    """Fill the form as a developer does and return the address of the request."""
    page = dana.page
    page.goto("/requests/new")
    page.get_by_label("Namespace", exact=True).fill("shop")
    page.get_by_label("Host", exact=True).fill(f"  {HOST.upper()}. ")
    page.get_by_label("Reason", exact=True).fill("The shop shows the developers' documentation.")
    expect(page.locator("#preview")).to_contain_text("ServiceEntry")
    expect(page.locator("#preview")).to_contain_text("alice")
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url(re.compile(r"/requests/\d+$"))
    expect(page.locator("main")).to_contain_text(HOST)
    return page.url


def approve(alice: Visitor) -> None:
    """Decide as an approver does: open the row in the queue, read the diff, press the button."""
    page = alice.page
    page.goto("/queue")
    row = page.locator("[data-row]").filter(has_text=HOST)
    row.locator("summary").click()
    expect(row.get_by_label("Changes in the mesh")).to_contain_text("ServiceEntry")
    row.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("is approved")


def revoke(dana: Visitor) -> None:
    """End the access from the grant's page."""
    page = dana.page
    page.locator(".grant-progress a").first.click()
    page.wait_for_url(re.compile(r"/grants/\d+$"))
    page.get_by_text("Revoke", exact=True).click()
    page.get_by_label("Reason").last.fill("The page was taken down.")
    page.get_by_role("button", name="Revoke this grant").click()
    expect(page.locator("main")).to_contain_text("revoked", ignore_case=True)


def test_ask_approve_active_revoke_gone(portal: Portal) -> None:
    with chromium() as browser:
        dana = Visitor(browser, portal.address).sign_in("dana")
        alice = Visitor(browser, portal.address).sign_in("alice")
        asked = ask(dana)
        assert portal.hosts() == set()
        approve(alice)
        # The page follows by itself: nobody reloads it.
        expect(dana.page.locator("main")).to_contain_text(
            re.compile(r"\bactive\b", re.IGNORECASE), timeout=20_000
        )
        check_objects(portal)
        assert dana.page.url == asked
        revoke(dana)
        wait_until("the entry is gone", lambda: portal.hosts() == set(), 15)
        alice.close()
        dana.close()
    check_trail(portal)


def check_objects(portal: Portal) -> None:
    """Look at the object through the Kubernetes API."""
    (entry,) = portal.objects("serviceentries")
    assert entry["metadata"]["namespace"] == "shop"
    assert entry["metadata"]["name"] == "eg-developers-google-com-1a7d7b4541"
    assert entry["spec"] == {
        "hosts": [HOST],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
    }


def check_trail(portal: Portal) -> None:
    """Read the whole story from the audit trail, and verify its chain."""
    (grant,) = portal.api("olga", "GET", f"grants/?host={HOST}")["results"]
    wait_until(
        "the end is confirmed",
        lambda: portal.api("olga", "GET", f"grants/{grant['id']}/")["conditions"]["confirmed_gone"],
        20,
    )
    events = portal.api("olga", "GET", "audit-events/?limit=200")["results"]
    told = [event["tag"] for event in reversed(events) if event["namespace"] == "shop"]
    story = ["request:submitted", "request:approved", "grant:created", "grant:activated"]
    story += ["grant:revoked", "grant:confirmed"]
    places = [told.index(tag) for tag in story]
    assert places == sorted(places)
    assert told.count("delivery:started") == told.count("delivery:finished") == 2
    verified = portal.manage("verify_audit")
    assert verified.returncode == 0
