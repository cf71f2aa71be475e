"""Deleting: preconditions, finalizers, collections and whole namespaces."""

from __future__ import annotations

import pytest

from egress.sandbox.api import SandboxApi
from egress.sandbox.controllers import MANUAL
from tests.sandbox.calling import (
    ENTRIES,
    MERGE,
    Call,
    an_api,
    apply,
    entry,
    in_process,
    service,
)

NAMESPACES = "/api/v1/namespaces"


def lab(call: Call) -> None:
    call("POST", NAMESPACES, {"metadata": {"name": "lab"}})
    inside = entry()
    inside["metadata"]["namespace"] = "lab"
    assert call("POST", ENTRIES.replace("default", "lab"), inside).status == 201


def test_an_object_made_again_has_another_uid_and_escapes_the_old_precondition(call: Call) -> None:
    old = call("POST", ENTRIES, entry()).body["metadata"]["uid"]
    call("DELETE", f"{ENTRIES}/one")
    new = call("POST", ENTRIES, entry()).body["metadata"]["uid"]
    assert new != old
    refused = call("DELETE", f"{ENTRIES}/one", {"preconditions": {"uid": old}})
    assert refused.status == 409
    assert call("DELETE", f"{ENTRIES}/one", {"preconditions": {"uid": new}}).status == 200


def test_a_finalizer_holds_an_object_until_it_is_taken_off(call: Call) -> None:
    held = entry()
    held["metadata"]["finalizers"] = ["example.com/hold"]
    call("POST", ENTRIES, held)
    shown = call("DELETE", f"{ENTRIES}/one")
    assert "deletionTimestamp" in shown.body["metadata"]
    again = call("DELETE", f"{ENTRIES}/one")
    assert (
        again.body["metadata"]["deletionTimestamp"] == shown.body["metadata"]["deletionTimestamp"]
    )
    assert call("GET", f"{ENTRIES}/one").status == 200
    call("PATCH", f"{ENTRIES}/one", {"metadata": {"finalizers": None}}, MERGE)
    assert call("GET", f"{ENTRIES}/one").status == 404


def test_a_collection_is_deleted_by_selector_only(call: Call) -> None:
    for name, label in (("a", "x"), ("b", "y"), ("c", "x")):
        body = entry(name)
        body["metadata"]["labels"] = {"l": label}
        call("POST", ENTRIES, body)
    gone = call("DELETE", f"{ENTRIES}?labelSelector=l%3Dx")
    assert [item["metadata"]["name"] for item in gone.body["items"]] == ["a", "c"]
    left = call("GET", ENTRIES).body["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


def test_a_dry_run_of_a_collection_deletes_nothing(call: Call) -> None:
    call("POST", ENTRIES, entry())
    assert len(call("DELETE", f"{ENTRIES}?dryRun=All").body["items"]) == 1
    assert len(call("GET", ENTRIES).body["items"]) == 1


def test_a_service_is_shown_when_it_is_deleted(call: Call) -> None:
    apply(call, service())
    gone = call("DELETE", "/api/v1/namespaces/default/services/db")
    assert gone.body["kind"] == "Service"


def test_a_namespace_takes_its_content_along(call: Call) -> None:
    lab(call)
    assert call("DELETE", f"{NAMESPACES}/lab").body["status"]["phase"] == "Terminating"
    assert call("GET", f"{NAMESPACES}/lab").status == 404
    assert call("GET", f"{ENTRIES.replace('default', 'lab')}").body["items"] == []


def test_nothing_can_be_created_in_a_namespace_that_ends() -> None:
    api = an_api(controllers=MANUAL)
    call = in_process(api)
    api.settle()
    lab(call)
    api.settle()
    call("DELETE", f"{NAMESPACES}/lab")
    late = entry("late")
    late["metadata"]["namespace"] = "lab"
    refused = call("POST", ENTRIES.replace("default", "lab"), late)
    assert refused.status == 403
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert call("DELETE", f"{NAMESPACES}/lab").status == 409
    api.settle()
    assert call("GET", f"{NAMESPACES}/lab").status == 404


def test_a_namespace_waits_for_the_finalizers_of_its_content(call: Call) -> None:
    call("POST", NAMESPACES, {"metadata": {"name": "lab"}})
    held = entry()
    held["metadata"] |= {"namespace": "lab", "finalizers": ["example.com/hold"]}
    path = ENTRIES.replace("default", "lab")
    call("POST", path, held)
    call("DELETE", f"{NAMESPACES}/lab")
    assert call("GET", f"{NAMESPACES}/lab").body["status"]["phase"] == "Terminating"
    call("PATCH", f"{path}/one", {"metadata": {"finalizers": []}}, MERGE)
    assert call("GET", f"{NAMESPACES}/lab").status == 404


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_namespaces_that_every_cluster_needs_stay(call: Call, name: str) -> None:
    refused = call("DELETE", f"{NAMESPACES}/{name}")
    assert (refused.status, refused.body["reason"]) == (403, "Forbidden")


def test_a_deleted_default_account_comes_back_with_another_uid(call: Call, api: SandboxApi) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    before = call("GET", path).body["metadata"]["uid"]
    call("DELETE", path)
    assert call("GET", path).body["metadata"]["uid"] != before
    assert api.store.ledger.entries()[-1].manager == "kube-controller-manager"
