"""Requests: list, read, ask, rehearse."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from egress.cluster.gateway import ClusterGateway
from egress.cluster.snapshot import read_snapshot
from egress.domain.lifecycle import RequestStatus
from egress.domain.posture import Snapshot
from egress.models import AuditEvent, Grant, Namespace, Person, Request
from tests import factories as make
from tests.api.calling import Caller, problem, rows, wish
from tests.services.connected import GRANTED, Connected, company_connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(shop: Namespace, owner: Person) -> Request:
    """A request of the owner for the shop that waits for a decision."""
    return make.request(shop, owner, "api.example.com")


# --- list and read ------------------------------------------------------------------------------


def test_everybody_sees_the_requests_that_are_theirs_to_see(
    pending: Request, payments: Namespace, owner: Person, mate: Person, stranger: Person
) -> None:
    other = make.request(payments, stranger)
    assert [row["id"] for row in rows(Caller(owner).get("/requests/"))] == [pending.pk]
    assert [row["id"] for row in rows(Caller(stranger).get("/requests/"))] == [other.pk]
    assert [row["id"] for row in rows(Caller(mate).get("/requests/"))] == [other.pk, pending.pk]


def test_admins_and_auditors_see_all_requests(pending: Request, adam: Person, olga: Person) -> None:
    for who in (adam, olga):
        assert [row["id"] for row in rows(Caller(who).get("/requests/"))] == [pending.pk]


def test_a_request_is_shown_with_all_its_facts(
    shop: Namespace, owner: Person, pending: Request
) -> None:
    shown = Caller(owner).get(f"/requests/{pending.pk}/").json()
    assert shown["destinations"] == [
        {
            "position": 0,
            "host": "api.example.com",
            "port": 443,
            "protocol": "TLS",
            "tls_origination": False,
            "addresses": [],
            "long_lived": False,
            "alias": "",
            "verdict": "",
        }
    ]
    assert (shown["status"], shown["revision"], shown["requester"]) == ("pending", 1, "owner")
    assert (shown["cluster"], shown["namespace"]) == ("main", "shop")
    assert shown["grants"] == []


def test_a_stranger_cannot_tell_a_hidden_request_from_none(
    pending: Request, stranger: Person
) -> None:
    caller = Caller(stranger)
    hidden = caller.get(f"/requests/{pending.pk}/")
    absent = caller.get("/requests/424242/")
    assert problem(hidden, 404)["detail"] == problem(absent, 404)["detail"]


@pytest.mark.parametrize("action", ["approve", "deny", "withdraw", "comments", ""])
def test_a_stranger_can_do_nothing_to_a_hidden_request(
    pending: Request, stranger: Person, action: str
) -> None:
    caller = Caller(stranger)
    path = f"/requests/{pending.pk}/{action}/" if action else f"/requests/{pending.pk}/"
    answer = caller.post(path, {}) if action else caller.put(path, {})
    problem(answer, 404)


def test_requests_are_narrowed_by_where_who_and_status(
    shop: Namespace, payments: Namespace, owner: Person, stranger: Person, adam: Person
) -> None:
    asked = make.request(shop, owner)
    denied = make.request(shop, owner, status=RequestStatus.DENIED)
    other = make.request(payments, stranger)
    caller = Caller(adam)

    def found(**query: str) -> list[int]:
        return [row["id"] for row in rows(caller.get("/requests/", query))]

    assert found(status="denied") == [denied.pk]
    assert found(namespace="payments") == [other.pk]
    assert found(requester="owner", status="pending") == [asked.pk]
    assert found(cluster="elsewhere") == []


def test_a_list_costs_the_same_for_one_request_and_for_twenty(
    shop: Namespace, owner: Person, django_assert_num_queries: Any
) -> None:
    caller = Caller(owner)
    caller.get("/requests/")

    def one_more() -> None:
        grant = make.grant(shop, owner, f"h{make.number()}.example.com")
        make.request(shop, owner, "a.example.com", "b.example.com", renews=grant)

    one_more()
    # The token with its person, standing, requests, destinations, grants.
    with django_assert_num_queries(5):
        assert len(rows(caller.get("/requests/"))) == 2
    for _ in range(10):
        one_more()
    with django_assert_num_queries(5):
        assert len(rows(caller.get("/requests/"))) == 22


# --- ask ----------------------------------------------------------------------------------------


def test_the_owner_asks_for_two_hosts(shop: Namespace, owner: Person, alice: Person) -> None:
    answer = Caller(owner).post("/requests/", wish(shop, "API.Example.com.", "b.example.com"))
    assert answer.status_code == 201, answer.content
    stored = Request.objects.get()
    assert answer.json()["id"] == stored.pk
    assert [row["host"] for row in answer.json()["destinations"]] == [
        "api.example.com",
        "b.example.com",
    ]
    assert (stored.requester, stored.namespace_uid) == (owner, shop.uid)
    event = AuditEvent.objects.get(tag="request:submitted")
    assert (event.actor, event.source) == ("owner", "api")
    assert event.request_id, "an audit event leads to the log"


def test_a_service_account_may_be_left_out_or_empty(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    answer = Caller(owner).post("/requests/", wish(shop, service_account=""))
    assert answer.status_code == 201
    assert answer.json()["service_account"] == ""


def test_access_without_an_end_is_asked_for_by_null(
    shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    answer = Caller(owner).post("/requests/", wish(shop, duration_days=None, dry_run=True))
    assert answer.status_code == 200
    assert answer.json()["errors"] == {}


def test_all_wrong_fields_are_named_at_once(shop: Namespace, owner: Person) -> None:
    body = {
        "cluster": 7,
        "destinations": [
            {"host": "ok.example.com", "port": 443, "protocol": "TLS"},
            {"host": ["x"], "port": "443", "protocol": "TLS", "tls_origination": "yes"},
            {"host": "a.example.com", "prot": "TLS"},
            "api.example.com",
        ],
        "reason": "",
        "duration_days": 1.5,
        "dry_run": "false",
        "colour": "red",
    }
    errors = problem(Caller(owner).post("/requests/", body), 422, "InputNotUnderstood")["errors"]
    assert set(errors) == {
        "cluster",
        "namespace",
        "destinations.1.host",
        "destinations.1.port",
        "destinations.1.tls_origination",
        "destinations.2.port",
        "destinations.2.protocol",
        "destinations.2.prot",
        "destinations.3",
        "reason",
        "duration_days",
        "dry_run",
        "colour",
    }
    assert all(sentence.endswith(".") for found in errors.values() for sentence in found)
    assert not Request.objects.exists()


def test_what_the_portal_cannot_understand_is_named_at_once_too(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    body = wish(shop, "10.0.0.1", "ok.example.com", service_account="ghost", ticket="not a link")
    body["destinations"][1] |= {"port": 70_000, "protocol": "GOPHER"}
    errors = problem(Caller(owner).post("/requests/", body), 422)["errors"]
    assert set(errors) == {
        "destinations.0.host",
        "destinations.1.port",
        "destinations.1.protocol",
        "service_account",
        "ticket",
    }


def test_a_host_that_a_policy_blocks_is_refused(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    answer = Caller(owner).post("/requests/", wish(shop, "metadata.google.internal"))
    body = problem(answer, 422)
    assert any(path.startswith("destinations.0") for path in body["errors"])
    assert not Request.objects.exists()


def test_a_request_that_nobody_can_approve_is_refused(shop: Namespace, owner: Person) -> None:
    problem(Caller(owner).post("/requests/", wish(shop)), 422, "NobodyCanApprove")


def test_a_stranger_asking_for_a_namespace_learns_nothing_of_it(
    shop: Namespace, stranger: Person, payments: Namespace
) -> None:
    caller = Caller(stranger)
    hidden = problem(caller.post("/requests/", wish(shop)), 422)["errors"]
    absent = problem(caller.post("/requests/", wish(shop, namespace="nowhere")), 422)["errors"]
    assert [*hidden] == [*absent] == ["namespace"]
    assert hidden["namespace"][0].replace("shop", "nowhere") == absent["namespace"][0]


def test_an_approver_who_sees_a_namespace_may_still_not_ask_for_it(
    shop: Namespace, alice: Person, mate: Person
) -> None:
    problem(Caller(alice).post("/requests/", wish(shop)), 403, "NotTheOwner")


# --- rehearse -----------------------------------------------------------------------------------


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller = Caller(owner)
    events = AuditEvent.objects.count()
    answer = caller.post("/requests/", wish(shop, "API.example.com", dry_run=True))
    assert answer.status_code == 200
    told = answer.json()
    assert told["errors"] == {}
    assert told["approvers"] == ["alice"]
    assert told["approvals_needed"] == 1
    assert "kind: ServiceEntry" in told["manifests"]
    assert "api.example.com" in told["manifests"]
    assert "+" in told["diff"]
    assert "api.example.com" in told["sentences"][0]
    assert not Request.objects.exists()
    assert AuditEvent.objects.count() == events


def test_a_dry_run_names_errors_and_findings_in_its_answer(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    body = wish(shop, "10.0.0.1", "metadata.google.internal", dry_run=True)
    told = Caller(owner).post("/requests/", body).json()
    assert [*told["errors"]] == ["destinations.0.host"]
    assert {finding["level"] for finding in told["findings"]} & {"block"}
    assert all(
        finding["field"].startswith("destinations.1")
        for finding in told["findings"]
        if finding["level"] == "block"
    )
    assert told["manifests"] == ""


def test_nothing_of_other_teams_grants_stands_in_a_request(
    shop: Namespace, payments: Namespace, owner: Person, stranger: Person, pending: Request
) -> None:
    make.grant(payments, stranger, "api.example.com")
    assert Caller(owner).get(f"/requests/{pending.pk}/").json()["grants"] == []
    assert Grant.objects.count() == 1


@pytest.fixture
def mesh(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connected]:
    with company_connected(settings, monkeypatch) as made:
        yield made


def test_a_dry_run_looks_at_the_live_cluster(mesh: Connected, owner: Person, alice: Person) -> None:
    mesh.squat()
    told = Caller(owner).post("/requests/", wish(mesh.namespace(), GRANTED, dry_run=True)).json()
    found = [finding for finding in told["findings"] if finding["level"] == "block"]
    assert {(one["reason"], one["field"]) for one in found} == {
        ("HostTaken", "destinations.0.host")
    }
    assert all("data/squatter" in one["message"] for one in found)
    assert "KIA1212" in found[0]["codes"]
    assert told["manifests"] == ""


def test_a_dry_run_goes_on_without_a_cluster(shop: Namespace, owner: Person, alice: Person) -> None:
    told = Caller(owner).post("/requests/", wish(shop, dry_run=True)).json()
    found = {finding["reason"]: finding["level"] for finding in told["findings"]}
    assert found["ClusterNotLooked"] == "warn"
    assert "kind: ServiceEntry" in told["manifests"]


@pytest.mark.parametrize("key", [None, "deploy-1"])
def test_what_stands_in_the_way_in_the_cluster_is_refused_beside_its_field(
    mesh: Connected, owner: Person, alice: Person, key: str | None
) -> None:
    body = wish(mesh.namespace(), GRANTED)
    asked = Caller(owner).post("/requests/", body, key=key).json()
    mesh.squat()
    caller = Caller(alice)
    approval = {"revision": 1, "verdicts": {"0": "approved"}}
    answer = caller.post(f"/requests/{asked['id']}/approve/", approval, key=key)
    told = problem(answer, 422, "HostTaken")
    assert list(told["errors"]) == ["destinations.0.host"]
    again = Caller(owner).post("/requests/", wish(mesh.namespace(), GRANTED))
    problem(again, 422, "HostTaken")


@pytest.mark.django_db(transaction=True)
def test_no_cluster_is_waited_for_while_an_idempotency_key_is_held(
    mesh: Connected, owner: Person, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []

    def watched(gateway: ClusterGateway, **more: Any) -> Snapshot:
        looks.append(connection.in_atomic_block)
        return read_snapshot(gateway, **more)

    monkeypatch.setattr("egress.services.requests.sights.read_snapshot", watched)
    caller, body = Caller(owner), wish(mesh.namespace(), GRANTED)
    first = caller.post("/requests/", body, key="deploy-1")
    assert first.status_code == 201
    assert looks == [False]
    assert caller.post("/requests/", body, key="deploy-1").json() == first.json()
    assert looks == [False], "an answer that is stored needs no look"
