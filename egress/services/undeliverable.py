"""The one way in which sending fails."""


class UndeliverableError(Exception):
    """A message could not be sent. The message is a sentence without any secret.

    `permanent` says that another attempt would fail alike.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.message = message[:300]
        self.permanent = permanent
