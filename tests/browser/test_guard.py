"""No window is without its guard, and the guard misses nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect

from tests.browser.chromium import Visitor, close_all, is_own
from tests.browser.conftest import OpenWindow
from tests.browser.hands import Keyboard
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
ELSEWHERE = "http://127.0.0.1:2"
INLINE = """() => {
  const script = document.createElement("script");
  script.textContent = "window.ran = true";
  document.head.append(script);
}"""
LOOSE_PAGE = f"""<!doctype html><title>Loose</title><img src="{ELSEWHERE}/pixel.png" alt="">
<script>new WebSocket("ws://127.0.0.1:2/")</script>"""


@pytest.fixture
def visitor(chrome: Browser, portal: Portal) -> Iterator[Visitor]:
    """Somebody whose window is expected to complain."""
    visitor = Visitor(chrome, portal.address)
    yield visitor
    visitor.page.context.close()


@pytest.mark.parametrize(
    ("deed", "complaint"),
    [
        ("() => console.error('Something is wrong.')", "Something is wrong."),
        ("() => console.warn('Something is odd.')", "Something is odd."),
        (INLINE, "script-src-elem forbids inline"),
        (f"() => {{ fetch('{ELSEWHERE}/').catch(() => null); }}", "connect-src forbids"),
        ("() => document.body.setAttribute('style', 'color: red')", "style-src-attr forbids"),
        ("() => { fetch('/nowhere-at-all'); }", "status of 404"),
    ],
)
def test_whatever_a_page_complains_about_fails_its_test(
    visitor: Visitor, deed: str, complaint: str
) -> None:
    visitor.page.goto("/sign-in")
    assert visitor.complaints == []
    with visitor.page.expect_console_message(lambda message: complaint in message.text):
        visitor.page.evaluate(deed)
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        visitor.close()


def test_a_script_that_breaks_fails_its_test(visitor: Visitor) -> None:
    visitor.page.goto("/sign-in")
    with visitor.page.expect_event("pageerror"):
        visitor.page.evaluate("() => { setTimeout(() => { throw Error('It broke.'); }); }")
    with pytest.raises(AssertionError, match="It broke"):
        visitor.close()


def test_a_call_to_anybody_else_fails_its_test(visitor: Visitor) -> None:
    page = visitor.page
    page.route("**/loose", lambda route: route.fulfill(body=LOOSE_PAGE, content_type="text/html"))
    with page.expect_event("websocket"):
        page.goto("/loose")
    called = {one for one in visitor.complaints if one.startswith("external request: ")}
    assert called == {
        f"external request: {ELSEWHERE}/pixel.png",
        "external request: ws://127.0.0.1:2/",
    }


def test_a_page_that_a_page_opens_is_guarded_too(visitor: Visitor) -> None:
    visitor.page.goto("/sign-in")
    with visitor.page.context.expect_page() as opened:
        visitor.page.evaluate("() => { open('/sign-in'); }")
    opened.value.evaluate("() => console.error('Here, too.')")
    assert "error: Here, too." in visitor.complaints


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:4000/grants", True),
        ("data:image/svg+xml,%3csvg/%3e", True),
        ("http://127.0.0.1:40001/grants", False),
        ("http://127.0.0.1:4000@evil.example/", False),
        ("https://127.0.0.1:4000/grants", False),
    ],
)
def test_only_the_very_address_of_the_portal_is_its_own(url: str, own: bool) -> None:
    assert is_own(url, "http://127.0.0.1:4000") == own


def test_a_complaint_in_one_window_hides_none_in_another(chrome: Browser, portal: Portal) -> None:
    visitors = [Visitor(chrome, portal.address) for _ in range(2)]
    for number, visitor in enumerate(visitors):
        visitor.complaints.append(f"complaint {number}")
    with pytest.raises(ExceptionGroup) as raised:
        close_all(visitors)
    assert [str(one) for one in raised.value.exceptions] == ["['complaint 0']", "['complaint 1']"]
    for visitor in visitors:
        with pytest.raises(Error):
            visitor.page.title()


def test_the_keyboard_alone_notices_a_mouse(window: OpenWindow) -> None:
    visitor = window("")
    hand = Keyboard(visitor)
    hand.page.goto("/sign-in")
    hand.type(hand.page.get_by_label("User name"), "dana")
    expect(hand.page.get_by_label("User name")).to_have_value("dana")
    assert visitor.complaints == []
    hand.page.get_by_label("Password").click()
    assert "without a mouse, yet: pointerdown" in visitor.complaints.pop(0)
    visitor.complaints.clear()


def test_every_window_of_these_tests_is_guarded() -> None:
    here = Path(__file__)
    opening = [
        path.name
        for path in here.parent.glob("*.py")
        if path != here and (".new_context(" in (code := path.read_text()) or ".new_page(" in code)
    ]
    assert opening == ["chromium.py"]
