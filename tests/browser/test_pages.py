"""Every page, in both themes and on a desk and a phone, as the people who look at it."""

from collections.abc import Callable, Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from playwright.sync_api import Browser, Page, expect

from portal.urls import urlpatterns
from tests.browser.chromium import Visitor, close_all
from tests.browser.looking import barriers, overflow
from tests.browser.pages import FILES, FORMS, NOBODY, PAGES, PIECES, PROGRAMS, Stop, without_entry
from tests.browser.story import Story
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
Look = tuple[str, int]
LOOKS: tuple[Look, ...] = (("light", 1280), ("dark", 375), ("light", 375), ("dark", 1280))
IN_TURN = [pytest.param(stop, LOOKS[at % 4 :][:1], id=str(stop)) for at, stop in enumerate(PAGES)]
IN_ALL = [
    pytest.param(stop, LOOKS, id=f"{stop} in all looks", marks=pytest.mark.slow) for stop in PAGES
]
"""The long runs see each page in each look; others see each look on every fourth page."""
ROWS = ("", "egress/grant/")
"""Pages that Django draws for every model alike: the list of models, and of rows. The others are
excused from axe: they are Django's own, for superusers, and leave some links to colour alone."""
Walker = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def walker(
    portal: Portal, told: Story, chrome: Browser, cookies: dict[str, list[object]]
) -> Iterator[Walker]:
    """Returns the one window that a person keeps for the whole walk."""
    windows: dict[str, Visitor] = {}

    def window_of(person: str) -> Visitor:
        if person not in windows:
            windows[person] = Visitor(chrome, portal.address)
            if person != NOBODY:
                windows[person].be(person, cookies)
        return windows[person]

    yield window_of
    close_all(windows.values())


def wear(page: Page, theme: str, width: int) -> None:
    """Show the window in a theme and a width."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})


def troubles(visitor: Visitor, stop: Stop, url: str, theme: str, width: int) -> Iterator[str]:
    """Load the page and yield everything that is wrong with it, in sentences."""
    page = visitor.page
    wear(page, theme, width)
    answer = page.goto(url)
    assert answer is not None
    if stop.route == "api-docs":
        page.wait_for_selector(".opblock")
    elif not page.locator(".banner-sandbox").first.is_visible():
        yield "the banner of the sandbox is not there"
    if answer.status != stop.status:
        yield f"it answers {answer.status}"
    policy = answer.headers.get("content-security-policy", "")
    if "script-src 'self'" not in [part.strip() for part in policy.split(";")]:
        yield "it has no content security policy"
    if page.evaluate("document.documentElement.dataset.bsTheme") != theme:
        yield "it has the wrong theme"
    if page.locator("h1, .swagger-ui h2.title").count() != 1:
        yield "it has not one heading"
    yield from barriers(page)
    yield from overflow(page)
    yield from visitor.complaints
    visitor.complaints.clear()


@pytest.mark.parametrize(("stop", "looks"), [*IN_TURN, *IN_ALL])
def test_a_page_is_sound_in_its_looks(
    stop: Stop, looks: tuple[Look, ...], walker: Walker, told: Story
) -> None:
    visitor = walker(stop.person)
    visitor.expected = {stop.status} if stop.status >= 400 else set()
    found = [
        f"{theme} {width}: {trouble}"
        for theme, width in looks
        for trouble in troubles(visitor, stop, stop.url(told), theme, width)
    ]
    assert found == []


def test_every_address_has_an_entry() -> None:
    assert without_entry(urlpatterns) == set()


def test_a_new_address_without_an_entry_is_noticed() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    named, nameless = path("brand-new", view, name="brand-new"), path("sudden", view)
    added = [*urlpatterns, path("here/", include([named, nameless]))]
    assert without_entry(added) == {"brand-new", "here/sudden"}


@pytest.mark.parametrize("name", FORMS)
def test_an_address_for_forms_only_cannot_be_read(name: str, walker: Walker, told: Story) -> None:
    answer = walker("adam").page.request.get(url_of(FORMS[name], told))
    assert answer.status == 405


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_of_a_page_is_no_page(name: str, walker: Walker, told: Story) -> None:
    who = "adam" if name.startswith(("channel", "webhook")) else "alice"
    answer = walker(who).page.request.get(url_of(PIECES[name], told))
    assert answer.ok
    assert "<html" not in answer.text()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_saved_not_shown(name: str, walker: Walker, told: Story) -> None:
    answer = walker("olga").page.request.get(url_of(FILES[name], told))
    assert answer.ok
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_address_for_programs_is_no_page(name: str, walker: Walker) -> None:
    answer = walker("dana").page.request.get(PROGRAMS[name], max_redirects=0)
    assert "text/html" not in answer.headers["content-type"] or answer.status == 302
    assert answer.status in (200, 302)


def url_of(address: str, told: Story) -> str:
    return Stop("", NOBODY, address).url(told)


@pytest.mark.parametrize("address", [*ROWS, "egress/auditevent/"])
def test_the_rows_of_the_database_show_within_the_policy(address: str, walker: Walker) -> None:
    adam = walker("adam")
    adam.page.goto(f"/administration/rows/{address}")
    expect(adam.page.get_by_role("heading", level=1)).to_be_visible()
    assert adam.complaints == []


@pytest.mark.parametrize("address", ROWS)
def test_the_rows_of_the_database_are_sound_too(address: str, walker: Walker) -> None:
    adam = walker("adam")
    page = adam.page
    found = []
    for theme, width in LOOKS:
        wear(page, theme, width)
        page.goto(f"/administration/rows/{address}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += [*barriers(page), *overflow(page)]
    assert found + adam.complaints == []


def test_the_page_of_a_failure_stands_alone(walker: Walker, told: Story) -> None:
    nobody = walker(NOBODY).expect(500)
    page = nobody.page
    page.route("**/broken", lambda route: route.fulfill(status=500, body=told.broken_page))
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto("/broken")
    assert page.get_by_role("heading", level=1).inner_text() == "Something broke on our side"
    assert barriers(page) + overflow(page) + nobody.complaints == []


def test_the_theme_follows_the_system_until_somebody_chooses(walker: Walker) -> None:
    page = walker("olga").page
    theme = page.locator("html")
    page.emulate_media(color_scheme="dark")
    page.goto("/account")
    expect(theme).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(theme).to_have_attribute("data-bs-theme", "light")
    page.get_by_label("Theme").select_option("Dark")
    page.goto("/grants")
    expect(theme).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Theme").select_option("System")
    expect(theme).to_have_attribute("data-bs-theme", "light")
