"""How tests read a page and send a form as somebody."""

from typing import Any

from django.test import Client
from django.urls import reverse

from egress.models import Person

XSS = "<script>alert(1)</script>"


def get(who: Person, name: str, /, *args: object, query: str = "") -> Any:
    """Return the answer to reading a page as `who`."""
    return signed_in(who).get(reverse(name, args=args) + query)


def post(who: Person, name: str, /, *args: object, **data: object) -> Any:
    """Return the answer to sending a form as `who`."""
    return signed_in(who).post(reverse(name, args=args), data)


def signed_in(who: Person, **options: Any) -> Client:
    """Return a client with a session of `who`."""
    client = Client(**options)
    client.force_login(who)
    return client


def text(response: Any) -> str:
    """Return the body of an answer, streamed or not."""
    if response.streaming:
        return b"".join(response.streaming_content).decode()
    return str(response.content.decode())
