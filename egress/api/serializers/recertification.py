"""Bodies of recertification: what waits for owners, and their answers."""

from typing import Any, ClassVar

from rest_framework import serializers

from egress.api.serializers.base import Body, ProblemBody
from egress.api.serializers.fields import OneOf, Text, Whole
from egress.api.serializers.grants import GrantSerializer
from egress.models import Recertification

CONFIRM, DROP = "confirm", "drop"


class ConfirmBody(Body):
    """That a grant is still needed."""

    reason = Text(max_length=500, default="", allow_blank=True)


class DropBody(Body):
    """That a grant is not needed any more."""

    note = Text(max_length=450, default="", allow_blank=True)


class AnswerBody(Body):
    """The answer about one grant among several."""

    grant = Whole(min_value=1)
    answer = OneOf(choices=[CONFIRM, DROP])
    note = Text(max_length=450, default="", allow_blank=True)


class AnswersBody(Body):
    """Answers about up to 50 grants."""

    answers = AnswerBody(many=True, allow_empty=False, max_length=50)  # type: ignore[call-arg]


class RecertificationSerializer(serializers.ModelSerializer[Recertification]):
    """Where one grant stands in its cycle.

    `announced_at` is empty while nobody is asked. Without an answer the grant ends at `due_at`.
    """

    cluster = serializers.CharField(source="grant.cluster.name")
    namespace = serializers.CharField(source="grant.namespace")
    service_account = serializers.CharField(source="grant.service_account")
    host = serializers.CharField(source="grant.host")
    port = serializers.IntegerField(source="grant.port")
    active_at = serializers.DateTimeField(source="grant.active_at", allow_null=True)
    requester = serializers.CharField(source="grant.request.requester.username")
    granted_by = serializers.CharField(source="grant.granted_by")

    class Meta:
        model = Recertification
        fields: ClassVar[Any] = [
            *["grant", "cluster", "namespace", "service_account", "host", "port", "active_at"],
            *["requester", "granted_by", "due_at", "announced_at", "reminded_at"],
            *["confirmed_at", "confirmed_by", "note", "closed_at", "outcome"],
        ]


class AnsweredSerializer(serializers.Serializer[Any]):
    """What became of one answer: `status` and either the grant or the problem."""

    status = serializers.IntegerField()
    grant = GrantSerializer(allow_null=True)
    problem = ProblemBody(allow_null=True)


class AnswersSerializer(serializers.Serializer[Any]):
    """What became of each answer, in the order they were sent."""

    results = AnsweredSerializer(many=True)
