"""Owners of namespaces by API."""

from egress.models import Cluster, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem

ADDRESS = "/namespaces/main/shop/owner/"


def test_an_admin_reads_and_sets_the_owner(shop: Namespace, adam: Person) -> None:
    caller = Caller(adam)
    assert caller.get(ADDRESS).json() == {
        "team": "team-shop",
        "named_by": "label",
        "by_review": False,
    }
    make.team("team-new")
    told = caller.put(ADDRESS, {"team": "team-new"})
    assert told.json() == {"team": "team-new", "named_by": "admin", "by_review": False}
    assert caller.put(ADDRESS, {"team": ""}).json()["named_by"] == "label"
    Cluster.objects.update(owner_by_review=True)
    assert caller.get(ADDRESS).json()["by_review"] is True


def test_owners_read_it_and_set_nothing(shop: Namespace, owner: Person, stranger: Person) -> None:
    assert Caller(owner).get(ADDRESS).status_code == 200
    problem(Caller(owner).put(ADDRESS, {"team": ""}), 403)
    problem(Caller(stranger).get(ADDRESS), 404)
    problem(Caller(stranger).put(ADDRESS, {"team": ""}), 404)


def test_a_team_that_is_not_there_is_named_by_field(shop: Namespace, adam: Person) -> None:
    told = problem(Caller(adam).put(ADDRESS, {"team": "nobody"}), 422)
    assert set(told["errors"]) == {"team"}
    problem(Caller(adam).put(ADDRESS, {}), 422)
    problem(Caller(adam).put(ADDRESS, {"team": 1}), 422)
