"""Filters of the audit page."""

from datetime import UTC, date, datetime, timedelta

from django import forms
from django.db.models import QuerySet

from egress.models import AuditEvent
from egress.web.forms.base import FilterForm

CLOCK_SLACK = timedelta(hours=1)
"""How far the clocks of two web processes may disagree before a date filter misses an event."""

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
YEARS = range(1970, 9000)
"""An age in which a day more or less still is a date."""


class AuditFilter(FilterForm):
    """Narrows audit events by what, who, where and when."""

    q = forms.CharField(required=False, max_length=200, label="Message contains")
    tag = forms.CharField(
        required=False,
        max_length=64,
        label="Event",
        widget=forms.TextInput(attrs={"list": "tags"}),
    )
    actor = forms.CharField(required=False, max_length=150)
    cluster = forms.CharField(required=False, max_length=63)
    namespace = forms.CharField(required=False, max_length=63)
    host = forms.CharField(required=False, max_length=253)
    target = forms.CharField(
        required=False, max_length=129, help_text="Such as “grant” or “grant 42”."
    )
    since = forms.DateField(required=False, widget=DATE, label="From (UTC)")
    until = forms.DateField(required=False, widget=DATE, label="Until (UTC)")

    def clean_since(self) -> date | None:
        """Refuse a day of another age."""
        return _of_this_age(self.cleaned_data["since"])

    def clean_until(self) -> date | None:
        """Refuse a day of another age."""
        return _of_this_age(self.cleaned_data["until"])

    def clean(self) -> dict[str, object]:
        """Refuse a range that ends before it starts."""
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", "The range ends before it starts: swap the two dates.")
        return cleaned

    def narrow(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Return the events that pass every filter; none when a filter is invalid."""
        if not self.is_valid():
            return events.none()
        asked = self.cleaned_data
        target, _, target_id = asked["target"].strip().partition(" ")
        tag = asked["tag"].strip()
        exact = {
            "tag__startswith" if tag.endswith(":") else "tag": tag,
            "actor": asked["actor"].strip(),
            "cluster": asked["cluster"].strip().lower(),
            "namespace": asked["namespace"].strip().lower(),
            "host": asked["host"].strip().rstrip(".").lower(),
            "target": target,
            "target_id": target_id.strip().lstrip("#"),
            "message__icontains": asked["q"].strip(),
        }
        events = events.filter(**{name: value for name, value in exact.items() if value})
        return self._within_dates(events)

    def _within_dates(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """Keep the days asked for, found by sequence so that old days are as fast as today."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if since:
            start = _midnight(since)
            first = first_sequence_at(start - CLOCK_SLACK)
            events = events.filter(sequence__gte=first, at__gte=start)
        if until:
            end = _midnight(until + timedelta(days=1))
            behind = first_sequence_at(end + CLOCK_SLACK)
            events = events.filter(sequence__lt=behind, at__lt=end)
        return events


def first_sequence_at(moment: datetime) -> int:
    """Return the lowest sequence written at `moment` or later, one past the end if there is none.

    Events are appended in the order of time, so halving finds the place in about 20 look-ups by
    primary key among a million events, where a filter on the time alone would read them all.
    """
    last = AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    events = AuditEvent.objects.order_by("sequence").values_list("sequence", "at")
    low, high = 1, (last or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = events.filter(sequence__gte=middle).first()
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return low


def _of_this_age(day: date | None) -> date | None:
    if day is not None and day.year not in YEARS:
        raise forms.ValidationError(f"Give a day of the years {YEARS[0]} to {YEARS[-1]}.")
    return day


def _midnight(day: date) -> datetime:
    """Return the start of `day` in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
