"""The journey of an auditor: who may, who could, by whose word, and how it stands out there."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import HandOf
from tests.browser.hands import Hand
from tests.browser.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
HOST = "developer.yahoo.com"
GRANTED = f"Granted otherns -> {HOST}"


def test_an_auditor_proves_who_may_reach_what_and_how_the_cluster_stands(
    hand_of: HandOf, told: Story
) -> None:
    hand = hand_of("olga")
    hand.page.goto("/")
    hand.at("Hello Olga")
    checks_access(hand, told.grants["denied-by-default"])
    asks_who_could_on_a_day(hand)
    reads_the_event(hand)
    takes_the_trail_away(hand)
    verifies_the_chain(hand)
    looks_at_the_cluster(hand)


def checks_access(hand: Hand, grant: int) -> None:
    page = hand.page
    hand.go("Access check")
    hand.at("Access check")
    hand.type(page.get_by_label("Namespace", exact=True), "otherns")
    hand.type(page.get_by_label("Service account"), "sleep-yahoo")
    hand.type(page.get_by_label("Host", exact=True), HOST)
    hand.press(page.get_by_role("button", name="Check"))
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text(f"otherns/sleep-yahoo → {HOST}:443")
    expect(answer.get_by_role("link", name=f"Grant {grant}")).to_be_visible()


def asks_who_could_on_a_day(hand: Hand) -> None:
    page = hand.page
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    hand.press(page.get_by_role("link", name="Access over time"))
    hand.at("Access over time")
    hand.set_time(page.get_by_label("At (UTC)"), today - timedelta(days=1))
    hand.set_time(page.get_by_label("Until (UTC)"), today + timedelta(days=2))
    hand.press(page.get_by_role("button", name="Look"))
    page.wait_for_url("**until=2*")
    answer = page.get_by_role("region", name=f"Who could reach {HOST}")
    expect(answer).to_contain_text("Could reach it")
    expect(answer).to_contain_text("Granted by alice")


def reads_the_event(hand: Hand) -> None:
    page = hand.page
    hand.press(page.locator("summary").filter(has_text="How this is known").first)
    hand.press(page.get_by_role("link", name=GRANTED).first)
    hand.at("Event")
    expect(page.locator(".lead")).to_contain_text(GRANTED)
    expect(page.get_by_role("region", name="Facts")).to_contain_text("alice")
    expect(page.locator(".chain")).to_contain_text("Chain verified")


def takes_the_trail_away(hand: Hand) -> None:
    page = hand.page
    hand.go("Audit")
    hand.at("Audit")
    filters = page.get_by_role("search", name="Filter events")
    hand.type(filters.get_by_label("Search"), f"{HOST} granted")
    hand.press(filters.get_by_role("button", name="Filter"))
    page.wait_for_url("**/audit?**")
    expect(page.get_by_role("link", name=GRANTED)).to_be_visible()
    with page.expect_download() as saved:
        hand.press(page.get_by_role("link", name="CSV", exact=True))
    with Path(saved.value.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["message"] for row in rows] == [f"{GRANTED}:443 TLS."]
    assert (rows[0]["actor"], len(rows[0]["hash"])) == ("alice", 64)


def verifies_the_chain(hand: Hand) -> None:
    page = hand.page
    hand.press(page.get_by_role("button", name="Verify now"))
    expect(page.get_by_role("status").filter(has_text="The chain is whole")).to_be_visible()
    expect(page.locator(".chain")).to_contain_text("none was changed, dropped or added")


def looks_at_the_cluster(hand: Hand) -> None:
    page = hand.page
    hand.go("Clusters")
    hand.at("Clusters")
    hand.press(page.get_by_role("main").get_by_role("link", name="sandbox", exact=True))
    hand.at("sandbox")
    expect(page.get_by_role("region", name="Posture")).to_contain_text("Looked at")
    expect(page.get_by_role("region", name="Facts").locator("dt")).to_contain_text(["Drift"])
    foreign = page.get_by_role("region", name="Foreign egress objects")
    hand.press(foreign.get_by_role("link", name="Show all"))
    hand.at("Foreign egress objects")
    expect(page.get_by_role("region", name="Foreign objects")).to_contain_text("edi-partner")
