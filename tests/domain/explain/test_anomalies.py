"""Each anomaly: one thing in a faithful mesh is changed, and the reason says which."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from egress.domain.access import ClusterProfile
from tests.domain.explain.meshes import (
    AMBIENT,
    CENTRAL,
    EXAMPLES,
    GATEWAY,
    SIDECAR,
    four_grants,
    mesh,
    objects,
    reasons,
)

MESHES: dict[str, tuple[ClusterProfile, Callable[[], list[Any]]]] = {
    "gateway": (GATEWAY, four_grants),
    "sidecar": (SIDECAR, lambda: objects("default-deny", "sidecar", "aliases")),
    "central": (CENTRAL, lambda: objects("central")),
    "ambient": (AMBIENT, lambda: objects("ambient")),
}
DELETED = "(deleted)"
CHANGES: list[list[Any]] = yaml.safe_load((EXAMPLES / "changes.yaml").read_text("utf-8"))


def put(obj: Any, path: str, value: Any) -> None:
    """Set, append or delete what a dotted path leads to."""
    *above, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    for part in above:
        obj = obj[part]
    if value == DELETED:
        del obj[last]
    elif isinstance(obj, list) and last == len(obj):
        obj.append(value)
    else:
        obj[last] = value


@pytest.mark.parametrize(
    ("where", "kind", "name", "path", "value", "reason"),
    CHANGES,
    ids=[f"{change[5]}-{change[0]}-{change[3]}" for change in CHANGES],
)
def test_one_changed_thing_is_named(
    where: str, kind: str, name: str, path: str, value: Any, reason: str
) -> None:
    cluster, make = MESHES[where]
    found = copy.deepcopy(make())
    namespace, _, own = name.rpartition("/")
    wanted = next(
        obj
        for obj in found
        if (obj["kind"], obj["metadata"]["name"]) == (kind, own)
        and namespace in ("", obj["metadata"]["namespace"])
    )
    assert reasons(mesh(found, cluster)) == set()
    put(wanted, path, value)
    assert reason in reasons(mesh(found, cluster))


def test_decisions_without_their_objects_are_anomalies() -> None:
    found = mesh([], SIDECAR, default_deny=True, network_policy=True)
    assert reasons(found) == {"DefaultDenyMissing", "NetworkPolicyMissing"}


def test_a_rule_that_another_hides_is_an_anomaly() -> None:
    hidden = copy.deepcopy(four_grants())
    rule = next(o for o in hidden if o["metadata"]["name"] == "client-default")
    near, wide = copy.deepcopy(rule), copy.deepcopy(rule)
    near["metadata"] |= {"name": "near", "namespace": "default"}
    near["spec"]["exportTo"] = ["."]
    wide["metadata"] |= {"name": "wide", "namespace": "default"}
    wide["spec"] |= {"exportTo": ["."], "host": "*.svc.cluster.local"}
    assert "ClientRuleHidden" in reasons(mesh([*hidden, near, wide]))


def test_two_servers_with_one_port_name_are_an_anomaly() -> None:
    found = copy.deepcopy(four_grants())
    gateway = next(
        o for o in found if o["metadata"]["name"] == "db-p5432" and o["kind"] == "Gateway"
    )
    second = copy.deepcopy(gateway["spec"]["servers"][0])
    second["hosts"] = ["./p5432.default.db.example.net"]
    gateway["spec"]["servers"].append(second)
    assert "PortNameTwice" in reasons(mesh(found))


def test_every_sentence_names_the_object_and_ends() -> None:
    for where, kind, name, path, value, _ in CHANGES:
        cluster, make = MESHES[where]
        found = copy.deepcopy(make())
        put(
            next(
                o
                for o in found
                if (o["kind"], o["metadata"]["name"]) == (kind, name.rpartition("/")[2])
            ),
            path,
            value,
        )
        for anomaly in mesh(found, cluster).anomalies():
            assert anomaly.sentence.endswith(".")
            assert anomaly.key.kind
