"""Objects that namespaces share: nobody reads in them who else reaches a host."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from egress.models import Cluster, Grant, Person
from egress.models.standing import standing_of
from egress.services import drift, requests
from tests import factories
from tests.services.world import World

HOST, HIDDEN = "api.example.com", "topsecret"


@pytest.fixture
def shared(world: World) -> World:
    """A host behind the gateway that a namespace of another team reaches already."""
    labels = {"istio-injection": "enabled", "egress-portal.io/owner": "team-secret"}
    world.sandbox.namespace(HIDDEN, labels)
    world.sandbox.account(HIDDEN, "hidden")
    world.sync()
    world.enforce("gateway")
    world.know_dns_capture()
    for name in ("shop", HIDDEN):
        world.deny_by_default(name)
    factories.approver("alice")
    world.deliver(HOST, HIDDEN)
    return world


def drifted(world: World) -> Grant:
    """Return a grant of the shop for the host, whose shared entry somebody changed."""
    Cluster.objects.update(drift_policy=Cluster.DriftPolicy.FLAG)
    grant = world.deliver(HOST)
    entry = world.entry(HOST, "istio-egress")
    assert entry is not None
    world.sandbox.patch(entry, {"spec": {"exportTo": [HIDDEN]}}, manager="kubectl-edit")
    return grant


def all_of(found: Any) -> str:
    return json.dumps(asdict(found), default=str)


def developer() -> Person:
    return factories.person("eve", teams=["team-shop"])


def test_a_preview_shows_the_objects_as_the_own_namespace_needs_them(shared: World) -> None:
    draft = factories.draft(shared.namespace("shop"), HOST)
    seen = requests.preview(draft=draft, actor=factories.actor(developer()))
    assert f"- {HOST}" in seen.yaml
    assert HIDDEN not in seen.yaml + seen.diff


def test_somebody_who_may_know_of_them_reads_them_whole(shared: World) -> None:
    actor = factories.actor(developer())
    reader = standing_of(shared.admin)
    draft = factories.draft(shared.namespace("shop"), HOST)
    seen = requests.preview(draft=draft, actor=actor, reader=reader)
    assert HIDDEN in seen.yaml
    grant = drifted(shared)
    assert HIDDEN in all_of(drift.differences(grant=grant, actor=factories.actor(shared.admin)))


def test_a_comparison_with_the_cluster_names_nobody_else(shared: World) -> None:
    draft = factories.draft(shared.namespace("shop"), HOST)
    found = requests.compare(draft=draft, actor=factories.actor(developer()))
    assert {one.action for one in found.objects} >= {"update"}
    assert HIDDEN not in all_of(found)


def test_the_difference_of_a_grant_names_nobody_else(shared: World) -> None:
    grant = drifted(shared)
    found = drift.differences(grant=grant, actor=factories.actor(developer()))
    assert [one.key.namespace for one in found.objects] == ["istio-egress"]
    assert "ask an admin" in found.objects[0].sentence
    assert HIDDEN not in all_of(found)
