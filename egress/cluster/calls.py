"""Single calls to the API: each belongs to a deed, has a deadline and a definite end."""

import math
import time
from collections.abc import Mapping
from typing import Any

from egress.cluster.answers import Deed, lost, malformed, read_object, refused
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.transport import Answer, Stream, Transport, TransportError

JSON = {"Content-Type": "application/json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}


class Calls:
    """Sends requests over a transport and turns failures into `ClusterError`."""

    def __init__(self, transport: Transport, timeout: float, until: float = math.inf) -> None:
        """`timeout` is in seconds and bounds a deed, however many requests it takes.

        No deed lasts longer than `until`, a reading of `time.monotonic()`.
        """
        self._transport = transport
        self._timeout = timeout
        self._until = until

    def __repr__(self) -> str:
        return repr(self._transport)

    def begin(self, words: str, *, writes: bool = False) -> Deed:
        """Start the clock for one deed; `words` complete "Could not ..."."""
        return Deed(words, writes, min(time.monotonic() + self._timeout, self._until))

    def ending_by(self, until: float) -> "Calls":
        """Return calls over the same transport that are all over by `until`."""
        return Calls(self._transport, self._timeout, min(until, self._until))

    def send(
        self,
        deed: Deed,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object | None = None,
    ) -> Answer:
        """Return the answer, whatever its status. Raises ClusterError when there is none."""
        left = deed.until - time.monotonic()
        if left <= 0:
            raise ClusterError(f"Could not {deed.words} in time.", Fault.TIMEOUT, retryable=True)
        try:
            return self._transport.request(
                method, path, query=query or {}, headers=headers or {}, body=body, timeout=left
            )
        except TransportError as error:
            raise lost(error, deed) from error

    def ask(
        self,
        deed: Deed,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
    ) -> dict[str, Any]:
        """Return the object of a successful answer. Raises ClusterError for any other."""
        headers = {} if body is None else JSON
        answer = self.send(deed, method, path, query=query, headers=headers, body=body)
        return success(answer, deed)

    def open(self, deed: Deed, path: str, query: Mapping[str, str], timeout: float) -> Stream:
        """Return an open stream that lasts at most `timeout` seconds."""
        try:
            return self._transport.stream(path, query=query, headers={}, timeout=timeout)
        except TransportError as error:
            raise lost(error, deed) from error

    def close(self) -> None:
        """Release the connections and end the streams."""
        self._transport.close()


def success(answer: Answer, deed: Deed) -> dict[str, Any]:
    """Return the object of a successful answer. Raises ClusterError for any other."""
    if not 200 <= answer.status < 300:
        raise refused(answer, deed)
    return read_object(answer, deed)


def named(answer: Answer, deed: Deed, name: str) -> dict[str, Any]:
    """Return the object `name` of a successful answer. Raises ClusterError for any other."""
    obj = success(answer, deed)
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name") != name:
        raise malformed(deed, "is another object", answered=answer.status)
    return obj
