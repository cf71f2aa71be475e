"""Every way out through the pages: aliases, fixed addresses, network policy, settings, posture."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.e2e.portal import Portal
from tests.servers import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
OPTIONS = "Alias, fixed addresses, long connections"
SEARCH = "/clusters/sandbox/namespaces/search"
UNREAD = """
from django.utils import timezone
from egress.domain.posture import Level, Row, Scope
from egress.models import Cluster
row = Row("PF9", Level.UNKNOWN, Scope.CLUSTER, "Pods may not be read.", fix="Let the portal read.")
Cluster.objects.update(posture=[row.as_json()], posture_at=timezone.now())
"""


def test_an_alias_and_fixed_addresses_are_asked_for_approved_and_carried(
    portal: Portal, window: OpenWindow
) -> None:
    page = window("pavel").page
    page.goto("/requests/new")
    page.get_by_label("Namespace", exact=True).fill("payments")
    page.get_by_label("Reason").fill("Statements are fetched from the old system.")
    fill_partner(page)
    page.get_by_role("button", name="Add a destination").click()
    fill_database(page)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Through the egress gateway. Not a boundary while")
    expect(preview).to_contain_text("2 different people must approve, out of alice, bob.")
    expect(preview.get_by_role("region", name="Changes in the mesh")).to_contain_text(
        "+kind: Service\n"
    )
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url(re.compile(r"/requests/\d+$"))
    asked = page.get_by_role("region", name="What is asked")
    expect(asked).to_contain_text("as statements-api")
    expect(asked).to_contain_text("at 203.0.113.20, 203.0.113.21")
    number = page.url.rpartition("/")[2]
    portal.api("alice", "POST", f"requests/{number}/approve/", {"revision": 1})
    grant = portal.approve(int(number), "bob")
    portal.wait_for_grant(grant, "active")
    page.goto(f"/grants/{grant}")
    objects = page.get_by_role("region", name="Objects in the cluster")
    expect(objects).to_contain_text("payments/statements-api")
    for carried in ("ServiceEntry", "AuthorizationPolicy", "eg-client-payments"):
        expect(objects).to_contain_text(carried)
    expect(page.get_by_role("region", name="Facts")).to_contain_text("as statements-api")


def fill_partner(page: Page) -> None:
    page.get_by_label("Host", exact=True).fill("statements.bank.example.com")
    page.get_by_label("Port", exact=True).fill("80")
    tls = page.get_by_label("The mesh adds TLS")
    expect(tls).to_be_hidden()  # who speaks TLS has nothing to add
    page.get_by_label("Your code speaks").select_option("HTTP in clear text")
    tls.check()
    page.get_by_text(OPTIONS).click()
    page.get_by_label("Alias (optional)").fill("statements-api")


def fill_database(page: Page) -> None:
    row = page.get_by_role("group", name="Destination 2")
    row.get_by_label("Host", exact=True).fill("db.bank.example.com")
    row.get_by_label("Port", exact=True).fill("5432")
    row.get_by_label("Your code speaks").select_option("TCP (databases, SSH)")
    row.get_by_text(OPTIONS).click()
    row.get_by_label("Fixed addresses (optional)").fill("203.0.113.21, 203.0.113.20")


def test_what_is_wrong_with_an_option_stands_below_it(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    page.get_by_label("Namespace", exact=True).fill("shop")
    page.get_by_label("Host", exact=True).fill("api.partner.example.com")
    page.get_by_text(OPTIONS).click()
    addresses = page.get_by_label("Fixed addresses (optional)")
    addresses.fill("300.1.2.3")
    expect(page.locator("#hint-destinations-0-addresses")).to_contain_text("is no IP address")
    expect(addresses).to_have_attribute("aria-invalid", "true")
    addresses.fill("")
    page.get_by_label("Alias (optional)").fill("partner")
    alias = page.locator("#hint-destinations-0-alias")
    expect(alias).to_contain_text("cannot be an alias")
    page.get_by_label("Your code speaks").select_option("HTTP in clear text")
    expect(alias).to_be_empty()


def test_a_preset_is_found_by_its_purpose_and_asked_for(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/catalogue")
    expect(page.get_by_role("heading", name="Code hosting")).to_be_visible()
    expect(page.get_by_role("link", name="Request Stripe payments")).to_be_visible()
    page.get_by_label("Name, host or purpose").fill("git ssh")
    page.get_by_role("button", name="Search").last.click()
    expect(page.get_by_role("heading", level=3)).to_contain_text(["Bitbucket", "GitHub", "GitLab"])
    expect(page.get_by_role("status").filter(has_text="3 presets found")).to_be_visible()
    page.get_by_role("link", name="Request GitHub by SSH").click()
    expect(page.get_by_label("Host", exact=True)).to_have_value("github.com")
    expect(page.get_by_label("Your code speaks")).to_have_value("TCP")
    page.get_by_label("A service of the catalogue").fill("Mollie")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Host", exact=True).nth(1)).to_have_value("api.mollie.com")


def test_a_network_policy_is_looked_at_decided_and_seen_in_force(
    portal: Portal, window: OpenWindow
) -> None:
    page = window("dana").page
    page.goto(SEARCH)
    section = page.get_by_role("region", name="Network policy", exact=True)
    section.get_by_role("link", name="See what switching it on would stop").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("This would stop")
    expect(main).to_contain_text("Only the egress gateway is a boundary")
    expect(page.get_by_role("region", name="Difference to the cluster")).to_contain_text(
        "+kind: NetworkPolicy"
    )
    page.get_by_label("Reason").fill("Nothing in search needs the internal network.")
    page.get_by_role("button", name="Switch the network policy on").click()
    expect(page.get_by_role("status").filter(has_text="is recorded")).to_be_visible()
    wait_until("it is in force", lambda: policies(portal) == 1)
    wait_until("the page says so", lambda: says_enforced(page))
    # The team closes; only an admin opens again.
    expect(section.get_by_role("link", name="Switch it off")).to_have_count(0)
    admin = window("adam").page
    admin.goto(f"{SEARCH}/network-policy")
    admin.get_by_label("Reason").fill("The printer is back.")
    admin.get_by_role("button", name="Switch the network policy off").click()
    wait_until("it is gone", lambda: policies(portal) == 0)


def policies(portal: Portal) -> int:
    found = portal.objects("networkpolicies", "networking.k8s.io")
    return sum(one["metadata"]["namespace"] == "search" for one in found)


def says_enforced(page: Page) -> bool:
    page.goto(SEARCH)
    shown = page.get_by_role("region", name="Network policy", exact=True).inner_text()
    return "In force:" in shown and "Enforced" in shown


def test_settings_of_a_cluster_are_changed_and_a_mistake_keeps_them(window: OpenWindow) -> None:
    page = window("adam").expect(422).page
    page.goto("/clusters/sandbox")
    zones, ranges = page.get_by_label("Private zones"), page.get_by_label("Private ranges")
    zones.fill("corp.larkfield.example\nlab.larkfield.example")
    ranges.fill("10.1.2.3/8")
    save = page.get_by_role("button", name="Save the settings")
    save.click()
    expect(ranges).to_have_attribute("aria-invalid", "true")
    expect(zones).to_have_value("corp.larkfield.example\nlab.larkfield.example")
    ranges.fill("10.0.0.0/8")
    save.click()
    expect(page.get_by_role("status").filter(has_text="are saved")).to_be_visible()
    page.reload()
    expect(ranges).to_have_value("10.0.0.0/8")
    zones.fill("")
    ranges.fill("")
    save.click()
    expect(page.get_by_role("status").filter(has_text="are saved")).to_be_visible()


def test_an_admin_vouches_for_what_cannot_be_read_and_takes_it_back(
    portal: Portal, window: OpenWindow
) -> None:
    portal.manage("shell", "-c", UNREAD)
    page = window("adam").page
    page.goto("/clusters/sandbox")
    posture = page.get_by_role("region", name="Posture")
    expect(posture).to_contain_text("Pods may not be read.")
    posture.get_by_label("Check").select_option("PF9")
    posture.get_by_label("How you know").fill("Read in the cluster's own console.")
    posture.get_by_role("button", name="Vouch for it").click()
    expect(posture).to_contain_text("Vouched for by adam")
    expect(posture).to_contain_text("Read in the cluster's own console.")
    posture.get_by_role("button", name="No longer vouch for PF9").click()
    expect(posture).not_to_contain_text("Vouched for by adam")
    posture.get_by_role("button", name="Look now").click()
    expect(page.get_by_role("status").filter(has_text="Looked at cluster")).to_be_visible()
    expect(posture).not_to_contain_text("Pods may not be read.")
