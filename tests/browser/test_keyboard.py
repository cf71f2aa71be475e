"""Everything without a mouse: ask, decide, search, and see where one is."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import story
from tests.browser.conftest import OpenWindow
from tests.browser.story import Story
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
MOST_STEPS = 150
HAS_FOCUS = "one => one === document.activeElement"
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  // The button within a field for a date takes the focus, too, and then the field shows it.
  const shown = one.matches(":focus-visible, [type^='date']:focus-within")
    && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
      || style.boxShadow !== "none");
  const box = one.getBoundingClientRect();
  const name = `${one.tagName} ${one.id || one.textContent.trim().slice(0, 30)}`;
  return {name, shown: shown && box.width > 1 && box.height > 1};
}"""


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if target.evaluate(HAS_FOCUS):
            return
    raise AssertionError(f"Tab does not lead to {target}")


def type_into(page: Page, label: str, text: str) -> None:
    """Go to a field by Tab and type."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.type(text)


def test_a_developer_asks_without_a_mouse(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/requests/new")
    type_into(page, "Namespace", "shop")
    type_into(page, "Host", "keys.parcels.example.com")
    type_into(page, "Reason", "Keys open doors.")
    expect(page.locator("#preview")).to_contain_text("keys.parcels.example.com")
    tab_to(page, page.get_by_role("button", name="Send the request"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/requests/\d+$"))
    expect(page.get_by_role("status").filter(has_text="is sent")).to_be_visible()
    expect(page.locator("main")).to_contain_text("keys.parcels.example.com")


def test_enter_in_a_field_sends_and_does_not_add_a_row(window: OpenWindow) -> None:
    page = window("dana").expect(422).page
    page.goto("/requests/new")
    type_into(page, "Host", "enter.parcels.example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This was not sent")
    expect(page.get_by_label("Host", exact=True)).to_have_count(1)


def step_to(page: Page, host: str) -> Locator:
    """Press j until the focus is on the row of `host` in the queue, and return the row."""
    row = page.locator("[data-row]").filter(has_text=host)
    for _ in range(MOST_STEPS):
        page.keyboard.press("j")
        if row.locator("summary").evaluate(HAS_FOCUS):
            return row
    raise AssertionError(f"j does not lead to {host}")


def test_an_approver_approves_by_j_a_enter(portal: Portal, window: OpenWindow) -> None:
    number = story.ask(portal, "dana", "shop", "approve.keys.example.com")
    page = window("alice").page
    page.goto("/queue")
    row = step_to(page, "approve.keys.example.com")
    page.keyboard.press("a")
    expect(row.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("Enter")
    outcome = page.get_by_role("link", name=f"Request {number} is approved")
    expect(outcome).to_be_focused()
    assert portal.api("alice", "GET", f"requests/{number}/")["status"] == "approved"
    # From the row that is done the keys go on to its neighbours.
    page.keyboard.press("k")
    expect(page.locator("[data-row] summary:focus")).to_have_count(1)


def test_two_keys_approve_the_first_request_and_the_next(
    portal: Portal, window: OpenWindow
) -> None:
    numbers = [story.ask(portal, "dana", "shop", f"{n}.two-keys.example.com") for n in range(2)]
    page = window("alice").page
    page.goto("/queue?q=two-keys")
    for number in numbers:
        page.keyboard.press("a")
        # What Enter decides is open and in sight, and says whose word it takes.
        row = page.locator(f"#queue-{number}")
        expect(row.get_by_role("button", name="Approve")).to_be_focused()
        expect(row.locator("summary")).to_be_in_viewport()
        expect(row).to_contain_text("You may decide because you are an approver")
        page.keyboard.press("Enter")
        said = page.get_by_role("link", name=f"Request {number} is approved")
        expect(said).to_be_focused()


def test_a_word_typed_beside_the_search_field_decides_nothing(
    portal: Portal, window: OpenWindow
) -> None:
    number = story.ask(portal, "dana", "shop", "word.keys.example.com")
    page = window("alice").page
    page.goto("/queue?q=word.keys")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_focused()
    page.keyboard.type("lpha")
    expect(page.locator(f"#queue-{number} summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"#queue-{number} details")).not_to_have_attribute("open", "")
    assert portal.api("alice", "GET", f"requests/{number}/")["status"] == "pending"
    # The page of the request has the keys, too.
    page.goto(f"/requests/{number}")
    page.keyboard.press("a")
    expect(page.locator("#decide").get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("d")
    expect(page.locator("#decide").get_by_label("Note")).to_be_focused()


def test_an_approver_denies_by_d_with_a_reason(portal: Portal, window: OpenWindow) -> None:
    number = story.ask(portal, "dana", "shop", "deny.keys.example.com")
    page = window("alice").expect(422).page
    page.goto("/queue")
    row = step_to(page, "deny.keys.example.com")
    page.keyboard.press("d")
    note = row.get_by_label("Note")
    expect(note).to_be_focused()
    tab_to(page, row.get_by_role("button", name="Deny"))
    page.keyboard.press("Enter")
    expect(row.get_by_role("alert")).to_be_visible()
    expect(note).to_be_focused()
    page.keyboard.type("Use the internal mirror.")
    tab_to(page, row.get_by_role("button", name="Deny"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=f"Request {number} is denied")).to_be_focused()
    seen = portal.api("dana", "GET", f"requests/{number}/")
    assert (seen["status"], seen["decision_note"]) == ("denied", "Use the internal mirror.")


def test_several_are_selected_by_x_and_decided_together(portal: Portal, window: OpenWindow) -> None:
    hosts = [f"together-{letter}.keys.example.com" for letter in "ab"]
    numbers = [story.ask(portal, "dana", "shop", host) for host in hosts]
    page = window("alice").page
    page.goto("/queue")
    for host in hosts:
        row = step_to(page, host)
        page.keyboard.press("x")
        expect(row.get_by_role("checkbox")).to_be_checked()
    expect(page.locator("#announcer")).to_have_text("Selected")
    tab_to(page, page.get_by_role("button", name="Approve the selected"))
    page.keyboard.press("Enter")
    for number in numbers:
        said = page.get_by_role("status").filter(has_text=f"Request {number} is approved")
        expect(said).to_be_visible()


def test_a_question_mark_shows_the_keys_and_gives_the_focus_back(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/grants")
    dialog, where = page.get_by_role("dialog"), page.get_by_role("link", name="Access check").first
    where.focus()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("go to approve")
    page.keyboard.press("j")  # keys of the page below do nothing meanwhile
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(where).to_be_focused()


def test_single_keys_can_be_switched_off(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/grants")
    page.keyboard.press("?")
    page.get_by_label("Use single keys on this device").uncheck()
    page.keyboard.press("Escape")
    page.goto("/queue")
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("[data-search]:focus")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 375])
def test_a_slash_goes_to_search(window: OpenWindow, told: Story, width: int) -> None:
    page = window("dana", width=width).page
    page.goto("/grants")
    page.keyboard.press("/")
    expect(page.locator("[data-search]:focus")).to_be_visible()
    page.keyboard.type("a/b?j")  # in a field keys are letters
    expect(page.locator("[data-search]:focus")).to_have_value("a/b?j")
    page.locator("[data-search]:focus").fill(str(told.requests["denied"]))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{told.requests['denied']}")


def test_the_skip_link_leads_past_the_navigation(window: OpenWindow) -> None:
    page = window("dana").page
    page.goto("/grants")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.get_by_role("main").evaluate("one => one.contains(document.activeElement)")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("person", "address"),
    [("dana", "/requests/new"), ("alice", "/queue"), ("adam", "/grants"), ("", "/sign-in")],
)
def test_one_always_sees_where_the_focus_is(
    window: OpenWindow, person: str, address: str, theme: str
) -> None:
    page = window(person, theme=theme).page
    page.goto(address)
    seen = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        seen.append(focus)
    assert focus is None, "the focus never leaves the page again"
    assert len(seen) > 5
    assert [one["name"] for one in seen if not one["shown"]] == []
