"""What lists can be narrowed by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError

from egress.api.paging import PARAMETERS
from egress.models import (
    AuditEvent,
    BreakGlass,
    Delivery,
    ForeignObject,
    Grant,
    Namespace,
    Recertification,
    Request,
    ServiceAccount,
)
from egress.selectors.recertification import State, in_state
from egress.services.outbox import namespace_key

_YEARS = range(1970, 9000)
_MAX_DIGITS = 18
"""So many fit into a number of every database, whichever they are."""


class KnownFilters(DjangoFilterBackend):  # type: ignore[misc]
    """Narrows a list, and refuses what the list does not know: a typo must not show everything."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        """Return the narrowed rows. Raises ValidationError for unknown or wrong parameters."""
        filters = self.get_filterset_class(view, queryset)
        known = PARAMETERS | set(filters.base_filters if filters else ())
        known |= getattr(view, "takes", frozenset())
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            message = "There is no such parameter. See /api/docs/."
            raise ValidationError({name: [message] for name in unknown})
        if filters:
            _require_values(filters.base_filters, request.query_params)
        return super().filter_queryset(request, queryset, view)


def _require_values(filters: Mapping[str, Any], query: Mapping[str, str]) -> None:
    """Raise ValidationError for filters that would be passed over, and show everything."""
    errors = {}
    for name, kind in filters.items():
        value = query.get(name)
        if value is None or isinstance(kind, django_filters.CharFilter):
            continue
        if isinstance(kind, django_filters.BooleanFilter) and value not in ("true", "false"):
            errors[name] = ["Write true or false, or leave it out."]
        elif not value:
            errors[name] = ["Give it a value, or leave it out."]
    if errors:
        raise ValidationError(errors)


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A time of an age in which every database and every time zone can tell times."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the time. Raises ValidationError for one that is not understood."""
        try:
            at: datetime | None = super().to_python(value)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"]) from None
        if at is not None and at.year not in _YEARS:
            raise forms.ValidationError("Give a time between the years 1970 and 9000.")
        return at


class Moment(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A time as ISO 8601 writes it, such as `2026-11-02T09:30:00Z`; UTC unless it says."""

    field_class = MomentField


class NumberField(forms.Field):
    """The number of a record, in plain digits: `1e3` and `1.5` are no such thing."""

    def to_python(self, value: Any) -> int | None:
        """Return the number. Raises ValidationError for everything but up to 18 digits."""
        if value in self.empty_values:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS):
            raise forms.ValidationError("Write a whole number.")
        return int(value)


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": 10**_MAX_DIGITS - 1})
class Number(django_filters.Filter):  # type: ignore[misc]
    """The number of a record."""

    field_class = NumberField


class RequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Requests by cluster, namespace, status and requester."""

    cluster = django_filters.CharFilter(field_name="cluster__name")
    namespace = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Request.STATUSES)
    requester = django_filters.CharFilter(field_name="requester__username")

    class Meta:
        model = Request
        fields = ["cluster", "namespace", "status", "requester"]


class BreakGlassFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Openings by what came of them, and by where they are."""

    cluster = django_filters.CharFilter(field_name="request__cluster__name")
    namespace = django_filters.CharFilter(field_name="request__namespace")
    request = Number(field_name="request_id")
    outcome = django_filters.ChoiceFilter(choices=BreakGlass.Outcome.choices)

    class Meta:
        model = BreakGlass
        fields = ["cluster", "namespace", "request", "outcome"]


class GrantFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Grants by where, who, what and how they stand."""

    cluster = django_filters.CharFilter(field_name="cluster__name")
    namespace = django_filters.CharFilter()
    service_account = django_filters.CharFilter()
    host = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Grant.STATUSES)
    expires_before = Moment(field_name="expires_at", lookup_expr="lt")

    class Meta:
        model = Grant
        fields = ["cluster", "namespace", "service_account", "host", "status"]


class RecertificationFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Recertifications by where, and how they stand: what waits for an answer unless asked."""

    cluster = django_filters.CharFilter(field_name="grant__cluster__name")
    namespace = django_filters.CharFilter(field_name="grant__namespace")
    state = django_filters.ChoiceFilter(choices=[(one, one) for one in State], method="of_state")

    class Meta:
        model = Recertification
        fields = ["cluster", "namespace", "state"]

    def filter_queryset(self, queryset: QuerySet[Recertification]) -> QuerySet[Recertification]:
        """Narrow to what waits unless a state is asked for."""
        rows: QuerySet[Recertification] = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("state"):
            return rows
        return self.of_state(rows, "state", State.ANNOUNCED)

    def of_state(
        self, rows: QuerySet[Recertification], name: str, value: str
    ) -> QuerySet[Recertification]:
        """Narrow to one state."""
        return in_state(rows, State(value), timezone.now())


class NamespaceFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Namespaces by cluster and name."""

    cluster = django_filters.CharFilter(field_name="cluster__name")
    name = django_filters.CharFilter()

    class Meta:
        model = Namespace
        fields = ["cluster", "name"]


class ServiceAccountFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Service accounts by cluster and namespace."""

    cluster = django_filters.CharFilter(field_name="namespace__cluster__name")
    namespace = django_filters.CharFilter(field_name="namespace__name")

    class Meta:
        model = ServiceAccount
        fields = ["cluster", "namespace"]


class ForeignFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Foreign objects by what they are, where they lie, and whether they can be adopted."""

    host = django_filters.CharFilter(method="of_host")

    class Meta:
        model = ForeignObject
        fields = ["kind", "namespace", "name", "adoptable"]

    def of_host(
        self, rows: QuerySet[ForeignObject], name: str, value: str
    ) -> QuerySet[ForeignObject]:
        """Narrow to objects whose name, namespace or hosts contain a text."""
        return rows.filter(search__contains=value.strip().lower())


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Deliveries by cluster, namespace and outcome."""

    cluster = django_filters.CharFilter(field_name="cluster__name")
    namespace = django_filters.CharFilter(method="of_namespace")
    outcome = django_filters.ChoiceFilter(choices=Delivery.Outcome.choices)

    class Meta:
        model = Delivery
        fields = ["cluster", "outcome"]

    def of_namespace(self, rows: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        """Narrow to the slice of one namespace."""
        return rows.filter(slice__key=namespace_key(value))


class AuditFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Audit events by what, who, where and when."""

    since = Moment(field_name="at", lookup_expr="gte")
    until = Moment(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEvent
        fields = ["tag", "actor", "target", "target_id", "cluster", "namespace", "host"]
