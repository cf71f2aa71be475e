"""Bodies of the access history."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text, WholeInAddress
from egress.domain.history import Reach

_YEARS = range(1970, 9000)


class Moment(serializers.DateTimeField):
    """A time of an age in which every database and every time zone can tell times."""

    def to_internal_value(self, value: Any) -> datetime:
        """Return the time, UTC unless it says. Raises ValidationError for what is none."""
        try:
            at = super().to_internal_value(value)
            if at.year in _YEARS:
                return at.astimezone(UTC)
        except OverflowError:
            self.fail("invalid", format="ISO 8601")
        raise serializers.ValidationError("Give a time between the years 1970 and 9000.")


class HistoryQuestion(Body):
    """Who could reach a host at a moment, or from `at` to `until`?

    `host` is a name, a wildcard for every name below it, or an address range. `at` is now when it
    is empty. `after` is `next` of the page before.
    """

    host = Text(max_length=2000)
    cluster = Text(max_length=63, default="", allow_blank=True)
    namespace = Text(max_length=63, default="", allow_blank=True)
    service_account = Text(max_length=253, default="", allow_blank=True)
    port = WholeInAddress(min_value=1, max_value=65535, required=False)
    at = Moment(required=False)
    until = Moment(required=False)
    after = WholeInAddress(min_value=1, required=False)


class PeriodSerializer(serializers.Serializer[Any]):
    """What a grant meant for a time; `until` null: it goes on."""

    reach = serializers.ChoiceField(choices=[(one.value, one.value) for one in Reach])
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class ReachedSerializer(serializers.Serializer[Any]):
    """A grant that mattered within the span, and the events that prove it.

    `not_in_the_trail` names what only the grant's row says.
    """

    grant = serializers.IntegerField(source="grant.pk")
    cluster = serializers.CharField(source="grant.cluster.name")
    namespace = serializers.CharField(source="grant.namespace")
    service_account = serializers.CharField(source="grant.service_account")
    host = serializers.CharField(source="grant.host")
    port = serializers.IntegerField(source="grant.port")
    request = serializers.IntegerField(source="grant.request_id")
    requester = serializers.CharField(source="grant.request.requester.username")
    granted_by = serializers.CharField(source="grant.granted_by")
    ended_by = serializers.CharField()
    periods = PeriodSerializer(many=True)
    events = serializers.ListField(child=serializers.IntegerField())
    not_in_the_trail = serializers.ListField(child=serializers.CharField(), source="missing")


class HistorySerializer(serializers.Serializer[Any]):
    """Who could reach the host, what is not known, and drift of that time by event number."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    results = ReachedSerializer(many=True)
    not_known = serializers.ListField(child=serializers.CharField())
    drift = serializers.ListField(child=serializers.IntegerField())
    next = serializers.IntegerField(allow_null=True)
