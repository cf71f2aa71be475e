"""Lists are whole, and absence is only what the API says is absent."""

import threading
import time
from typing import Any

import pytest

from egress.cluster import kinds
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.http_transport import Limits
from egress.cluster.kube import TIMEOUT
from tests.cluster.troubles import READS, WRITES, absent, fail
from tests.cluster.wire import Exchange, Wire, gateway_to, status_body


def test_a_list_that_expires_half_way_starts_anew_and_is_complete(troubled: Wire) -> None:
    answers = iter(["page", "expired", "page", "last"])

    def behave(exchange: Exchange) -> None:
        step = next(answers)
        if step == "expired":
            exchange.reply(410, status_body(410, "Expired", "too old"))
            return
        more = {"continue": "next"} if step == "page" else {}
        name = "one" if step == "page" else "two"
        exchange.reply(
            200,
            {
                "kind": "ServiceEntryList",
                "metadata": {"resourceVersion": "9", **more},
                "items": [{"metadata": {"name": name, "namespace": "shop"}}],
            },
        )

    troubled.behave = behave
    gateway = gateway_to(troubled.url)
    listed = gateway.list(kinds.SERVICE_ENTRY)
    gateway.close()
    assert [item["metadata"]["name"] for item in listed.items] == ["one", "two"]
    assert listed.resource_version == "9"
    assert {item["kind"] for item in listed.items} == {"ServiceEntry"}


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": []},
        {"kind": "ServiceEntryList", "metadata": {"resourceVersion": "1"}},
        {"kind": "ServiceEntryList", "metadata": {}, "items": []},
        {"kind": "ServiceEntryList", "metadata": {"resourceVersion": "1"}, "items": [{}]},
        {
            "kind": "ServiceEntryList",
            "metadata": {"resourceVersion": "1", "continue": "same"},
            "items": [],
        },
        {"kind": "Status", "status": "Success"},
    ],
    ids=["other kind", "no items", "no version", "nameless item", "endless", "status"],
)
def test_what_is_not_a_whole_list_is_no_list(troubled: Wire, document: dict[str, Any]) -> None:
    error = fail(
        troubled,
        lambda exchange: exchange.reply(200, document),
        READS["list"],
        kinds.SERVICE_ENTRY,
    )
    assert error.fault is Fault.MALFORMED


def test_a_list_of_endless_pages_ends_with_the_calls_time(troubled: Wire) -> None:
    count = iter(range(10_000_000))

    def behave(exchange: Exchange) -> None:
        metadata = {"resourceVersion": "1", "continue": f"t{next(count)}"}
        exchange.reply(200, {"kind": "SidecarList", "metadata": metadata, "items": []})

    error = fail(troubled, behave, READS["list"], kinds.SIDECAR)
    assert error.fault is Fault.TIMEOUT


def test_an_absent_object_is_told_from_an_unknown_path(troubled: Wire) -> None:
    troubled.behave = absent
    gateway = gateway_to(troubled.url)
    assert gateway.get(kinds.SIDECAR, "shop", "default") is None
    assert gateway.get(kinds.NAMESPACE, "", "gone") is None
    gateway.delete(kinds.SIDECAR, "shop", "default", uid="u")
    gateway.close()


def test_a_namespace_that_is_absent_does_not_make_the_object_gone(troubled: Wire) -> None:
    error = fail(
        troubled,
        lambda exchange: exchange.reply(
            404,
            status_body(404, "NotFound", "no", name="eg-x", kind="namespaces"),
        ),
        WRITES["delete"],
        kinds.SIDECAR,
    )
    assert error.fault is Fault.NOT_FOUND


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ({"allowed": True}, True),
        ({"allowed": False}, False),
        ({}, False),
        ({"allowed": "true"}, False),
        ({"allowed": True, "denied": True}, False),
        ({"allowed": True, "evaluationError": "role not found"}, False),
    ],
)
def test_a_right_in_doubt_is_no_right(
    troubled: Wire, status: dict[str, Any], allowed: bool
) -> None:
    troubled.behave = lambda exchange: exchange.reply(201, {"status": status})
    gateway = gateway_to(troubled.url)
    assert gateway.may("patch", kinds.SIDECAR) is allowed
    gateway.close()


def test_a_review_without_a_verdict_is_an_error(troubled: Wire) -> None:
    error = fail(troubled, lambda exchange: exchange.reply(201, {}), READS["may"], kinds.SIDECAR)
    assert error.fault is Fault.MALFORMED


def test_the_default_timeouts_keep_every_call_below_thirty_seconds() -> None:
    assert TIMEOUT < 30
    assert Limits().connect + Limits().read < 30


def test_many_calls_share_one_deadline(troubled: Wire) -> None:
    """Each is quick enough alone; together they have to end by the given moment."""
    pause = threading.Event()

    def behave(exchange: Exchange) -> None:
        pause.wait(0.3)
        exchange.reply(404, status_body(404, "NotFound", "no such thing"))

    troubled.behave = behave
    gateway = gateway_to(troubled.url)
    began = time.monotonic()
    bounded = gateway.ending_by(began + 1.0).ending_by(began + 60)
    answered: list[bool] = []
    with pytest.raises(ClusterError) as caught:
        answered.extend(bounded.serves(kinds.SIDECAR) for _ in range(20))
    assert time.monotonic() - began < 1.75
    assert caught.value.fault is Fault.TIMEOUT
    assert caught.value.retryable
    assert 1 <= len(answered) <= 4
    assert not gateway.serves(kinds.SIDECAR), "the connection itself has no deadline"
    gateway.close()
