"""A real TCP server whose every byte a test decides, to see what the client makes of it."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from egress.cluster.credentials import Credentials
from egress.cluster.http_transport import HttpTransport, Limits
from egress.cluster.kube import KubeGateway

Behaviour = Callable[["Exchange"], None]
QUICK = Limits(connect=0.5, read=0.5)


@dataclass
class Exchange:
    """One request that arrived, and the connection on which to answer it."""

    connection: socket.socket
    head: bytes
    body: bytes
    stopping: threading.Event

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reply(self, status: int, document: Any, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self) -> None:
        """Close with RST, as a crashing server or a firewall does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drip(self, data: bytes, seconds: float) -> None:
        """Send one byte every `seconds`."""
        for byte in data:
            if self.stopping.wait(seconds):
                return
            self.send(bytes([byte]))

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.stopping.wait(60)


@dataclass
class Wire:
    """The running server. `seen` holds method and target of each request."""

    url: str
    behave: Behaviour
    seen: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def wire(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Serve `behave` on a free port of this machine until the block ends."""
    stopping = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    scheme = "http" if tls is None else "https"
    served = Wire(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", behave)
    threads: list[threading.Thread] = []

    def serve() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            served.connections += 1
            worker = threading.Thread(
                target=_converse, args=(served, connection, tls, stopping), daemon=True
            )
            worker.start()
            threads.append(worker)

    acceptor = threading.Thread(target=serve, daemon=True)
    acceptor.start()
    try:
        yield served
    finally:
        stopping.set()
        acceptor.join(5)
        listener.close()
        for worker in threads:
            worker.join(5)


def _converse(
    served: Wire, connection: socket.socket, tls: ssl.SSLContext | None, stopping: threading.Event
) -> None:
    connection.settimeout(0.1)
    with suppress(OSError):
        if tls is not None:
            connection.settimeout(5)
            connection = tls.wrap_socket(connection, server_side=True)
            connection.settimeout(0.1)
        while not stopping.is_set():
            exchange = _receive(connection, stopping)
            if exchange is None:
                break
            served.seen.append(f"{exchange.method} {exchange.target}")
            served.bodies.append(exchange.body)
            served.heads.append(exchange.head)
            connection.settimeout(5)
            served.behave(exchange)
            connection.settimeout(0.1)
    connection.close()


def _receive(connection: socket.socket, stopping: threading.Event) -> Exchange | None:
    data = b""
    while not stopping.is_set():
        head, separator, rest = data.partition(b"\r\n\r\n")
        if separator and len(rest) >= _length(head):
            return Exchange(connection, head, rest, stopping)
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            continue
        if not piece:
            return None
        data += piece
    return None


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def gateway_to(url: str, *, timeout: float = 1.0, **credentials: Any) -> KubeGateway:
    """Return a gateway with short timeouts to a server of this module."""
    login = Credentials(server=url, context="test", method="token", **credentials)
    return KubeGateway(HttpTransport(login, QUICK), timeout=timeout)


def status_body(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    """Return a Kubernetes Status that reports a failure."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }
