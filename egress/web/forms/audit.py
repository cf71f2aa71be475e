"""Filters of the audit page."""

from datetime import datetime

from django import forms
from django.db.models import QuerySet

from egress.models import AuditEvent
from egress.selectors.audit_search import MOST_WORDS, between, matching, words_in
from egress.services.audit import Tag
from egress.web.forms.base import FilterForm
from egress.web.forms.moments import MomentField


class AuditFilter(FilterForm):
    """Narrows audit events by words, what, who, where and when."""

    suggested = {"namespace": "namespaces", "host": "hosts"}
    q = forms.CharField(
        required=False,
        max_length=200,
        label="Search",
        help_text=(
            "Whole words of the sentence, or a person, host, namespace or event. A star finds "
            "beginnings: pay*."
        ),
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    actor = forms.CharField(required=False, max_length=150, label="Person")
    cluster = forms.CharField(required=False, max_length=63)
    namespace = forms.CharField(required=False, max_length=63)
    host = forms.CharField(required=False, max_length=253)
    tag = forms.CharField(
        required=False,
        max_length=64,
        label="Event",
        widget=forms.TextInput(attrs={"list": "tags"}),
    )
    target = forms.CharField(
        required=False, max_length=129, label="About", help_text="Such as “grant” or “grant 42”."
    )
    since = MomentField(required=False, label="From (UTC)")
    until = MomentField(required=False, label="Until (UTC)", ends=True)

    words: tuple[str, ...] = ()
    """What is searched for, once the form is valid."""

    @property
    def is_detailed(self) -> bool:
        """Whether anything but the search and the kind of event narrows the list."""
        tag = str(self.data.get("tag", ""))
        kinds = {"q", "tag"} if tag.endswith(":") else {"q"}
        return any(self.data.get(name) for name in self.fields if name not in kinds)

    def clean_q(self) -> str:
        """Keep the words. Raises ValidationError for no word, or too many."""
        typed = str(self.cleaned_data["q"])
        self.words = tuple(words_in(typed))
        if typed and not self.words:
            raise forms.ValidationError("Type a word: letters or digits.")
        if len(self.words) > MOST_WORDS:
            raise forms.ValidationError(f"Search for at most {MOST_WORDS} words at once.")
        return typed

    def clean(self) -> dict[str, object]:
        """Refuse a range that ends before it starts."""
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if isinstance(since, datetime) and isinstance(until, datetime) and until <= since:
            self.add_error("until", "The range ends before it starts: swap the two times.")
        return cleaned

    def narrow(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Return the events that pass every filter but the search; none when one is invalid."""
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        target, _, target_id = asked["target"].strip().partition(" ")
        exact = {
            "actor": asked["actor"].strip(),
            "cluster": asked["cluster"].strip().lower(),
            "namespace": asked["namespace"].strip().lower(),
            "host": asked["host"].strip().rstrip(".").lower(),
            "target": target,
            "target_id": target_id.strip().lstrip("#"),
        }
        events = events.filter(**{name: value for name, value in exact.items() if value})
        return between(_tagged(events, asked["tag"].strip()), asked["since"], asked["until"])

    def found(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Return the events that pass every filter and hold every word."""
        return self.narrow(events).filter(matching(self.words))


def _tagged(events: QuerySet[AuditEvent], tag: str) -> QuerySet[AuditEvent]:
    """Keep one kind of event, or with a colon at the end the kinds of one noun."""
    if not tag.endswith(":"):
        return events.filter(tag=tag) if tag else events
    # By name, because an index finds names in every database, and beginnings in few.
    return events.filter(tag__in=[str(one) for one in Tag if one.startswith(tag)])
