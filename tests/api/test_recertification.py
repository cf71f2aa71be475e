"""Recertification by programs: what waits, and answers of people about it."""

import pytest

from egress.domain.lifecycle import GrantStatus
from egress.models import AuditEvent, Grant, Namespace, Person, Recertification
from tests import factories as make
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(shop: Namespace, owner: Person) -> list[Recertification]:
    return [make.asked_about(make.endless(shop, owner), days=2 + 4 * n) for n in range(3)]


def listed(who: Person, query: str = "") -> list[int]:
    answer = Caller(who).get(f"/recertification/{query}")
    assert answer.status_code == 200, answer.content
    return sorted(row["grant"] for row in answer.json()["results"])


def test_owners_read_their_own_and_auditors_all(
    asked: list[Recertification], payments: Namespace, owner: Person, alice: Person, olga: Person
) -> None:
    other = make.asked_about(make.endless(payments)).grant_id
    own = [row.grant_id for row in asked]
    assert listed(owner) == own
    assert listed(alice) == []
    assert listed(olga) == [*own, other]
    assert listed(olga, "?namespace=payments&cluster=main") == [other]
    assert listed(owner, "?state=soon") == own[:1]
    assert listed(owner, "?state=ended") == []
    problem(Caller(owner).get("/recertification/?state=x"), 422)
    problem(Caller(owner).get("/recertification/?stat=soon"), 422)


def test_an_owner_confirms_and_drops_once_per_key(
    asked: list[Recertification], owner: Person
) -> None:
    caller, first, second = Caller(owner), asked[0].grant_id, asked[1].grant_id
    for _ in range(2):
        answer = caller.post(f"/grants/{first}/confirm/", {"reason": "Cards."}, key="one")
        assert answer.json()["status"] == "active"
    assert AuditEvent.objects.filter(tag="recertification:confirmed").count() == 1
    problem(caller.post(f"/grants/{first}/confirm/", {}), 409, "NotAsked")
    assert caller.post(f"/grants/{second}/drop/", {}).json()["status"] == "revoked"
    problem(caller.post(f"/grants/{second}/drop/", {}), 409, "GrantEnded")
    problem(caller.post(f"/grants/{asked[2].grant_id}/confirm/", {"reason": 5}), 422)


def test_nobody_else_confirms(asked: list[Recertification], alice: Person, adam: Person) -> None:
    for who in (alice, adam):
        path = f"/grants/{asked[0].grant_id}/confirm/"
        problem(Caller(who).post(path, {}), 403, "NotTheOwner")


def test_the_token_of_a_robot_answers_nothing(
    asked: list[Recertification], owner: Person, mate: Person
) -> None:
    caller = Caller(owner, "read", "request")
    Person.objects.filter(pk=owner.pk).update(is_robot=True, password="!")
    for verb in ("confirm", "drop"):
        answer = caller.post(f"/grants/{asked[0].grant_id}/{verb}/", {})
        assert answer.status_code in {401, 403}
    assert asked[0].grant.status == GrantStatus.ACTIVE


def test_many_are_answered_each_with_its_own_result(
    asked: list[Recertification], payments: Namespace, owner: Person
) -> None:
    other = make.asked_about(make.endless(payments)).grant_id
    rows = [
        {"grant": asked[0].grant_id, "answer": "confirm"},
        {"grant": other, "answer": "drop"},
        {"grant": asked[1].grant_id, "answer": "drop", "note": "Gone."},
    ]
    for _ in range(2):
        answer = Caller(owner).post("/recertification/answers/", {"answers": rows}, key="k")
        assert [row["status"] for row in answer.json()["results"]] == [200, 404, 200]
    assert Grant.objects.get(pk=other).status == GrantStatus.ACTIVE
    assert Grant.objects.get(pk=asked[1].grant_id).end_reason.endswith("Gone.")
    for wrong in ([], rows[:1] * 51, [{"grant": 1, "answer": "burn"}]):
        problem(Caller(owner).post("/recertification/answers/", {"answers": wrong}), 422)
