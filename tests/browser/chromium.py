"""The distribution's chromium, headless, and what every page must never do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    WebSocket,
    sync_playwright,
)

from tests.servers import HOW_TO_GET, chromium_binary

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", event => {
  console.error(`${event.effectiveDirective} forbids ${event.blockedURI}`);
});"""
"""Browsers tell of most violations by themselves; this asks for all of them."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser."""
    binary = chromium_binary()
    if binary is None:
        raise FileNotFoundError(HOW_TO_GET["chromium"])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def is_own(url: str, address: str) -> bool:
    """Tell whether a request goes to the portal at `address`, or to nobody at all."""
    return url.startswith(("data:", f"{address}/"))


class Visitor:
    """Somebody in front of a browser window of their own, with an eye on its console.

    Whatever any page of the window complains about is kept in `complaints`: errors and warnings,
    violations of the content security policy, requests to anybody but the portal. `provider` is
    the address of an identity provider that the portal may send people to.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        width: int = 1280,
        theme: str = "light",
        scripts: bool = True,
        touches: bool = False,
        provider: str = "",
    ):
        self.address, self.provider = address, provider
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
            has_touch=touches,
            base_url=address,
        )
        context.set_default_timeout(15_000)
        self._watch(context)
        self.page: Page = context.new_page()

    def _watch(self, context: BrowserContext) -> None:
        """Listen to every page of the window, those that a page opens included."""
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("request", lambda request: self._note_call(request.url))
        context.on("page", lambda page: page.on("websocket", self._note_socket))

    def _note_console(self, message: ConsoleMessage) -> None:
        kind, text = message.type, message.text
        refused = any(f"responded with a status of {status} " in text for status in self.expected)
        # htmx writes down that it gave up a question for a newer one.
        given_up = text.startswith(("htmx:afterRequest,", "htmx:sendAbort,"))
        if kind in {"error", "warning"} and not refused and not given_up:
            self.complaints.append(f"{kind}: {text}")

    def _note_call(self, url: str) -> None:
        by_provider = bool(self.provider) and is_own(url, self.provider)
        if not (is_own(url, self.address) or by_provider):
            self.complaints.append(f"external request: {url}")

    def _note_socket(self, socket: WebSocket) -> None:
        self._note_call(socket.url)

    def sign_in(self, name: str) -> "Visitor":
        """Sign in with the demo password."""
        self.page.goto("/sign-in")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(f"demo-{name}")
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self

    def be(self, name: str, cookies: dict[str, list[object]]) -> "Visitor":
        """Be signed in as `name`: with the session in `cookies`, or by a new one kept there."""
        context = self.page.context
        if name in cookies:
            context.add_cookies(cookies[name])  # type: ignore[arg-type]
        else:
            self.sign_in(name)
            cookies[name] = list(context.cookies())
        return self

    def expect(self, *statuses: int) -> "Visitor":
        """Say that the portal is going to refuse something, which browsers write down too."""
        self.expected.update(statuses)
        return self

    def close(self) -> None:
        """Close the window. Raises AssertionError when a page complained."""
        self.page.context.close()
        assert not self.complaints, self.complaints


def close_all(visitors: Iterable[Visitor]) -> None:
    """Close every window. Raises ExceptionGroup when pages complained, in whichever of them."""
    complaints = []
    for visitor in visitors:
        try:
            visitor.close()
        except AssertionError as complaint:
            complaints.append(complaint)
    if complaints:
        raise ExceptionGroup("Pages complained", complaints)
