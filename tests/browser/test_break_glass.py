"""Somebody breaks the glass with a mouse, and somebody independent ends it."""

import pytest
from playwright.sync_api import expect

from tests.browser import story
from tests.browser.conftest import OpenWindow
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
WHY = "The provider moved over night, and nobody can pay."


def test_access_is_opened_at_once_and_ended_by_the_second_look(
    portal: Portal, window: OpenWindow
) -> None:
    number = story.ask(portal, "pavel", "payments", "moved.card-network.example.com")
    page = window("alice").expect(422).page
    page.goto(f"/requests/{number}")
    page.get_by_role("link", name="Break the glass").click()
    deed = page.get_by_role("button", name="Break the glass")
    deed.click()
    expect(page.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Reason").fill(WHY)
    page.get_by_label("Hours").fill("1")
    deed.click()
    expect(page.get_by_role("status").filter(has_text="everybody is told")).to_be_visible()
    opening = page.get_by_role("region", name="Opened by break-glass")
    expect(opening).to_contain_text(WHY)
    expect(opening.get_by_role("button")).to_have_count(0)
    other = window("bob").page
    other.goto("/queue")
    looks = other.get_by_role("region", name="Second looks")
    looks.get_by_role("listitem").filter(has_text=WHY).get_by_role("link").click()
    other.get_by_label("Note").fill("The old address works again.")
    other.get_by_role("button", name="End it now").click()
    expect(other.get_by_role("status").filter(has_text="Ended")).to_be_visible()
    expect(other.get_by_role("region", name="Opened by break-glass")).to_contain_text("bob")
    assert (
        portal.api("alice", "GET", f"break-glass/?request={number}")["results"][0]["outcome"]
        == "ended"
    )
