"""What servers do to us, and the calls they do it to."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, Kind
from tests.cluster.wire import Exchange, Wire, gateway_to, status_body

TIMEOUT = 1.0
PATIENCE = TIMEOUT + 0.75
"""A call must be over by then, with room for a busy machine."""

WRITTEN = (
    kinds.SERVICE_ENTRY,
    kinds.DESTINATION_RULE,
    kinds.SIDECAR,
    kinds.VIRTUAL_SERVICE,
    kinds.GATEWAY,
    kinds.AUTHORIZATION_POLICY,
)


@dataclass(frozen=True)
class Trouble:
    """What the server does, and what the caller must be told."""

    name: str
    behave: Callable[[Exchange], None]
    fault: Fault
    retryable: bool
    unknown_after_write: bool
    status: int = 0


def refuse(code: int, reason: str, message: str, **headers: str) -> Callable[[Exchange], None]:
    def behave(exchange: Exchange) -> None:
        exchange.reply(code, status_body(code, reason, message), **headers)

    return behave


def plain(code: int, body: bytes) -> Callable[[Exchange], None]:
    return lambda exchange: exchange.reply(code, body)


def raw(data: bytes) -> Callable[[Exchange], None]:
    def behave(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.connection.close()

    return behave


def answer_lost(exchange: Exchange) -> None:
    exchange.connection.close()


def drip_head(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 600, 0.1)


def drip_body(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n")
    exchange.drip(b"{" + b" " * 600, 0.1)


def endless_continue(exchange: Exchange) -> None:
    while not exchange.stopping.wait(0.05):
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")


TYPED_PATCH = "failed to create typed patch object (a/b): .spec.hostz: field not declared in schema"
WEBHOOK = 'Internal error occurred: failed calling webhook "v.istio.io": connection refused'

TROUBLES = (
    Trouble("400", refuse(400, "BadRequest", "bad"), Fault.INVALID, False, False, 400),
    Trouble("401", refuse(401, "Unauthorized", "no"), Fault.UNAUTHORIZED, False, False, 401),
    Trouble("403", refuse(403, "Forbidden", "no"), Fault.FORBIDDEN, False, False, 403),
    Trouble("404 path", plain(404, b"404 page not found\n"), Fault.NOT_FOUND, False, False, 404),
    Trouble("405", refuse(405, "MethodNotAllowed", "no"), Fault.INVALID, False, False, 405),
    Trouble("409", refuse(409, "Conflict", "moved"), Fault.CONFLICT, False, False, 409),
    Trouble(
        "409 exists", refuse(409, "AlreadyExists", "x"), Fault.ALREADY_EXISTS, False, False, 409
    ),
    Trouble("410", refuse(410, "Expired", "too old"), Fault.EXPIRED, True, False, 410),
    Trouble("413", refuse(413, "TooLarge", "big"), Fault.INVALID, False, False, 413),
    Trouble("415", refuse(415, "UnsupportedMediaType", "x"), Fault.INVALID, False, False, 415),
    Trouble("422", refuse(422, "Invalid", "spec.hosts"), Fault.INVALID, False, False, 422),
    Trouble(
        "429",
        refuse(429, "TooManyRequests", "slow down", Retry_After="7"),
        Fault.TOO_MANY_REQUESTS,
        True,
        False,
        429,
    ),
    Trouble("500", refuse(500, "InternalError", "etcd"), Fault.SERVER, True, True, 500),
    Trouble("500 schema", refuse(500, "", TYPED_PATCH), Fault.INVALID, False, False, 500),
    Trouble("500 webhook", refuse(500, "InternalError", WEBHOOK), Fault.SERVER, True, False, 500),
    Trouble("502 page", plain(502, b"<html>Bad Gateway"), Fault.SERVER, True, True, 502),
    Trouble("503", refuse(503, "ServiceUnavailable", "x"), Fault.SERVER, True, True, 503),
    Trouble("504", refuse(504, "Timeout", "x"), Fault.SERVER, True, True, 504),
    Trouble(
        "redirect",
        lambda exchange: exchange.reply(302, b"", Location="http://127.0.0.1:9/steal"),
        Fault.MALFORMED,
        False,
        False,
        302,
    ),
    Trouble("reset", Exchange.reset, Fault.UNREACHABLE, True, True),
    Trouble("answer lost", answer_lost, Fault.UNREACHABLE, True, True),
    Trouble("half-open", Exchange.hang, Fault.TIMEOUT, True, True),
    Trouble("1 byte at a time in the head", drip_head, Fault.TIMEOUT, True, True),
    Trouble("1 byte at a time in the body", drip_body, Fault.TIMEOUT, True, True),
    Trouble("100 Continue for ever", endless_continue, Fault.TIMEOUT, True, True),
    Trouble(
        "truncated body",
        raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"metadata": {'),
        Fault.MALFORMED,
        True,
        True,
    ),
    Trouble(
        "truncated chunk",
        raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"metadata"'),
        Fault.MALFORMED,
        True,
        True,
    ),
    Trouble("truncated JSON", plain(200, b'{"metadata": {'), Fault.MALFORMED, True, True, 200),
    Trouble("JSON of another kind", plain(200, b"[]"), Fault.MALFORMED, True, True, 200),
    Trouble("deep JSON", plain(200, b"[" * 200_000), Fault.MALFORMED, True, True, 200),
    Trouble("not HTTP", raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Fault.UNREACHABLE, True, True),
)


def manifest(kind: Kind) -> dict[str, Any]:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": "eg-x", "namespace": "shop"},
        "spec": {},
    }


def absent(exchange: Exchange) -> None:
    """Say that the object does not exist, as a real server words it."""
    plural, name = exchange.target.split("?")[0].rsplit("/", 2)[1:]
    message = f'{plural} "{name}" not found'
    exchange.reply(404, status_body(404, "NotFound", message, name=name, kind=plural))


def only_for_writes(behave: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    return lambda exchange: absent(exchange) if exchange.method == "GET" else behave(exchange)


Act = Callable[[ClusterGateway, Kind], object]
WRITES: dict[str, Act] = {
    "create": lambda gateway, kind: gateway.create(manifest(kind)),
    "update": lambda gateway, kind: gateway.update(manifest(kind), uid="u"),
    "delete": lambda gateway, kind: gateway.delete(kind, "shop", "eg-x", uid="u"),
}
READS: dict[str, Act] = {
    "get": lambda gateway, kind: gateway.get(kind, "shop", "eg-x"),
    "list": lambda gateway, kind: gateway.list(kind),
    "watch": lambda gateway, kind: list(gateway.watch(kind, "5", timeout=1)),
    "may": lambda gateway, kind: gateway.may("patch", kind),
    "identity": lambda gateway, kind: gateway.identity(),
}


def fail(server: Wire, behave: Callable[[Exchange], None], act: Act, kind: Kind) -> ClusterError:
    """Return the error in which the call ends, and check that it does not outlast its timeout."""
    server.behave = behave
    gateway = gateway_to(server.url, timeout=TIMEOUT, token="CANARY-token")
    started = time.monotonic()
    try:
        with pytest.raises(ClusterError) as caught:
            act(gateway, kind)
    finally:
        gateway.close()
    assert time.monotonic() - started < PATIENCE
    return caught.value


def check(error: ClusterError, trouble: Trouble, *, writes: bool) -> None:
    assert error.fault is trouble.fault
    assert error.retryable is trouble.retryable
    assert error.status == trouble.status
    assert error.outcome_unknown is (writes and trouble.unknown_after_write)
    assert error.message.startswith("Could not ")
    assert len(error.message) < 700
    assert "CANARY" not in error.message + repr(error)
