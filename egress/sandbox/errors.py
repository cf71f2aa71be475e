"""Refusals in the words of the Kubernetes API: a `Status` body with code, reason and details.

The texts and shapes follow the recording of a 1.36 API server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from egress.sandbox.kinds import Kind
from egress.sandbox.schema import Cause


class StatusError(Exception):
    """An answer other than success; `body()` is the Status object that the caller gets."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Return the Status object of this refusal."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = dict(self.details)
        status["code"] = self.code
        return status


def _about(group: str, kind: str, name: str) -> dict[str, Any]:
    details = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in details.items() if value}


def not_found(kind: Kind, name: str) -> StatusError:
    """404: there is no such object."""
    message = f'{kind.resource} "{name}" not found'
    return StatusError(404, "NotFound", message, _about(kind.group, kind.plural, name))


def already_exists(kind: Kind, name: str) -> StatusError:
    """409: a create met an object of that name."""
    message = f'{kind.resource} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, _about(kind.group, kind.plural, name))


def conflict(kind: Kind, name: str, why: str) -> StatusError:
    """409: the object is not in the state that the caller assumed."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return StatusError(409, "Conflict", message, _about(kind.group, kind.plural, name))


def modified(kind: Kind, name: str) -> StatusError:
    """409: the resourceVersion that the caller named is not the current one."""
    why = (
        "the object has been modified; "
        "please apply your changes to the latest version and try again"
    )
    return conflict(kind, name, why)


def delete_precondition(kind: Kind, name: str, why: str) -> StatusError:
    """409: a delete's precondition fails. The server names the kind here, not the resource."""
    qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    message = f'Operation cannot be fulfilled on {qualified} "{name}": {why}'
    return StatusError(409, "Conflict", message, _about(kind.group, kind.kind, name))


def field_conflicts(causes: Sequence[Cause]) -> StatusError:
    """409: an apply without force meets fields that other managers own."""
    return StatusError(
        409,
        "Conflict",
        _conflict_message(causes),
        {"causes": [_cause(cause) for cause in causes]},
    )


def _conflict_message(causes: Sequence[Cause]) -> str:
    if len(causes) == 1:
        return f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}"
    fields: dict[str, list[str]] = {}
    for cause in causes:
        fields.setdefault(cause.message.removeprefix("conflict "), []).append(f"- {cause.field}")
    blocks = ["\n".join([f"conflicts {whose}:", *lines]) for whose, lines in fields.items()]
    return f"Apply failed with {len(causes)} conflicts: " + "\n".join(blocks)


def _cause(cause: Cause) -> dict[str, str]:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}


def _aggregate(causes: Sequence[Cause]) -> str:
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> StatusError:
    """422: the object was understood and its values are refused, one cause per fault.

    `kind` is the kind's name, or the plural where the server says that (a PUT without
    resourceVersion). Equal faults appear once in the message and each time in the causes.
    """
    qualified = f"{kind}.{group}" if group else kind
    details = _about(group, kind, name) | {"causes": [_cause(cause) for cause in causes]}
    message = f'{qualified} "{name}" is invalid: {_aggregate(causes)}'
    return StatusError(422, "Invalid", message, details)


def invalid_options(kind: str, cause: Cause) -> StatusError:
    """422: an option of the request itself is refused; `kind` is e.g. `PatchOptions`."""
    return invalid("meta.k8s.io", kind, "", [cause])


def bad_request(message: str) -> StatusError:
    """400: the request could not be understood."""
    return StatusError(400, "BadRequest", message)


def internal(message: str) -> StatusError:
    """500 without a reason: how the server reports errors it has no class for."""
    return StatusError(500, "", message)


def unauthorized() -> StatusError:
    """401: the token is not known."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(kind_group: str, resource: str, name: str, why: str) -> StatusError:
    """403 on a resource; `why` is the sentence about user and verb."""
    qualified = f"{resource}.{kind_group}" if kind_group else resource
    quoted = f' "{name}"' if name else ""
    message = f"{qualified}{quoted} is forbidden: {why}"
    return StatusError(403, "Forbidden", message, _about(kind_group, resource, name))


def forbidden_path(user: str, verb: str, path: str) -> StatusError:
    """403 on a path that is no resource."""
    message = f'forbidden: User "{user}" cannot {verb} path "{path}"'
    return StatusError(403, "Forbidden", message, {})


def method_not_allowed() -> StatusError:
    """405: the path exists, the method does not."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def unsupported_media(accepted: Sequence[str]) -> StatusError:
    """415: the body has a content type that this request cannot have."""
    listed = ", ".join(accepted)
    message = (
        f"the body of the request was in an unknown format - accepted media types include: {listed}"
    )
    return StatusError(415, "UnsupportedMediaType", message)


def too_large(limit: int) -> StatusError:
    """413: the body is longer than the server reads; `limit` is in bytes."""
    message = f"Request entity too large: limit is {limit}"
    return StatusError(413, "RequestEntityTooLarge", message, {})


def expired(message: str) -> StatusError:
    """410: the history that the caller asks for is no longer kept."""
    return StatusError(410, "Expired", message)


def version_too_large(wanted: int, current: int) -> StatusError:
    """504: the caller names a resourceVersion that does not exist yet."""
    message = f"Too large resource version: {wanted}, current: {current}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    details = {"causes": [cause], "retryAfterSeconds": 1}
    return StatusError(504, "Timeout", f"Timeout: {message}", details, headers={"Retry-After": "1"})
