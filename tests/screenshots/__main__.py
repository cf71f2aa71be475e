"""`make screenshots`: starts a portal, lets its people work, and takes pictures of every page.

The pictures of the documentation go to docs/screenshots, as large as a window. With
`--whole FOLDER` every page that the browser tests know is taken from top to bottom instead, in
both themes and at both widths, to be looked at.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser import story
from tests.browser.chromium import Visitor, chromium
from tests.browser.pages import PAGES, Stop
from tests.browser.story import Story
from tests.e2e.portal import Portal, running_portal
from tests.screenshots.palette import reduced
from tests.screenshots.shots import PRESSED, SHOTS, STEADY

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "screenshots"
MOST_BYTES = 3_000_000
DESK, PHONE = (1280, 900), (375, 812)
LOOKS = (("light", DESK, "light"), ("dark", DESK, "dark"), ("light", PHONE, "phone"))
"""Theme and window of the pictures that are kept, with the end of their name."""
ALL_LOOKS = tuple((theme, size) for theme in ("light", "dark") for size in (DESK, PHONE))


class Photographer:
    """Goes through a portal as its people, one window for each."""

    def __init__(self, browser: Browser, portal: Portal, told: Story) -> None:
        self._browser, self._portal, self._told = browser, portal, told
        self._windows: dict[str, Visitor] = {}

    def take(self, stop: Stop, theme: str, size: tuple[int, int], pressed: str = "") -> Page:
        """Return the page, ready to be taken. Raises AssertionError for another status."""
        visitor = self._window_of(stop.person)
        visitor.expected = {stop.status} if stop.status >= 400 else set()
        page = visitor.page
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.set_viewport_size({"width": size[0], "height": size[1]})
        answer = page.goto(stop.url(self._told))
        assert answer is not None
        assert answer.status == stop.status, f"{stop}: {answer.status}"
        if stop.route == "api-docs":
            page.wait_for_selector(".opblock")
        if pressed:
            page.locator(pressed).first.click()
            expect(page.locator("[data-decide]").first).to_be_visible()
        page.evaluate(STEADY)
        return page

    def leave(self) -> None:
        """Close all windows. Raises AssertionError when a page complained."""
        for visitor in self._windows.values():
            visitor.close()

    def _window_of(self, person: str) -> Visitor:
        if person not in self._windows:
            visitor = Visitor(self._browser, self._portal.address)
            # What is filled in for a picture is no draft.
            visitor.page.route("**/requests/drafts", lambda route: route.fulfill(status=204))
            self._windows[person] = visitor.be(person, {}) if person else visitor
        return self._windows[person]


def of_the_documentation(photographer: Photographer, browser: Browser) -> Iterator[Path]:
    """Take the pictures of docs/screenshots anew, and yield their paths."""
    DOCS.mkdir(exist_ok=True)
    blank = browser.new_page()
    for name, stop in SHOTS.items():
        for theme, size, end in LOOKS:
            page = photographer.take(stop, theme, size, PRESSED.get(name, ""))
            file = DOCS / f"{name}-{end}.png"
            file.write_bytes(reduced(page.screenshot(animations="disabled"), blank))
            yield file


def of_everything(photographer: Photographer, folder: Path) -> Iterator[Path]:
    """Take every page from top to bottom, in each theme and width, and yield the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, stop in enumerate(PAGES):
        for theme, size in ALL_LOOKS:
            page = photographer.take(stop, theme, size)
            file = folder / f"{number:03}-{stop.route}-{stop.person}-{theme}-{size[0]}.png"
            page.screenshot(path=file, full_page=True, animations="disabled")
            yield file


def main() -> int:
    """Take the pictures asked for on the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", type=Path, metavar="FOLDER", help="every page, whole")
    asked = parser.parse_args()
    expect.set_options(timeout=15_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_portal(Path(folder)) as portal,
        chromium() as browser,
    ):
        photographer = Photographer(browser, portal, story.tell(portal))
        if asked.whole:
            made = list(of_everything(photographer, asked.whole))
        else:
            made = list(of_the_documentation(photographer, browser))
            for old in set(DOCS.glob("*.png")) - set(made):
                old.unlink()
        photographer.leave()
    size = sum(file.stat().st_size for file in made)
    print(f"{len(made)} pictures, {size / 1_000_000:.1f} MB, in {made[0].parent}")
    if asked.whole is None and size > MOST_BYTES:
        print(f"That is more than {MOST_BYTES / 1_000_000:.0f} MB: leave some out.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
