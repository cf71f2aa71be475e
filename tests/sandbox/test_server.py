"""The HTTP front: connections, streams, TLS, faults, and a clean end."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest

from egress.sandbox.faults import DROP, HANG, LOSE, Fault, FaultPlan, refusal
from egress.sandbox.messages import Request
from egress.sandbox.server import SandboxServer
from egress.sandbox.tls import Authority
from tests.sandbox.calling import (
    ADMIN_TOKEN,
    ENTRIES,
    an_api,
    apply,
    entry,
    in_process,
    over_http,
    served,
    wait_until,
)

TOKEN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A served sandbox."""
    with served(an_api()) as server:
        yield server


def raw(server: SandboxServer, text: bytes) -> bytes:
    """Send bytes and return everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(text)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_a_connection_serves_many_requests(server: SandboxServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    ports = set()
    for _ in range(5):
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok"
        ports.add(connection.sock.getsockname())
    assert len(ports) == 1
    connection.close()


def test_a_chunked_body_is_read(server: SandboxServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    body = json.dumps(entry()).encode()
    parts = iter([body[:30], body[30:]])
    headers = TOKEN | {"Content-Type": "application/json"}
    connection.request("POST", ENTRIES, parts, headers, encode_chunked=True)
    assert connection.getresponse().status == 201
    connection.close()


def test_a_caller_who_waits_for_leave_gets_it(server: SandboxServer) -> None:
    head = (
        b"POST /version HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
        b"Connection: close\r\n\r\n{}"
    )
    assert raw(server, head).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /version HTTP/2.0\r\n\r\n", b"400"),
        (b"GET /version HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"400"),
    ],
)
def test_what_is_no_request_gets_a_definite_answer_and_the_end(
    server: SandboxServer, text: bytes, status: bytes
) -> None:
    assert raw(server, text).split(b" ")[1] == status


def test_a_head_request_has_no_body(server: SandboxServer) -> None:
    answer = raw(server, b"HEAD /version HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_a_watch_comes_in_chunks_while_it_lasts(server: SandboxServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", f"{ENTRIES}?watch=1&timeoutSeconds=30", headers=TOKEN)
    response = connection.getresponse()
    apply(over_http(server), entry(resolution="NONE"))
    event = json.loads(response.readline())
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "one")
    connection.close()


def test_a_watcher_who_leaves_frees_its_thread(server: SandboxServer) -> None:
    before = threading.active_count()
    watchers = []
    for _ in range(5):
        connection = socket.create_connection(("127.0.0.1", server.port))
        head = f"GET {ENTRIES}?watch=1 HTTP/1.1\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(20).startswith(b"HTTP/1.1 200")
        watchers.append(connection)
    assert threading.active_count() >= before + 5
    for connection in watchers:
        connection.close()
    wait_until("the threads end", lambda: threading.active_count() <= before)


def test_the_same_port_speaks_tls_with_a_certificate_that_clients_can_check() -> None:
    authority = Authority.create()
    api = an_api()
    with served(api, tls=authority.server_context({"127.0.0.1", "localhost"})) as server:
        trust = ssl.create_default_context(cadata=authority.certificate)
        for host in ("127.0.0.1", "localhost"):
            secure = http.client.HTTPSConnection(host, server.port, timeout=5, context=trust)
            secure.request("GET", ENTRIES, headers=TOKEN)
            assert secure.getresponse().status == 200
            secure.close()
        assert over_http(server)("GET", ENTRIES).status == 200
        stranger = ssl.create_default_context(cadata=Authority.create().certificate)
        wary = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=5, context=stranger)
        with pytest.raises(ssl.SSLCertVerificationError):
            wary.request("GET", "/version")
        wary.close()


def test_latency_is_added_to_every_request() -> None:
    with served(an_api(), latency_ms=80) as server:
        began = time.monotonic()
        over_http(server)("GET", "/version")
        assert time.monotonic() - began >= 0.08


def test_a_planned_refusal_is_answered_once(server: SandboxServer) -> None:
    server.faults = FaultPlan([refusal(429, "TooManyRequests", "slow down", retry_after=1)])
    call = over_http(server)
    refused = call("POST", ENTRIES, entry())
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert call("POST", ENTRIES, entry()).status == 201


@pytest.mark.parametrize(("act", "is_written"), [(DROP, False), (LOSE, True)])
def test_a_lost_answer_may_or_may_not_have_been_a_write(
    server: SandboxServer, act: str, is_written: bool
) -> None:
    def writes(request: Request) -> bool:
        return request.method == "POST"

    server.faults = FaultPlan([Fault(act)], writes)
    call = over_http(server)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        call("POST", ENTRIES, entry())
    assert (call("GET", f"{ENTRIES}/one").status == 200) is is_written


def test_a_hanging_server_never_answers(server: SandboxServer) -> None:
    server.faults = FaultPlan([Fault(HANG)])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=0.3)
    connection.request("GET", "/version")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_stopping_ends_watches_and_frees_the_port() -> None:
    api = an_api()
    with served(api) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", f"{ENTRIES}?watch=1", headers=TOKEN)
        response = connection.getresponse()
        began = time.monotonic()
        server.stop()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            response.read()
        assert time.monotonic() - began < 5
        connection.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_many_callers_at_once_are_all_served(server: SandboxServer) -> None:
    statuses: list[int] = []

    def work(worker: int) -> None:
        call = over_http(server)
        for number in range(10):
            body = entry(f"w{worker}-{number}", resolution="NONE")
            statuses.append(apply(call, body).status)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 80
    assert len(in_process(server.api)("GET", ENTRIES).body["items"]) == 80
