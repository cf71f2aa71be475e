"""What the audit pages say of events: chips, what changed, and where to look next."""

import difflib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from egress.models import AuditEvent, Person
from egress.models.standing import Standing
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import visible_namespaces
from egress.selectors.requests import visible_requests
from egress.web.forms.audit import AuditFilter

KINDS = (
    ("Requests", "request:"),
    ("Grants", "grant:"),
    ("Deliveries", "delivery:"),
    ("Drift", "drift:"),
    ("Clusters", "cluster:"),
    ("Namespaces", "namespace:"),
    ("People", "person:"),
    ("Roles", "role:"),
    ("Teams", "team:"),
    ("Tokens", "token:"),
    ("Catalogue", "catalogue:"),
)
"""The nouns of events that people look for, with the filter of each."""
SPANS = (("Last 24 hours", 1), ("Last 7 days", 7), ("Last 30 days", 30), ("Last year", 365))
_CURSORS = ("before", "after")
_Thing = tuple[str, str, Sequence[object], QuerySet[Any]]
"""A label, the name of a page with its arguments, and the rows of which there has to be one."""
_MOST_LINES = 2000


@dataclass(frozen=True)
class Chip:
    """One filter to press. `is_on` tells that the list is narrowed by it already."""

    label: str
    query: str
    is_on: bool = False


@dataclass(frozen=True)
class Link:
    """Where an event leads: what it is, and its address."""

    label: str
    url: str


def kind_chips(request: HttpRequest) -> list[Chip]:
    """Return a chip for every kind of event, the first one for all of them."""
    chosen = request.GET.get("tag", "").strip()
    chips = [Chip("Everything", _query(request, tag=""), not chosen)]
    return chips + [
        Chip(label, _query(request, tag=tag), chosen.startswith(tag)) for label, tag in KINDS
    ]


def span_chips(request: HttpRequest, now: datetime) -> list[Chip]:
    """Return a chip for each usual length of time up to now, in whole minutes."""
    starts = [(label, now - timedelta(days=days)) for label, days in SPANS]
    return [
        Chip(label, _query(request, since=f"{since:%Y-%m-%dT%H:%M}", until=""))
        for label, since in starts
    ]


def chips_in_use(filters: AuditFilter, request: HttpRequest) -> list[Chip]:
    """Return a chip for each filter in use; pressing it takes the filter away."""
    return [
        Chip(f"{label}: {text}", _query(request, **{name: ""}), True)
        for name, label, text in in_words(filters)
    ]


def in_words(filters: AuditFilter) -> Iterator[tuple[str, str, str]]:
    """Yield the filters in use as name, label and what was typed."""
    for name in filters.fields:
        text = str(filters.data.get(name, "")).strip()
        if text:
            label = str(filters[name].label)
            yield name, label, text[:80]


def change_of(event: AuditEvent) -> str:
    """Return what an event changed as a unified diff, empty without a before and an after."""
    data = event.data
    if not {"before", "after"} <= set(data):
        return ""
    before, after = _lines(data["before"]), _lines(data["after"])
    return "\n".join(difflib.unified_diff(before, after, "before", "after", n=3, lineterm=""))


def facts_of(event: AuditEvent) -> list[tuple[str, str]]:
    """Return the data of an event as lines for people: a name, and the value as text."""
    shown = {"before", "after"} if change_of(event) else set()
    return [
        (name.replace("_", " "), _readable(value))
        for name, value in event.data.items()
        if name not in shown
    ]


def links_of(event: AuditEvent, standing: Standing, clusters: Collection[str]) -> list[Link]:
    """Return the pages about what an event names, as far as the person may open them.

    `clusters` are the names of those that the person may see.
    """
    things = _things(event, standing)
    known = _known(things, standing)
    pages = [
        Link(label, reverse(page, args=args))
        for name, (label, page, args, _) in things.items()
        if known[name]
    ]
    if event.cluster in clusters:
        pages.append(Link(f"Cluster {event.cluster}", reverse("cluster", args=[event.cluster])))
    found = [*pages, *_people(event, standing)]
    if event.host:
        # The whole minute of the event: its first moment is before what happened in it.
        minute = f"{event.at:%Y-%m-%dT%H:%M}"
        query = urlencode({"host": event.host, "at": minute, "until": minute})
        url = f"{reverse('access-history')}?{query}"
        found.append(Link(f"Who could reach {event.host} then", url))
    return found


def _things(event: AuditEvent, standing: Standing) -> dict[str, _Thing]:
    """Return the grant, the request and the namespace that an event names, by kind."""
    grant = event.target_id if event.target == "grant" else None
    asked = event.target_id if event.target == "request" else event.data.get("request")
    things: dict[str, _Thing] = {}
    if _is_key(grant):
        rows = visible_grants(standing).filter(pk=int(str(grant)))
        things["grant"] = (f"Grant {grant}", "grant", [int(str(grant))], rows)
    if _is_key(asked):
        requests = visible_requests(standing).filter(pk=int(str(asked)))
        things["request"] = (f"Request {asked}", "request", [int(str(asked))], requests)
    if event.cluster and event.namespace:
        where = [event.cluster, event.namespace]
        here = visible_namespaces(standing).filter(cluster__name=where[0], name=where[1])
        things["namespace"] = (f"Namespace {event.namespace}", "namespace", where, here)
    return things


def _known(things: Mapping[str, _Thing], standing: Standing) -> Mapping[str, bool]:
    """Return which of the things are there for the person, asked in one go."""
    if not things:
        return {}
    asked = {f"has_{name}": Exists(rows) for name, (*_, rows) in things.items()}
    found = Person.objects.filter(pk=standing.person_id or 0).values(**asked).first() or {}
    return {name: bool(found.get(f"has_{name}")) for name in things}


def _people(event: AuditEvent, standing: Standing) -> Iterator[Link]:
    """Yield the pages of who did something, and to whom, for admins."""
    if standing.is_admin:
        named = event.target_id if event.target == "person" and _is_key(event.target_id) else "0"
        for person in Person.objects.filter(Q(pk=int(named)) | Q(username=event.actor)):
            yield Link(f"Person {person}", reverse("person", args=[person.pk]))


def _is_key(value: object) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit() and len(text) <= 18


def _lines(value: object) -> list[str]:
    text = "" if value is None else _readable(value)
    return text.splitlines()[:_MOST_LINES]


def _readable(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _query(request: HttpRequest, **changes: str) -> str:
    """Return the query of this page with some filters set, or taken away when empty."""
    query = request.GET.copy()
    for name in _CURSORS:
        query.pop(name, None)
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return f"?{query.urlencode()}"
