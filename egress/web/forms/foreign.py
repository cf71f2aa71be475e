"""Filters of the list of foreign objects, and what people say when they ask to adopt one."""

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from egress.models import ForeignObject
from egress.web.forms.base import FilterForm, PageForm

KINDS = (
    "ServiceEntry",
    "VirtualService",
    "DestinationRule",
    "Sidecar",
    "Gateway",
    "AuthorizationPolicy",
    "Service",
)


class ForeignFilter(FilterForm):
    """Narrows foreign objects by what they are and where."""

    q = forms.CharField(required=False, max_length=253, label="Host or name")
    kind = forms.ChoiceField(
        required=False, choices=[("", "All"), *((kind, kind) for kind in KINDS)]
    )
    adoptable = forms.BooleanField(required=False, label="Can be adopted")

    def narrow(self, rows: QuerySet[ForeignObject]) -> QuerySet[ForeignObject]:
        """Return the objects that pass every filter; none when a filter is invalid."""
        if not self.is_valid():
            return rows.none()
        asked = self.cleaned_data
        if asked["q"]:
            rows = rows.filter(search__contains=asked["q"].strip().lower())
        if asked["kind"]:
            rows = rows.filter(kind=asked["kind"])
        return rows.filter(adoptable=True) if asked["adoptable"] else rows


class AdoptForm(PageForm):
    """Asks for an object to be adopted, in the version that the page showed."""

    uid = forms.CharField(max_length=64, widget=forms.HiddenInput)
    resource_version = forms.CharField(max_length=64, widget=forms.HiddenInput)
    duration_days = forms.IntegerField(min_value=1, label="For how many days")
    reason = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What it is needed for",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        days = self.fields["duration_days"]
        days.max_value = settings.MAX_DURATION_DAYS  # type: ignore[attr-defined]
        days.initial = settings.DEFAULT_DURATION_DAYS
        days.widget.attrs["max"] = settings.MAX_DURATION_DAYS
