"""The ways in which a service says no. Views and the API only translate them."""

from collections.abc import Iterable, Mapping


class ServiceError(Exception):
    """A refusal that people can act upon.

    `message` is a sentence with the next step, `reason` a CamelCase constant for machines, and
    `fields` maps input fields (`reason`, `destinations.0.host`) to sentences about them.
    """

    default_reason = "Failed"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        fields: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.fields: dict[str, list[str]] = {
            name: list(sentences) for name, sentences in (fields or {}).items()
        }


class Refused(ServiceError):  # noqa: N818 (says what happened, as the glossary does)
    """The input is wrong, or a policy says no."""

    default_reason = "Refused"


class NotAllowed(ServiceError):  # noqa: N818
    """This person may not do this."""

    default_reason = "NotAllowed"


class Conflict(ServiceError):  # noqa: N818
    """It is decided or ended already, or it changed since it was looked at."""

    default_reason = "Conflict"


class Missing(ServiceError):  # noqa: N818
    """There is no such thing, or it is not for this person to see."""

    default_reason = "Missing"


class Unavailable(ServiceError):  # noqa: N818
    """Something the action needs cannot be reached now; trying again later may work."""

    default_reason = "Unavailable"
    retryable = True
