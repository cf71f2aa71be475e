"""No lookup, connection or answer takes longer than its call may."""

import socket
import threading
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.credentials import Credentials
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.http_transport import HttpTransport, Limits
from egress.cluster.kube import KubeGateway
from tests.cluster.troubles import READS, WRITES, fail
from tests.cluster.wire import Exchange, Wire, wire


def test_a_port_where_nobody_listens_is_unreachable_and_nothing_happened() -> None:
    with wire(Exchange.hang) as closed:
        pass
    error = fail(closed, Exchange.hang, WRITES["update"], kinds.SIDECAR)
    assert (error.fault, error.outcome_unknown) == (Fault.UNREACHABLE, False)


def test_a_server_that_does_not_accept_is_unreachable_and_nothing_happened() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    port = listener.getsockname()[1]
    # Fill the queue of connections that nobody accepts; further ones get no answer at all.
    waiting = [socket.socket() for _ in range(4)]
    for sock in waiting:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
    server = Wire(f"http://127.0.0.1:{port}", Exchange.hang)
    try:
        error = fail(server, Exchange.hang, WRITES["update"], kinds.SIDECAR)
    finally:
        for sock in (listener, *waiting):
            sock.close()
    assert (error.fault, error.outcome_unknown) == (Fault.UNREACHABLE, False)


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    server = Wire("https://cluster.invalid:6443", Exchange.hang)
    error = fail(server, Exchange.hang, READS["identity"], kinds.SIDECAR)
    assert error.fault is Fault.UNREACHABLE


def test_a_slow_name_server_does_not_hold_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    real = socket.getaddrinfo

    def slow(host: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("flags"):
            return real(host, *args, **kwargs)
        release.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr("egress.cluster.deadline.socket.getaddrinfo", slow)
    server = Wire("https://cluster.invalid:6443", Exchange.hang)
    try:
        error = fail(server, Exchange.hang, READS["identity"], kinds.SIDECAR)
    finally:
        release.set()
    assert error.fault is Fault.UNREACHABLE


def test_a_redirect_is_not_followed_so_the_token_stays_here(troubled: Wire) -> None:
    with wire(lambda exchange: exchange.reply(200, {})) as thief:
        location = f"{thief.url}/api"
        fail(
            troubled,
            lambda exchange: exchange.reply(307, b"", Location=location),
            READS["get"],
            kinds.SIDECAR,
        )
        assert thief.seen == []


def test_an_answer_without_end_is_cut_off() -> None:
    def flood(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not exchange.stopping.is_set():
            exchange.send(b" " * 65536)

    with wire(flood) as server:
        login = Credentials(server=server.url, context="test", method="none")
        gateway = KubeGateway(HttpTransport(login, Limits(body=1_000_000)), timeout=5)
        with pytest.raises(ClusterError, match="too large") as caught:
            gateway.get(kinds.SIDECAR, "shop", "default")
        gateway.close()
    assert caught.value.fault is Fault.MALFORMED
