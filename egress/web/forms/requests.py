"""Filters of the page of requests."""

from django import forms
from django.db.models import Exists, OuterRef, QuerySet

from egress.domain.lifecycle import RequestStatus
from egress.models import Request, RequestDestination
from egress.models.standing import Standing
from egress.web.forms.base import FilterForm, choices_of

MINE, EVERYBODY = "", "all"
STATUSES = [("", "All"), *((status.value, status.value.capitalize()) for status in RequestStatus)]


class RequestFilter(FilterForm):
    """Narrows requests by whose they are, how they stand, for what and where to."""

    suggested = {"namespace": "namespaces", "host": "hosts"}
    whose = forms.ChoiceField(required=False, choices=[(MINE, "Mine"), (EVERYBODY, "Everybody's")])
    status = forms.ChoiceField(required=False, choices=STATUSES)
    cluster = forms.ChoiceField(required=False)
    namespace = forms.CharField(required=False, max_length=63)
    host = forms.CharField(required=False, max_length=253, label="Host contains")

    def __init__(self, *args: object, clusters: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cluster"].choices = choices_of(clusters, "All")  # type: ignore[attr-defined]

    def narrow(self, requests: QuerySet[Request], standing: Standing) -> QuerySet[Request]:
        """Return the requests that pass every filter; none when a filter is invalid."""
        if not self.is_valid():
            return requests.none()
        asked = self.cleaned_data
        if asked["whose"] == MINE:
            requests = requests.filter(requester_id=standing.person_id)
        exact = {
            "status": asked["status"],
            "cluster__name": asked["cluster"],
            "namespace": asked["namespace"].strip().lower(),
        }
        requests = requests.filter(**{name: value for name, value in exact.items() if value})
        host = asked["host"].strip().rstrip(".").lower()
        if host:
            named = RequestDestination.objects.filter(request=OuterRef("pk"), host__contains=host)
            requests = requests.filter(Exists(named))
        return requests
