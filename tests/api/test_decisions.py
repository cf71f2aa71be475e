"""Approving and denying a request."""

import pytest

from egress.domain.lifecycle import RequestStatus
from egress.models import AuditEvent, Grant, Namespace, Person, Request
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(shop: Namespace, owner: Person) -> Request:
    """A request of the owner for two hosts that waits for a decision."""
    return make.request(shop, owner, "a.example.com", "b.example.com")


def approve(who: Person, request: Request, **body: object) -> object:
    return Caller(who).post(f"/requests/{request.pk}/approve/", {"revision": 1, **body})


def deny(who: Person, request: Request, **body: object) -> object:
    return Caller(who).post(f"/requests/{request.pk}/deny/", {"revision": 1, **body})


def test_an_approver_approves_everything(alice: Person, pending: Request) -> None:
    answer = Caller(alice).post(f"/requests/{pending.pk}/approve/", {"revision": 1})
    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert (shown["status"], shown["decided_by"]) == ("approved", "alice")
    assert [row["verdict"] for row in shown["destinations"]] == ["approved", "approved"]
    assert shown["grants"] == list(Grant.objects.order_by("pk").values_list("pk", flat=True))
    assert AuditEvent.objects.get(tag="request:approved").source == "api"


def test_an_approver_approves_a_part_for_a_shorter_time(alice: Person, pending: Request) -> None:
    answer = Caller(alice).post(
        f"/requests/{pending.pk}/approve/",
        {"revision": 1, "verdicts": {"1": "denied"}, "duration_days": 7, "note": "One will do."},
    )
    assert answer.status_code == 200, answer.content
    grant = Grant.objects.get()
    assert (grant.host, grant.duration_days) == ("a.example.com", 7)
    assert answer.json()["decision_note"] == "One will do."


def test_an_approval_cannot_widen_the_duration(alice: Person, pending: Request) -> None:
    body = problem(approve(alice, pending, duration_days=91), 422, "DurationWidened")
    assert [*body["errors"]] == ["duration_days"]


def test_an_approver_denies_with_a_reason(alice: Person, pending: Request) -> None:
    answer = Caller(alice).post(
        f"/requests/{pending.pk}/deny/", {"revision": 1, "note": "Use the mirror."}
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "denied"
    assert answer.json()["decision_note"] == "Use the mirror."
    assert not Grant.objects.exists()


@pytest.mark.parametrize("body", [{}, {"note": ""}, {"note": " \n"}, {"note": 1}])
def test_a_denial_needs_a_reason(alice: Person, pending: Request, body: dict[str, object]) -> None:
    assert "note" in problem(deny(alice, pending, **body), 422)["errors"]


def test_a_developer_cannot_decide_their_own_request(shop: Namespace, mate: Person) -> None:
    own = make.request(shop, mate)
    problem(approve(mate, own), 403, "OwnRequest")
    problem(deny(mate, own, note="No."), 403, "OwnRequest")
    own.refresh_from_db()
    assert own.status == RequestStatus.PENDING


def test_admins_superusers_and_team_mates_without_the_role_cannot_decide(
    shop: Namespace, adam: Person, superuser: Person, olga: Person, pending: Request
) -> None:
    colleague = make.person(teams=["team-shop"])
    for who in (adam, superuser, olga, colleague):
        problem(approve(who, pending), 403, "NotAnApprover")
        problem(deny(who, pending, note="No."), 403, "NotAnApprover")


def test_an_approver_of_another_namespace_sees_nothing(pending: Request) -> None:
    elsewhere = make.approver(namespaces="payments")
    problem(approve(elsewhere, pending), 404)


def test_a_request_is_decided_once(alice: Person, mate: Person, pending: Request) -> None:
    approve(alice, pending)
    problem(approve(mate, pending), 409, "AlreadyDecided")
    problem(deny(mate, pending, note="No."), 409, "AlreadyDecided")
    assert Grant.objects.count() == 2


def test_a_decision_on_an_old_revision_loses(alice: Person, pending: Request) -> None:
    Request.objects.update(revision=2)
    problem(approve(alice, pending), 409, "RevisionMoved")
    problem(deny(alice, pending, note="No."), 409, "RevisionMoved")


def test_two_approvers_have_to_agree_where_a_policy_asks_for_it(
    shop: Namespace, owner: Person, alice: Person, mate: Person
) -> None:
    risky = make.request(shop, owner, make.destination("sftp.example.com", 22))
    first = Caller(alice).post(f"/requests/{risky.pk}/approve/", {"revision": 1})
    assert (first.status_code, first.json()["status"]) == (200, "pending")
    problem(approve(alice, risky), 409, "AlreadyApproved")
    second = Caller(mate).post(f"/requests/{risky.pk}/approve/", {"revision": 1})
    assert second.json()["status"] == "approved"


@pytest.mark.parametrize(
    "verdicts",
    [
        {"2": "approved"},
        {"-1": "approved"},
        {"00": "denied"},
        {"0": "maybe"},
        {"0": True},
        {"0": ["approved"]},
        {"\u0660": "denied"},
        {"x" * 5000: "denied"},
        ["approved"],
        "approved",
        {"0\u0000": "denied"},
    ],
)
def test_verdicts_name_positions_that_are_there(
    alice: Person, pending: Request, verdicts: object
) -> None:
    errors = problem(approve(alice, pending, verdicts=verdicts), 422)["errors"]
    assert all(path.startswith("verdicts") for path in errors)
    pending.refresh_from_db()
    assert pending.status == RequestStatus.PENDING


def test_all_wrong_fields_of_a_decision_are_named_at_once(alice: Person, pending: Request) -> None:
    answer = approve(alice, pending, revision="1", duration_days=0, note=None, force=True)
    assert set(problem(answer, 422)["errors"]) == {"revision", "duration_days", "note", "force"}
