"""The journey of a developer: ask, follow, learn why something fails, ask for more time."""

import re

import pytest
from playwright.sync_api import expect

from egress.domain.naming import base
from tests.browser.conftest import HandOf
from tests.browser.hands import Hand
from tests.browser.story import FOREIGN_HOST
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PLACE_OF_A_REQUEST = re.compile(r"/requests/(\d+)$")


def test_a_developer_gets_access_knows_what_fails_and_renews(
    portal: Portal, hand_of: HandOf
) -> None:
    hand = hand_of("dana")
    host = f"rates.{hand.name}.example.com"
    hand.page.goto("/")
    number = ask_by_pasting(hand, host)
    sees_that_it_waits(hand, number)
    portal.wait_for_grant(portal.approve(number), "active")
    sees_that_it_works(hand, number, host)
    learns_what_to_do_about_a_failure(hand)
    asks_for_more_time(hand, host)


def ask_by_pasting(hand: Hand, host: str) -> int:
    """Go from home to a request that was sent, and return its number."""
    page = hand.page
    hand.at("Hello Dana")
    hand.press(page.get_by_role("main").get_by_role("link", name="New request"))
    hand.at("New request")
    hand.type(page.get_by_label("Namespace", exact=True), "shop")
    hand.type(page.get_by_label("Paste here"), f"curl -s https://me:secret@{host}/v1/rates")
    hand.press(page.get_by_role("button", name="Turn into destinations"))
    expect(page.get_by_label("Host", exact=True)).to_have_value(host)
    preview = page.locator("#preview")
    expect(preview).to_contain_text(f"{host}:443")
    expect(preview).to_contain_text("One approval is needed, from alice")
    hand.type(page.get_by_label("Reason", exact=True), "Prices are shown in other currencies.")
    hand.choose(page.get_by_label("Duration", exact=True), "30 days")
    hand.press(page.get_by_role("button", name="Send the request"))
    page.wait_for_url(PLACE_OF_A_REQUEST)
    found = PLACE_OF_A_REQUEST.search(page.url)
    assert found
    return int(found[1])


def sees_that_it_waits(hand: Hand, number: int) -> None:
    hand.at(f"Request {number}")
    page = hand.page
    expect(page.locator(".lead")).to_contain_text("Pending")
    expect(page.get_by_role("region", name="Where it stands")).to_contain_text("Waiting for a")
    expect(page.get_by_role("region", name="Decide")).to_contain_text("May decide: alice")
    expect(page.get_by_role("region", name="What happened").locator("li")).to_contain_text(["dana"])


def sees_that_it_works(hand: Hand, number: int, host: str) -> None:
    page = hand.page
    hand.go("Home")
    hand.at("Hello Dana")
    hand.press(page.get_by_role("region", name="My requests").get_by_role("link", name=host))
    hand.at(f"Request {number}")
    expect(page.locator(".lead")).to_contain_text("Approved")
    stands = page.get_by_role("region", name="Where it stands")
    expect(stands).to_contain_text("It is in force.")
    expect(stands.locator(".step")).to_contain_text(["Written"])
    happened = page.get_by_role("region", name="What happened").locator("li")
    expect(happened.filter(has_text="alice")).not_to_have_count(0)


def learns_what_to_do_about_a_failure(hand: Hand) -> None:
    page = hand.page
    hand.go("Home")
    hand.at("Hello Dana")
    failed = page.get_by_role("region", name="Does not work yet")
    hand.press(failed.get_by_role("link", name=FOREIGN_HOST))
    hand.at(FOREIGN_HOST)
    stands = page.get_by_role("region", name="How it stands")
    expect(stands).to_contain_text("ForeignObject")
    expect(stands).to_contain_text("What to do. Ask the owner of that object to take it away")
    hand.press(stands.get_by_role("link", name="Foreign objects"))
    hand.at("Foreign egress objects")
    in_the_way = f"data/{base(FOREIGN_HOST)}"
    expect(page.get_by_role("region", name="Foreign objects")).to_contain_text(in_the_way)


def asks_for_more_time(hand: Hand, host: str) -> None:
    page = hand.page
    hand.go("Grants")
    hand.at("Grants")
    hand.type(page.get_by_label("Host contains"), host)
    hand.press(page.get_by_role("button", name="Filter"))
    page.wait_for_url("**/grants?**")
    hand.press(page.get_by_role("region", name="Grants", exact=True).get_by_role("link", name=host))
    hand.at(host)
    actions = page.get_by_role("region", name="What you may do")
    hand.press(actions.locator("summary").filter(has_text="Renew"))
    hand.type(actions.get_by_label("Days longer"), "60")
    hand.type(actions.get_by_label("Why it is still needed"), "Prices go on being shown.")
    hand.press(actions.get_by_role("button", name="Ask to renew"))
    expect(page.get_by_role("status").filter(has_text="Renewal asked for.")).to_be_visible()
    expect(page.get_by_role("region", name="What is asked")).to_contain_text("60 days")
