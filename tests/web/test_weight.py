"""What a page weighs on its way to the browser: compressed, with everything that it loads.

Pages and files go through the middleware of production: files are collected and compressed as for
an image, and come from WhiteNoise; the page itself is compressed on its way out.
"""

import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from django.core.management import call_command
from django.test import Client

from tests.benchmarks.addresses import addresses, person
from tests.web.browsing import signed_in

pytestmark = pytest.mark.django_db

FIRST, NEXT = 150_000, 30_000
"""At most so many bytes: a page when nothing is in the cache, and one after the home page."""
MORE_PAGES = (
    "/access/history",
    "/account/password",
    "/administration/channels",
    "/catalogue/new",
    "/grants/matrix",
    "/notifications",
    "/people/new",
    "/requests",
    "/requests?whose=all",
)
OF_OTHER_PAGES = ("admin", "drf_spectacular_sidecar", "fontawesome", "rest_framework")
NOT_LOADED = ("js", "ext", "bootstrap-*", "bootstrap.[!m]*", "htm*4*", "htmx-2.js")
ACCEPTED = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture
def _as_in_production(settings: Any, tmp_path: Path) -> None:
    settings.DEBUG = settings.DEMO = False
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    ignored = [*OF_OTHER_PAGES, *NOT_LOADED]
    call_command("collectstatic", ignore_patterns=ignored, interactive=False, verbosity=0)


@pytest.fixture
def _company(db: None) -> None:
    call_command("seed_large", grants=400, events=600, verbosity=0, stdout=StringIO())


class Browser:
    """Loads pages as somebody, and counts bytes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._files: dict[str, int] = {}

    def document(self, path: str) -> tuple[int, set[str]]:
        """Return the bytes of a page, and the addresses of the files that it loads."""
        size, text = self._load(path)
        links = _Links(path)
        links.feed(text)
        return size, {one for link in links.found for one in self._with_its_own(link)}

    def bytes_of(self, files: set[str]) -> int:
        """Return the bytes of files."""
        return sum(self._files[one] for one in files)

    def _with_its_own(self, file: str) -> Iterator[str]:
        """Yield a file, and those that a style sheet asks for."""
        size, text = self._load(file)
        self._files[file] = size
        yield file
        if file.endswith(".css"):
            for address in re.findall(r"""url\(["']?(?!data:)([^"')#]+)""", text):
                yield from self._with_its_own(urljoin(file, address))

    def _load(self, path: str) -> tuple[int, str]:
        answer: Any = self._client.get(path, headers=ACCEPTED)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        sent = b"".join(answer) if answer.streaming else answer.content
        packed = answer.headers.get("Content-Encoding") == "gzip"
        return len(sent), (gzip.decompress(sent) if packed else sent).decode()


class _Links(HTMLParser):
    """Finds what a browser loads without being asked."""

    LOADED = {"link": "href", "script": "src", "img": "src", "use": "href", "source": "srcset"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(self.LOADED.get(tag, ""))
        if address and not address.startswith(("data:", "#")):
            self.found.add(urljoin(self.page, address).partition("#")[0])


def pages_of(viewer: str) -> list[str]:
    """Return the addresses of the pages that somebody reads, with the whole list on each."""
    known = (one for one in addresses(viewer) if not one.name.startswith("API"))
    listed = [one.path for one in known if "," not in one.name and ".csv" not in one.name]
    admins = ("/administration", "/people", "/catalogue/new")
    may = [path for path in MORE_PAGES if viewer == "admin" or not path.startswith(admins)]
    return [*listed, *may]


@pytest.mark.usefixtures("_as_in_production", "_company")
def test_pages_are_light() -> None:
    # In one company: making it takes longer than looking at it.
    for viewer in ("admin", "approver"):
        assert_light(viewer)


def assert_light(viewer: str) -> None:
    browser = Browser(signed_in(person(viewer)))
    _, cached = browser.document("/")
    heavy: dict[str, tuple[int, int]] = {}
    pages = pages_of(viewer)
    for path in pages:
        size, files = browser.document(path)
        first, following = size + browser.bytes_of(files), size + browser.bytes_of(files - cached)
        if first > FIRST or following > NEXT:
            heavy[path] = (first, following)
    assert len(pages) > 15
    assert heavy == {}, viewer


@pytest.mark.usefixtures("_as_in_production")
def test_files_are_compressed_and_kept_by_browsers(db: None) -> None:
    client = signed_in(None)
    links = _Links("/sign-in")
    links.feed(client.get("/sign-in").content.decode())
    files = [one for one in links.found if one.endswith((".css", ".js", ".svg"))]
    assert len(files) > 5
    for file in files:
        answer: Any = client.get(file, headers=ACCEPTED)
        sent = b"".join(answer)
        assert "immutable" in answer.headers["Cache-Control"], file
        assert answer.headers.get("Content-Encoding") == "gzip" or len(sent) < 500, file
