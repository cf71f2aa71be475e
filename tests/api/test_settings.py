"""The settings of a cluster by API: admins only, everything at once, mistakes by field."""

from egress.models import Namespace, Person
from tests.api.calling import Caller, problem

ADDRESS = "/clusters/main/settings/"


def test_an_admin_reads_and_replaces_all_settings(shop: Namespace, adam: Person) -> None:
    caller = Caller(adam)
    told = caller.get(ADDRESS).json()
    assert told["private_zones"] == []
    wanted = told | {
        "private_zones": ["Corp.Example"],
        "gateways": [{"id": "main"}, {"id": "two", "max_doors": 10}],
    }
    answer = caller.put(ADDRESS, wanted)
    assert answer.status_code == 200, answer.content
    assert answer.json()["private_zones"] == ["corp.example"]
    assert caller.get(ADDRESS).json() == answer.json()
    shop.cluster.refresh_from_db()
    assert shop.cluster.gateways == [{"id": "main"}, {"id": "two", "max_doors": 10}]


def test_others_neither_see_nor_change_them(
    shop: Namespace, owner: Person, stranger: Person
) -> None:
    problem(Caller(owner).get(ADDRESS), 403)
    problem(Caller(owner).put(ADDRESS, {"enforcement": "sidecar"}), 403)
    problem(Caller(stranger).get(ADDRESS), 404)


def test_all_mistakes_are_named_by_field(shop: Namespace, adam: Person) -> None:
    wrong = {"enforcement": "magic", "private_zones": "corp", "gateways": [{"http_port": "80"}]}
    told = problem(Caller(adam).put(ADDRESS, wrong), 422)
    assert set(told["errors"]) >= {"enforcement", "private_zones"}
    bad = {"enforcement": "sidecar", "own_ranges": ["everything"]}
    assert "own_ranges" in problem(Caller(adam).put(ADDRESS, bad), 422)["errors"]
