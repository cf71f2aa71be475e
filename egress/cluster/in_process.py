"""Calls to an API in the same process, for tests and for the embedded sandbox.

Nothing of the sandbox is imported: whatever has a `handle` of this shape will do.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from egress.cluster.errors import Fault
from egress.cluster.transport import Answer, Headers, Query, TransportError


class MakeRequest(Protocol):
    """Builds a request from a method and a target such as `/api/v1/pods?limit=3`."""

    def __call__(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Any:
        """Return the request that `handle` takes."""


class InProcessTransport:
    """Hands requests to `handle`. Its answers have `status`, `headers` and `body`.

    The body is bytes, or an iterator of pieces for a watch; an empty piece marks that time
    passes.
    """

    def __init__(
        self, handle: Callable[[Any], Any], make_request: MakeRequest, *, token: str = ""
    ) -> None:
        self._handle = handle
        self._make_request = make_request
        self._token = token

    def __repr__(self) -> str:
        return "InProcessTransport()"

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
        """Hand over one request and return the whole answer (see `Transport`)."""
        response = self._call(method, path, query, headers, body)
        if not isinstance(response.body, bytes):
            raise TransportError("The answer never ends.", Fault.MALFORMED, sent=True)
        return _answer(response, response.body)

    def stream(self, path: str, *, query: Query, headers: Headers, timeout: float) -> "_Stream":
        """Hand over a GET and return an answer that keeps coming."""
        return _Stream(self._call("GET", path, query, headers, None), timeout)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _call(
        self, method: str, path: str, query: Query, headers: Headers, body: object | None
    ) -> Any:
        target = f"{path}?{urlencode(query)}" if query else path
        sent = {"User-Agent": "egress-portal", "Accept": "application/json", **headers}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        data = b"" if body is None else json.dumps(body).encode()
        return self._handle(self._make_request(method, target, headers=sent, body=data))


class _Stream:
    def __init__(self, response: Any, timeout: float) -> None:
        is_whole = isinstance(response.body, bytes)
        self.answer = _answer(response, response.body if is_whole else b"")
        self._pieces: Iterator[bytes] = iter([response.body]) if is_whole else response.body
        self._until = time.monotonic() + timeout

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Raises TransportError when it outlasts its timeout."""
        for piece in self._pieces:
            if piece:
                yield piece
            if time.monotonic() > self._until:
                raise TransportError("The answer did not end in time.", Fault.TIMEOUT, sent=True)

    def close(self) -> None:
        """End the iterator."""
        end = getattr(self._pieces, "close", None)
        if end is not None:
            end()


def _answer(response: Any, body: bytes) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, body)
