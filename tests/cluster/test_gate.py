"""What is asked right before the sending: a call that must not be sent any more is not sent."""

import pytest

from egress.cluster import kinds
from egress.cluster.deadline import gated
from tests.cluster.sandboxes import sandbox_over_http


class TooLateError(Exception):
    pass


def refuse() -> None:
    raise TooLateError


def entry(name: str) -> dict[str, object]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"hosts": ["api.example.com"], "resolution": "DNS", "exportTo": ["."]},
    }


def test_nothing_is_sent_once_the_gate_is_closed() -> None:
    with sandbox_over_http() as sandbox:
        sandbox.namespace("shop")
        with gated(refuse), pytest.raises(TooLateError):
            sandbox.admin.request(
                "POST",
                "/apis/networking.istio.io/v1/namespaces/shop/serviceentries",
                query={},
                headers={"Content-Type": "application/json"},
                body=entry("late"),
                timeout=5,
            )
        assert sandbox.gateway.get(kinds.SERVICE_ENTRY, "shop", "late") is None
        sandbox.put(entry("in-time"))
        assert sandbox.gateway.get(kinds.SERVICE_ENTRY, "shop", "in-time") is not None
