"""Clusters: who sees which, and that no credential is ever shown."""

from typing import Any

import pytest

from egress.models import Cluster, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem, rows

pytestmark = pytest.mark.django_db


def names(caller: Caller) -> list[str]:
    return [row["name"] for row in rows(caller.get("/clusters/"))]


def test_people_see_the_clusters_with_something_for_them(
    shop: Namespace, owner: Person, stranger: Person, adam: Person, alice: Person
) -> None:
    make.cluster("second")
    assert names(Caller(owner)) == ["main"]
    assert names(Caller(stranger)) == []
    assert names(Caller(adam)) == names(Caller(alice)) == ["second", "main"]
    problem(Caller(stranger).get("/clusters/main/"), 404)
    problem(Caller(owner).get("/clusters/second/"), 404)


def test_a_cluster_is_shown_without_its_credentials(shop: Namespace, adam: Person) -> None:
    check = {"id": "PF1", "level": "warn", "sentence": "No gateway.", "fix": "Install one."}
    Cluster.objects.update(credentials=b"sealed-canary", checks=[check], server="https://k8s:6443")
    answer = Caller(adam).get("/clusters/main/")
    assert answer.status_code == 200
    assert answer.json()["checks"] == [check]
    assert answer.json()["enforcement"] == "sidecar"
    assert b"canary" not in answer.content
    assert "credentials" not in answer.json()
    assert b"canary" not in Caller(adam).get("/clusters/").content


def test_a_list_of_clusters_costs_the_same_for_one_and_for_ten(
    shop: Namespace, owner: Person, adam: Person, django_assert_num_queries: Any
) -> None:
    caller = Caller(adam)
    caller.get("/clusters/")
    # The token with its person, standing, clusters.
    with django_assert_num_queries(3):
        names(caller)
    for _ in range(9):
        make.cluster()
    with django_assert_num_queries(3):
        assert len(names(caller)) == 10
