"""The sandbox over HTTP/1.1: threads, connections that stay open, streams in chunks.

One port speaks both plain HTTP and TLS; the first byte of a connection tells which.
"""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import ssl
import sys
import threading
from contextlib import suppress
from typing import Any

from egress.sandbox.api import SandboxApi
from egress.sandbox.connection import Connection
from egress.sandbox.controllers import BACKGROUND
from egress.sandbox.errors import StatusError, bad_request, forbidden_path, method_not_allowed
from egress.sandbox.fault_rules import RulePlan, read_rules
from egress.sandbox.faults import Fault, FaultOf
from egress.sandbox.messages import Request, Response, error_response, json_response
from egress.sandbox.users import Access

log = logging.getLogger("egress.sandbox")
FAULTS_PATH = "/sandbox/faults"


class SandboxServer(socketserver.ThreadingTCPServer):
    """A running HTTP server. `faults` may be set at any time; `latency` is in seconds.

    Where `faults` is a RulePlan, an administrator may read and set its rules at `/sandbox/faults`.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        api: SandboxApi,
        host: str,
        port: int,
        latency: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((host, port), Connection)
        self.tls = tls
        self.api = api
        self.latency = latency
        self.faults: FaultOf | None = None
        self.ending = threading.Event()
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sandbox-server", daemon=True)

    @property
    def port(self) -> int:
        """Return the port that the server listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Return where clients of plain HTTP reach the server."""
        return f"http://{self.server_address[0]!s}:{self.port}"

    def fault_of(self, request: Request) -> Fault | None:
        """Return the fault that a test planned for a request."""
        faults = self.faults
        return faults(request) if faults is not None else None

    def answer(self, request: Request) -> Response:
        """Answer a request that no fault keeps from being answered."""
        if request.path == FAULTS_PATH and isinstance(self.faults, RulePlan):
            try:
                return self._faults_page(request, self.faults)
            except StatusError as error:
                return error_response(error)
        return self.api.handle(request)

    def _faults_page(self, request: Request, plan: RulePlan) -> Response:
        user = self.api.users.authenticate(request.header("Authorization"))
        verb = "get" if request.method == "GET" else "put"
        if not user.may(Access(verb, path=FAULTS_PATH)):
            raise forbidden_path(user.name, verb, FAULTS_PATH)
        if request.method == "PUT":
            try:
                document = json.loads(request.body)
            except ValueError as error:
                raise bad_request("the body is not JSON") from error
            plan.set(*read_rules(document))
        elif request.method != "GET":
            raise method_not_allowed()
        return json_response(200, plan.as_json())

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to end it with the server."""
        with self._guard:
            self._connections.add(connection)

    def gone(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._guard:
            self._connections.discard(connection)

    def start(self) -> None:
        """Answer from now on, in threads of its own."""
        if self.api.controllers.mode == BACKGROUND:
            self.api.controllers.start()
        self._thread.start()

    def _run(self) -> None:
        self.serve_forever(poll_interval=0.1)

    def stop(self) -> None:
        """End watches and connections, and give the port back. The store stays open."""
        self.ending.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(timeout=5)
        with self.api.store.lock:
            self.api.store.lock.notify_all()
        with self._guard:
            open_ones = list(self._connections)
        for connection in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self.api.controllers.stop()

    def __enter__(self) -> SandboxServer:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what is no fault of the network: callers may leave in the middle."""
        if not isinstance(sys.exception(), OSError):
            log.exception("A connection failed.")


def serve(
    api: SandboxApi,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    latency_ms: float = 0.0,
    tls: ssl.SSLContext | None = None,
) -> SandboxServer:
    """Start to answer on a host and port (0: any free one). End it by `stop()`.

    `latency_ms` is added to every request, in milliseconds. With `tls` the port speaks TLS, too.
    """
    server = SandboxServer(api, host, port, latency_ms / 1000, tls)
    server.start()
    return server
