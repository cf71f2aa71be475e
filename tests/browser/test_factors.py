"""Somebody sets up an authenticator app, signs in with it, and takes it away again."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.browser.conftest import OpenWindow
from tests.browser.looking import barriers, overflow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def code(secret: str, later: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later))


def test_somebody_sets_up_an_app_and_signs_in_with_it(window: OpenWindow) -> None:
    visitor = window("", width=375)
    page = visitor.sign_in("pavel").page

    def sound() -> None:
        assert barriers(page) == []
        assert overflow(page) == []

    page.goto("/account/factors")
    page.get_by_role("link", name="Set up an app").click()
    secret = page.locator("#secret").inner_text().strip()
    sound()
    page.get_by_label("Code").fill(code(secret, later=-1))
    page.get_by_role("button", name="Use this app").click()
    page.get_by_role("heading", name="Recovery codes", level=1).wait_for()
    sound()
    page.goto("/account/factors/keys/new")
    sound()
    page.goto("/account")
    page.locator("form[action='/sign-out']").first.evaluate("one => one.requestSubmit()")
    page.wait_for_url("**/sign-in*")
    page.get_by_label("User name").fill("pavel")
    page.get_by_label("Password").fill("demo-pavel")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/sign-in/code")
    sound()
    page.get_by_label("Code").fill(code(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto("/account/factors/app/remove")
    sound()
    page.get_by_role("button", name="Remove the app").click()
    page.get_by_role("link", name="Set up an app").wait_for()
