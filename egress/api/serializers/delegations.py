"""Bodies of delegations."""

from typing import Any, ClassVar

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text
from egress.models import Delegation


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    """Somebody lends their scopes as an approver to somebody else for a time."""

    lender = serializers.CharField(source="lender.username")
    delegate = serializers.CharField(source="delegate.username")

    class Meta:
        model = Delegation
        fields: ClassVar[Any] = [
            *["id", "lender", "delegate", "starts_at", "ends_at", "reason", "created_at"],
            "revoked_at",
        ]


class DelegationBody(Body):
    """A delegation that somebody wants."""

    delegate = Text(max_length=150, help_text="The sign-in name of who decides meanwhile.")
    lender = Text(
        max_length=150, default="", allow_blank=True, help_text="Empty: you. Admins name others."
    )
    starts_at = serializers.DateTimeField(default=None, allow_null=True, help_text="null: now.")
    ends_at = serializers.DateTimeField(help_text="At most 60 days after it starts.")
    reason = Text(max_length=500)
