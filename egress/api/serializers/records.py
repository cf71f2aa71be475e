"""Bodies of clusters, namespaces, catalogue, audit, tokens and the rest."""

from typing import Any

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Flag, OneOf, Text, Whole, WholeInAddress
from egress.api.serializers.grants import GrantSerializer
from egress.models import (
    ApiToken,
    AuditEvent,
    CatalogueEntry,
    Cluster,
    Namespace,
    Person,
    ServiceAccount,
)
from egress.services.tokens import MAX_DAYS, SCOPES


class CheckSerializer(serializers.Serializer[Any]):
    """One line of a cluster's posture checklist."""

    id = serializers.CharField(default="")
    level = serializers.CharField(default="")
    sentence = serializers.CharField(default="")
    fix = serializers.CharField(default="")


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """A cluster, without its credentials."""

    checks = CheckSerializer(many=True)

    class Meta:
        model = Cluster
        fields = [
            *["name", "enforcement", "trust_domain", "root_namespace", "egress_namespace"],
            *["istio_version", "kubernetes_version", "is_sandbox", "drift_policy", "server"],
            *["reachable", "reached_at", "problem", "inventory_at", "swept_at", "checks"],
        ]


class NamespaceSerializer(serializers.ModelSerializer[Namespace]):
    """A namespace of the inventory."""

    cluster = serializers.CharField(source="cluster.name")
    owner = serializers.CharField(source="owner_name")
    uninjected_pods = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Namespace
        fields = [
            *["cluster", "name", "uid", "owner", "injected", "pods", "uninjected_pods"],
            *["enforcement", "default_deny", "default_deny_by", "default_deny_at"],
            *["default_deny_enforced", "network_policy", "network_policy_by"],
            *["network_policy_at", "network_policy_enforced", "seen_at"],
        ]


class ServiceAccountSerializer(serializers.ModelSerializer[ServiceAccount]):
    """A service account of the inventory."""

    cluster = serializers.CharField(source="namespace.cluster.name")
    namespace = serializers.CharField(source="namespace.name")

    class Meta:
        model = ServiceAccount
        fields = ["cluster", "namespace", "name", "uid", "seen_at"]


class HardeningBody(Body):
    """A decision that closes a namespace or opens it.

    `digest` is the one of the preview that was looked at.
    """

    on = Flag()
    reason = Text(max_length=500, default="", allow_blank=True)
    digest = Text(max_length=64)


class HardeningPreviewSerializer(serializers.Serializer[Any]):
    """What switching a decision would do: what stops, what goes on, and what forbids it."""

    diff = serializers.CharField()
    would_stop = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())
    blocked = serializers.ListField(child=serializers.CharField())
    digest = serializers.CharField()


class CatalogueDestinationSerializer(serializers.Serializer[Any]):
    """One destination of a preset, as a request takes it."""

    host = serializers.CharField()
    port = serializers.IntegerField()
    protocol = serializers.CharField()
    tls_origination = serializers.BooleanField(default=False)


class CatalogueSerializer(serializers.ModelSerializer[CatalogueEntry]):
    """A preset of destinations."""

    destinations = CatalogueDestinationSerializer(many=True)
    owner_team = serializers.CharField(
        source="owner_team.name", default="", help_text="Its members may decide; may be empty."
    )

    class Meta:
        model = CatalogueEntry
        fields = ["name", "title", "notes", "owner", "owner_team", "destinations"]


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """One event of the audit trail. `data` holds its details, before and after."""

    data = serializers.DictField()  # type: ignore[assignment]

    class Meta:
        model = AuditEvent
        fields = [
            *["sequence", "at", "tag", "actor", "source", "request_id", "target", "target_id"],
            *["cluster", "namespace", "host", "message", "data", "previous_hash", "hash"],
        ]


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token, without its secret."""

    scopes = serializers.ListField(child=serializers.CharField())
    clusters = serializers.SerializerMethodField()
    namespaces = serializers.ListField(child=serializers.CharField())
    made_by = serializers.CharField(source="made_by.username", default="")

    class Meta:
        model = ApiToken
        fields = [
            *["id", "name", "prefix", "scopes", "clusters", "namespaces", "made_by"],
            *["created_at", "expires_at", "last_used_at", "revoked_at"],
        ]

    def get_clusters(self, token: ApiToken) -> list[str]:
        """Return the names of the clusters that the token is limited to, none for every one."""
        if not token.clusters:
            return []
        # The context is one for all rows of a list.
        known: Any = self.context
        names = known.setdefault("cluster_names", {})
        if not names:
            names.update(Cluster.objects.values_list("pk", "name"))
        return [names.get(pk, "a cluster that is gone") for pk in token.clusters]


class NewTokenSerializer(TokenSerializer):
    """A new token with its secret, shown this once."""

    secret = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "secret"]


class TokenBody(Body):
    """A token that somebody wants."""

    name = Text(max_length=100)
    scopes = serializers.ListField(child=OneOf(choices=SCOPES), allow_empty=False, max_length=10)
    days = Whole(min_value=1, max_value=MAX_DAYS, default=90)
    clusters = serializers.ListField(
        child=Text(max_length=63), default=list, max_length=20, help_text="Empty: every cluster."
    )
    namespaces = serializers.ListField(
        child=Text(max_length=253),
        default=list,
        max_length=20,
        help_text='Patterns such as "pay*". Empty: every namespace.',
    )


class RobotSerializer(serializers.ModelSerializer[Person]):
    """The account of a pipeline: it calls by token, and never decides."""

    teams = serializers.SerializerMethodField()

    class Meta:
        model = Person
        fields = ["id", "username", "teams", "is_active", "date_joined"]

    def get_teams(self, robot: Person) -> list[str]:
        """Return the names of its teams."""
        return sorted(team.name for team in robot.groups.all())


class RobotBody(Body):
    """A robot that somebody wants for their teams."""

    username = Text(max_length=150)
    teams = serializers.ListField(child=Text(max_length=150), allow_empty=False, max_length=20)


class MeSerializer(serializers.Serializer[Any]):
    """The caller."""

    username = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    teams = serializers.ListField(child=serializers.CharField())
    is_robot = serializers.BooleanField()
    is_admin = serializers.BooleanField()
    is_auditor = serializers.BooleanField()
    token_expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When the token of this call ends; null in a session."
    )


class AccessQuestion(Body):
    """Can this subject reach that destination?"""

    cluster = Text(max_length=63)
    namespace = Text(max_length=63)
    service_account = Text(max_length=253, default="", allow_blank=True)
    host = Text(max_length=2000)
    port = WholeInAddress(min_value=1, max_value=65535)


class AccessAnswerSerializer(serializers.Serializer[Any]):
    """Yes or no, and why."""

    allowed = serializers.BooleanField()
    reason = serializers.CharField()
    enforced = serializers.BooleanField()
    grant = GrantSerializer(allow_null=True)
