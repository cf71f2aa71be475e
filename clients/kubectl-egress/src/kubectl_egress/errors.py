"""How a command ends, and the one exception that carries it."""

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. Pipelines rely on them: docs/cli.md lists them."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    NOT_GRANTED = 3
    TIMEOUT = 4
    NOT_ALLOWED = 5
    UNREACHABLE = 6
    MISSING = 7
    STOPPED = 130


class Failure(Exception):  # noqa: N818 (it is how a command ends, not always an error)
    """A command that cannot do what was asked.

    `message` is a sentence with the next step, `exit_code` what the process ends with, `details`
    are further lines. `reason` is the portal's CamelCase constant, empty for our own.
    """

    def __init__(
        self, message: str, exit_code: Exit, details: Iterable[str] = (), reason: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.details = tuple(details)
        self.reason = reason


def usage(message: str) -> Failure:
    """Return the failure of somebody who typed, or stored, something that cannot be understood."""
    return Failure(message, Exit.USAGE)
