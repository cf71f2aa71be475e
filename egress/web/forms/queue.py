"""Filters of the queue: in its address, and saved under a name."""

from dataclasses import dataclass

from django import forms
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from egress.services.saved_filters import MAX_NAME
from egress.web.forms.base import PageForm

LEVELS = ("review", "warn", "info", "clear")
SORTS = (("oldest", "Oldest first"), ("newest", "Newest first"), ("risk", "Riskiest first"))
ORDERS = {"oldest": ("pk",), "newest": ("-pk",), "risk": ("-risk", "pk")}


@dataclass(frozen=True)
class QueueFilters:
    """What the URL asks for. Values that are not offered count as not given."""

    q: str = ""
    cluster: str = ""
    risk: str = ""
    sort: str = "oldest"

    @classmethod
    def of(cls, query: QueryDict) -> "QueueFilters":
        """Return the filters in the query string."""
        risk, sort = query.get("risk", ""), query.get("sort", "")
        return cls(
            q=query.get("q", "").replace("\0", "").strip()[:253],
            cluster=query.get("cluster", "").replace("\0", "")[:63],
            risk=risk if risk in LEVELS else "",
            sort=sort if sort in dict(SORTS) else "oldest",
        )

    @property
    def is_in_use(self) -> bool:
        """Whether any of them narrows the queue."""
        return bool(self.q or self.cluster or self.risk)

    @property
    def asked(self) -> dict[str, str]:
        """What was given, by its name in the URL; "Oldest first" needs no word there."""
        sort = "" if self.sort == "oldest" else self.sort
        given = {"q": self.q, "cluster": self.cluster, "risk": self.risk, "sort": sort}
        return {name: value for name, value in given.items() if value}

    def query(self) -> QueryDict:
        """Return what the URL needs to ask for the same."""
        query = QueryDict(mutable=True)
        query.update(self.asked)
        return query


class SaveFilterForm(PageForm):
    """The name for the present filters. What it may be is said by the service."""

    name = forms.CharField(
        required=False,
        label="Name for the filters in use",
        widget=forms.TextInput(attrs={"maxlength": MAX_NAME, "autocomplete": "off"}),
    )


def query_before(request: HttpRequest) -> QueryDict:
    """Return the filters that a form was sent from; what cannot be read is no filter."""
    try:
        return QueryDict(request.POST.get("filters", "").encode("utf-8", "replace"))
    except TooManyFieldsSent:
        return QueryDict()


def address_of(query: QueryDict | None = None) -> str:
    """Return the address of the queue with these filters."""
    asked = query.urlencode() if query else ""
    return f"{reverse('queue')}?{asked}" if asked else reverse("queue")
