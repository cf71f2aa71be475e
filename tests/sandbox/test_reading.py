"""Lists: pages of one moment, versions, selectors and forms."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sandbox.calling import (
    ENTRIES,
    MERGE,
    Call,
    a_store,
    an_api,
    apply,
    entry,
    in_process,
)

PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def fill(call: Call, count: int) -> None:
    for number in range(count):
        apply(call, entry(f"n{number}", resolution="NONE"))


def names(body: dict[str, object]) -> list[str]:
    items = body["items"]
    assert isinstance(items, list)
    return [item["metadata"]["name"] for item in items]


def test_pages_show_one_moment_whatever_is_written_meanwhile(call: Call) -> None:
    fill(call, 5)
    page = call("GET", f"{ENTRIES}?limit=2").body
    call("DELETE", f"{ENTRIES}/n3")
    apply(call, entry("n9", resolution="NONE"))
    seen = names(page)
    while token := page["metadata"].get("continue"):
        page = call("GET", f"{ENTRIES}?limit=2&continue={token}").body
        seen += names(page)
    assert seen == ["n0", "n1", "n2", "n3", "n4"]


def test_a_page_that_is_too_old_is_refused_with_a_way_on() -> None:
    call = in_process(an_api(a_store(history=4)))
    fill(call, 5)
    token = call("GET", f"{ENTRIES}?limit=2").body["metadata"]["continue"]
    fill(in_process(an_api()), 1)
    for number in range(10):
        apply(call, entry("n0", resolution="NONE", exportTo=["." if number % 2 else "*"]))
    refused = call("GET", f"{ENTRIES}?limit=2&continue={token}")
    assert (refused.status, refused.body["reason"]) == (410, "Expired")
    onward = refused.body["metadata"]["continue"]
    assert names(call("GET", f"{ENTRIES}?limit=2&continue={onward}").body) == ["n2", "n3"]


def test_a_list_at_an_exact_version_shows_the_past(call: Call) -> None:
    fill(call, 2)
    then = call("GET", ENTRIES).body["metadata"]["resourceVersion"]
    call("DELETE", f"{ENTRIES}/n0")
    past = call("GET", f"{ENTRIES}?resourceVersion={then}&resourceVersionMatch=Exact").body
    assert names(past) == ["n0", "n1"]
    assert past["metadata"]["resourceVersion"] == then


def test_a_version_of_the_future_is_a_timeout(call: Call) -> None:
    reply = call("GET", f"{ENTRIES}?resourceVersion=999999")
    assert (reply.status, reply.body["reason"]) == (504, "Timeout")
    assert reply.headers["retry-after"] == "1"


def test_metadata_alone_can_be_had_of_one_object(call: Call) -> None:
    fill(call, 1)
    body = call("GET", f"{ENTRIES}/n0", accept=PARTIAL).body
    assert (body["kind"], "spec" in body) == ("PartialObjectMetadata", False)


@pytest.mark.parametrize("accept", ["application/xml", "application/vnd.kubernetes.protobuf"])
def test_forms_that_are_not_spoken_are_refused(call: Call, accept: str) -> None:
    assert call("GET", ENTRIES, accept=accept).status == 406


@pytest.mark.parametrize(
    "selector",
    ["a=b,", "a in b", "a in (b", "=b", "a==b=c", "a=b c", "!", "a=-x", "a notin"],
)
def test_selectors_that_cannot_be_read_are_refused(call: Call, selector: str) -> None:

    reply = call("GET", f"{ENTRIES}?labelSelector={quote(selector)}")
    assert reply.status == 400
    assert "unable to parse requirement" in reply.body["message"]


@pytest.mark.parametrize(
    ("selector", "found"),
    [("l notin (x)", ["b", "c"]), ("l in (x,y)", ["a", "b"]), ("l=", []), ("n>3", ["b"])],
)
def test_selectors_mean_what_the_documentation_says(
    call: Call, selector: str, found: list[str]
) -> None:

    for name, labels in (("a", {"l": "x", "n": "3"}), ("b", {"l": "y", "n": "4"}), ("c", {})):
        body = entry(name, resolution="NONE")
        body["metadata"]["labels"] = labels
        call("POST", ENTRIES, body)
    assert names(call("GET", f"{ENTRIES}?labelSelector={quote(selector)}").body) == found


@pytest.mark.parametrize("token", ["!!", "e30", "eyJ2Ijoib3RoZXIifQ", "bm9uZQ"])
def test_tokens_of_others_are_refused(call: Call, token: str) -> None:
    reply = call("GET", f"{ENTRIES}?limit=1&continue={token}")
    assert reply.status == 400
    assert reply.body["message"].startswith("invalid continue token: ")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("is_disturbed", [True, False])
def test_pages_of_all_namespaces_hold_each_selected_object_once(
    call: Call, limit: int, is_disturbed: bool
) -> None:
    everywhere = ENTRIES.replace("/namespaces/default", "")
    for place in ("a", "a-b", "a0", "b"):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}}
        call("POST", "/api/v1/namespaces", body)
        for number in range(4):
            obj = entry(f"n{number}", resolution="NONE")
            labels = {"parity": "even" if number % 2 == 0 else "odd"}
            obj["metadata"] |= {"namespace": place, "labels": labels}
            call("POST", ENTRIES.replace("default", place), obj)
    query = f"?limit={limit}&labelSelector={quote('parity=even')}"
    page = call("GET", f"{everywhere}{query}").body
    if is_disturbed:
        call("DELETE", f"{ENTRIES.replace('default', 'b')}/n2")
    seen = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in page["items"]]
    while token := page["metadata"].get("continue"):
        page = call("GET", f"{everywhere}{query}&continue={token}").body
        assert 0 < len(page["items"]) <= limit
        seen += [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in page["items"]]
    # The order is the store's, in which "-" comes before "/" and "0" behind it.
    assert seen == [(p, n) for p in ("a-b", "a", "a0", "b") for n in ("n0", "n2")]


def test_selectors_follow_labels_that_change(call: Call) -> None:
    body = entry("a", resolution="NONE")
    body["metadata"]["labels"] = {"l": "x", "kept": "yes"}
    call("POST", ENTRIES, body)
    changed = {"metadata": {"labels": {"l": "y"}}}
    call("PATCH", f"{ENTRIES}/a", changed, content_type=MERGE)
    assert names(call("GET", f"{ENTRIES}?labelSelector={quote('l=x')}").body) == []
    assert names(call("GET", f"{ENTRIES}?labelSelector={quote('l=y,kept=yes')}").body) == ["a"]
    assert names(call("GET", f"{ENTRIES}?labelSelector={quote('l!=y')}").body) == []
    call("DELETE", f"{ENTRIES}/a")
    assert names(call("GET", f"{ENTRIES}?labelSelector={quote('kept=yes')}").body) == []
