"""Somebody signs in by an identity provider, and loses a right with the group that gave it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.e2e.portal import Portal
from tests.oidc.provider import Provider

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def ask_for(page: Page, host: str) -> None:
    for label, text in {"Namespace": "shop", "Host": host, "Reason": "Prices."}.items():
        page.get_by_label(label, exact=True).fill(text)


def test_what_a_group_gives_goes_with_the_group(
    window: OpenWindow, portal: Portal, provider: Provider
) -> None:
    provider.hire("nora", "shop-devs", "pay-devs")
    provider.signs_in = "nora"
    page = window("", provider=provider.issuer).expect(422).page
    send = page.get_by_role("button", name="Send the request")
    page.goto("/requests/new")
    page.get_by_role("link", name="Sign in with Corporate account").click()
    page.wait_for_url(f"{portal.address}/requests/new")
    ask_for(page, "prices.corp.example.com")
    send.click()
    expect(page.get_by_role("main")).to_contain_text("Pending")

    page.goto("/requests/new")
    ask_for(page, "offers.corp.example.com")
    provider.hire("nora", "pay-devs")
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("This was not sent")
    expect(page.get_by_label("Host", exact=True)).to_have_value("offers.corp.example.com")
