"""One HTTP call to a cluster: what goes in, what comes out, and how it can fail."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from egress.cluster.errors import Fault

Query = Mapping[str, str]
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What the server said. Names of headers are in lower case."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class TransportError(Exception):
    """No complete answer. `sent` tells whether the server may have seen the request.

    The message is a sentence without secrets. `fault` is UNREACHABLE, TIMEOUT, MALFORMED or
    CREDENTIALS.
    """

    def __init__(self, message: str, fault: Fault, *, sent: bool) -> None:
        super().__init__(message)
        self.message = message
        self.fault = fault
        self.sent = sent


class Stream(Protocol):
    """An answer that keeps coming: read `answer` first, then iterate over pieces of the body."""

    @property
    def answer(self) -> Answer:
        """Return status and headers; the body of a refusal, else an empty body."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Raises TransportError."""

    def close(self) -> None:
        """Give the connection back."""


class Transport(Protocol):
    """Carries requests to one cluster. Safe to use from several threads."""

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query,
        headers: Headers,
        body: object | None,
        timeout: float,
    ) -> Answer:
        """Send one request and return the whole answer.

        `path` is absolute and quoted; `body` is data that is sent as JSON; `timeout` is in
        seconds and covers everything from resolving the name to the last byte.
        Raises TransportError.
        """

    def stream(self, path: str, *, query: Query, headers: Headers, timeout: float) -> Stream:
        """Send a GET and return the beginning of an answer that keeps coming.

        `timeout` is in seconds and covers the whole stream. Raises TransportError.
        """

    def close(self) -> None:
        """Release the connections and end the streams."""
