"""Drafts of the request form: where one belongs, and what stood in the form."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve, reverse

from egress.models import Draft
from egress.models.standing import Standing
from egress.selectors.drafts import draft_at, drafts_of
from egress.services import requests as service
from egress.services.actor import Actor
from egress.web.forms.request import TypedRequest

SHOWN_AT_HOME = 3
LONGEST = 100_000
"""Characters of a form that are looked at after signing in: more than any that can be sent."""
_FORMS = frozenset({"request-new", "request-edit"})


@dataclass(frozen=True)
class Unsent:
    """A draft as home and the form show it: what it asks for, since when, and where to go on."""

    typed: TypedRequest
    place: str
    saved_at: datetime

    @property
    def hosts(self) -> list[str]:
        """Return the hosts that were typed."""
        return [self.typed.rows[position].host for position in self.typed.filled]


def place_of(text: str) -> str:
    """Return the address of a request form as drafts name it, that of the empty form for others.

    Pasted text and passwords are no part of it, and it never leads to another site.
    """
    new = reverse("request-new")
    try:
        url = urlsplit(text)
        is_form = not (url.scheme or url.netloc) and resolve(url.path).url_name in _FORMS
    except (ValueError, Resolver404):
        return new
    if not is_form:
        return new
    query = service.without_secrets(url.query)
    return f"{url.path}?{query}" if query else url.path


def place_here(request: HttpRequest) -> str:
    """Return the place of the form that a request shows or sends."""
    return place_of(request.POST.get("place") or request.get_full_path())


def unsent_at(standing: Standing, place: str) -> Unsent | None:
    """Return what the person typed at a place and did not send."""
    draft = draft_at(standing, place)
    return _unsent(draft) if draft else None


def latest_unsent(standing: Standing) -> list[Unsent]:
    """Return the person's latest drafts."""
    return [_unsent(draft) for draft in drafts_of(standing)[:SHOWN_AT_HOME]]


def keep(actor: Actor, place: str, form: QueryDict) -> None:
    """Keep what stands in a form; a form as its place fills it is nothing to keep."""
    typed = TypedRequest.of_form(form)
    _, _, query = place.partition("?")
    if typed.query() == TypedRequest.of_form(QueryDict(query)).query():
        service.drop_draft(actor=actor, place=place)
    else:
        service.keep_draft(actor=actor, place=place, content=typed.query())


def keep_after_signing_in(actor: Actor, text: str) -> None:
    """Keep the form that somebody could not send before they signed in, if it was theirs."""
    try:
        form = QueryDict(text[:LONGEST].encode("utf-8", "replace"))
    except TooManyFieldsSent:
        return
    if actor.person is not None and form.get("who") == str(actor.person.pk):
        keep(actor, place_of(form.get("place", "")), form)


def _unsent(draft: Draft) -> Unsent:
    return Unsent(TypedRequest.of_form(QueryDict(draft.content)), draft.place, draft.saved_at)
