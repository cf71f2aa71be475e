"""One portal in the middle of its life, one browser, and windows of the people who use it."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import story
from tests.browser.chromium import Visitor, chromium, close_all
from tests.browser.hands import HANDS, Hand
from tests.browser.story import Story
from tests.e2e.portal import Portal, running_portal
from tests.oidc.provider import Provider

TEAMS = {"shop-devs": "team-shop", "pay-devs": "team-payments"}
"""Which group of the identity provider makes somebody a member of which team."""

OpenWindow = Callable[..., Visitor]
HandOf = Callable[[str], Hand]
expect.set_options(timeout=15_000)


@pytest.fixture(scope="package")
def provider() -> Iterator[Provider]:
    """The identity provider of the company, beside the accounts of the portal itself."""
    running = Provider()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Portal]:
    """A portal on embedded defaults, with the demo company and a worker."""
    folder = tmp_path_factory.mktemp("portal")
    providers = tmp_path_factory.mktemp("provider") / "providers.json"
    providers.write_text(json.dumps({"providers": [provider.settings(teams=TEAMS)]}))
    with running_portal(folder, {"EGRESS_OIDC_FILE": str(providers)}) as running:
        yield running


@pytest.fixture(scope="package")
def told(portal: Portal) -> Story:
    """What happened in that portal so far."""
    return story.tell(portal)


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """The browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def cookies() -> dict[str, list[object]]:
    """The sessions of people who signed in already, by name: passwords are slow on purpose."""
    return {}


@pytest.fixture
def window(
    portal: Portal, told: Story, chrome: Browser, cookies: dict[str, list[object]]
) -> Iterator[OpenWindow]:
    """Opens a window of somebody. At the end no page may have complained about anything."""
    opened: list[Visitor] = []

    def open_one(person: str, *, keeps_drafts: bool = False, **options: object) -> Visitor:
        visitor = Visitor(chrome, portal.address, **options)  # type: ignore[arg-type]
        opened.append(visitor)
        if not keeps_drafts:
            # What one test types is no draft for the next one.
            visitor.page.route("**/requests/drafts", lambda route: route.fulfill(status=204))
        return visitor.be(person, cookies) if person else visitor

    yield open_one
    close_all(opened)


@pytest.fixture(params=HANDS, ids=lambda kind: kind.name)
def hand_of(request: pytest.FixtureRequest, window: OpenWindow) -> HandOf:
    """Sits somebody down at a window with one kind of hand. A test is walked by each kind."""
    kind: type[Hand] = request.param
    return lambda person: kind(window(person, width=kind.width, touches=kind.touches))
