"""Bodies of the posture of a cluster."""

from typing import Any

from rest_framework import serializers


class PostureRowSerializer(serializers.Serializer[Any]):
    """One row: `id` is PF1 to PF10, or Foreign for a way out that the portal did not write."""

    id = serializers.CharField()
    level = serializers.CharField()
    scope = serializers.CharField()
    sentence = serializers.CharField()
    object = serializers.CharField()
    fix = serializers.CharField()
    namespace = serializers.CharField()
    host = serializers.CharField()
    attested = serializers.CharField()


class PostureSerializer(serializers.Serializer[Any]):
    """The posture as last seen; `boundary` is null as long as nobody looked."""

    looked_at = serializers.DateTimeField(allow_null=True)
    boundary = serializers.BooleanField(allow_null=True)
    rows = PostureRowSerializer(many=True)
