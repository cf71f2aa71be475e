"""The hands that walk a journey: a mouse, a keyboard without one, and a finger on a phone.

A journey is written once, in what a person does; each kind of hand does it in its own way.
"""

import time
from abc import ABC, abstractmethod
from datetime import datetime

from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import Visitor
from tests.browser.looking import overflow

MOST_STEPS = 400
HAS_FOCUS = "one => one === document.activeElement"
LIES_BEHIND = """one => {
  const at = document.activeElement;
  return !!at && at !== document.body
    && !!(at.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING);
}"""
IS_PAST_THE_NAVIGATION = """one => {
  const at = document.activeElement;
  return (!at || at === document.body) && !!one.closest("main");
}"""
CHOSEN = "one => one.selectedOptions[0].text"
TELL_POINTERS = """["pointerdown", "mousedown", "touchstart", "wheel"].forEach(kind => {
  addEventListener(kind, () => console.error(`without a mouse, yet: ${kind}`), {capture: true});
});"""


class Hand(ABC):
    """One way to work a page. It counts, because somebody's time is what it costs.

    `inputs` are fields filled, things pressed, ticked or chosen, and keys that do something by
    themselves; a key that only moves the focus is none. `strokes` are keys that went down,
    whatever they did.
    """

    name: str
    width = 1280
    touches = False

    def __init__(self, visitor: Visitor) -> None:
        self.page: Page = visitor.page
        self.inputs = 0
        self.strokes = 0
        self._acted_at = time.monotonic()

    def waited(self) -> float:
        """Return the seconds since the last thing was pressed: what somebody waits for a page."""
        return time.monotonic() - self._acted_at

    def at(self, heading: str) -> None:
        """See the page of this heading, ready to be worked."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        self.page.wait_for_load_state("domcontentloaded")

    def go(self, section: str) -> None:
        """Follow an entry of the navigation, which is a menu on narrow screens."""
        menu = self.page.locator(".rail-menu > summary")
        if menu.is_visible():
            self.press(menu)
        navigation = self.page.get_by_role("navigation", name="Main")
        self.press(navigation.get_by_role("link", name=section))

    @abstractmethod
    def press(self, target: Locator, key: str = "") -> None:
        """Follow a link, press a button, open what is folded. `key` leads there on a keyboard."""

    @abstractmethod
    def tick(self, box: Locator, key: str = "") -> None:
        """Tick a box, or take its tick away. `key` does that on a keyboard."""

    @abstractmethod
    def type(self, field: Locator, text: str, key: str = "") -> None:
        """Fill a field, whatever stood there. `key` leads there on a keyboard."""

    @abstractmethod
    def choose(self, field: Locator, option: str) -> None:
        """Choose the option of these words."""

    @abstractmethod
    def set_time(self, field: Locator, at: datetime) -> None:
        """Fill a field for a day and a minute."""

    @abstractmethod
    def step_to(self, row: Locator) -> None:
        """Go to a row of the queue."""


class Mouse(Hand):
    """Points and clicks."""

    name = "mouse"

    def press(self, target: Locator, key: str = "") -> None:
        self._point(target)

    def tick(self, box: Locator, key: str = "") -> None:
        self._point(box)

    def type(self, field: Locator, text: str, key: str = "") -> None:
        self._point(field)
        field.fill(text)
        self.strokes += len(text)

    def choose(self, field: Locator, option: str) -> None:
        # What opens then is drawn by the system, where no test can point.
        field.select_option(option)
        self.inputs += 1

    def set_time(self, field: Locator, at: datetime) -> None:
        self.type(field, f"{at:%Y-%m-%dT%H:%M}")

    def step_to(self, row: Locator) -> None:
        expect(row).to_be_visible()  # which takes a look and nothing else

    def _point(self, target: Locator) -> None:
        self._acted_at = time.monotonic()
        target.click()
        self.inputs += 1


class Finger(Mouse):
    """Taps on a phone, where nothing may pass the edge."""

    name = "finger"
    width = 375
    touches = True

    def _point(self, target: Locator) -> None:
        assert overflow(self.page) == []
        self._acted_at = time.monotonic()
        target.tap()
        self.inputs += 1


class Keyboard(Hand):
    """Presses keys and nothing else: the page complains when anything points at it."""

    name = "keyboard"

    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor)
        self.page.add_init_script(TELL_POINTERS)

    def press(self, target: Locator, key: str = "") -> None:
        self._reach(target, key)
        self._activate("Enter")

    def tick(self, box: Locator, key: str = "") -> None:
        was_ticked = box.is_checked()
        if key:
            self._activate(key)
        else:
            self._reach(box)
            self._activate("Space")
        expect(box).to_be_checked(checked=not was_ticked)

    def type(self, field: Locator, text: str, key: str = "") -> None:
        self._reach(field, key)
        self._stroke("ControlOrMeta+a")
        self._spell(text)
        self.inputs += 1

    def choose(self, field: Locator, option: str) -> None:
        self._reach(field)
        self._spell(option.partition(" ")[0])
        self.inputs += 1
        assert field.evaluate(CHOSEN) == option

    def set_time(self, field: Locator, at: datetime) -> None:
        self._reach(field)
        # The year may have more digits than four: a key says that it has not.
        self._spell(f"{at:%m%d%Y}")
        self._stroke("ArrowRight")
        self._spell(f"{at:%I%M%p}")
        self.inputs += 1
        expect(field).to_have_value(f"{at:%Y-%m-%dT%H:%M}")

    def step_to(self, row: Locator) -> None:
        for _ in range(MOST_STEPS):
            self._stroke("j")
            if row.locator("summary").evaluate(HAS_FOCUS):
                return
        raise AssertionError(f"j does not lead to {row}")

    def tab_to(self, target: Locator) -> None:
        """Press Tab until the focus is there; with Shift when it lies behind."""
        expect(target).to_be_visible()
        self._skip_navigation(target)
        for _ in range(MOST_STEPS):
            if target.evaluate(HAS_FOCUS):
                return
            self._stroke("Shift+Tab" if target.evaluate(LIES_BEHIND) else "Tab")
        raise AssertionError(f"Tab does not lead to {target}")

    def _reach(self, target: Locator, key: str = "") -> None:
        if key:
            self._activate(key)
            expect(target).to_be_focused()
        else:
            self.tab_to(target)

    def _skip_navigation(self, target: Locator) -> None:
        """Take the way past the navigation that a new page offers as its first link."""
        if target.evaluate(IS_PAST_THE_NAVIGATION):
            self._stroke("Tab")
            if self.page.locator("a.skip").evaluate(HAS_FOCUS):
                self._activate("Enter")

    def _activate(self, key: str) -> None:
        self._acted_at = time.monotonic()
        self._stroke(key)
        self.inputs += 1

    def _spell(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.strokes += len(text)

    def _stroke(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.strokes += 1


HANDS = (Mouse, Keyboard, Finger)
