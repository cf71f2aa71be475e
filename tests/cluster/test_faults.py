"""Whatever an API server does to us, each call ends soon, in one definite error (promise P18)."""

import pytest

from egress.cluster import kinds
from egress.cluster.errors import Fault
from tests.cluster.troubles import (
    READS,
    TROUBLES,
    WRITES,
    WRITTEN,
    Act,
    Trouble,
    answer_lost,
    check,
    fail,
    manifest,
    only_for_writes,
    refuse,
)
from tests.cluster.wire import Exchange, Wire, status_body

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("verb", WRITES)
def test_a_write_that_fails_says_whether_it_may_have_happened(
    troubled: Wire, verb: str, trouble: Trouble
) -> None:
    for kind in WRITTEN if trouble.status else WRITTEN[:1]:
        error = fail(troubled, only_for_writes(trouble.behave), WRITES[verb], kind)
        check(error, trouble, writes=True)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("verb", ["get", "list", "may", "identity"])
def test_a_read_that_fails_is_never_of_unknown_outcome(
    troubled: Wire, verb: str, trouble: Trouble
) -> None:
    error = fail(troubled, trouble.behave, READS[verb], kinds.SERVICE_ENTRY)
    check(error, trouble, writes=False)


@pytest.mark.parametrize("verb", WRITES)
def test_a_failed_dry_run_leaves_no_doubt(troubled: Wire, verb: str) -> None:
    dry: dict[str, Act] = {
        "create": lambda gateway, kind: gateway.create(manifest(kind), dry_run=True),
        "update": lambda gateway, kind: gateway.update(manifest(kind), uid="u", dry_run=True),
        "delete": lambda gateway, kind: gateway.delete(kind, "shop", "eg-x", uid="u", dry_run=True),
    }
    error = fail(troubled, only_for_writes(answer_lost), dry[verb], kinds.SIDECAR)
    assert error.fault is Fault.UNREACHABLE
    assert not error.outcome_unknown


def test_the_servers_wish_to_wait_is_told_in_seconds_and_within_reason(troubled: Wire) -> None:
    for header, seconds in (("7", 7.0), ("99999", 300.0), ("soon", None), ("-3", None)):
        behave = refuse(429, "TooManyRequests", "slow down", Retry_After=header)
        error = fail(troubled, behave, READS["get"], kinds.SIDECAR)
        assert error.retry_after == seconds


def test_a_failed_write_is_sent_exactly_once(troubled: Wire) -> None:
    for behave in (Exchange.reset, answer_lost, refuse(503, "x", "x", Retry_After="0")):
        troubled.seen.clear()
        fail(troubled, behave, WRITES["delete"], kinds.SIDECAR)
        assert len(troubled.seen) == 1


def test_a_server_that_echoes_the_token_cannot_get_it_into_a_message(troubled: Wire) -> None:
    def echo(exchange: Exchange) -> None:
        assert b"CANARY-token" in exchange.head
        exchange.reply(400, status_body(400, "BadRequest", 'the key "CANARY-token" is odd'))

    error = fail(troubled, echo, READS["get"], kinds.SIDECAR)
    assert "CANARY" not in str(error) + repr(error)
    assert 'the key "[hidden]" is odd' in str(error)
