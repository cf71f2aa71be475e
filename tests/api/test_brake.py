"""The brake by the API: what is held, and an admin's release of exactly that."""

import pytest
from django.utils import timezone

from egress.models import AuditEvent, BrakeRelease, Cluster, HeldRemoval, Namespace, Person, Slice
from tests.api.calling import Caller, problem

pytestmark = pytest.mark.django_db
PATH = "/clusters/main/brake/"


def hold(cluster: Cluster, name: str = "egress-a", left: str = "") -> HeldRemoval:
    part, _ = Slice.objects.get_or_create(
        cluster=cluster, key="namespace:shop", defaults={"due_at": timezone.now()}
    )
    return HeldRemoval.objects.create(
        cluster=cluster,
        slice=part,
        api_version="networking.istio.io/v1",
        kind="ServiceEntry",
        namespace="shop",
        name=name,
        uid=f"uid-{name}",
        left=left,
        host="api.example.com",
        held_at=timezone.now(),
    )


@pytest.fixture
def braked(shop: Namespace) -> Cluster:
    """A cluster where two objects are held."""
    hold(shop.cluster)
    hold(shop.cluster, "egress-b", left="0" * 64)
    return shop.cluster


def test_admins_and_auditors_read_what_is_held(braked: Cluster, adam: Person, olga: Person) -> None:
    for person in (adam, olga):
        told = Caller(person).get(PATH).json()
        assert [(one["name"], one["narrowed"]) for one in told["held"]] == [
            ("egress-a", False),
            ("egress-b", True),
        ]
        assert told["held"][0]["host"] == "api.example.com"
        assert len(told["digest"]) == 64
        assert told["releases"] == []


def test_others_are_told_nothing_of_it(braked: Cluster, owner: Person, stranger: Person) -> None:
    problem(Caller(owner).get(PATH), 403)
    problem(Caller(stranger).get(PATH), 404)


def test_an_admin_releases_what_was_looked_at(braked: Cluster, adam: Person) -> None:
    caller = Caller(adam)
    digest = caller.get(PATH).json()["digest"]
    body = {"digest": digest, "reason": "They were removed on purpose."}
    answer = caller.call("POST", f"{PATH}release/", body)
    assert answer.status_code == 201
    assert (answer.json()["objects"], answer.json()["released_by"]) == (2, "adam")
    assert answer.json()["used_at"] is None
    assert Slice.objects.get().wanted == 1
    assert AuditEvent.objects.filter(tag="brake:released", actor="adam").count() == 1
    assert caller.get(PATH).json()["releases"][0]["reason"] == "They were removed on purpose."


def test_another_set_than_was_looked_at_is_a_conflict(braked: Cluster, adam: Person) -> None:
    caller = Caller(adam)
    digest = caller.get(PATH).json()["digest"]
    hold(braked, "egress-c")
    refusal = problem(
        caller.call("POST", f"{PATH}release/", {"digest": digest, "reason": "Yes."}), 409
    )
    assert refusal["reason"] == "HeldSetChanged"
    assert "3 objects" in refusal["detail"]
    assert not BrakeRelease.objects.exists()
    assert Slice.objects.get().wanted == 0


def test_without_a_reason_or_a_digest_nothing_is_released(braked: Cluster, adam: Person) -> None:
    caller = Caller(adam)
    digest = caller.get(PATH).json()["digest"]
    for body in ({}, {"digest": digest}, {"digest": digest, "reason": " "}, {"reason": "Yes."}):
        problem(caller.call("POST", f"{PATH}release/", body), 422)
    assert not BrakeRelease.objects.exists()


@pytest.mark.parametrize("who", ["owner", "olga", "alice"])
def test_nobody_else_releases(request: pytest.FixtureRequest, braked: Cluster, who: str) -> None:
    person: Person = request.getfixturevalue(who)
    body = {"digest": "0" * 64, "reason": "Please."}
    problem(Caller(person).call("POST", f"{PATH}release/", body), 403)


def test_a_token_without_the_admin_scope_releases_nothing(braked: Cluster, adam: Person) -> None:
    body = {"digest": "0" * 64, "reason": "Please."}
    problem(Caller(adam, "read", "decide").call("POST", f"{PATH}release/", body), 403)
