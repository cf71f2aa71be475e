"""What opens on a page, and pages that only come as an answer, are as sound as the pages."""

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.looking import barriers, overflow
from tests.browser.story import Story

Look = tuple[Literal["light", "dark"], int]
LOOKS: tuple[Look, ...] = (("light", 1280), ("dark", 375))
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
Opening = Callable[[Page, Story], None]
UNFOLD = "document.querySelectorAll('main details').forEach(one => { one.open = true; })"
TOASTS = """["good", "bad", "wait", "note"].forEach(tone => {
  const detail = {text: `This is how ${tone} news looks on a page.`, tone};
  document.dispatchEvent(new CustomEvent("toast", {detail}));
})"""


def open_row_of_the_queue(page: Page, told: Story) -> None:
    page.goto("/queue")
    row = page.locator(f"#queue-{told.requests['risky']}")
    row.locator("summary").click()
    expect(row.get_by_role("button", name="Approve")).to_be_visible()


def keys(page: Page, told: Story) -> None:
    page.goto("/queue")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def menu(page: Page, told: Story) -> None:
    page.goto("/")
    page.set_viewport_size({"width": 375, "height": 900})
    page.get_by_text("Menu").click()
    expect(page.get_by_role("link", name="Catalogue")).to_be_visible()


def refused_form(page: Page, told: Story) -> None:
    page.goto("/requests/new")
    page.get_by_label("Namespace", exact=True).fill("nowhere")
    page.get_by_label("Host", exact=True).fill("10.0.0.1")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("alert")).to_be_visible()


def everything_to_fill_in(page: Page, told: Story) -> None:
    page.goto("/requests/new?namespace=data&host=a.example.com&paste=not+a+host!")
    expect(page.get_by_label("Paste here")).to_be_visible()
    page.evaluate(UNFOLD)


def question_before_withdrawing(page: Page, told: Story) -> None:
    page.goto(f"/requests/{told.requests['pending']}")
    page.get_by_text("Withdraw", exact=True).click()
    page.evaluate(UNFOLD)
    expect(page.get_by_role("button", name="Withdraw request")).to_be_visible()


def denial_without_reason(page: Page, told: Story) -> None:
    page.goto(f"/requests/{told.requests['half']}")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_label("Note")).to_have_attribute("aria-invalid", "true")


def end_without_reason(page: Page, told: Story) -> None:
    page.goto(f"/grants/{told.grants['expiring']}")
    page.get_by_text("Revoke", exact=True).click()
    page.get_by_role("button", name="Revoke this grant").click()
    expect(page.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    page.evaluate(UNFOLD)


def person_in_full(page: Page, told: Story) -> None:
    page.goto(f"/people/{told.people['alice']}")
    page.evaluate(UNFOLD)


def person_refused(page: Page, told: Story) -> None:
    page.goto("/people/new")
    page.get_by_label("First password").fill("short")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Sign-in name")).to_have_attribute("aria-invalid", "true")


def new_token(page: Page, told: Story) -> None:
    page.goto("/account")
    page.get_by_text("New token").click()
    page.get_by_label("Name", exact=True).fill("seen in passing")
    page.get_by_role("button", name="Make this token").click()
    expect(page.get_by_role("alert")).to_contain_text("Copy the new token now")


def toasts(page: Page, told: Story) -> None:
    page.goto("/queue")
    page.evaluate(TOASTS)
    expect(page.locator(".toast-note")).to_have_count(4)


def operations_of_the_api(page: Page, told: Story) -> None:
    page.goto("/api/docs/")
    for name in ("POST", "DELETE", "GET"):
        page.locator(".opblock-summary-control").filter(has_text=name).first.click()
    expect(page.locator(".opblock.is-open .parameters-container")).not_to_have_count(0)


def wrong_password(page: Page, told: Story) -> None:
    page.goto("/sign-in")
    page.get_by_label("User name").fill("dana")
    page.get_by_label("Password").fill("demo-dane")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()


OPENINGS: tuple[tuple[str, Opening], ...] = (
    ("alice", open_row_of_the_queue),
    ("alice", keys),
    ("alice", menu),
    ("dana", refused_form),
    ("dana", everything_to_fill_in),
    ("dana", question_before_withdrawing),
    ("alice", denial_without_reason),
    ("dana", end_without_reason),
    ("adam", person_in_full),
    ("adam", person_refused),
    ("olga", new_token),
    ("alice", toasts),
    ("dana", operations_of_the_api),
    ("", wrong_password),
)


IN_TURN = [
    pytest.param(person, opening, LOOKS[place % 2 :][:1], id=f"{person} {opening.__name__}")
    for place, (person, opening) in enumerate(OPENINGS)
]
IN_ALL = [
    pytest.param(
        person, opening, LOOKS, id=f"{opening.__name__} in all looks", marks=pytest.mark.slow
    )
    for person, opening in OPENINGS
]
"""The long runs see each of them in both looks; others see each in one, in turn."""


@pytest.mark.parametrize(("person", "opening", "looks"), [*IN_TURN, *IN_ALL])
def test_what_opens_is_sound(
    window: OpenWindow, told: Story, person: str, opening: Opening, looks: tuple[Look, ...]
) -> None:
    visitor = window(person).expect(422)
    page = visitor.page
    opening(page, told)
    found = []
    for theme, width in looks:
        # Without motion: a colour on its way to the next theme is nobody's.
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        seen = [*barriers(page), *overflow(page)]
        found += [f"{theme} {width}: {trouble}" for trouble in seen]
    assert found == []
