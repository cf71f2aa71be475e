"""Rule books by the API: the whole way, and the replay."""

import pytest

from egress.domain.lifecycle import RequestStatus
from egress.models import Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem
from tests.services.rules import rule

pytestmark = pytest.mark.django_db
PATH = "/rule-books/"


def test_two_admins_put_a_rule_book_in_force(adam: Person) -> None:
    author, second = Caller(adam), Caller(make.admin())
    made = author.post(PATH, {"text": "rules: [7]"})
    assert (made.status_code, made.json()["number"]) == (201, 1)
    assert made.json()["problems"][0]["line"] == 1
    problem(author.post(f"{PATH}1/propose/"), 422)
    assert author.call("PUT", f"{PATH}1/", {"text": rule()}).json()["problems"] == []
    digest = author.post(f"{PATH}1/propose/").json()["digest"]
    problem(author.post(f"{PATH}1/put-in-force/", {"digest": digest}), 403)
    problem(second.post(f"{PATH}1/put-in-force/", {"digest": "0" * 64}), 409)
    told = second.post(f"{PATH}1/put-in-force/", {"digest": digest}).json()
    assert (told["state"], told["author"]) == ("in-force", "adam")
    assert [one["state"] for one in author.get(PATH).json()["results"]] == ["in-force"]


def test_a_rejected_version_is_begun_from_again(adam: Person) -> None:
    caller = Caller(adam)
    caller.post(PATH, {"text": rule()})
    assert caller.post(f"{PATH}1/reject/", {"note": "Too wide."}).json()["state"] == "rejected"
    again = caller.post(PATH, {"begun_from": 1}).json()
    assert (again["number"], again["begun_from"], again["text"]) == (2, 1, rule())
    problem(caller.post(PATH, {"begun_from": 9}), 404)


def test_only_admins_and_auditors_read(adam: Person, olga: Person, owner: Person) -> None:
    Caller(adam).post(PATH, {})
    assert Caller(olga).get(f"{PATH}1/").json()["text"] == "rules: []\n"
    problem(Caller(owner).get(PATH), 403)
    problem(Caller(olga).post(PATH, {}), 403)


def test_a_replay_tells_differences_first(adam: Person, shop: Namespace, owner: Person) -> None:
    make.request(shop, owner, "a.example.com", status=RequestStatus.DENIED)
    make.request(shop, owner, "b.example.net", status=RequestStatus.APPROVED)
    caller = Caller(adam)
    caller.post(PATH, {"text": rule()})
    told = caller.get(f"{PATH}1/replay/").json()
    assert (told["looked_at"], told["differences"]) == (2, 1)
    assert told["counts"] == {"approve automatically": 1, "unchanged": 1}
    assert told["rows"][0]["would"] == "approve automatically"
    caller.post(PATH, {"text": "rules: ["})
    problem(caller.get(f"{PATH}2/replay/"), 422)
