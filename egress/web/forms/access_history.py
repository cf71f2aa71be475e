"""The question of the access history."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django import forms

from egress.models import Cluster
from egress.selectors.access import canonical_target
from egress.selectors.access_history import Question
from egress.web.forms.base import FilterForm, choices_of
from egress.web.forms.moments import MomentField, length_of


class AccessHistoryForm(FilterForm):
    """Who could reach this host at that time? A day without an end asks for that whole day."""

    suggested = {"namespace": "namespaces", "service_account": "accounts", "host": "hosts"}
    host = forms.CharField(
        max_length=253, label="Host", help_text="Or *.example.com for every name below it."
    )
    cluster = forms.ChoiceField(required=False)
    namespace = forms.CharField(required=False, max_length=63)
    service_account = forms.CharField(required=False, max_length=253, label="Service account")
    # A number input hides what is no number, and nothing that was typed may get lost.
    port = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=65535,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    at = MomentField(required=False, label="At (UTC)", help_text="Empty: now.")
    until = MomentField(
        required=False, label="Until (UTC)", ends=True, help_text="For a span of time."
    )

    def __init__(
        self,
        data: Mapping[str, str] | None,
        *,
        clusters: Mapping[str, Cluster],
        now: datetime,
    ) -> None:
        if data and not data.get("until") and length_of(data.get("at", "")) >= timedelta(days=1):
            # Told on the page, where a field holds minutes: sent again it is the same question.
            data = {name: data[name] for name in data} | {"until": data["at"]}
        super().__init__(data)
        self.fields["cluster"].choices = choices_of([*clusters], "All")  # type: ignore[attr-defined]
        self._clusters, self._now = clusters, now

    def clean_host(self) -> str:
        """Return the host as grants spell it. Raises ValidationError for what is none."""
        canonical, problem = canonical_target(self.cleaned_data["host"])
        if problem:
            raise forms.ValidationError(problem)
        return canonical

    def clean(self) -> dict[str, object]:
        """Refuse a span that ends before it starts."""
        cleaned = super().clean() or self.cleaned_data
        at, until = cleaned.get("at"), cleaned.get("until")
        if isinstance(until, datetime) and until <= (at or self._now):
            self.add_error("until", "The span ends before it starts: swap the two times.")
        return cleaned

    @property
    def question(self) -> Question | None:
        """Return what is asked, None while it is not complete or not understood."""
        if not self.is_bound or not self.is_valid():
            return None
        asked = self.cleaned_data
        since = asked["at"] or self._now
        return Question(
            host=asked["host"],
            since=since,
            until=asked["until"] or since,
            cluster=self._clusters.get(asked["cluster"]),
            namespace=asked["namespace"].strip().lower(),
            service_account=asked["service_account"].strip().lower(),
            port=asked["port"],
        )
