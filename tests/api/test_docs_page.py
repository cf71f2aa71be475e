"""The page of the API in a browser: offline, under the portal's own content security policy."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from egress.models import Namespace, Person
from tests.browser.chromium import Visitor, chromium
from tests.servers import HOW_TO_GET, chromium_binary

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(chromium_binary() is None, reason=HOW_TO_GET["chromium"]),
]

LUMINANCE = """selector => {
  const [r, g, b] = getComputedStyle(document.querySelector(selector)).backgroundColor
    .match(/[0-9.]+/g).map(Number);
  return (r + g + b) / 3;
}"""


@pytest.fixture
def address(_served_plainly: None) -> Iterator[str]:
    """The portal behind a real socket."""
    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()


@pytest.fixture
def session(address: str, owner: Person, shop: Namespace, settings: Any) -> dict[str, str]:
    """The cookie of somebody who signed in."""
    client = Client()
    client.force_login(owner)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": address}


def opened(visitor: Visitor) -> Page:
    """Return the page of the API once swagger-ui has drawn it."""
    visitor.page.goto("/api/docs/")
    visitor.page.wait_for_selector("#operations-requests-requests_submit")
    return visitor.page


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_works_without_a_complaint_in_both_themes(address: str, theme: str) -> None:
    with chromium() as browser:
        visitor = Visitor(browser, address, theme=theme)
        page = opened(visitor)
        page.locator("#operations-requests-requests_submit .opblock-summary-control").click()
        page.get_by_text("Idempotency-Key").first.wait_for()
        is_light = page.evaluate(LUMINANCE, "body") > 128
        assert is_light == (theme == "light")
        assert page.evaluate("document.documentElement.classList.contains('dark-mode')") != is_light
        back = page.get_by_role("link", name="Back to the portal")
        assert back.get_attribute("href") == "/"
        visitor.close()


def test_nothing_is_wider_than_a_phone(address: str) -> None:
    with chromium() as browser:
        visitor = Visitor(browser, address, width=390)
        page = opened(visitor)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        visitor.close()


def test_somebody_who_is_signed_in_can_try_a_post(address: str, session: dict[str, Any]) -> None:
    with chromium() as browser:
        visitor = Visitor(browser, address)
        visitor.page.context.add_cookies([session])  # type: ignore[list-item]
        page = opened(visitor)
        submit = page.locator("#operations-requests-requests_submit")
        submit.locator(".opblock-summary-control").click()
        submit.get_by_role("button", name="Try it out").click()
        with page.expect_response("**/api/v1/requests/") as answered:
            submit.get_by_role("button", name="Execute").click()
        answer = answered.value
        assert answer.status == 200, answer.text()
        assert answer.json()["approvers"] == []
        visitor.close()
