"""Bodies of break-glass."""

from typing import Any, ClassVar

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import OneOf, Text, Whole
from egress.models import BreakGlass
from egress.services.break_glass import Look


class BreakGlassSerializer(serializers.ModelSerializer[BreakGlass]):
    """Access that somebody opened at once, and what came of the second look."""

    request: ClassVar[Any] = serializers.PrimaryKeyRelatedField(read_only=True)
    cluster = serializers.CharField(source="request.cluster.name")
    namespace = serializers.CharField(source="request.namespace")
    opened_by = serializers.CharField(source="opened_by.username")
    looked_by = serializers.CharField(source="looked_by.username", allow_null=True, default=None)

    class Meta:
        model = BreakGlass
        fields: ClassVar[Any] = [
            *["id", "request", "cluster", "namespace", "opened_by", "reason", "opened_at"],
            *["ends_at", "look_by", "outcome", "looked_by", "looked_at", "note"],
        ]


class BreakGlassBody(Body):
    """Opens all of a request at once."""

    revision = Whole(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Or If-Match: one of the two."
    )
    reason = Text(max_length=2000, help_text="A sentence: what is broken, why it cannot wait.")
    hours = Whole(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="How long; as long as the settings allow unless given.",
    )


class SecondLookBody(Body):
    """The second look at what was opened."""

    says = OneOf(choices=[str(one) for one in Look])
    note = Text(max_length=2000, default="", allow_blank=True, help_text="Needed for `end`.")
