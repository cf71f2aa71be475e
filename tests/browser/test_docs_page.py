"""The page of the API in a browser: offline, under the portal's own content security policy."""

import json

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Visitor
from tests.browser.conftest import OpenWindow
from tests.servers import HOW_TO_GET, chromium_binary

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_binary() is None, reason=HOW_TO_GET["chromium"]),
]

LUMINANCE = """selector => {
  const [r, g, b] = getComputedStyle(document.querySelector(selector)).backgroundColor
    .match(/[0-9.]+/g).map(Number);
  return (r + g + b) / 3;
}"""
REHEARSAL = {
    "cluster": "sandbox",
    "namespace": "shop",
    "reason": "Orders are handed over to this partner, and their state is read back.",
    "duration_days": 30,
    "dry_run": True,
    "destinations": [{"host": "docs.partner.example.com", "port": 443, "protocol": "TLS"}],
}


def opened(visitor: Visitor) -> Page:
    """Return the page of the API once swagger-ui has drawn it."""
    visitor.page.goto("/api/docs/")
    visitor.page.wait_for_selector("#operations-requests-requests_submit")
    return visitor.page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_works_without_a_complaint_in_both_themes(window: OpenWindow, theme: str) -> None:
    page = opened(window("", theme=theme))
    page.locator("#operations-requests-requests_submit .opblock-summary-control").click()
    page.get_by_text("Idempotency-Key").first.wait_for()
    is_light = page.evaluate(LUMINANCE, "body") > 128
    assert is_light == (theme == "light")
    assert page.evaluate("document.documentElement.classList.contains('dark-mode')") != is_light
    back = page.get_by_role("link", name="Back to the portal")
    assert back.get_attribute("href") == "/"


def test_nothing_is_wider_than_a_phone(window: OpenWindow) -> None:
    page = opened(window("", width=390))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_somebody_who_is_signed_in_can_try_a_post(window: OpenWindow) -> None:
    page = opened(window("dana"))
    submit = page.locator("#operations-requests-requests_submit")
    submit.locator(".opblock-summary-control").click()
    submit.get_by_role("button", name="Try it out").click()
    submit.locator("textarea").fill(json.dumps(REHEARSAL))
    with page.expect_response("**/api/v1/requests/") as answered:
        submit.get_by_role("button", name="Execute").click()
    answer = answered.value
    assert answer.status == 200, answer.text()
    assert answer.json()["errors"] == {}
