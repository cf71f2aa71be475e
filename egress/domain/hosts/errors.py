"""The one error of the host functions."""


class HostError(ValueError):
    """A text is no destination host. Expected, and never a crash.

    `reason` is a CamelCase constant, `message` a sentence with the offending value in quotes and
    a next step. The message never repeats credentials out of a pasted address.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
