"""Many requests in one call: each for itself, each once."""

import pytest

from egress.domain.lifecycle import RequestStatus
from egress.models import Namespace, Person, Request
from tests import factories as make
from tests.api.calling import Caller, problem, wish

pytestmark = pytest.mark.django_db


def test_one_that_is_refused_holds_no_other_up(
    shop: Namespace, payments: Namespace, owner: Person, alice: Person
) -> None:
    body = {"requests": [wish(shop), wish(payments), wish(shop, "b.example.com")]}
    results = Caller(owner).post("/requests/bulk/", body).json()["results"]
    assert [row["status"] for row in results] == [201, results[1]["status"], 201]
    assert results[1]["status"] in {403, 422}
    assert results[1]["request"] is None
    assert results[1]["problem"]["status"] == results[1]["status"]
    assert Request.objects.count() == 2


def test_the_same_call_again_goes_on_where_the_first_stopped(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    caller, first = Caller(owner), [wish(shop)]
    caller.post("/requests/bulk/", {"requests": first}, key="k")
    body = {"requests": [*first, wish(shop, "b.example.com")]}
    again = caller.post("/requests/bulk/", body, key="k").json()["results"]
    assert [row["status"] for row in again] == [201, 201]
    assert Request.objects.count() == 2


@pytest.mark.parametrize("number", [0, 51])
def test_none_and_too_many_are_refused_whole(shop: Namespace, owner: Person, number: int) -> None:
    body = {"requests": [wish(shop)] * number}
    problem(Caller(owner).post("/requests/bulk/", body), 422)
    assert not Request.objects.exists()


def test_a_body_that_is_wrong_in_one_row_does_nothing(shop: Namespace, owner: Person) -> None:
    body = {"requests": [wish(shop), wish(shop, reason=5)]}
    told = problem(Caller(owner).post("/requests/bulk/", body), 422)
    assert [*told["errors"]] == ["requests.1.reason"]
    assert not Request.objects.exists()


def test_many_are_decided_each_on_the_revision_that_was_read(
    shop: Namespace, owner: Person, alice: Person
) -> None:
    asked = [make.request(shop, owner, f"h{n}.example.com") for n in range(3)]
    rows = [
        {"request": asked[0].pk, "revision": 1, "verdict": "denied", "note": "No."},
        {"request": asked[1].pk, "revision": 7, "verdict": "denied", "note": "No."},
        {"request": 424242, "revision": 1, "verdict": "approved"},
    ]
    answer = Caller(alice).post("/requests/decide/", {"decisions": rows})
    assert [row["status"] for row in answer.json()["results"]] == [200, 409, 404]
    denied = Request.objects.filter(status=RequestStatus.DENIED)
    assert [request.pk for request in denied] == [asked[0].pk]


def test_a_denial_says_why(shop: Namespace, owner: Person, alice: Person) -> None:
    row = {"request": make.request(shop, owner).pk, "revision": 1, "verdict": "denied"}
    told = problem(Caller(alice).post("/requests/decide/", {"decisions": [row]}), 422)
    assert [*told["errors"]] == ["decisions.0.note"]


def test_if_match_names_the_revision(shop: Namespace, owner: Person, alice: Person) -> None:
    asked, caller = make.request(shop, owner), Caller(alice)
    where = f"/requests/{asked.pk}"
    assert caller.get(f"{where}/")["ETag"] == '"1"'
    body = {"note": "No."}
    problem(caller.post(f"{where}/deny/", body), 422)
    problem(caller.post(f"{where}/deny/", body, headers={"If-Match": "*"}), 422)
    stale = caller.post(f"{where}/deny/", body, headers={"If-Match": '"2"'})
    problem(stale, 412, "RevisionMoved")
    assert caller.post(f"{where}/deny/", body, headers={"If-Match": 'W/"1"'}).status_code == 200
