"""Lists are read to their end or not at all, page by page or whole."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from egress.cluster import kinds, kube
from egress.cluster.answers import Deed
from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import Page
from egress.cluster.kube import KubeGateway
from egress.cluster.listing import MAX_RESTARTS, list_all, read_pages
from egress.cluster.transport import Answer

KIND = kinds.SERVICE_ENTRY
DEED = Deed("list serviceentries", writes=False, until=0.0)


def page(*names: str, token: str = "", version: str = "7") -> dict[str, Any]:
    items = [{"metadata": {"name": name}} for name in names]
    metadata = {"resourceVersion": version, "continue": token}
    return {"kind": "ServiceEntryList", "metadata": metadata, "items": items}


EXPIRED = ClusterError("too old", Fault.EXPIRED, status=410)
LOST = ClusterError("gone", Fault.TIMEOUT, retryable=True)


class Server:
    """Answers with what it was given, in turn; keeps what was asked."""

    def __init__(self, *answers: dict[str, Any] | ClusterError) -> None:
        self.answers: Iterator[dict[str, Any] | ClusterError] = iter(answers)
        self.asked: list[str] = []

    def __call__(self, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(query.get("continue", ""))
        answer = next(self.answers)
        if isinstance(answer, ClusterError):
            raise answer
        return answer


def pages(server: Server) -> Iterator[Page]:
    return read_pages(server, KIND, {}, deed=DEED, page_size=2)


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


def test_a_page_is_asked_for_only_when_the_one_before_was_used() -> None:
    server = Server(page("a", "b", token="t"), page("c"))
    reading = pages(server)
    first = next(reading)
    assert (names(first.items), first.is_first, server.asked) == (["a", "b"], True, [""])
    assert [(names(one.items), one.is_first) for one in reading] == [(["c"], False)]
    assert server.asked == ["", "t"]


def test_a_list_that_expires_half_way_begins_anew_and_says_so() -> None:
    server = Server(page("a", token="t"), EXPIRED, page("b", token="u"), page("c"))
    seen = [(names(one.items), one.is_first) for one in pages(server)]
    assert seen == [(["a"], True), (["b"], True), (["c"], False)]
    assert server.asked == ["", "t", "", "u"]


def test_a_list_that_breaks_off_ends_in_an_error_and_not_quietly() -> None:
    reading = pages(Server(page("a", token="t"), LOST))
    next(reading)
    with pytest.raises(ClusterError) as caught:
        next(reading)
    assert caught.value.fault is Fault.TIMEOUT


def test_a_list_that_expires_again_and_again_is_given_up() -> None:
    answers = [answer for _ in range(9) for answer in (page("a", token="t"), EXPIRED)]
    server = Server(*answers)
    with pytest.raises(ClusterError) as caught:
        list(pages(server))
    assert caught.value.fault is Fault.EXPIRED
    assert server.asked.count("") == MAX_RESTARTS + 1


def test_a_whole_list_holds_nothing_of_what_had_expired() -> None:
    server = Server(page("a", token="t"), EXPIRED, page("b", token="u", version="9"), page("c"))
    whole = list_all(server, KIND, {}, deed=DEED, page_size=2)
    assert (names(whole.items), whole.resource_version) == (["b", "c"], "9")


def test_a_token_that_never_changes_is_no_list() -> None:
    with pytest.raises(ClusterError) as caught:
        list(pages(Server(page("a", token="t"), page("b", token="t"))))
    assert caught.value.fault is Fault.MALFORMED


class Endless:
    """A transport whose lists are empty and go on for ever, but not longer than a test may."""

    def __init__(self) -> None:
        self.until = time.monotonic() + 10
        self.count = 0

    def request(self, method: str, path: str, **_: Any) -> Answer:
        """Return one more page without objects."""
        assert time.monotonic() < self.until, "nobody stopped asking"
        self.count += 1
        return Answer(200, {}, json.dumps(page(token=f"t{self.count}")).encode())


def test_a_list_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "LONGEST_LIST", 0.2)
    server: Any = Endless()
    with pytest.raises(ClusterError) as caught:
        list(KubeGateway(server).pages(KIND))
    assert caught.value.fault is Fault.TIMEOUT
    assert server.count > 2
