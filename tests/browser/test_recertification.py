"""Owners say of several grants at once whether they are still needed."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.story import Story
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_what_is_ticked_is_confirmed_and_one_is_dropped_with_a_second_press(
    portal: Portal, window: OpenWindow, told: Story
) -> None:
    page = window("dana").page
    page.goto("/recertification")
    needed, unneeded = told.grants["needed"], told.grants["unneeded"]
    row = page.locator(f"#grant-{unneeded}")
    row.get_by_text("Drop").first.click()
    row.get_by_role("button", name="Drop it").click()
    expect(page.get_by_role("status").filter(has_text="1 grant dropped")).to_be_visible()
    box = page.get_by_label(f"Choose grant {needed} to rates.carriers.example.com")
    box.focus()
    page.keyboard.press("Space")
    page.get_by_label("Why").fill("Every order asks for a rate.")
    page.get_by_role("button", name="Confirm those ticked").click()
    expect(page.get_by_role("status").filter(has_text="1 grant confirmed")).to_be_visible()
    expect(page.locator(f"#grant-{needed}")).to_have_count(0)
    statuses = [portal.api("dana", "GET", f"grants/{n}/")["status"] for n in (needed, unneeded)]
    assert statuses == ["active", "revoked"]
    page.goto(f"/grants/{needed}")
    expect(page.locator(".timeline")).to_contain_text("Every order asks for a rate.")
