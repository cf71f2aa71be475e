"""An auditor proves who could reach what, from a word to the event and to the day."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.looking import barriers, overflow
from tests.browser.story import Story

A4 = {"width": 703, "height": 1009}
"""What is left of the paper within its margins, in CSS pixels."""
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_olga_goes_from_a_word_to_the_event_and_to_who_could_reach_the_host(
    window: OpenWindow, told: Story
) -> None:
    page = window("olga").page
    page.goto("/audit")
    search = page.get_by_role("searchbox", name="Search", exact=True)
    search.fill("old.parcels granted")
    search.press("Enter")
    page.get_by_role("link", name="Granted shop -> old.parcels.example.com").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Event")
    page.get_by_role("link", name="Who could reach old.parcels.example.com then").click()
    page.get_by_label("Until (UTC)").fill("2099-01-01T00:00")
    page.get_by_role("button", name="Look").press("Enter")
    expect(page.get_by_text("Could reach it")).to_be_visible()
    page.get_by_text("How this is known").press("Enter")
    proof = page.get_by_role("link", name="Revoked shop -> old.parcels.example.com")
    expect(proof).to_be_visible()
    assert barriers(page) == []
    page.emulate_media(media="print")
    page.set_viewport_size(A4)  # type: ignore[arg-type]
    expect(page.get_by_text("Printed by olga")).to_be_visible()
    expect(proof).to_be_visible()
    expect(page.get_by_role("button", name="Look")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Main")).to_have_count(0)
    assert overflow(page) == []
    head, cell = (
        page.get_by_role(role, name=words).first.bounding_box()  # type: ignore[arg-type]
        for role, words in (("columnheader", "It was"), ("cell", "Open"))
    )
    assert head
    assert cell
    assert head["x"] == cell["x"], "on paper a table is a table, narrow as it is"
