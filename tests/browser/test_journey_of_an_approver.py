"""The journey of an approver: from the queue, without leaving it, every kind of decision."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import story
from tests.browser.conftest import HandOf
from tests.browser.hands import Hand
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
BUCKETS = "s3.amazonaws.com"


def test_an_approver_reads_and_decides_one_several_a_part_and_against(
    portal: Portal, hand_of: HandOf
) -> None:
    hand = hand_of("alice")
    word = word_of(hand)
    asked = {
        "risky": story.ask(portal, "dana", "data", f"{word}.{BUCKETS}"),
        "one": story.ask(portal, "dana", "shop", f"one.{word}.net"),
        "other": story.ask(portal, "dana", "shop", f"other.{word}.net"),
        "half": story.ask(portal, "dana", "shop", f"keep.{word}.net", f"drop.{word}.net"),
        "wrong": story.ask(portal, "dana", "shop", f"wrong.{word}.net"),
    }
    hand.page.goto("/")
    finds_the_queue(hand, len(asked))
    approves_what_was_read(hand, asked["risky"])
    approves_together(hand, asked["one"], asked["other"])
    approves_a_part_for_a_shorter_time(hand, asked["half"])
    denies_with_a_reason(hand, asked["wrong"])
    seen = {what: portal.api("dana", "GET", f"requests/{asked[what]}/") for what in asked}
    assert {what: one["status"] for what, one in seen.items()} == {
        "risky": "approved",
        "one": "approved",
        "other": "approved",
        "half": "approved",
        "wrong": "denied",
    }
    assert [one["verdict"] for one in seen["half"]["destinations"]] == ["approved", "denied"]
    assert seen["wrong"]["decision_note"] == "The mirror has it."
    assert seen["half"]["duration_days"] == 7


def word_of(hand: Hand) -> str:
    """Return what all hosts of this walk have in common, and no others."""
    return f"{hand.name}-decides"


def finds_the_queue(hand: Hand, waiting: int) -> None:
    """Go from home to the queue, narrowed to what this walk is about."""
    page = hand.page
    hand.at("Hello Alice")
    hand.press(page.get_by_role("link", name=re.compile(r"^Decide \d+ request")))
    hand.at("Queue")
    filters = page.get_by_role("search", name="Filter the queue")
    hand.type(filters.get_by_label("Search"), word_of(hand))
    hand.press(filters.get_by_role("button", name="Filter"))
    page.wait_for_url("**/queue?**")
    hand.at("Queue")
    expect(page.locator("[data-row]")).to_have_count(waiting)


def open_row(hand: Hand, number: int) -> Locator:
    """Unfold the row of a request and see what would change, still in the queue."""
    row = hand.page.locator(f"#queue-{number}")
    hand.step_to(row)
    hand.press(row.locator("summary"))
    change = row.get_by_role("region", name="Changes in the mesh")
    expect(change).to_contain_text("+kind: ServiceEntry")
    return row


def sees_it_done(hand: Hand, number: int, outcome: str) -> None:
    done = hand.page.get_by_role("link", name=f"Request {number} is {outcome}")
    expect(done).to_be_focused()


def approves_what_was_read(hand: Hand, number: int) -> None:
    row = open_row(hand, number)
    expect(row.locator(".finding").filter(has_text="Many owners share")).to_be_visible()
    hand.press(row.get_by_role("button", name="Approve"), key="a")
    sees_it_done(hand, number, "approved")


def approves_together(hand: Hand, *numbers: int) -> None:
    page = hand.page
    for number in numbers:
        row = page.locator(f"#queue-{number}")
        hand.step_to(row)
        hand.tick(row.get_by_role("checkbox"), key="x")
    hand.press(page.get_by_role("button", name="Approve the selected"))
    for number in numbers:
        said = page.get_by_role("status").filter(has_text=f"Request {number} is approved")
        expect(said).to_be_visible()
    hand.at("Queue")


def approves_a_part_for_a_shorter_time(hand: Hand, number: int) -> None:
    row = open_row(hand, number)
    hand.tick(row.get_by_label(f"drop.{word_of(hand)}.net:443"))
    hand.choose(row.get_by_label("Duration"), "7 days")
    hand.press(row.get_by_role("button", name="Approve what is ticked"))
    sees_it_done(hand, number, "approved")


def denies_with_a_reason(hand: Hand, number: int) -> None:
    row = open_row(hand, number)
    hand.type(row.get_by_label("Note"), "The mirror has it.", key="d")
    hand.press(row.get_by_role("button", name="Deny"))
    sees_it_done(hand, number, "denied")
