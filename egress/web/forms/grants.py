"""Filters of the grants page, and what people say when they renew or end a grant."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import QueryDict

from egress.domain.lifecycle import (
    ENDED_GRANT_STATUSES,
    LIVE_GRANT_STATUSES,
    OPEN_GRANT_STATUSES,
    GrantStatus,
)
from egress.models import Grant
from egress.web.forms.base import FilterForm, PageForm, choices_of
from egress.web.forms.moments import YEARS

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
LIVE, ENDED, EVERY, FAILED, DRIFTED = "live", "ended", "all", "failed", "drifted"
STATUSES = [
    ("", "Not ended"),
    (EVERY, "All"),
    (ENDED, "Ended"),
    (FAILED, "Failed"),
    (DRIFTED, "Drifted"),
    *((status.value, status.value.capitalize()) for status in GrantStatus),
]


class GrantFilter(FilterForm):
    """Narrows grants by who, where to and how they stand."""

    suggested = {"namespace": "namespaces", "service_account": "accounts", "host": "hosts"}
    cluster = forms.ChoiceField(required=False)
    namespace = forms.CharField(required=False, max_length=63)
    service_account = forms.CharField(required=False, max_length=253, label="Service account")
    host = forms.CharField(required=False, max_length=253, label="Host contains")
    status = forms.ChoiceField(required=False, choices=STATUSES)
    expires_from = forms.DateField(required=False, widget=DATE, label="Ends from (UTC)")
    expires_until = forms.DateField(required=False, widget=DATE, label="Ends until (UTC)")
    expiring = forms.BooleanField(required=False, label="Ends soon")

    def __init__(self, *args: object, clusters: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cluster"].choices = choices_of(clusters, "All")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        """Refuse days of another age, and a range that ends before it starts."""
        cleaned = super().clean() or self.cleaned_data
        days = {name: cleaned.get(name) for name in ("expires_from", "expires_until")}
        for name, day in days.items():
            if day is not None and day.year not in YEARS:
                self.add_error(name, f"Give a day of the years {YEARS[0]} to {YEARS[-1]}.")
        first, last = days.values()
        if first and last and last < first:
            self.add_error("expires_until", "The range ends before it starts: swap the two days.")
        return cleaned

    def narrow(self, grants: QuerySet[Grant], now: datetime) -> QuerySet[Grant]:
        """Return the grants that pass every filter; none when a filter is invalid."""
        if not self.is_valid():
            return grants.none()
        asked = self.cleaned_data
        exact = {
            "cluster__name": asked["cluster"],
            "namespace": asked["namespace"].strip().lower(),
            "service_account": asked["service_account"].strip().lower(),
            "host__contains": asked["host"].strip().rstrip(".").lower(),
        }
        grants = grants.filter(**{name: value for name, value in exact.items() if value})
        grants = grants.filter(_of_status(asked["status"]))
        if asked["expiring"]:
            soon = now + timedelta(days=settings.REMINDER_DAYS)
            grants = grants.filter(status__in=sorted(OPEN_GRANT_STATUSES), expires_at__lte=soon)
        return self._ending(grants)

    def _ending(self, grants: QuerySet[Grant]) -> QuerySet[Grant]:
        """Keep the grants that end on the days asked for, both of them included."""
        first, last = self.cleaned_data["expires_from"], self.cleaned_data["expires_until"]
        if first:
            grants = grants.filter(expires_at__gte=_midnight(first))
        if last:
            grants = grants.filter(expires_at__lt=_midnight(last + timedelta(days=1)))
        return grants


class MatrixFilter(GrantFilter):
    """The same for the matrix, which shows one cluster: the first where none is asked for."""

    def __init__(self, data: QueryDict, *, clusters: list[str]) -> None:
        asked = data.copy()
        if not asked.get("cluster") and clusters:
            asked["cluster"] = clusters[0]
        super().__init__(asked, clusters=clusters)
        choices = [(name, name) for name in clusters]
        self.fields["cluster"].choices = choices  # type: ignore[attr-defined]

    @property
    def is_in_use(self) -> bool:
        """Whether anything but the cluster narrows the matrix."""
        return any(self.data.get(name) for name in self.fields if name != "cluster")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def _of_status(status: str) -> Q:
    """Return the condition for one entry of STATUSES."""
    if status == EVERY:
        return Q()
    if status in ("", LIVE):
        return Q(status__in=sorted(LIVE_GRANT_STATUSES))
    if status == ENDED:
        return Q(status__in=sorted(ENDED_GRANT_STATUSES))
    if status == FAILED:
        # Spelled as the index is, which holds the few that failed.
        return Q(ended_at__isnull=True) & ~Q(failed_reason="")
    if status == DRIFTED:
        return Q(ended_at__isnull=True, drifted_at__isnull=False)
    return Q(status=status)


class ReasonForm(PageForm):
    """Why somebody does what cannot be taken back silently."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Written to the audit trail, word for word.",
    )


class RenewForm(PageForm):
    """Asks for more time on the same grant; decided like any other request."""

    duration_days = forms.IntegerField(
        min_value=1,
        label="Days longer",
        help_text="Counted from the present end, so that access goes on without a gap.",
    )
    reason = forms.CharField(
        max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), label="Why it is still needed"
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        days = self.fields["duration_days"]
        days.max_value = settings.MAX_DURATION_DAYS  # type: ignore[attr-defined]
        days.initial = settings.DEFAULT_DURATION_DAYS
        days.widget.attrs["max"] = settings.MAX_DURATION_DAYS
