"""How OpenAPI describes what all operations have in common."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema

from egress.api import idempotency
from egress.api.exports import FORMATS, Exportable
from egress.api.problems import MEDIA_TYPE
from egress.api.serializers.base import ProblemBody

NAMED = {
    401: "Nobody is signed in, or the token does not let anybody in.",
    403: "The caller, or the token, may not do this.",
    404: "There is nothing there, or it is not for the caller to see.",
    422: "A value cannot be accepted: `errors` names each field.",
}
OF_CHANGES = {409: "It is decided or ended already, or changed since it was looked at."}
OTHERS = "Anything else that went wrong: 400, 405, 406, 413, 415, 500 or 503."

TEXT = {"type": "string"}
"""What a stream is to a description: text, whose lines the media type explains."""


class PortalSchema(AutoSchema):
    """Adds the error answers to every operation, and `Idempotency-Key` to every POST."""

    def get_override_parameters(self) -> list[Any]:
        """Return the header that makes a POST safe to repeat."""
        inherited = list(super().get_override_parameters())
        return [*inherited, idempotency.PARAMETER] if self.method == "POST" else inherited

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation with its error answers."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        first, _, rest = str(operation.pop("description", "")).partition("\n")
        operation["summary"] = first.replace("`", "")
        if rest.strip():
            operation["description"] = rest.strip()
        answers = operation["responses"]
        if isinstance(self.view, Exportable):
            answers["200"]["content"] |= {kind: {"schema": TEXT} for kind in FORMATS.values()}
        for status, words in (NAMED if self.method == "GET" else NAMED | OF_CHANGES).items():
            answers.setdefault(str(status), self._problem(words))
        answers["default"] = self._problem(OTHERS)
        return operation

    def _problem(self, description: str) -> dict[str, Any]:
        body = self.resolve_serializer(ProblemBody, "response").ref
        return {"description": description, "content": {MEDIA_TYPE: {"schema": body}}}


class BodyExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says of request bodies that they take no field which they do not name."""

    target_class = "egress.api.serializers.base.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return the schema of a body."""
        schema: dict[str, Any] = auto_schema._map_serializer(
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False}
