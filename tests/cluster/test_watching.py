"""A watch tells events as they come, and breaks in a definite way."""

import time
from collections.abc import Callable

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from tests.cluster.troubles import READS, fail, raw, refuse
from tests.cluster.wire import Exchange, Wire, gateway_to


def watch_reply(exchange: Exchange, *lines: bytes, end: bool = True) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for line in lines:
        exchange.send(b"%x\r\n%s\r\n" % (len(line), line))
    if end:
        exchange.send(b"0\r\n\r\n")


EVENT = b'{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}}\n'
EXPIRED = (
    b'{"type":"ERROR","object":{"kind":"Status","message":"too old resource version: 1 (284)",'
    b'"reason":"Expired","code":410}}\n'
)


def test_a_watch_yields_events_that_come_in_pieces_and_ends_with_the_server(
    troubled: Wire,
) -> None:
    troubled.behave = lambda exchange: watch_reply(exchange, EVENT[:20], EVENT[20:] + EVENT)
    gateway = gateway_to(troubled.url)
    events = list(gateway.watch(kinds.POD, "5", timeout=1))
    gateway.close()
    assert [(event.type, event.object["kind"]) for event in events] == [("ADDED", "Pod")] * 2


@pytest.mark.parametrize(
    ("behave", "fault"),
    [
        (lambda exchange: watch_reply(exchange, EVENT, EXPIRED), Fault.EXPIRED),
        (refuse(410, "Expired", "too old"), Fault.EXPIRED),
        (refuse(403, "Forbidden", "no"), Fault.FORBIDDEN),
        (lambda exchange: watch_reply(exchange, EVENT, b"not json\n"), Fault.MALFORMED),
        (lambda exchange: watch_reply(exchange, EVENT[:30]), Fault.MALFORMED),
        (lambda exchange: watch_reply(exchange, b'{"type":"NEWS","object":{}}\n'), Fault.MALFORMED),
        (Exchange.reset, Fault.UNREACHABLE),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Fault.MALFORMED),
    ],
)
def test_a_broken_watch_is_a_definite_error(
    troubled: Wire, behave: Callable[[Exchange], None], fault: Fault
) -> None:
    assert fail(troubled, behave, READS["watch"], kinds.POD).fault is fault


def test_a_watch_on_a_connection_that_died_silently_ends(
    troubled: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egress.cluster.kube.WATCH_GRACE", 0.1)

    def fall_silent(exchange: Exchange) -> None:
        watch_reply(exchange, EVENT, end=False)
        exchange.hang()

    troubled.behave = fall_silent
    gateway = gateway_to(troubled.url)
    started = time.monotonic()
    with pytest.raises(ClusterError) as caught:
        list(gateway.watch(kinds.POD, "5", timeout=0.5))
    gateway.close()
    assert caught.value.fault is Fault.TIMEOUT
    assert time.monotonic() - started < 2
