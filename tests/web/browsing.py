"""How tests of the main pages read a page, send a form, and look at what came back."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from egress.models import Namespace, Person

XSS = "<script>alert(1)</script>"
HTMX = {"HX-Request": "true"}


def signed_in(who: Person | None, **options: Any) -> Client:
    """Return a client with a session of `who`, or of nobody."""
    client = Client(**options)
    if who is not None:
        client.force_login(who)
    return client


def get(who: Person | None, name: str, *args: object, query: str = "", htmx: bool = False) -> Any:
    """Return the answer to reading a page as `who`."""
    headers = HTMX if htmx else None
    return signed_in(who).get(reverse(name, args=args) + query, headers=headers)


def post(
    who: Person | None,
    name: str,
    *args: object,
    data: Mapping[str, object] | None = None,
    htmx: bool = False,
) -> Any:
    """Return the answer to sending a form as `who`."""
    headers = HTMX if htmx else None
    return signed_in(who).post(reverse(name, args=args), dict(data or {}), headers=headers)


def body(response: Any) -> str:
    """Return the page."""
    return str(response.content.decode())


def words(response: Any) -> str:
    """Return what somebody reads on the page: without markup, blanks folded."""
    reader = _Words()
    reader.feed(body(response))
    return re.sub(r"\s+", " ", " ".join(reader.pieces)).strip()


def inline_code(page: str) -> list[str]:
    """Return every inline script, inline style and event handler of a page."""
    reader = _Inline()
    reader.feed(page)
    return reader.found


def typed(namespace: Namespace, /, *hosts: str, **changes: object) -> dict[str, object]:
    """Return the request form as somebody fills it; hosts mean TLS on port 443."""
    form: dict[str, object] = {
        "cluster": namespace.cluster.name,
        "namespace": namespace.name,
        "service_account": "",
        "reason": "The shop needs it.",
        "ticket": "",
        "duration_days": "90",
        "action": "submit",
    }
    for position, host in enumerate(hosts or ("api.example.com",)):
        form |= {
            f"destinations-{position}-host": host,
            f"destinations-{position}-port": "443",
            f"destinations-{position}-protocol": "TLS",
        }
    return form | changes


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._script = tag == "script"
        self.found += list(_offending(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.found.append(f"script: {data.strip()[:60]}")


def _offending(tag: str, attrs: dict[str, str | None]) -> Iterator[str]:
    if tag == "style" or "style" in attrs:
        yield f"style on <{tag}>"
    for name, value in attrs.items():
        if name.startswith(("on", "hx-on", "hx-vals")):
            yield f"{name} on <{tag}>"
        if (value or "").strip().lower().startswith("javascript:"):
            yield f"javascript: in {name}"
