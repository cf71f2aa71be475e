"""HTTP to a real API server (or the sandbox), over the official client's connection pool."""

import json
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.utils.keepalive import tcp_keepalive_socket_options
from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from egress.cluster.credentials import Credentials
from egress.cluster.deadline import Call, bound_tls, use_bounded_connections
from egress.cluster.errors import Fault
from egress.cluster.keymaterial import client_context
from egress.cluster.serverurl import is_on_this_machine
from egress.cluster.tokens import TokenSource
from egress.cluster.transport import Answer, Headers, Query, TransportError

_FAILURES = (HTTPError, HTTPException, OSError, ValueError)


@dataclass(frozen=True)
class Limits:
    """How long and how much: seconds to connect (with TLS) and between two pieces of an answer,
    bytes of an answer, and connections kept open to one cluster."""

    connect: float = 5.0
    read: float = 20.0
    body: int = 64 * 1024 * 1024
    pool_size: int = 32


class HttpTransport:
    """Carries requests over kept-alive connections. Safe to use from several threads."""

    def __init__(self, credentials: Credentials, limits: Limits | None = None) -> None:
        """Prepare the connections; nothing is sent yet.

        Raises ClusterError(CREDENTIALS) when the certificates cannot be used.
        """
        self._server = credentials.server
        self._limits = limits or Limits()
        self._tokens = TokenSource(credentials)
        self._rest: Any = _rest_client(credentials, self._limits)
        self._pool: Any = None
        self._is_by_proxy = isinstance(self._rest.pool_manager, urllib3.ProxyManager)
        base = urlsplit(credentials.server).path.rstrip("/")
        self._before = credentials.server if self._is_by_proxy else base
        self._timeout = urllib3.Timeout(connect=self._limits.connect, read=self._limits.read)
        self._streams: weakref.WeakSet[_HttpStream] = weakref.WeakSet()
        self._closed = False

    def __repr__(self) -> str:
        return f"HttpTransport({self._server!r})"

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
        """Send one request and return the whole answer (see `Transport`)."""
        call = Call(timeout)
        token = self._tokens.token()
        with call.running():
            response = self._send(call, method, path, query, headers, body, token)
            try:
                text = self._read(response)
            except _FAILURES as error:
                response.close()
                raise self._failure(error, call) from None
        response.release_conn()
        return _answer(response, text, token)

    def stream(self, path: str, *, query: Query, headers: Headers, timeout: float) -> "_HttpStream":
        """Send a GET and return the beginning of an answer that keeps coming."""
        call = Call(timeout)
        token = self._tokens.token()
        with call.running():
            response = self._send(call, "GET", path, query, headers, None, token)
            try:
                text = self._read(response) if response.status != 200 else b""
            except _FAILURES as error:
                response.close()
                raise self._failure(error, call) from None
        call.patient = True
        stream = _HttpStream(self, response, call, _answer(response, text, token))
        self._streams.add(stream)
        if self._closed:
            stream.close()
        return stream

    def close(self) -> None:
        """Release the connections and end the streams, those about to open included."""
        self._closed = True
        for stream in list(self._streams):
            stream.abort()
        self._rest.close()

    def _send(
        self,
        call: Call,
        method: str,
        path: str,
        query: Query,
        headers: Headers,
        body: object | None,
        token: str,
    ) -> urllib3.HTTPResponse:
        all_headers = {"User-Agent": "egress-portal", "Accept": "application/json", **headers}
        if token:
            all_headers["Authorization"] = f"Bearer {token}"
        target = path + (f"?{urlencode(query)}" if query else "")
        try:
            # The official client's own `request` parses the same address three times for each
            # call, which is a quarter of what a call costs.
            response = self._connections().urlopen(
                method,
                f"{self._before}{target}",
                body=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
                headers=all_headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except _FAILURES as error:
            raise self._failure(error, call) from None
        return cast("urllib3.HTTPResponse", response)

    def _connections(self) -> Any:
        """Return the connections to the server; they are opened anew after `close`."""
        manager, pool = self._rest.pool_manager, self._pool
        if self._is_by_proxy:
            return manager
        if pool is None or pool.pool is None:
            pool = self._pool = manager.connection_from_url(self._server)
        return pool

    def _read(self, response: urllib3.HTTPResponse) -> bytes:
        pieces, size = [], 0
        for piece in response.stream(65536, decode_content=False):
            size += len(piece)
            if size > self._limits.body:
                raise _TooLargeError
            pieces.append(piece)
        return b"".join(pieces)

    def _failure(self, error: Exception, call: Call) -> TransportError:
        """Say what happened in a sentence; the library's own words may quote the request."""
        place = f'"{urlsplit(self._server).netloc}"'
        fault, sentence = _explain(error, place)
        if fault is Fault.TIMEOUT and not call.connected:
            fault, sentence = Fault.UNREACHABLE, f"No connection to {place} in time."
        return TransportError(sentence, fault, sent=call.sent)


class _TooLargeError(ValueError):
    pass


class _HttpStream:
    """The open answer to a watch."""

    def __init__(
        self, owner: HttpTransport, response: urllib3.HTTPResponse, call: Call, answer: Answer
    ) -> None:
        self._owner = owner
        self._response = response
        self._call = call
        self._closed = False
        self.answer = answer

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives. Raises TransportError."""
        while not self._closed:
            try:
                with self._call.running():
                    piece = self._response.read1(65536, decode_content=False)
            except _FAILURES as error:
                if self._closed:
                    return
                raise self._owner._failure(error, self._call) from None
            if not piece:
                return
            yield piece

    def close(self) -> None:
        """Give the connection back. For the thread that reads."""
        self._closed = True
        with suppress(OSError, HTTPError):
            self._response.close()

    def abort(self) -> None:
        """Wake the thread that reads, which then closes. For any other thread."""
        self._closed = True
        with suppress(ValueError, RuntimeError, OSError):
            self._response.shutdown()


def _rest_client(credentials: Credentials, limits: Limits) -> RESTClientObject:
    configuration = Configuration(
        host=credentials.server,
        # A repeated write is a second write: callers decide about retries, not the pool.
        retries=False,
        connection_pool_maxsize=limits.pool_size,
        tls_server_name=credentials.tls_server_name or None,
        socket_options=tcp_keepalive_socket_options(),
    )
    if is_on_this_machine(credentials.server):
        configuration.proxy = None
    client = RESTClientObject(configuration)
    use_bounded_connections(client.pool_manager)
    if credentials.server.startswith("https:"):
        client.pool_manager.connection_pool_kw["ssl_context"] = bound_tls(
            client_context(
                credentials.ca_certificates,
                credentials.client_certificate,
                credentials.client_key,
            )
        )
    return client


def _answer(response: urllib3.HTTPResponse, body: bytes, token: str) -> Answer:
    # A refusal ends up in messages and logs, and a server may echo what it was sent.
    if token and response.status >= 400:
        body = body.replace(token.encode("ascii"), b"[hidden]")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, body)


def _explain(error: Exception, place: str) -> tuple[Fault, str]:
    if isinstance(error, _TooLargeError):
        return Fault.MALFORMED, f"The answer of {place} is too large."
    if isinstance(error, NameResolutionError):
        return Fault.UNREACHABLE, f"The name of {place} cannot be resolved."
    if isinstance(error, (ReadTimeoutError, TimeoutError)) or _holds_timeout(error):
        return Fault.TIMEOUT, f"{place} did not answer in time."
    if isinstance(error, ConnectTimeoutError):
        return Fault.UNREACHABLE, f"No connection to {place} in time."
    if isinstance(error, NewConnectionError):
        return Fault.UNREACHABLE, f"{place} does not accept connections."
    if isinstance(error, SSLError):
        return _explain_tls(str(error), place)
    if isinstance(error, ClosedPoolError):
        return Fault.UNREACHABLE, f"The connections to {place} were just closed."
    if isinstance(error, ProtocolError) and "IncompleteRead" in repr(error):
        return Fault.MALFORMED, f"The answer of {place} broke off."
    if isinstance(error, (ProtocolError, OSError)):
        return Fault.UNREACHABLE, f"{place} closed the connection."
    return Fault.MALFORMED, f"The answer of {place} is not HTTP as it should be."


def _holds_timeout(error: Exception) -> bool:
    """Tell whether urllib3 wrapped a timeout of sending into an aborted connection."""
    return isinstance(error, ProtocolError) and any(
        isinstance(cause, TimeoutError) for cause in error.args
    )


def _explain_tls(reason: str, place: str) -> tuple[Fault, str]:
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return (
            Fault.CREDENTIALS,
            f"The certificate of {place} is not the expected one. "
            "Check certificate-authority-data and the server name.",
        )
    if "ALERT" in reason:
        return Fault.CREDENTIALS, f"{place} refused the client certificate."
    return Fault.UNREACHABLE, f"No TLS connection to {place}."
