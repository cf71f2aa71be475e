"""What people do with a request that waits: edit, withdraw, comment."""

import pytest

from egress.domain.lifecycle import RequestStatus
from egress.models import Approval, Comment, Namespace, Person, Request
from tests import factories as make
from tests.api.calling import Caller, problem, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def pending(shop: Namespace, owner: Person) -> Request:
    """A request of the owner for the shop that waits for a decision."""
    return make.request(shop, owner, "api.example.com")


# --- edit ---------------------------------------------------------------------------------------


def test_the_requester_edits_and_approvals_are_cleared(
    shop: Namespace, owner: Person, alice: Person, pending: Request
) -> None:
    Approval.objects.create(
        request=pending,
        approver=alice,
        revision=1,
        verdicts={},
        digest="",
        given_at=pending.created_at,
    )
    body = wish(shop, "b.example.com", revision=1)
    answer = Caller(owner).put(f"/requests/{pending.pk}/", body)
    assert answer.status_code == 200, answer.content
    assert answer.json()["revision"] == 2
    assert [row["host"] for row in answer.json()["destinations"]] == ["b.example.com"]
    assert Approval.objects.get().cleared_at is not None


def test_an_edit_of_an_old_revision_loses(
    shop: Namespace, owner: Person, alice: Person, pending: Request
) -> None:
    caller = Caller(owner)
    assert caller.put(f"/requests/{pending.pk}/", wish(shop, "b.example.com", revision=1))
    answer = caller.put(f"/requests/{pending.pk}/", wish(shop, "c.example.com", revision=1))
    problem(answer, 409, "RevisionMoved")
    assert pending.destinations.get().host == "b.example.com"


def test_a_team_mate_cannot_edit_somebody_elses_request(
    shop: Namespace, mate: Person, alice: Person, pending: Request
) -> None:
    answer = Caller(mate).put(f"/requests/{pending.pk}/", wish(shop, revision=1))
    problem(answer, 403, "NotTheRequester")


def test_a_dry_run_of_an_edit_is_refused_instead_of_editing(
    shop: Namespace, owner: Person, alice: Person, pending: Request
) -> None:
    body = wish(shop, "b.example.com", revision=1, dry_run=True)
    errors = problem(Caller(owner).put(f"/requests/{pending.pk}/", body), 422)["errors"]
    assert [*errors] == ["dry_run"]
    pending.refresh_from_db()
    assert pending.revision == 1


def test_an_edit_needs_a_revision_that_can_be(
    shop: Namespace, owner: Person, pending: Request
) -> None:
    caller = Caller(owner)
    for body in (wish(shop), wish(shop, revision=0), wish(shop, revision=10**40)):
        errors = problem(caller.put(f"/requests/{pending.pk}/", body), 422)["errors"]
        assert [*errors] == ["revision"]


def test_a_decided_request_cannot_be_edited(shop: Namespace, owner: Person, alice: Person) -> None:
    decided = make.request(shop, owner, status=RequestStatus.APPROVED)
    answer = Caller(owner).put(f"/requests/{decided.pk}/", wish(shop, revision=1))
    problem(answer, 409, "AlreadyDecided")


# --- withdraw -----------------------------------------------------------------------------------


def test_the_requester_withdraws_once(owner: Person, pending: Request) -> None:
    caller = Caller(owner)
    answer = caller.post(f"/requests/{pending.pk}/withdraw/")
    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    problem(caller.post(f"/requests/{pending.pk}/withdraw/"), 409, "AlreadyDecided")


def test_a_team_mate_cannot_withdraw_somebody_elses_request(mate: Person, pending: Request) -> None:
    problem(Caller(mate).post(f"/requests/{pending.pk}/withdraw/"), 403, "NotTheRequester")


def test_withdrawing_takes_no_fields(owner: Person, pending: Request) -> None:
    caller = Caller(owner)
    answer = caller.post(f"/requests/{pending.pk}/withdraw/", {"reason": "Not needed."})
    assert [*problem(answer, 422)["errors"]] == ["reason"]
    assert caller.post(f"/requests/{pending.pk}/withdraw/", {}).status_code == 200


# --- comments -----------------------------------------------------------------------------------


def test_everybody_who_sees_a_request_may_comment(
    owner: Person, alice: Person, pending: Request
) -> None:
    path = f"/requests/{pending.pk}/comments/"
    for who, text in ((owner, "Is it urgent?"), (alice, "Yes.")):
        answer = Caller(who).post(path, {"text": text})
        assert answer.status_code == 201, answer.content
        assert (answer.json()["author"], answer.json()["text"]) == (who.username, text)
    listed = Caller(owner).get(path)
    assert [row["text"] for row in listed.json()] == ["Is it urgent?", "Yes."]


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001, "a\u202eb", "a\0b", "a\ud800b", 5, None])
def test_a_comment_that_hides_something_is_refused(
    owner: Person, pending: Request, text: object
) -> None:
    answer = Caller(owner).post(f"/requests/{pending.pk}/comments/", {"text": text})
    assert [*problem(answer, 422)["errors"]] == ["text"]
    assert not Comment.objects.exists()
