"""Break-glass over the API: opening, the second look, and the list."""

from typing import Any

import pytest

from egress.models import BreakGlass, Grant, Person, Request
from tests.api.calling import Caller, in_session, problem

pytestmark = pytest.mark.django_db
WHY = "Payments fail for everybody."


def test_it_is_opened_looked_at_and_listed(
    asked_by_gina: Request, gina: Person, mate: Person
) -> None:
    body = {"revision": 1, "reason": WHY, "hours": 2}
    answer = Caller(gina).post(f"/requests/{asked_by_gina.pk}/break-glass/", body)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert (said["request"], said["opened_by"], said["outcome"]) == (
        asked_by_gina.pk,
        "gina",
        "pending",
    )
    caller = Caller(mate)
    listed = caller.get("/break-glass/", {"outcome": "pending", "request": asked_by_gina.pk}).json()
    assert [one["id"] for one in listed["results"]] == [said["id"]]
    body = {"says": "end", "note": "Not needed."}
    answer = caller.post(f"/requests/{asked_by_gina.pk}/second-look/", body)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["outcome"], answer.json()["looked_by"]) == ("ended", "mate")
    assert Grant.objects.get().status == "revoked"
    assert caller.get("/break-glass/", {"outcome": "pending"}).json()["results"] == []


@pytest.mark.parametrize(
    "number",
    [
        *("1e20", "1e0", "1.5", "-1", "+1", " 1", "1_0", "0x1", "\u0661", "NaN", "Infinity"),
        *("9223372036854775808", "1" * 19, "1" * 23, "1" * 5000),
    ],
)
def test_only_the_number_of_a_request_narrows_the_list(number: str, mate: Person) -> None:
    answer = Caller(mate).get("/break-glass/", {"request": number})
    assert problem(answer, 422)["errors"] == {"request": ["Write a whole number."]}


@pytest.mark.parametrize("number", ["0", "007", "9" * 18])
def test_a_request_that_is_not_there_was_never_opened(number: str, mate: Person) -> None:
    assert Caller(mate).get("/break-glass/", {"request": number}).json()["results"] == []


def test_the_same_call_with_a_key_opens_once(asked_by_gina: Request, gina: Person) -> None:
    caller, body = Caller(gina), {"revision": 1, "reason": WHY}
    answers = [
        caller.post(f"/requests/{asked_by_gina.pk}/break-glass/", body, key="night-1")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert BreakGlass.objects.count() == 1


def test_if_match_names_the_revision(asked_by_gina: Request, gina: Person) -> None:
    body, address = {"reason": WHY}, f"/requests/{asked_by_gina.pk}/break-glass/"
    problem(Caller(gina).post(address, body, headers={"If-Match": '"2"'}), 412)
    problem(Caller(gina).post(address, body), 422)
    answer = Caller(gina).post(address, body, headers={"If-Match": '"1"'})
    assert answer.status_code == 201


def test_bad_input_is_a_problem(asked_by_gina: Request, gina: Person) -> None:
    sound, caller = {"revision": 1, "reason": WHY}, Caller(gina)
    wrong: list[dict[str, Any]] = [{"reason": "now"}, {"hours": 5}, {"hours": "2"}, {"days": 2}]
    for body in ({"revision": 1}, *(sound | one for one in wrong)):
        problem(caller.post(f"/requests/{asked_by_gina.pk}/break-glass/", body), 422)
    assert not BreakGlass.objects.exists()


@pytest.mark.parametrize("says", ["\ud800", "yes", "", None, 1, ["end"]])
def test_a_second_look_says_one_of_two_words(
    asked_by_gina: Request, gina: Person, mate: Person, says: object
) -> None:
    address = f"/requests/{asked_by_gina.pk}"
    Caller(gina).post(f"{address}/break-glass/", {"revision": 1, "reason": WHY})
    errors = problem(Caller(mate).post(f"{address}/second-look/", {"says": says}), 422)["errors"]
    assert [*errors] == ["says"]


def test_only_a_token_with_the_scope_decide_or_a_session_opens(
    asked_by_gina: Request, gina: Person, owner: Person
) -> None:
    body, address = {"revision": 1, "reason": WHY}, f"/requests/{asked_by_gina.pk}/break-glass/"
    problem(Caller(gina, "read", "request", "admin").post(address, body), 403)
    problem(Caller(owner).post(address, body), 403)
    problem(
        Caller(gina).post(f"/requests/{asked_by_gina.pk}/second-look/", {"says": "confirm"}), 404
    )
    assert not BreakGlass.objects.exists()
    assert in_session(gina).post(address, body).status_code == 201
    problem(
        Caller(gina).post(f"/requests/{asked_by_gina.pk}/second-look/", {"says": "confirm"}), 403
    )
