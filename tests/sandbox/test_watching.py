"""Watches: what is seen, in which order, and how a watch ends."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from egress.sandbox.messages import Request
from tests.sandbox.calling import (
    ADMIN_TOKEN,
    ENTRIES,
    MERGE,
    Call,
    a_store,
    an_api,
    apply,
    entry,
    in_process,
)

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def labelled(name: str, value: str) -> dict[str, Any]:
    body = entry(name, resolution="NONE")
    body["metadata"]["labels"] = {"l": value}
    return body


def watch(call: Call, query: str, accept: str = "") -> list[dict[str, Any]]:
    """Return the events of a watch of one second."""
    body = call("GET", f"{ENTRIES}?watch=true&timeoutSeconds=1&{query}", accept=accept).body
    return [body] if isinstance(body, dict) else body or []


def shown(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


def version(call: Call) -> str:
    return str(call("GET", ENTRIES).body["metadata"]["resourceVersion"])


def test_a_watch_without_version_begins_with_what_there_is(call: Call) -> None:
    for name in ("b", "a"):
        apply(call, labelled(name, "x"))
    assert shown(watch(call, "")) == [("ADDED", "a"), ("ADDED", "b")]


def test_a_watch_from_a_version_shows_only_what_came_later(call: Call) -> None:
    apply(call, labelled("a", "x"))
    since = version(call)
    apply(call, labelled("b", "x"))
    call("DELETE", f"{ENTRIES}/a")
    assert shown(watch(call, f"resourceVersion={since}")) == [("ADDED", "b"), ("DELETED", "a")]


def test_an_object_that_leaves_a_selection_is_deleted_for_its_watcher(call: Call) -> None:
    since = version(call)
    apply(call, labelled("a", "x"))
    for value in ("y", "x"):
        call("PATCH", f"{ENTRIES}/a", {"metadata": {"labels": {"l": value}}}, MERGE)
    call("PATCH", f"{ENTRIES}/a", {"metadata": {"annotations": {"n": "1"}}}, MERGE)
    events = watch(call, f"resourceVersion={since}&labelSelector=l%3Dx")
    assert [kind for kind, _ in shown(events)] == ["ADDED", "DELETED", "ADDED", "MODIFIED"]


def test_a_watch_sees_its_own_namespace_and_kind_only(call: Call) -> None:
    call("POST", "/api/v1/namespaces", {"metadata": {"name": "lab"}})
    since = version(call)
    other = labelled("elsewhere", "x")
    other["metadata"]["namespace"] = "lab"
    call("POST", ENTRIES.replace("default", "lab"), other)
    assert watch(call, f"resourceVersion={since}") == []


def test_bookmarks_come_when_asked_for(call: Call) -> None:
    since = version(call)
    events = watch(call, f"resourceVersion={since}&allowWatchBookmarks=true")
    assert [event["type"] for event in events] == ["BOOKMARK"]
    assert events[0]["object"]["metadata"]["resourceVersion"] == since


def test_the_end_of_the_initial_events_is_marked(call: Call) -> None:
    apply(call, labelled("a", "x"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = watch(call, query)
    assert shown(events)[0] == ("ADDED", "a")
    marks = events[1]["object"]["metadata"]["annotations"]
    assert marks == {"k8s.io/initial-events-end": "true"}


def test_a_table_watch_sends_rows_and_its_columns_once(call: Call) -> None:
    apply(call, labelled("a", "x"))
    apply(call, labelled("b", "x"))
    first, second = (event["object"] for event in watch(call, "", TABLE))
    assert first["rows"][0]["cells"][0] == "a"
    assert len(first["columnDefinitions"]) == 5
    assert second["columnDefinitions"] is None


def test_a_version_that_is_forgotten_gives_an_error_event() -> None:
    call = in_process(an_api(a_store(history=4)))
    since = version(call)
    for number in range(10):
        apply(call, labelled(f"n{number}", "x"))
    [event] = watch(call, f"resourceVersion={since}")
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


def test_a_watch_waits_and_then_sees_a_write() -> None:
    api = an_api()
    call = in_process(api)
    seen: list[dict[str, Any]] = []
    found = threading.Event()
    since = version(call)

    def follow() -> None:
        query = f"{ENTRIES}?watch=true&timeoutSeconds=10&resourceVersion={since}"

        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        for part in api.handle(Request.of("GET", query, headers=headers)).body:
            if isinstance(part, bytes) and part:
                seen.append(json.loads(part))
                found.set()
                return

    follower = threading.Thread(target=follow)
    follower.start()
    apply(call, labelled("late", "x"))
    assert found.wait(5)
    follower.join()
    assert shown(seen) == [("ADDED", "late")]


def test_closing_the_store_ends_watches() -> None:
    api = an_api()
    done = threading.Event()

    def follow() -> None:
        in_process(api)("GET", f"{ENTRIES}?watch=true&timeoutSeconds=60")
        done.set()

    follower = threading.Thread(target=follow)
    follower.start()
    api.store.close()
    assert done.wait(5)
    follower.join()


@pytest.mark.parametrize("query", ["resourceVersion=abc", "timeoutSeconds=-1", "labelSelector=a b"])
def test_a_watch_that_cannot_be_read_is_refused(call: Call, query: str) -> None:
    assert call("GET", f"{ENTRIES}?watch=1&{query}").status == 400
