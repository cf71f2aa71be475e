"""Single calls to the API: each belongs to a deed, has a deadline and a definite end."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from egress.cluster.answers import Deed, lost, malformed, read_object, refused, retry_after_of
from egress.cluster.deadline import gated
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.pace import AtRestError, NoPlaceError, Pace, manner
from egress.cluster.transport import Answer, Stream, Transport, TransportError

JSON = {"Content-Type": "application/json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}


class Calls:
    """Sends requests over a transport and turns failures into `ClusterError`."""

    def __init__(
        self,
        transport: Transport,
        timeout: float,
        until: float = math.inf,
        pace: Pace | None = None,
    ) -> None:
        """`timeout` is in seconds and bounds a deed, however many requests it takes.

        No deed lasts longer than `until`, a reading of `time.monotonic()`. `pace` bounds how
        many requests are under way at once.
        """
        self._transport = transport
        self._timeout = timeout
        self._until = until
        self._pace = pace or Pace()

    def __repr__(self) -> str:
        return repr(self._transport)

    def begin(self, words: str, *, writes: bool = False) -> Deed:
        """Start the clock for one deed; `words` complete "Could not ..."."""
        return Deed(words, writes, min(time.monotonic() + self._timeout, self._until))

    def ending_by(self, until: float) -> "Calls":
        """Return calls over the same transport that are all over by `until`."""
        return Calls(self._transport, self._timeout, min(until, self._until), self._pace)

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
        """Return the answer, whatever its status. Raises ClusterError when there is none.

        What the server refused with 429 was not looked at: after the rest that it asks for it is
        sent once more, if there is time. Nothing else is ever sent twice.
        """
        asked = _Asked(method, path, query or {}, headers or {}, body)
        answer = self._send_once(deed, asked)
        if answer.status == 429:
            rest = retry_after_of(answer)
            if rest is not None and time.monotonic() + rest < deed.until:
                return self._send_once(deed, asked)
        return answer

    def _send_once(self, deed: Deed, asked: "_Asked") -> Answer:
        round_ = self._take_place(deed)
        answer, began = None, 0.0
        try:
            check = manner().check
            if check:
                check()
            began = time.monotonic()
            if began >= deed.until:
                raise _too_late(deed)
            # Asked again by the transport: a process may be frozen between here and there.
            with gated(check):
                answer = self._transport.request(
                    asked.method,
                    asked.path,
                    query=asked.query,
                    headers=asked.headers,
                    body=asked.body,
                    timeout=deed.until - began,
                )
            return answer
        except TransportError as error:
            raise lost(error, deed) from error
        finally:
            self._pace.give_back(
                round_,
                status=answer.status if answer else 0,
                # How long a list takes tells how long it is.
                seconds=time.monotonic() - began if answer and "limit" not in asked.query else None,
                retry_after=retry_after_of(answer) if answer else None,
            )

    def _take_place(self, deed: Deed) -> int:
        try:
            return self._pace.take(deed.until, first=manner().first)
        except NoPlaceError:
            raise _too_late(deed) from None
        except AtRestError as rest:
            raise ClusterError(
                f"Could not {deed.words}: the server asked for {math.ceil(rest.seconds)} s "
                "without requests. Nothing was sent.",
                Fault.TOO_MANY_REQUESTS,
                retryable=True,
                retry_after=rest.seconds,
            ) from None

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


@dataclass(frozen=True)
class _Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: object | None


def _too_late(deed: Deed) -> ClusterError:
    return ClusterError(f"Could not {deed.words} in time.", Fault.TIMEOUT, retryable=True)


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
