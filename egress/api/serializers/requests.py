"""Bodies of requests, decisions and previews."""

from typing import Any, ClassVar

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from egress.api.serializers.base import Body, ProblemBody
from egress.api.serializers.fields import Flag, OneOf, Text, Whole
from egress.api.serializers.foreign import AdoptionSerializer
from egress.domain.access import Protocol, Resolution
from egress.domain.lifecycle import Verdict
from egress.domain.wording import quoted
from egress.models import Comment, Request, RequestDestination
from egress.services.requests import DestinationDraft, RequestDraft
from egress.services.requests.drafts import MAX_ADDRESSES, MAX_DAYS

MAX_REVISION = 2**31 - 1
"""Where the column of revisions ends."""


class DestinationBody(Body):
    """One destination that is asked for. `host` may be typed in any spelling."""

    host = Text(max_length=2000, trim_whitespace=False)
    port = Whole(help_text="1 to 65535.")
    protocol = Text(max_length=16, help_text=f"One of {', '.join(Protocol)}.")
    tls_origination = Flag(default=False)
    addresses = serializers.ListField(
        child=Text(max_length=64),
        default=list,
        max_length=MAX_ADDRESSES,
        help_text="Fixed IP addresses of the host. Empty: DNS is asked.",
    )
    long_lived = Flag(default=False, help_text="Connections stay open for long.")
    alias = Text(
        max_length=63,
        default="",
        allow_blank=True,
        help_text="A name for it inside the namespace.",
    )


class AskedBody(Body):
    """What somebody asks for."""

    cluster = Text(max_length=63)
    namespace = Text(max_length=63)
    service_account = Text(
        max_length=253, default="", allow_blank=True, help_text="Empty: the whole namespace."
    )
    destinations: ClassVar[Any] = serializers.ListSerializer(
        child=DestinationBody(), allow_empty=False, max_length=settings.MAX_DESTINATIONS
    )
    reason = Text(max_length=2000)
    ticket = Text(max_length=500, default="", allow_blank=True)
    duration_days = Whole(
        allow_null=True, min_value=1, max_value=MAX_DAYS, help_text="null: no end date."
    )

    def draft(self) -> RequestDraft:
        """Return what the service wants. Call after `is_valid`."""
        values = {str(name): self.validated_data[name] for name in AskedBody().fields}
        rows = tuple(DestinationDraft(**row) for row in values.pop("destinations"))
        return RequestDraft(destinations=rows, **values)


class RequestBody(AskedBody):
    """A new request."""

    dry_run = Flag(default=False, help_text="Judge and render only: nothing is stored.")


class EditBody(AskedBody):
    """An edit of a pending request names the revision it changes."""

    revision = Whole(min_value=1, max_value=MAX_REVISION)


class ApproveBody(Body):
    """An approval. `verdicts` maps positions to verdicts; what it leaves out is approved.

    `revision` may be named by If-Match instead.
    """

    revision = Whole(min_value=1, max_value=MAX_REVISION, required=False)
    verdicts = serializers.DictField(
        child=OneOf(choices=[verdict.value for verdict in Verdict]), default=dict
    )
    duration_days = Whole(
        min_value=1, max_value=MAX_DAYS, required=False, help_text="Shorter than asked for."
    )
    note = Text(max_length=2000, default="", allow_blank=True)

    def validate_verdicts(self, value: dict[str, str]) -> dict[int, Verdict]:
        """Return the verdicts by position."""
        positions = {str(position): position for position in range(settings.MAX_DESTINATIONS)}
        if unknown := sorted(set(value) - set(positions)):
            raise serializers.ValidationError(
                f"{quoted(unknown[0])} is no position. Write 0 for the first destination."
            )
        return {positions[key]: Verdict(verdict) for key, verdict in value.items()}


class DenyBody(Body):
    """A denial says why. `revision` may be named by If-Match instead."""

    revision = Whole(min_value=1, max_value=MAX_REVISION, required=False)
    note = Text(max_length=2000)


MAX_ROWS = 50
"""How many requests one call makes or decides at most."""


class ManyRequestsBody(Body):
    """Up to 50 requests, each made or refused for itself."""

    requests: ClassVar[Any] = serializers.ListSerializer(
        child=AskedBody(), allow_empty=False, max_length=MAX_ROWS
    )


class DecisionBody(Body):
    """A decision on one of many requests, with the revision that was read. A denial says why."""

    request = Whole(min_value=1, max_value=2**63 - 1)
    revision = Whole(min_value=1, max_value=MAX_REVISION)
    verdict = OneOf(choices=[verdict.value for verdict in Verdict])
    note = Text(max_length=2000, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the decision. Raises ValidationError for a denial without a word."""
        if attrs["verdict"] == Verdict.DENIED and not attrs["note"].strip():
            raise serializers.ValidationError({"note": ["Say why you deny it."]})
        return attrs


class ManyDecisionsBody(Body):
    """Up to 50 decisions, each carried out or refused for itself."""

    decisions: ClassVar[Any] = serializers.ListSerializer(
        child=DecisionBody(), allow_empty=False, max_length=MAX_ROWS
    )


class CommentBody(Body):
    """A comment."""

    text = Text(max_length=4000)


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """A comment below a request."""

    author = serializers.CharField(source="author.username")

    class Meta:
        model = Comment
        fields = ["id", "author", "text", "written_at"]


class RequestDestinationSerializer(serializers.ModelSerializer[RequestDestination]):
    """A destination of a request with its verdict."""

    long_lived = serializers.SerializerMethodField()

    class Meta:
        model = RequestDestination
        fields = [
            *["position", "host", "port", "protocol", "tls_origination", "addresses"],
            *["long_lived", "alias", "verdict"],
        ]

    def get_long_lived(self, row: RequestDestination) -> bool:
        """Tell whether connections stay open for long."""
        return row.resolution == Resolution.DNS_ROUND_ROBIN


class FindingSerializer(serializers.Serializer[Any]):
    """What a policy says."""

    reason = serializers.CharField()
    message = serializers.CharField()
    level = serializers.CharField()
    field = serializers.CharField()
    codes = serializers.ListField(child=serializers.CharField(), default=list)


class RequestSerializer(serializers.ModelSerializer[Request]):
    """A request as the pages show it."""

    cluster = serializers.CharField(source="cluster.name")
    requester = serializers.CharField(source="requester.username")
    ticket = serializers.CharField()
    destinations = RequestDestinationSerializer(many=True)
    findings = FindingSerializer(many=True)
    renews: ClassVar[Any] = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True)
    grants: ClassVar[Any] = serializers.PrimaryKeyRelatedField(many=True, read_only=True)
    adopts = serializers.SerializerMethodField()

    class Meta:
        model = Request
        fields = [
            *["id", "status", "revision", "cluster", "namespace", "service_account"],
            *["destinations", "reason", "ticket", "duration_days", "requester", "findings"],
            *["renews", "grants", "created_at", "edited_at", "lapses_at", "decided_at"],
            *["decided_by", "decision_note", "adopts"],
        ]

    @extend_schema_field(AdoptionSerializer(allow_null=True))
    def get_adopts(self, request: Request) -> dict[str, Any] | None:
        """Return the foreign object that the request takes over, null without one."""
        if not request.adopts_digest:
            return None
        return dict(AdoptionSerializer(request.adoption).data)


class StageSerializer(serializers.Serializer[Any]):
    """One step of approval. An empty `team` means any approver in scope."""

    name = serializers.CharField()
    team = serializers.CharField(allow_blank=True)
    approvals = serializers.IntegerField(help_text="How many distinct people it takes.")


class StageNowSerializer(StageSerializer):
    """One step of approval as it stands: who said yes, how many are missing, who else could."""

    approved_by = serializers.ListField(child=serializers.CharField())
    missing = serializers.IntegerField()
    could = serializers.ListField(child=serializers.CharField())


class PreviewSerializer(serializers.Serializer[Any]):
    """What would happen with a request, without storing it."""

    findings = FindingSerializer(many=True)
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]
    manifests = serializers.CharField(source="yaml")
    diff = serializers.CharField()
    sentences = serializers.ListField(child=serializers.CharField())
    approvers = serializers.ListField(child=serializers.CharField())
    approvals_needed = serializers.IntegerField()
    stages = StageSerializer(many=True)
    automatic = serializers.CharField(
        help_text="What the rule book decides at once: `approve`, `deny`, or nothing."
    )
    enforced = serializers.BooleanField()


class RowSerializer(serializers.Serializer[Any]):
    """What became of one row: `status` and either the request or the problem, as sent alone."""

    status = serializers.IntegerField()
    request = RequestSerializer(allow_null=True)
    problem = ProblemBody(allow_null=True)


class RowsSerializer(serializers.Serializer[Any]):
    """What became of each row, in the order they were sent."""

    results = RowSerializer(many=True)
