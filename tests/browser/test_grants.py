"""What people do with access once it is there: end it, decide on default deny, make tokens."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import story
from tests.browser.conftest import OpenWindow
from tests.e2e.portal import Portal, call
from tests.servers import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NAMESPACE = "/clusters/sandbox/namespaces/search"


def test_a_grant_is_revoked_with_a_reason_and_seen_gone(portal: Portal, window: OpenWindow) -> None:
    grant = portal.approve(story.ask(portal, "dana", "shop", "revoke.example.com"))
    portal.wait_for_grant(grant, "active")
    page = window("dana").expect(422).page
    page.goto(f"/grants/{grant}")
    page.get_by_text("Revoke", exact=True).click()
    end = page.get_by_role("button", name="Revoke this grant")
    end.click()
    reason = page.get_by_label("Reason")
    expect(reason).to_have_attribute("aria-invalid", "true")
    reason.fill("The partner is gone.")
    end.click()
    expect(page.get_by_role("status").filter(has_text="revoked")).to_be_visible()
    expect(page.locator(".said")).to_contain_text("The partner is gone.")
    expect(page.get_by_text("What you may do")).to_have_count(0)
    wait_until("the entry is gone", lambda: ("shop", "revoke.example.com") not in portal.hosts())
    wait_until("the end is confirmed", lambda: is_gone(portal, grant))
    page.reload()
    expect(page.locator(".said")).to_contain_text("is without this access")
    expect(page.locator(".timeline")).to_contain_text("The cluster was seen without this access")


def is_gone(portal: Portal, grant: int) -> bool:
    told = portal.api("dana", "GET", f"grants/{grant}/")
    return bool(told["conditions"]["confirmed_gone"])


def test_nobody_is_offered_to_end_what_is_not_theirs(
    portal: Portal, window: OpenWindow, told: story.Story
) -> None:
    page = window("olga").page
    page.goto(f"/grants/{told.grants['expiring']}")
    expect(page.get_by_role("heading", name="How it stands")).to_be_visible()
    expect(page.get_by_role("heading", name="What you may do")).to_have_count(0)


def test_default_deny_is_looked_at_decided_and_taken_back(
    portal: Portal, window: OpenWindow
) -> None:
    page = window("dana").page
    page.goto(NAMESPACE)
    section = page.get_by_role("region", name="Default deny", exact=True)
    section.get_by_role("link", name="See what switching it on would stop").click()
    expect(page.get_by_role("main")).to_contain_text("This would stop")
    expect(page.get_by_role("main")).to_contain_text("Every connection to a host outside")
    diff = page.get_by_role("region", name="Difference to the cluster")
    expect(diff).to_contain_text("+kind: Sidecar")
    expect(diff).to_contain_text("mode: REGISTRY_ONLY")
    page.get_by_label("Reason").fill("Search needs two hosts only.")
    page.get_by_role("button", name="Switch the default deny on").click()
    expect(page.get_by_role("status").filter(has_text="is recorded")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Search needs two hosts only.")
    wait_until("it is in force", lambda: sidecars(portal) == 1)
    # Switching it off opens everything: the team cannot, and an admin says why.
    page.goto(NAMESPACE)
    expect(section.get_by_role("link", name="Switch it off")).to_have_count(0)
    switch_off(window("adam").expect(422).page)
    wait_until("it is off", lambda: sidecars(portal) == 0)


def switch_off(page: Page) -> None:
    page.goto(f"{NAMESPACE}/default-deny")
    expect(page.get_by_role("main")).to_contain_text("may reach any host")
    off = page.get_by_role("button", name="Switch the default deny off")
    off.click()
    expect(page.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Reason").fill("An incident.")
    off.click()
    expect(page.get_by_role("status").filter(has_text="is recorded")).to_be_visible()


def sidecars(portal: Portal) -> int:
    found = portal.objects("sidecars")
    return sum(one["metadata"]["namespace"] == "search" for one in found)


def test_a_decision_on_what_has_changed_is_not_taken(portal: Portal, window: OpenWindow) -> None:
    page = window("dana").expect(409).page
    page.goto("/clusters/sandbox/namespaces/shop/default-deny")
    portal.approve(story.ask(portal, "dana", "shop", "meanwhile.example.com"))
    address = "/apis/networking.istio.io/v1/namespaces/shop/serviceentries"
    spec = {"hosts": ["by-hand.example.com"], "ports": [{"number": 443, "name": "tls-443"}]}
    entry = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": "by-hand"},
        "spec": spec,
    }
    status, answer = portal.kube(f"{address}?fieldManager=kubectl-create", "POST", entry)
    assert status == 201, answer
    page.get_by_label("Reason").fill("I looked at it a minute ago.")
    page.get_by_role("button", name="Switch the default deny on").click()
    expect(page.get_by_role("alert")).to_contain_text("Look at the preview again")
    expect(page.get_by_label("Reason")).to_have_value("I looked at it a minute ago.")
    expect(page.get_by_role("main")).to_contain_text("by-hand.example.com")


def test_the_secret_of_a_token_is_shown_once(portal: Portal, window: OpenWindow) -> None:
    page = window("pavel").page
    page.goto("/account")
    page.get_by_text("New token").click()
    page.get_by_label("Name", exact=True).fill("browser lane")
    page.get_by_role("button", name="Make this token").click()
    secret = page.get_by_role("region", name="Your new token").inner_text().strip()
    assert me(portal, secret) == (200, "pavel")
    for address in ("/account", "/audit", "/"):
        page.goto(address)
        assert secret not in page.content()
    page.goto("/account")
    row = page.locator(".row-item").filter(has_text="browser lane")
    expect(row).to_contain_text("last used just now")
    row.locator("summary").click()
    row.get_by_role("button", name="Revoke the token").click()
    expect(row).to_contain_text("Revoked")
    assert me(portal, secret)[0] == 401


def me(portal: Portal, secret: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {secret}"}
    status, answer = call(f"{portal.address}/api/v1/me/", "GET", None, headers)
    return status, str(answer.get("username", ""))


def test_a_change_by_hand_is_found_compared_and_written_back(
    portal: Portal, window: OpenWindow
) -> None:
    grant = portal.approve(story.ask(portal, "dana", "shop", "edited.example.com"))
    portal.wait_for_grant(grant, "active")
    page = window("adam").page
    choose_drift_policy(page, "flag")
    address = address_of_entry(portal, "edited.example.com")
    assert portal.kube(address, "DELETE")[0] == 200
    portal.manage("sweep", "--drift")
    page.goto("/clusters/sandbox")
    page.get_by_role("link", name="1 grant drifted").click()
    page.get_by_role("link", name="edited.example.com").click()
    panel = page.get_by_role("region", name="What differs in the cluster")
    expect(panel).to_contain_text("was deleted")
    expect(panel.locator(".diff-add").first).to_be_visible()
    panel.get_by_role("button", name="Apply again").press("Enter")
    expect(page.get_by_role("status").filter(has_text="writes back")).to_be_visible()
    wait_until("the entry is back", lambda: portal.kube(address)[0] == 200)
    choose_drift_policy(page, "heal")


def choose_drift_policy(page: Page, policy: str) -> None:
    page.goto("/clusters/sandbox")
    page.get_by_label("When drift is found").select_option(policy)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Drift in cluster")).to_be_visible()


def address_of_entry(portal: Portal, host: str) -> str:
    found = next(one for one in portal.objects("serviceentries") if host in one["spec"]["hosts"])
    place, name = found["metadata"]["namespace"], found["metadata"]["name"]
    return f"/apis/networking.istio.io/v1/namespaces/{place}/serviceentries/{name}"
