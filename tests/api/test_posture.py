"""The posture of a cluster by the API: as last seen, and as far as the caller may know."""

import pytest
from django.utils import timezone

from egress.domain.posture import Level, Row, Scope
from egress.models import Cluster, Namespace, Person
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db
DOOR = Row("PF2", Level.REVIEW, Scope.CLUSTER, "A door.", "Gateway shop/own", "Delete it.")
BARE = Row("PF9", Level.WARN, Scope.NAMESPACE, "Bare pods.", "Pod shop/a", namespace="shop")


@pytest.fixture
def judged(shop: Namespace) -> Cluster:
    """A cluster that was looked at."""
    rows = [DOOR.as_json(), BARE.as_json()]
    Cluster.objects.update(posture=rows, posture_at=timezone.now())
    return shop.cluster


def test_who_sees_everything_gets_every_row(judged: Cluster, adam: Person, olga: Person) -> None:
    for person in (adam, olga):
        told = Caller(person).get("/clusters/main/posture/").json()
        assert told["boundary"] is False
        assert [row["id"] for row in told["rows"]] == ["PF2", "PF9"]
        assert (told["rows"][0]["object"], told["rows"][0]["fix"]) == (
            "Gateway shop/own",
            "Delete it.",
        )


def test_others_get_the_rows_of_their_namespaces(
    judged: Cluster, owner: Person, stranger: Person
) -> None:
    told = Caller(owner).get("/clusters/main/posture/").json()
    assert (told["boundary"], [row["id"] for row in told["rows"]]) == (False, ["PF9"])
    problem(Caller(stranger).get("/clusters/main/posture/"), 404)


def test_nothing_is_said_before_the_first_look(shop: Namespace, adam: Person) -> None:
    told = Caller(adam).get("/clusters/main/posture/").json()
    assert told == {"looked_at": None, "boundary": None, "rows": []}


def test_an_unknown_cluster_is_404(shop: Namespace, adam: Person) -> None:
    problem(Caller(adam).get("/clusters/other/posture/"), 404)
