"""Replays what a real API server answered, case by case, in process and over HTTP.

Not compared, because they are the server's own and no effect: times, uids, versions, generated
names, allocated addresses (all translated), the texts of column descriptions, and the groups and
resources that the sandbox does not serve.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from egress.sandbox.api import SandboxApi
from egress.sandbox.controllers import MANUAL
from tests.sandbox.calling import (
    ENTRIES,
    Call,
    Reply,
    a_store,
    an_api,
    in_process,
    over_http,
    served,
)
from tests.sandbox.calling import entry as an_entry
from tests.sandbox.recording import Replay, recorded

UNSUPPORTED: dict[str, str] = {}
WATCH = "watch: add, change, delete, then the server ends it after timeoutSeconds"
# Enough for the pages of the recording, too little for a watch from its first version.
HISTORY = 60


def _replayed(api: SandboxApi, call: Call) -> Iterator[tuple[dict[str, Any], Reply, Replay]]:
    replay = Replay(call)
    for case in recorded("api-server-1.36.json"):
        if case["case"] in UNSUPPORTED or case["case"] == WATCH:
            continue
        replay.before(case)
        # istiod follows a moment later; the recording shows when it had written.
        if "pilot-discovery" in json.dumps(case["response"]):
            api.settle()
        yield case, replay.send(case), replay


@pytest.fixture(scope="module")
def in_process_replay() -> list[tuple[dict[str, Any], Reply, Replay]]:
    api = an_api(a_store(history=HISTORY), MANUAL)
    return list(_replayed(api, in_process(api)))


@pytest.fixture(scope="module")
def http_replay() -> list[tuple[dict[str, Any], Reply, Replay]]:
    api = an_api(a_store(history=HISTORY), MANUAL)
    with served(api) as server:
        return list(_replayed(api, over_http(server)))


@pytest.fixture(params=["in_process_replay", "http_replay"])
def replayed(request: pytest.FixtureRequest) -> list[tuple[dict[str, Any], Reply, Replay]]:
    found: list[tuple[dict[str, Any], Reply, Replay]] = request.getfixturevalue(request.param)
    return found


Replayed = list[tuple[dict[str, Any], Reply, Replay]]


def _report(wrong: list[str]) -> None:
    assert not wrong, "\n".join(wrong)


def test_every_case_has_the_recorded_status_and_content_type(replayed: Replayed) -> None:
    wrong = []
    for case, reply, _ in replayed:
        expected = case["response"]
        if reply.status != expected["status"]:
            wrong.append(f"{case['case']}: {reply.status}, not {expected['status']}: {reply.body}")
        elif "contentType" in expected and reply.headers["content-type"] != expected["contentType"]:
            wrong.append(f"{case['case']}: {reply.headers['content-type']}")
        elif reply.headers.get("warning") != expected.get("warning"):
            wrong.append(f"{case['case']}: warning {reply.headers.get('warning')}")
    _report(wrong)


def test_every_refusal_has_the_recorded_reason_message_and_causes(replayed: Replayed) -> None:
    wrong, compared = [], 0
    for case, reply, replay in replayed:
        expected = case["response"].get("body") or case["response"].get("names")
        if not isinstance(expected, dict) or expected.get("kind") != "Status":
            continue
        if case["case"] in ("annotations over 256 KiB", "300 ports (at most 256)"):
            continue
        compared += 1
        theirs = json.loads(replay.translated(json.dumps(expected)))
        if reply.body != theirs:
            wrong.append(f"{case['case']}:\n  {reply.body}\n  {theirs}")
    _report(wrong)
    assert compared > 35


def test_refusals_that_were_shortened_in_the_recording_end_alike(replayed: Replayed) -> None:
    found = 0
    for case, reply, _ in replayed:
        if case["case"] in ("annotations over 256 KiB", "300 ports (at most 256)"):
            found += 1
            assert reply.body["reason"] == case["response"]["body"]["reason"]
            assert reply.body["message"].endswith(case["response"]["body"]["message"])
    assert found == 2


def _comparable(obj: dict[str, Any], translate: Replay | None = None) -> dict[str, Any]:
    """Return an object without what differs from run to run."""
    text = json.dumps(obj)
    copy: dict[str, Any] = json.loads(translate.translated(text) if translate else text)
    metadata = copy["metadata"]
    for name in ("uid", "resourceVersion", "creationTimestamp"):
        metadata[name] = name in metadata
    if metadata.get("generateName"):
        metadata.pop("name")
    for claim in metadata.get("managedFields", []):
        claim["time"] = "time" in claim
    if "managedFields" in metadata:
        # A server lists them by time, in seconds: here one may pass where none did there.
        metadata["managedFields"].sort(key=lambda claim: json.dumps(claim, sort_keys=True))
    if copy.get("kind") == "ServiceEntry":
        for address in (copy.get("status") or {}).get("addresses", []):
            address["value"] = "4" if "." in address["value"] else "6"
    for name in ("clusterIP", "clusterIPs"):
        if name in (copy.get("spec") or {}):
            copy["spec"][name] = "allocated"
    return copy


def _objects(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, dict) or body.get("kind") in ("Status", "Table"):
        return []
    items = body.get("items", [body])
    return [item for item in items if isinstance(item.get("metadata"), dict)]


def test_every_object_has_the_recorded_fields_generation_and_managers(replayed: Replayed) -> None:
    wrong, compared = [], 0
    for case, reply, replay in replayed:
        if "names" in case["response"]:
            continue
        theirs, ours = _objects(case["response"].get("body")), _objects(reply.body)
        if len(theirs) != len(ours):
            wrong.append(f"{case['case']}: {len(ours)} objects, not {len(theirs)}")
            continue
        for one, other in zip(ours, theirs, strict=True):
            compared += 1
            mine, real = _comparable(one), _comparable(other, replay)
            if mine != real:
                wrong.append(f"{case['case']}:\n  {mine}\n  {real}")
    _report(wrong)
    assert compared > 40


def test_a_write_changes_the_version_exactly_where_the_recorded_one_did(replayed: Replayed) -> None:
    """Compared per object: is its resourceVersion another than when it was last seen?"""
    wrong, last = [], dict[str, tuple[str, str]]()
    for case, reply, _ in replayed:
        theirs, ours = case["response"].get("body"), reply.body
        if not _objects(theirs) or "items" in theirs:
            continue
        before = last.get(theirs["metadata"].get("name", ""))
        now = (
            theirs["metadata"].get("resourceVersion", ""),
            ours["metadata"].get("resourceVersion", ""),
        )
        if before is not None and (before[0] == now[0]) != (before[1] == now[1]):
            wrong.append(f"{case['case']}: {before} became {now}")
        last[theirs["metadata"].get("name", "")] = now
    _report(wrong)
    assert len(last) > 6


def test_selectors_find_the_recorded_objects(replayed: Replayed) -> None:
    compared = 0
    for case, reply, replay in replayed:
        if isinstance(case["response"].get("names"), list):
            compared += 1
            names = [item["metadata"]["name"] for item in reply.body["items"]]
            assert names == json.loads(replay.translated(json.dumps(case["response"]["names"])))
    assert compared == 6


def test_lists_have_the_recorded_metadata(replayed: Replayed) -> None:
    compared = 0
    for case, reply, _ in replayed:
        theirs = case["response"].get("body")
        if isinstance(theirs, dict) and "items" in theirs:
            compared += 1
            mine = dict(reply.body["metadata"])
            real = dict(theirs["metadata"])
            for metadata in (mine, real):
                metadata["resourceVersion"] = ""
                metadata["continue"] = bool(metadata.get("continue"))
            assert (mine, reply.body["kind"]) == (real, theirs["kind"]), case["case"]
    assert compared >= 5


def test_the_table_has_the_recorded_columns_and_cells(replayed: Replayed) -> None:
    [(case, reply, replay)] = [found for found in replayed if "as a table" in found[0]["case"]]
    theirs = case["response"]["body"]
    for body in (theirs, reply.body):
        for column in body["columnDefinitions"]:
            column.pop("description", None)
    assert reply.body["columnDefinitions"] == theirs["columnDefinitions"]
    for mine, real in zip(reply.body["rows"], theirs["rows"], strict=True):
        assert mine["cells"][1:4] == real["cells"][1:4]
        assert mine["cells"][0] == replay.translated(real["cells"][0])
        assert re.fullmatch(r"\d+s", mine["cells"][4])
        assert mine["object"].keys() == real["object"].keys()


def test_discovery_says_the_same_of_what_the_sandbox_serves(replayed: Replayed) -> None:
    """Compared: every resource that both serve, but for the hash of its storage version."""
    compared = 0
    for case, reply, _ in replayed:
        theirs = case["response"].get("body")
        if not isinstance(theirs, dict) or theirs.get("kind") != "APIResourceList":
            continue
        real = {resource["name"]: resource for resource in theirs["resources"]}
        for resource in reply.body["resources"]:
            other = dict(real[resource["name"]])
            for listed in (resource, other):
                listed.pop("storageVersionHash", None)
            assert resource == other
            compared += 1
    assert compared > 20


def test_the_version_has_the_recorded_fields(replayed: Replayed) -> None:
    [(case, reply, _)] = [found for found in replayed if found[0]["case"] == "version"]
    theirs = case["response"]["body"]
    assert reply.body.keys() == theirs.keys()
    assert (reply.body["major"], reply.body["minor"]) == (theirs["major"], theirs["minor"])


def test_a_watch_from_a_lost_version_says_so_in_an_event(replayed: Replayed) -> None:
    [(case, reply, _)] = [found for found in replayed if "that is gone" in found[0]["case"]]
    theirs, mine = case["response"]["body"], reply.body
    assert mine["object"].pop("message").startswith("too old resource version: 1 (")
    theirs["object"].pop("message", None)
    assert mine == theirs


def test_a_watch_shows_the_recorded_events() -> None:
    """The recorder created an entry, changed its hosts and deleted it; istiod followed twice."""
    [case] = [c for c in recorded("api-server-1.36.json") if c["case"] == WATCH]
    api = an_api()
    call = in_process(api)
    version = call("GET", ENTRIES).body["metadata"]["resourceVersion"]
    call("POST", ENTRIES, an_entry("w1"))
    patch = {"spec": {"hosts": ["b.example.com"]}}
    call("PATCH", f"{ENTRIES}/w1", patch, "application/merge-patch+json")
    call("DELETE", f"{ENTRIES}/w1")
    path = case["request"]["path"].replace("RV", version).replace("=3", "=1")
    events = call("GET", path).body
    theirs, mine = case["response"]["events"], []
    for event in events:
        metadata = {k: event["object"]["metadata"].get(k) for k in ("generation", "name")}
        shown = {name: value for name, value in metadata.items() if value is not None}
        mine.append((event["type"], event["object"]["kind"], shown))
    real = []
    for event in theirs:
        event["object"]["metadata"].pop("resourceVersion", None)
        real.append((event["type"], event["object"]["kind"], event["object"]["metadata"]))
    assert mine == real
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == [*range(versions[0], versions[0] + 5), versions[4]]


def test_every_recorded_case_is_replayed(in_process_replay: Replayed) -> None:
    cases = recorded("api-server-1.36.json")
    assert len(in_process_replay) == len(cases) - len(UNSUPPORTED) - 1
    assert len(UNSUPPORTED) <= 4
