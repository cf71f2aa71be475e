"""Everything without a mouse: ask, decide, search, and see where one is."""

import pytest
from playwright.sync_api import expect

from tests.browser import story
from tests.browser.conftest import OpenWindow
from tests.browser.hands import Keyboard
from tests.browser.looking import walk_of_the_focus
from tests.browser.story import Story
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NOTE_SUBMIT = """() => document.addEventListener("submit", event => {
  event.preventDefault();
  document.title = `sent with "${event.submitter.value}"`;
})"""
ADD_STYLE = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}"""


def test_enter_in_a_field_sends_and_does_not_add_a_row(window: OpenWindow) -> None:
    hand = Keyboard(window("dana").expect(422))
    page = hand.page
    page.goto("/requests/new")
    hand.type(page.get_by_label("Host", exact=True), "enter.parcels.example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This was not sent")
    expect(page.get_by_label("Host", exact=True)).to_have_count(1)


def test_from_a_decided_row_the_keys_go_on_to_its_neighbours(
    portal: Portal, window: OpenWindow
) -> None:
    first, last = (
        story.ask(portal, "dana", "shop", f"{which}.keys.example.com")
        for which in ("first", "last")
    )
    hand = Keyboard(window("alice"))
    page = hand.page
    page.goto("/queue?q=keys.example.com")
    row = page.locator(f"#queue-{last}")
    hand.step_to(row)
    hand.press(row.get_by_role("button", name="Approve"), key="a")
    expect(page.get_by_role("link", name=f"Request {last} is approved")).to_be_focused()
    page.keyboard.press("k")
    neighbour = page.locator(f"#queue-{first}")
    expect(neighbour.locator("summary")).to_be_focused()
    hand.tick(neighbour.get_by_role("checkbox"), key="x")
    expect(page.locator("#announcer")).to_have_text("Selected")
    hand.tick(neighbour.get_by_role("checkbox"), key="x")
    expect(page.locator("#announcer")).to_have_text("Not selected")


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


def test_enter_in_a_tick_decides_nothing(portal: Portal, window: OpenWindow) -> None:
    hosts = [f"{n}.ticked.example.com" for n in range(2)]
    number = story.ask(portal, "dana", "shop", *hosts)
    page = window("alice").page
    places = {"/queue?q=ticked": f"Select request {number}"}
    places[f"/requests/{number}"] = f"{hosts[1]}:443"
    for address, label in places.items():
        page.goto(address)
        page.evaluate(NOTE_SUBMIT)
        page.get_by_label(label).click()
        page.keyboard.press("Enter")
        expect(page).to_have_title('sent with ""')


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


def test_a_denial_without_a_reason_leads_to_the_note(portal: Portal, window: OpenWindow) -> None:
    number = story.ask(portal, "dana", "shop", "deny.keys.example.com")
    hand = Keyboard(window("alice").expect(422))
    page = hand.page
    page.goto("/queue")
    row = page.locator(f"#queue-{number}")
    hand.step_to(row)
    note, deny = row.get_by_label("Note"), row.get_by_role("button", name="Deny")
    hand.type(note, "", key="d")
    hand.press(deny)
    expect(row.get_by_role("alert")).to_be_visible()
    expect(note).to_be_focused()
    hand.type(note, "Use the internal mirror.")
    hand.press(deny)
    expect(page.get_by_role("link", name=f"Request {number} is denied")).to_be_focused()
    seen = portal.api("dana", "GET", f"requests/{number}/")
    assert (seen["status"], seen["decision_note"]) == ("denied", "Use the internal mirror.")


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


WALKS = (("dana", "/requests/new"), ("alice", "/queue"), ("adam", "/grants"), ("", "/sign-in"))
IN_TURN = [pytest.param(*one, ("light", "dark")[at % 2]) for at, one in enumerate(WALKS)]
IN_THE_OTHER = [
    pytest.param(*one, ("dark", "light")[at % 2], marks=pytest.mark.slow)
    for at, one in enumerate(WALKS)
]


@pytest.mark.parametrize(("person", "address", "theme"), [*IN_TURN, *IN_THE_OTHER])
def test_one_always_sees_where_the_focus_is(
    window: OpenWindow, person: str, address: str, theme: str
) -> None:
    page = window(person, theme=theme).page
    # Without motion: a page on its way to the focus does not show it yet.
    page.emulate_media(reduced_motion="reduce")
    page.goto(address)
    walked = walk_of_the_focus(page)
    assert len(walked) > 5
    assert [name for name, is_shown in walked if not is_shown] == []


@pytest.mark.parametrize(
    "fault",
    [
        "body :focus-visible, .btn:focus-visible { outline: none !important; }",
        "a { outline: 2px solid black !important; }",
        "main button { opacity: 0; position: fixed; left: 0; top: 0; z-index: -1; }",
    ],
    ids=["no outline", "always the same outline", "behind something"],
)
def test_a_focus_that_cannot_be_seen_is_noticed(window: OpenWindow, fault: str) -> None:
    page = window("").page
    page.goto("/sign-in")
    page.evaluate(ADD_STYLE, fault)
    assert not all(is_shown for _, is_shown in walk_of_the_focus(page))
