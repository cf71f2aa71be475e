"""Owners of namespaces as bodies."""

from typing import Any

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text
from egress.models import Namespace


class OwnerSerializer(serializers.Serializer[Any]):
    """Who may ask for a namespace. `named_by` says what names `team`, empty without one."""

    team = serializers.CharField(source="owner_name")
    named_by = serializers.SerializerMethodField()
    by_review = serializers.BooleanField(
        source="cluster.owner_by_review",
        help_text="Whoever may create deployments in it may ask for it as well.",
    )

    def get_named_by(self, namespace: Namespace) -> str:
        """Return `admin` or `label`."""
        return "admin" if namespace.owner else "label" if namespace.owner_label else ""


class OwnerBody(Body):
    """The team that is to own a namespace."""

    team = Text(max_length=150, allow_blank=True)
