"""Bodies of grants and deliveries."""

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text, Whole
from egress.domain.access import Resolution
from egress.models import Delivery, DeliveryStep, Grant
from egress.services.requests.drafts import MAX_DAYS


class ReasonBody(Body):
    """Why somebody ends or resumes access."""

    reason = Text(max_length=500)


class RenewBody(Body):
    """A renewal is a request of its own, decided like any other."""

    reason = Text(max_length=2000)
    duration_days = Whole(allow_null=True, min_value=1, max_value=MAX_DAYS)


class ConditionSerializer(serializers.Serializer[Grant]):
    """Facts beside the status: whether the cluster has it, and what went wrong."""

    applied = serializers.SerializerMethodField()
    enforced = serializers.BooleanField(source="is_enforced")
    drifted = serializers.SerializerMethodField()
    failed_reason = serializers.CharField()
    failed_message = serializers.CharField()
    confirmed_gone = serializers.SerializerMethodField()

    def get_applied(self, grant: Grant) -> bool:
        """Tell whether the cluster carries the grant."""
        return grant.applied_at is not None

    def get_drifted(self, grant: Grant) -> bool:
        """Tell whether somebody changed its objects by hand."""
        return grant.drifted_at is not None

    def get_confirmed_gone(self, grant: Grant) -> bool:
        """Tell whether the cluster was seen without it after it ended."""
        return grant.confirmed_at is not None


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """A grant, read by `queries.grants_for`. `conditions.enforced` false: it is not held to."""

    cluster = serializers.CharField(source="cluster.name")
    conditions = ConditionSerializer(source="*", read_only=True)
    long_lived = serializers.SerializerMethodField()

    class Meta:
        model = Grant
        fields = [
            *["id", "status", "cluster", "namespace", "service_account", "host", "port"],
            *["protocol", "tls_origination", "addresses", "long_lived", "alias", "request"],
            *[
                "granted_by",
                "created_at",
                "active_at",
                "expires_at",
                "ended_at",
                "ended_by",
                "end_reason",
                "confirmed_at",
                "conditions",
            ],
        ]

    def get_long_lived(self, grant: Grant) -> bool:
        """Tell whether connections stay open for long."""
        return grant.resolution == Resolution.DNS_ROUND_ROBIN


class StepSerializer(serializers.ModelSerializer[DeliveryStep]):
    """What happened to one object."""

    class Meta:
        model = DeliveryStep
        fields = [
            *["position", "action", "api_version", "kind", "namespace", "name", "uid"],
            *["content_hash", "result", "message", "diff", "finished_at"],
        ]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One execution of a plan."""

    cluster = serializers.CharField(source="cluster.name")
    slice = serializers.CharField(source="slice.key")
    steps = StepSerializer(many=True)

    class Meta:
        model = Delivery
        fields = [
            *["id", "cluster", "slice", "outcome", "reason", "message", "summary", "cause"],
            *["worker", "generator_version", "started_at", "finished_at", "steps"],
        ]
