"""One connection of the sandbox's server: requests read, answers and streams written."""

from __future__ import annotations

import select
import socket
import socketserver
import ssl
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from egress.sandbox.errors import StatusError, bad_request, too_large
from egress.sandbox.faults import (
    ANSWER,
    CUT,
    DRIP,
    DROP,
    GARBLE,
    HANG,
    LOSE,
    RESET,
    STALE,
    STALL,
    Fault,
)
from egress.sandbox.messages import Request, Response, error_response

if TYPE_CHECKING:
    from egress.sandbox.server import SandboxServer

LONGEST_LINE = 65_536
MOST_HEADERS = 100
LONGEST_BODY = 3 * 1024 * 1024
IDLE_SECONDS = 300.0
_TLS_HELLO = b"\x16"
_SPOILED = (LOSE, DRIP, CUT, GARBLE, STALL)
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class _GoneError(Exception):
    """The caller closed the connection, or sent what is no HTTP."""


class Connection(socketserver.StreamRequestHandler):
    """One connection: requests one after the other until either side has enough."""

    server: SandboxServer
    disable_nagle_algorithm = True
    rbufsize = 65_536
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        self.request.settimeout(IDLE_SECONDS)
        context = self.server.tls
        if context is not None and self.request.recv(1, socket.MSG_PEEK) == _TLS_HELLO:
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self.server.opened(self.connection)
        with suppress(_GoneError, OSError):
            while not self.server.ending.is_set():
                if not self._serve_one():
                    return

    def finish(self) -> None:
        self.server.gone(self.connection)
        with suppress(OSError):
            super().finish()
        # TLS took the socket over, so the server itself no longer closes it.
        with suppress(OSError):
            self.connection.close()

    def _serve_one(self) -> bool:
        try:
            request, keep = self._read()
        except StatusError as error:
            self._write(error_response(error), keep=False)
            return False
        fault = self.server.fault_of(request)
        delay = self.server.latency + (fault.delay if fault else 0.0)
        if delay:
            self.server.ending.wait(delay)
        if fault is not None and not self._continues(fault):
            return False
        if fault is not None and fault.act == ANSWER and fault.response is not None:
            return self._write(fault.response, keep=keep)
        if fault is not None and fault.act == STALE:
            request = as_of_earlier(request, self.server.api.store.version - fault.behind)
        response = self.server.answer(request)
        if fault is not None and fault.act in _SPOILED:
            self._spoil(fault, response)
            return False
        return self._write(response, keep=keep, bodiless=request.method == "HEAD")

    def _continues(self, fault: Fault) -> bool:
        if fault.act == HANG:
            self._fall_silent()
        if fault.act == RESET:
            self._reset()
        return fault.act not in (DROP, HANG, RESET)

    def _fall_silent(self) -> None:
        while not self.server.ending.is_set() and not self._caller_left(0.5):
            pass

    def _reset(self) -> None:
        # Lingering for no time makes the kernel send a reset where it would say goodbye.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _spoil(self, fault: Fault, response: Response) -> None:
        """Answer as `fault` says, in the middle of what should have been the answer."""
        body = response.body if isinstance(response.body, bytes) else b""
        half = body[: len(body) // 2]
        if fault.act == GARBLE:
            self._write(Response(response.status, response.headers, half), keep=False)
        elif fault.act in (CUT, STALL):
            self.wfile.write(self._head(response, len(body), keep=False) + half)
            if fault.act == STALL:
                self._fall_silent()
        elif fault.act == DRIP:
            for byte in self._head(response, len(body), keep=False) + body:
                self.wfile.write(bytes([byte]))
                if self.server.ending.wait(fault.pace) or self._caller_left(0):
                    return

    def _read(self) -> tuple[Request, bool]:
        line = self._line()
        parts = line.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise bad_request("malformed HTTP request")
        headers = self._headers()
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._body(headers)
        connection = headers.get("connection", "").lower()
        keep = connection != "close" and (parts[2] == "HTTP/1.1" or connection == "keep-alive")
        return Request.of(parts[0], parts[1], headers=headers, body=body), keep

    def _line(self) -> str:
        raw = self.rfile.readline(LONGEST_LINE + 1)
        if not raw:
            raise _GoneError
        if len(raw) > LONGEST_LINE:
            raise StatusError(431, "", "Request header fields too large")
        return raw.decode("latin-1").rstrip("\r\n")

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        count = 0
        while line := self._line():
            name, colon, value = line.partition(":")
            count += 1
            if not colon or count > MOST_HEADERS:
                raise bad_request("malformed HTTP header")
            headers[name.strip().lower()] = value.strip()
        return headers

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        text = headers.get("content-length", "0")
        if not text.isascii() or not text.isdigit():
            raise bad_request("malformed Content-Length")
        size = int(text)
        if size > LONGEST_BODY:
            raise too_large(LONGEST_BODY)
        body = self.rfile.read(size)
        if len(body) < size:
            raise _GoneError
        return body

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            try:
                size = int(self._line().partition(";")[0], 16)
            except ValueError as error:
                raise bad_request("malformed chunked encoding") from error
            total += size
            if total > LONGEST_BODY:
                raise too_large(LONGEST_BODY)
            if size == 0:
                while self._line():
                    pass
                return b"".join(parts)
            parts.append(self.rfile.read(size))
            self._line()

    def _write(self, response: Response, *, keep: bool, bodiless: bool = False) -> bool:
        body = response.body
        head = self._head(response, len(body) if isinstance(body, bytes) else None, keep=keep)
        if isinstance(body, bytes):
            self.wfile.write(head if bodiless else head + body)
        else:
            self.wfile.write(head)
            self._stream(body)
        return keep

    def _head(self, response: Response, size: int | None, *, keep: bool) -> bytes:
        """Return status line and headers; without a size the body comes in chunks."""
        reason = _REASONS.get(response.status, "")
        lines = [f"HTTP/1.1 {response.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines.append("Cache-Control: no-cache, private")
        lines.append("Transfer-Encoding: chunked" if size is None else f"Content-Length: {size}")
        if not keep:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _stream(self, parts: Iterator[bytes]) -> None:
        try:
            for part in parts:
                if part:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                elif self.server.ending.is_set() or self._caller_left(0):
                    raise _GoneError
            self.wfile.write(b"0\r\n\r\n")
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    def _caller_left(self, patience: float) -> bool:
        """Tell whether the caller closed its side, or talks where it should listen."""
        readable, _, _ = select.select([self.connection], [], [], patience)
        if not readable:
            return False
        try:
            self.connection.setblocking(False)
            self.connection.recv(1)
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(IDLE_SECONDS)
        return True


def as_of_earlier(request: Request, version: int) -> Request:
    """Return a list's request so that it asks for an earlier state; any other as it is."""
    query = request.parameters()
    if request.method != "GET" or "watch" in query or "continue" in query:
        return request
    query |= {"resourceVersion": [str(max(1, version))], "resourceVersionMatch": ["Exact"]}
    return replace(request, query=query)
