"""What the portal costs people: inputs and seconds for a first request, keys for a decision."""

import re
import time

import pytest
from playwright.sync_api import Route, expect

from tests.browser import story
from tests.browser.conftest import HandOf, OpenWindow
from tests.browser.hands import Hand, Keyboard
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
MOST_INPUTS = 6
MOST_SECONDS = 30.0
SECONDS_FOR_A_KEY = 0.2
SECONDS_TO_THINK = 1.35
SECONDS_TO_POINT = 1.1 + 0.4
"""What people take, after Card, Moran and Newell, "The Keystroke-Level Model": 0.2 for a key; for
each input 1.35 to think, and where they point 1.1 to get there and 0.4 to change hands."""


def seconds_of_a_person(hand: Hand, waited: float) -> float:
    """Return what the work took: the person's own time, and the time the pages let them wait."""
    each = SECONDS_TO_THINK + (0.0 if isinstance(hand, Keyboard) else SECONDS_TO_POINT)
    return hand.inputs * each + hand.strokes * SECONDS_FOR_A_KEY + waited


def test_a_new_users_first_request_takes_six_inputs_and_thirty_seconds_at_most(
    hand_of: HandOf,
) -> None:
    """From the opened page to the sent request, with a preset.

    One input is each field filled, each thing clicked or tapped, and each key that activates
    something: Enter on a link or a button, not Tab. The seconds are those that a person would
    take for these inputs and for every key, Tab included, and what they wait for: the page, the
    host of the preset, and the sent request, each from what asks for it until it is there. What
    the script takes to type and to point is not counted again: the person's time is that, slower.
    """
    hand = hand_of("rosa")
    page = hand.page
    opened = time.monotonic()
    page.goto("/requests/new")
    hand.at("New request")
    waited = time.monotonic() - opened
    hand.type(page.get_by_label("Namespace", exact=True), "search")
    hand.type(page.get_by_label("A service of the catalogue"), "ECB exchange rates")
    hand.press(page.get_by_role("button", name="Add", exact=True))
    expect(page.get_by_label("Host", exact=True)).to_have_value("www.ecb.europa.eu")
    waited += hand.waited()
    hand.type(page.get_by_label("Reason", exact=True), "Prices in other currencies.")
    hand.press(page.get_by_role("button", name="Send the request"))
    page.wait_for_url(re.compile(r"/requests/\d+$"))
    waited += hand.waited()
    expect(page.locator(".lead")).to_contain_text("Pending")
    assert hand.inputs <= MOST_INPUTS
    assert seconds_of_a_person(hand, waited) <= MOST_SECONDS


def test_each_decision_needs_two_keys_with_the_change_in_sight(
    portal: Portal, window: OpenWindow
) -> None:
    """From the opened queue, and from each decision to the next: `a`, and Enter."""
    hosts = [f"{which}.two-keys.example.com" for which in ("first", "next")]
    numbers = [story.ask(portal, "dana", "shop", host) for host in hosts]
    hand = Keyboard(window("alice"))
    page = hand.page
    page.goto("/queue?q=two-keys")
    hand.at("Queue")
    for decided, number in enumerate(numbers, start=1):
        row = page.locator(f"#queue-{number}")
        hand.press(row.get_by_role("button", name="Approve"), key="a")
        expect(page.get_by_role("link", name=f"Request {number} is approved")).to_be_focused()
        assert hand.strokes == 2 * decided


def test_a_hasty_enter_decides_nothing(portal: Portal, window: OpenWindow) -> None:
    """Pressed while the findings and the change are on their way, and held until they are there."""
    number = story.ask(portal, "dana", "shop", "hasty.two-keys.example.com")
    page = window("alice").page
    page.goto("/queue?q=hasty.two-keys")
    row = page.locator(f"#queue-{number}")
    held: list[Route] = []
    page.route(f"**/queue/{number}", lambda route: held.append(route))
    with page.expect_request(f"**/queue/{number}"):
        page.keyboard.press("a")
    expect(row.locator("summary")).to_be_focused()
    page.keyboard.down("Enter")
    expect(row.locator("details")).to_have_attribute("open", "")
    held[0].continue_()
    expect(row.get_by_text("What would change in the mesh")).to_be_attached()
    expect(row.get_by_role("button", name="Approve")).to_be_focused()
    decided: list[str] = []
    page.route(f"**/queue/{number}/decide", lambda route: decided.append(route.request.url))
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert decided == []
    assert portal.api("alice", "GET", f"requests/{number}/")["status"] == "pending"
