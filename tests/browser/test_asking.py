"""Asking quickly, being helped, and never typing anything twice."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_findings_are_mended_by_a_press(window: OpenWindow, told: Story) -> None:
    page = window("dana").page
    page.goto("/requests/new?namespace=shop&host=developers.google.com&host=new.example.com")
    page.get_by_label("Host", exact=True).nth(1).fill("https://new.example.com:8080/x")
    page.get_by_role("button", name="Use new.example.com on port 8080").click()
    hosts = page.get_by_label("Host", exact=True)
    expect(hosts.nth(1)).to_have_value("new.example.com")
    expect(hosts.nth(1)).to_be_focused()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Allowed already")
    preview.get_by_role("button", name="Remove this destination").click()
    expect(hosts).to_have_count(1)
    expect(hosts).to_have_value("new.example.com")
    expect(preview).not_to_contain_text("Allowed already")


def test_enter_adds_the_chosen_service_and_sends_nothing(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new?namespace=shop")
    page.get_by_label("A service of the catalogue").fill("Mollie")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Host", exact=True)).to_have_value("api.mollie.com")
    expect(page.get_by_label("A service of the catalogue")).to_be_focused()
    assert page.url.endswith("/requests/new?namespace=shop")


def test_a_draft_waits_at_home_until_it_is_sent_or_thrown_away(window: OpenWindow) -> None:
    page = window("pavel", keeps_drafts=True).page
    page.goto("/requests/new")
    page.get_by_label("Host", exact=True).fill("half.example.com")
    expect(page.get_by_role("status").filter(has_text="Kept as your draft.")).to_be_visible()
    page.goto("/")
    unsent = page.get_by_role("region", name="You were asking for")
    expect(unsent).to_contain_text("half.example.com")
    unsent.get_by_role("link", name="Go on").click()
    expect(page.get_by_label("Host", exact=True)).to_have_value("half.example.com")
    page.get_by_text("Begin anew").click()
    page.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_label("Host", exact=True)).to_have_value("")
    page.goto("/")
    expect(unsent).to_have_count(0)


def sign_in_again(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(f"demo-{name}")
    page.get_by_role("button", name="Sign in", exact=True).click()
    # What was kept is put back, and forgotten, by a script that runs when the page is whole.
    page.wait_for_url(lambda url: "/sign-in" not in url)


def test_what_is_typed_survives_a_session_that_ends(window: OpenWindow) -> None:
    page = window("").sign_in("pavel").page
    page.goto("/requests/new?reason=Statements")
    page.get_by_label("Paste here").fill("postgres://me:hunter2@db.example.com")
    page.get_by_label("Host", exact=True).fill("lost.example.com")
    page.context.clear_cookies(name="egress_session")
    page.get_by_label("Reason").fill("Statements of accounts")
    page.wait_for_url("**/sign-in?**")
    assert "hunter2" not in page.evaluate("() => sessionStorage.getItem('egress-kept')")
    sign_in_again(page, "pavel")
    expect(page.get_by_label("Host", exact=True)).to_have_value("lost.example.com")
    expect(page.get_by_label("Reason")).to_have_value("Statements of accounts")
    assert page.evaluate("() => sessionStorage.getItem('egress-kept')") is None


def test_a_form_sent_after_the_session_ended_comes_back_filled(window: OpenWindow) -> None:
    visitor = window("", scripts=False).sign_in("pavel").expect(403)
    page = visitor.page
    page.goto("/requests/new?reason=Statements")
    page.get_by_label("Host", exact=True).fill("lost.example.com")
    page.context.clear_cookies()
    page.get_by_role("button", name="Send the request").click()
    expect(page.locator("main")).to_contain_text("What you typed is kept")
    sign_in_again(page, "pavel")
    expect(page.get_by_label("Host", exact=True)).to_have_value("lost.example.com")
    page.get_by_text("Begin anew").click()
    page.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_label("Host", exact=True)).to_have_value("")


def test_a_comment_survives_a_session_that_ends(window: OpenWindow, told: Story) -> None:
    visitor = window("").sign_in("olga")
    page = visitor.page
    page.goto(f"/requests/{told.requests['denied']}")
    page.get_by_label("Write a comment").fill("Long thoughts")
    page.context.clear_cookies(name="egress_session")
    page.get_by_role("button", name="Comment").click()
    page.wait_for_url("**/sign-in?**")
    sign_in_again(page, "olga")
    expect(page.get_by_label("Write a comment")).to_have_value("Long thoughts")


def test_a_comment_of_one_person_is_not_shown_to_the_next(window: OpenWindow, told: Story) -> None:
    page = window("").sign_in("olga").page
    page.goto(f"/requests/{told.requests['denied']}")
    page.get_by_label("Write a comment").fill("For nobody else")
    page.context.clear_cookies(name="egress_session")
    page.get_by_role("button", name="Comment").click()
    page.wait_for_url("**/sign-in?**")
    sign_in_again(page, "alice")
    expect(page.get_by_label("Write a comment")).to_have_value("")
    assert page.evaluate("() => sessionStorage.getItem('egress-said')") is None


def test_copying_is_one_press_and_said_aloud(window: OpenWindow, told: Story) -> None:
    page = window("dana").page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/requests/{told.requests['active']}")
    page.get_by_role("button", name="Copy as kubectl").click()
    expect(
        page.get_by_role("status").filter(has_text="The kubectl lines are copied.")
    ).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("kubectl -n ")


def test_a_request_is_compared_with_the_cluster_as_it_is(window: OpenWindow, told: Story) -> None:
    page = window("alice").page
    page.goto(f"/requests/{told.requests['pending']}")
    page.get_by_role("link", name="Compare with the cluster now").click()
    compared = page.get_by_role("region", name="Against the cluster as it is now")
    expect(compared).to_contain_text("Read from the cluster just now.")
    expect(compared.locator(".step").first).to_contain_text("Create")
