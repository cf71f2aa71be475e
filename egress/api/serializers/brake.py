"""Bodies of the brake of a cluster."""

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text
from egress.models import BrakeRelease, HeldRemoval


class HeldRemovalSerializer(serializers.ModelSerializer[HeldRemoval]):
    """One object that is held; `narrowed` tells that it would be narrowed, not removed."""

    narrowed = serializers.SerializerMethodField()
    slice = serializers.CharField(source="slice.key")

    class Meta:
        model = HeldRemoval
        fields = [
            *["api_version", "kind", "namespace", "name", "uid", "host", "narrowed", "slice"],
            "held_at",
        ]

    def get_narrowed(self, held: HeldRemoval) -> bool:
        """Return whether something of the object would stay."""
        return bool(held.left)


class BrakeReleaseSerializer(serializers.ModelSerializer[BrakeRelease]):
    """What an admin released, until when, and since when it is made use of."""

    objects = serializers.SerializerMethodField()

    class Meta:
        model = BrakeRelease
        fields = [
            *["id", "digest", "reason", "released_by", "created_at", "until", "used_at", "objects"]
        ]

    def get_objects(self, release: BrakeRelease) -> int:
        """Return how many objects it is about."""
        return len(release.objects_released)


class BrakeSerializer(serializers.Serializer[object]):
    """What the brake holds: `digest` names exactly this set, for its release."""

    digest = serializers.CharField()
    held = HeldRemovalSerializer(many=True)
    releases = BrakeReleaseSerializer(many=True)


class ReleaseBody(Body):
    """Lets what is held go. `digest` is the one that was looked at."""

    digest = Text(max_length=64)
    reason = Text(max_length=500)
