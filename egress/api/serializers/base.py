"""What all bodies have in common."""

from typing import Any

from rest_framework import serializers


class Body(serializers.Serializer[Any]):
    """A request body that refuses fields it does not know, so that no typo is ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values. Raises ValidationError naming unknown fields as well."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({"non_field_errors": ["Send an object, in braces."]})
        errors: dict[str, Any] = {
            name: ["There is no such field. See /api/docs/."]
            for name in sorted(set(data) - set(self.fields))
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            known = error.detail if isinstance(error.detail, dict) else {"": error.detail}
            raise serializers.ValidationError({**known, **errors}) from error
        if errors:
            raise serializers.ValidationError(errors)
        return values


class NoBody(Body):
    """The body of an action that needs none: absent, or an empty object."""


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457 problem details.

    `reason` is a CamelCase constant for programs, `detail` a sentence for people. `errors` maps
    paths of fields (`destinations.0.host`) to sentences about them.
    """

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    reason = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )
    request_id = serializers.CharField()
