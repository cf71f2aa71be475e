"""Faults of the HTTP front: what each does to a caller, and to the store behind it."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from egress.sandbox.fault_rules import Match, Rule, RulePlan
from egress.sandbox.faults import CUT, DRIP, GARBLE, RESET, STALE, STALL, Fault, FaultPlan
from egress.sandbox.server import SandboxServer
from tests.sandbox.calling import (
    ADMIN_TOKEN,
    ENTRIES,
    PORTAL_TOKEN,
    an_api,
    apply,
    entry,
    in_process,
    over_http,
    served,
)

PAGE = "/sandbox/faults"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A served sandbox."""
    with served(an_api()) as server:
        yield server


def is_there(server: SandboxServer, name: str = "one") -> bool:
    return in_process(server.api)("GET", f"{ENTRIES}/{name}").status == 200


def posted(server: SandboxServer, timeout: float = 5.0) -> http.client.HTTPResponse:
    """Post an entry, and return the answer as far as its head."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", ENTRIES, json.dumps(entry()), headers)
    return connection.getresponse()


def test_a_reset_comes_before_anything_is_done(server: SandboxServer) -> None:
    server.faults = FaultPlan([Fault(RESET)])
    with pytest.raises(ConnectionResetError):
        posted(server)
    assert not is_there(server)


def test_a_body_cut_short_lacks_what_its_length_promises(server: SandboxServer) -> None:
    server.faults = FaultPlan([Fault(CUT)])
    with pytest.raises(http.client.IncompleteRead):
        posted(server).read()
    assert is_there(server)


def test_a_garbled_body_is_whole_and_no_json(server: SandboxServer) -> None:
    server.faults = FaultPlan([Fault(GARBLE)])
    with pytest.raises(json.JSONDecodeError):
        json.loads(posted(server).read())
    assert is_there(server)


def test_a_stalled_answer_falls_silent_in_its_middle(server: SandboxServer) -> None:
    server.faults = FaultPlan([Fault(STALL)])
    answer = posted(server, timeout=0.3)
    assert answer.status == 201
    with pytest.raises(TimeoutError):
        answer.read()
    assert is_there(server)


def test_a_dripping_answer_comes_byte_by_byte(server: SandboxServer) -> None:
    server.faults = FaultPlan([Fault(DRIP, pace=0.02)])
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /version HTTP/1.1\r\n\r\n")
        began = time.monotonic()
        received = b"".join(connection.recv(100) for _ in range(10))
        assert time.monotonic() - began >= 0.15
    assert b"HTTP/1.1 200".startswith(received[:10])


def test_a_stale_list_is_the_one_of_some_changes_ago(server: SandboxServer) -> None:
    call = over_http(server)
    apply(call, entry("one", resolution="NONE"))
    apply(call, entry("two", resolution="NONE"))
    newest = call("GET", ENTRIES).body["metadata"]["resourceVersion"]
    server.faults = FaultPlan([Fault(STALE, behind=1)])
    stale = call("GET", ENTRIES).body
    assert [one["metadata"]["name"] for one in stale["items"]] == ["one"]
    assert int(stale["metadata"]["resourceVersion"]) < int(newest)
    assert len(call("GET", ENTRIES).body["items"]) == 2


def test_a_rule_meets_the_nth_request_it_is_about(server: SandboxServer) -> None:
    rule = Rule(Match(verb="create", kind="ServiceEntry", nth=2), Fault(RESET))
    server.faults = RulePlan(server.api.store, [rule])
    call = over_http(server)
    assert apply(call, entry("one", resolution="NONE")).status == 201
    assert apply(call, entry("one", resolution="NONE")).status == 200, "an update is no creation"
    with pytest.raises(ConnectionResetError):
        apply(call, entry("two", resolution="NONE"))
    assert apply(call, entry("two", resolution="NONE")).status == 201
    assert (rule.seen, rule.hits) == (3, 1)


def test_a_rule_tells_a_trial_from_a_write(server: SandboxServer) -> None:
    plan = RulePlan(server.api.store, [Rule(Match(verb="delete", times=0), Fault(RESET))])
    server.faults = plan
    call = over_http(server)
    apply(call, entry("one", resolution="NONE"))
    trial = {"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]}
    assert call("DELETE", f"{ENTRIES}/one", trial).status == 200
    with pytest.raises(ConnectionResetError):
        call("DELETE", f"{ENTRIES}/one")
    assert [sort.verb for sort in plan.seen] == ["create", "delete", "delete"]


RULES: dict[str, Any] = {
    "rules": [
        {
            "match": {"verb": "create", "name": "one", "times": 0},
            "fault": {"status": 429, "reason": "TooManyRequests", "retryAfter": 3},
        }
    ]
}


def test_another_process_sets_rules_and_sees_what_they_met(server: SandboxServer) -> None:
    server.faults = RulePlan(server.api.store)
    call = over_http(server)
    assert call("PUT", PAGE, RULES).body == {"requests": 0, "rules": [{"seen": 0, "hits": 0}]}
    refused = apply(call, entry("one"))
    assert (refused.status, refused.headers["retry-after"]) == (429, "3")
    assert apply(call, entry("two", resolution="NONE")).status == 201
    assert call("GET", PAGE).body == {"requests": 2, "rules": [{"seen": 1, "hits": 1}]}
    call("PUT", PAGE, {"rules": []})
    assert apply(call, entry("one", resolution="NONE")).status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        {},
        {"rules": ["a"]},
        {"rules": [{"what": 1}]},
        {"rules": [{"match": {"verb": "destroy"}}]},
        {"rules": [{"match": {"colour": "red"}}]},
        {"rules": [{"match": {"nth": -1}}]},
        {"rules": [{"fault": {"act": "explode"}}]},
        {"rules": [{"fault": {"act": "answer"}}]},
        {"rules": [{"fault": {"act": "drip", "pace": "slow"}}]},
    ],
)
def test_rules_that_make_no_sense_are_refused(server: SandboxServer, body: object) -> None:
    server.faults = RulePlan(server.api.store)
    refused = over_http(server)("PUT", PAGE, body)
    assert (refused.status, refused.body["reason"]) == (400, "BadRequest")


def test_only_an_administrator_sets_faults_and_only_where_they_are_asked_for(
    server: SandboxServer,
) -> None:
    call = over_http(server)
    assert call("PUT", PAGE, RULES).status in (403, 404, 405)
    server.faults = RulePlan(server.api.store)
    assert call("PUT", PAGE, RULES, token=PORTAL_TOKEN).status == 403
    assert call("DELETE", PAGE).status == 405
