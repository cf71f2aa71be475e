"""Namespaces, and the decision on default deny with its preview."""

from collections.abc import Iterator
from typing import Any

import pytest

from egress.models import AuditEvent, Namespace, Person
from tests import factories as make
from tests.api.calling import Caller, problem, rows
from tests.cluster.sandboxes import Cluster as Sandbox
from tests.cluster.sandboxes import sandbox_in_process

pytestmark = pytest.mark.django_db
SHOP = "/namespaces/main/shop/default-deny/"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, shop: Namespace) -> Iterator[Sandbox]:
    """The cluster behind `main`: a sandbox with the namespace of the shop."""
    with sandbox_in_process() as running:
        running.namespace("shop", {"istio-injection": "enabled"})
        monkeypatch.setattr(
            "egress.services.hardening.decisions.open_gateway", lambda cluster: running.gateway
        )
        yield running


def names(caller: Caller, **query: str) -> list[str]:
    return [row["name"] for row in rows(caller.get("/namespaces/", query))]


def test_people_see_their_namespaces(
    shop: Namespace, payments: Namespace, owner: Person, stranger: Person, alice: Person
) -> None:
    assert names(Caller(owner)) == ["shop"]
    assert names(Caller(stranger)) == ["payments"]
    assert names(Caller(alice)) == ["payments", "shop"]
    assert names(Caller(alice), name="shop", cluster="main") == ["shop"]


def test_a_namespace_that_is_gone_is_not_listed(shop: Namespace, adam: Person) -> None:
    make.gone(shop)
    assert names(Caller(adam)) == []
    problem(Caller(adam).get(SHOP), 404)


def test_a_namespace_is_shown_with_its_facts(shop: Namespace, owner: Person) -> None:
    Namespace.objects.update(uninjected_pods=["old-pod"])
    shown = rows(Caller(owner).get("/namespaces/"))[0]
    assert (shown["cluster"], shown["owner"]) == ("main", "team-shop")
    assert shown["uninjected_pods"] == ["old-pod"]
    assert shown["default_deny"] is False


def test_a_list_of_namespaces_costs_the_same_for_one_and_for_ten(
    shop: Namespace, adam: Person, django_assert_num_queries: Any
) -> None:
    caller = Caller(adam)
    caller.get("/namespaces/")
    # The token with its person, standing, namespaces.
    with django_assert_num_queries(3):
        names(caller)
    for number in range(9):
        make.namespace(shop.cluster, f"n{number}", owner=f"team-{number}")
    with django_assert_num_queries(3):
        assert len(names(caller)) == 10


def test_the_team_switches_default_deny_on_after_a_look(
    sandbox: Sandbox, shop: Namespace, owner: Person
) -> None:
    caller = Caller(owner)
    told = caller.get(SHOP).json()
    assert set(told) == {"diff", "would_stop", "notes", "blocked", "digest"}
    assert "REGISTRY_ONLY" in told["diff"]
    assert told["would_stop"]
    answer = caller.put(SHOP, {"on": True, "digest": told["digest"]})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["default_deny"], answer.json()["default_deny_by"]) == (True, "owner")
    event = AuditEvent.objects.get(tag="namespace:default-deny-set")
    assert (event.actor, event.source) == ("owner", "api")
    outdated = caller.put(SHOP, {"on": True, "digest": told["digest"]})
    problem(outdated, 409)


def test_another_preview_than_the_one_looked_at_is_a_conflict(
    sandbox: Sandbox, shop: Namespace, owner: Person
) -> None:
    problem(Caller(owner).put(SHOP, {"on": True, "digest": "0" * 64}), 409, "PreviewOutdated")
    shop.refresh_from_db()
    assert not shop.default_deny


def test_only_an_admin_switches_it_off_and_says_why(
    sandbox: Sandbox, shop: Namespace, owner: Person, adam: Person
) -> None:
    Namespace.objects.update(default_deny=True)
    digest = Caller(owner).get(SHOP).json()["digest"]
    off = {"on": False, "digest": digest, "reason": "The mirror is down."}
    problem(Caller(owner).put(SHOP, off), 403, "AdminsOnly")
    unsaid = problem(Caller(adam).put(SHOP, {"on": False, "digest": digest}), 422)
    assert [*unsaid["errors"]] == ["reason"]
    answer = Caller(adam).put(SHOP, off)
    assert (answer.status_code, answer.json()["default_deny"]) == (200, False)


def test_an_approver_sees_the_preview_but_may_not_decide(
    sandbox: Sandbox, shop: Namespace, alice: Person
) -> None:
    caller = Caller(alice)
    digest = caller.get(SHOP).json()["digest"]
    problem(caller.put(SHOP, {"on": True, "digest": digest}), 403, "NotTheOwner")


def test_the_network_policy_is_decided_like_default_deny(
    sandbox: Sandbox, shop: Namespace, owner: Person
) -> None:
    caller, address = Caller(owner), SHOP.replace("default-deny", "network-policy")
    told = caller.get(address).json()
    assert "NetworkPolicy" in told["diff"]
    problem(caller.put(address, {"on": True, "digest": "0" * 64}), 409, "PreviewOutdated")
    answer = caller.put(address, {"on": True, "digest": told["digest"]})
    assert answer.status_code == 200, answer.content
    assert (answer.json()["network_policy"], answer.json()["default_deny"]) == (True, False)
    off = {"on": False, "digest": caller.get(address).json()["digest"], "reason": "Why not."}
    problem(caller.put(address, off), 403, "AdminsOnly")


def test_a_stranger_cannot_tell_the_namespace_from_none(
    sandbox: Sandbox, shop: Namespace, stranger: Person
) -> None:
    caller = Caller(stranger)
    absent = problem(caller.get("/namespaces/main/none/default-deny/"), 404)
    assert problem(caller.get(SHOP), 404)["detail"] == absent["detail"]
    problem(caller.put(SHOP, {"on": True, "digest": "x"}), 404)


def test_a_cluster_that_does_not_answer_is_said_to_be_so(shop: Namespace, owner: Person) -> None:
    answer = Caller(owner).get(SHOP)
    problem(answer, 503)
    assert answer["Retry-After"]


def test_all_wrong_fields_of_a_decision_are_named_at_once(shop: Namespace, owner: Person) -> None:
    answer = Caller(owner).put(SHOP, {"on": "yes", "digest": 5, "reason": "x" * 501, "force": 1})
    assert set(problem(answer, 422)["errors"]) == {"on", "digest", "reason", "force"}
