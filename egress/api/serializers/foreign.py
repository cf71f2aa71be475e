"""Bodies of foreign objects, and of asking for their adoption."""

from rest_framework import serializers

from egress.api.serializers.base import Body
from egress.api.serializers.fields import Text, Whole
from egress.models import Adoption, ForeignObject
from egress.services.requests.drafts import MAX_DAYS


class AdoptBody(Body):
    """Which version of which object to adopt: `uid` and `resource_version` as it was looked at."""

    kind = Text(max_length=64, help_text="ServiceEntry: others cannot be adopted.")
    namespace = Text(max_length=63)
    name = Text(max_length=253)
    uid = Text(max_length=64)
    resource_version = Text(max_length=64)
    reason = Text(max_length=2000)
    duration_days = Whole(
        allow_null=True, min_value=1, max_value=MAX_DAYS, help_text="null: no end date."
    )


class ForeignObjectSerializer(serializers.ModelSerializer[ForeignObject]):
    """An object that the portal did not write; `why_not` says why it cannot be adopted."""

    managers = serializers.ListField(child=serializers.CharField())
    hosts = serializers.ListField(child=serializers.CharField())
    ports = serializers.ListField(child=serializers.IntegerField())
    serves = serializers.ListField(
        child=serializers.CharField(), help_text='Namespaces; "*" stands for all.'
    )
    granted = serializers.ListField(
        child=serializers.CharField(), help_text="Hosts that the portal grants there, too."
    )

    class Meta:
        model = ForeignObject
        fields = [
            *["api_version", "kind", "namespace", "name", "uid", "resource_version", "managers"],
            *["hosts", "ports", "serves", "sentence", "adoptable", "why_not", "granted"],
        ]


class AdoptionSerializer(serializers.ModelSerializer[Adoption]):
    """What a request adopts: `outcome` tells what became of it once the request is approved."""

    class Meta:
        model = Adoption
        fields = [
            *["api_version", "kind", "namespace", "name", "uid", "resource_version"],
            *["outcome", "outcome_at", "message"],
        ]
