"""Connections on which no call lasts longer than its deadline, whatever the server does.

A read timeout starts anew with every byte, so a server that sends one byte per second holds a
call for ever; looking up a name has no timeout at all. Here every lookup, connect, send and
receive gets only the time that is left of the call.
"""

import queue
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError


class Call:
    """One call in progress: until when it may last, and how far it has come.

    `connected` is true once there was a connection (with TLS) to send on, `sent` once a byte of
    the request may have left. A `patient` call is over at its deadline only, however long the
    server is silent before: nothing may happen in a watch for minutes.
    """

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.connected = False
        self.sent = False
        self.patient = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let this call's deadline rule the connections that the block uses."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Call | None] = ContextVar("egress_cluster_call", default=None)
_gate: ContextVar[Callable[[], None] | None] = ContextVar("egress_cluster_gate", default=None)


@contextmanager
def gated(check: Callable[[], None] | None) -> Iterator[None]:
    """Have `check` called right before anything is sent in the block; what it raises stops it.

    A process may be frozen between any two steps of a call. Asked here, nothing but the system
    call itself lies between the answer and the sending.
    """
    token = _gate.set(check)
    try:
        yield
    finally:
        _gate.reset(token)


def use_bounded_connections(manager: PoolManager) -> None:
    """Make the pools of `manager` open connections that obey the deadline of the call."""
    manager.pool_classes_by_scheme = {"http": _BoundedPool, "https": _BoundedTlsPool}


def bound_tls(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make the TLS connections of `context` obey the deadline of the call, and return it."""
    context.sslsocket_class = _BoundedTlsSocket
    return context


@contextmanager
def _within(sock: socket.socket) -> Iterator[None]:
    """Shorten the socket's timeout to what is left of the call."""
    call = _current.get()
    own = sock.gettimeout()
    if call is not None:
        sock.settimeout(_time_left(call.until, None if call.patient else own))
    try:
        yield
    finally:
        if call is not None and sock.fileno() != -1:
            sock.settimeout(own)


@contextmanager
def _sending(sock: socket.socket) -> Iterator[None]:
    call = _current.get()
    if call is not None:
        call.connected = True
    with _within(sock):
        if gate := _gate.get():
            gate()
        if call is not None:
            call.sent = True
        yield


def _time_left(until: float, own: float | None) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this call is over")
    return left if own is None else min(left, own)


class _BoundedIO(socket.socket):
    """What plain and TLS sockets have in common here."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        with _within(self):
            return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        with _sending(self):
            return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        with _sending(self):
            super().sendall(*args, **kwargs)


class _BoundedSocket(_BoundedIO):
    pass


class _BoundedTlsSocket(_BoundedIO, ssl.SSLSocket):
    pass


class _OpensBounded(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        host, seconds = self._dns_host, self.timeout
        try:
            sock = _open(host, self.port, float(seconds or 0), self.socket_options or ())
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f'no connection to "{self.host}"') from error
        except OSError as error:
            raise NewConnectionError(self, f"{error.strerror or error}") from error
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock


class _BoundedConnection(_OpensBounded):
    pass


class _BoundedTlsConnection(_OpensBounded, HTTPSConnection):
    pass


class _BoundedPool(HTTPConnectionPool):
    ConnectionCls = _BoundedConnection


class _BoundedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _BoundedTlsConnection


def _open(host: str, port: int, seconds: float, options: Sequence[Any]) -> socket.socket:
    """Connect to one of the addresses of `host` within `seconds`, shared fairly among them."""
    call = _current.get()
    until = time.monotonic() + seconds
    if call is not None:
        until = min(until, call.until)
    addresses = _look_up(host.strip("[]"), port, until)
    failure: OSError = OSError(f'"{host}" has no address')
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = _BoundedSocket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(_time_left(until, None) / (len(addresses) - tried))
            sock.connect(address)
            # The TLS handshake, if any, happens within what is left.
            sock.settimeout(_time_left(until, None))
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _look_up(host: str, port: int, until: float) -> list[Any]:
    """Resolve `host`; a lookup that takes too long is left behind in its own thread."""
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found: queue.SimpleQueue[list[Any] | OSError] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.put(error)
        except UnicodeError:
            found.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    threading.Thread(target=resolve, name="egress-lookup", daemon=True).start()
    try:
        result = found.get(timeout=_time_left(until, None))
    except queue.Empty:
        raise TimeoutError(f'looking up "{host}" took too long') from None
    if isinstance(result, OSError):
        raise result
    return result
