"""Who changed an object, and what of it."""

import copy
from typing import Any

import pytest

from egress.domain.objects import KubeObject
from egress.models import AuditEvent, Cluster
from egress.services import convergence
from egress.services.convergence.authors import FIELDS, changed
from tests.services.world import World


def entry_of(world: World) -> KubeObject:
    world.deliver("api.example.com")
    entry = world.entry("api.example.com")
    assert entry is not None
    return entry


def edited(world: World, change: dict[str, Any], manager: str = "kubectl-edit") -> KubeObject:
    entry = world.entry("api.example.com")
    assert entry is not None
    world.sandbox.patch(entry, change, manager=manager)
    found = world.entry("api.example.com")
    assert found is not None
    return found


def test_the_changed_field_is_told_with_both_values_and_its_author(world: World) -> None:
    wanted = entry_of(world)
    found = changed(wanted, edited(world, {"spec": {"exportTo": ["*"]}}))
    assert found.fields == ({"path": "spec.exportTo", "wanted": '["."]', "found": '["*"]'},)
    assert found.sentence() == 'spec.exportTo is ["*"], wanted ["."]'
    assert found.author.startswith('"kubectl-edit" at 20')


def test_who_wrote_something_else_since_is_not_blamed(world: World) -> None:
    wanted = entry_of(world)
    edited(world, {"spec": {"exportTo": ["*"]}}, "the-culprit")
    live = edited(world, {"metadata": {"annotations": {"team/note": "x"}}}, "a-bystander")
    for entry in live["metadata"]["managedFields"]:
        if entry["manager"] == "a-bystander":
            entry["time"] = "2999-01-01T00:00:00Z"
    assert changed(wanted, live).manager == "the-culprit"


def test_a_label_that_was_taken_off_is_told_as_missing(world: World) -> None:
    wanted = entry_of(world)
    gone = {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}
    found = changed(wanted, edited(world, gone))
    assert [one["path"] for one in found.fields] == [
        "metadata.labels.[app.kubernetes.io/managed-by]"
    ]
    assert "is missing" in found.sentence()


def test_an_added_port_is_told_as_one_item_of_its_list(world: World) -> None:
    wanted = entry_of(world)
    port = {"number": 9443, "name": "tls-9443", "protocol": "TLS"}
    live = edited(world, {"spec": {"ports": [*wanted["spec"]["ports"], port]}})
    found = changed(wanted, live)
    assert [one["path"] for one in found.fields] == ["spec.ports.name=tls-9443"]
    assert found.fields[0]["wanted"] == ""
    assert "9443" in found.fields[0]["found"]


def test_many_changes_are_counted_and_long_values_cut(world: World) -> None:
    wanted = entry_of(world)
    live = copy.deepcopy(wanted)
    live["spec"] |= {f"field{number}": "x" * 5000 for number in range(FIELDS + 3)}
    found = changed(wanted, live)
    assert (len(found.fields), found.more) == (FIELDS, 3)
    assert all(len(one["found"]) <= 120 for one in found.fields)


@pytest.mark.parametrize("policy", Cluster.DriftPolicy.values)
def test_the_audit_trail_keeps_who_changed_what(world: World, policy: str) -> None:
    Cluster.objects.update(drift_policy=policy)
    entry_of(world)
    edited(world, {"spec": {"exportTo": ["*"]}})
    convergence.full_sweep(Cluster.objects.get())
    event = AuditEvent.objects.get(tag="drift:found")
    (told,) = event.data["changes"]
    assert told["by"] == "kubectl-edit"
    assert told["fields"] == [{"path": "spec.exportTo", "wanted": '["."]', "found": '["*"]'}]
    assert 'spec.exportTo is ["*"], wanted ["."]' in event.message
    told_to_people = world.slice().problem if policy == "flag" else world.slice().cause
    assert "kubectl-edit" in told_to_people
