"""P15: what somebody else wrote under our names is never changed or deleted, and is told of."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.cluster.ownership import INSTALLATION_LABEL, MANAGED_BY_LABEL
from egress.cluster.paths import object_path
from egress.models import AuditEvent, Grant, Slice
from tests.faults.cluster_checks import ledger_against_audit, recover
from tests.faults.grounds import broken_chain, hurry_sqlite
from tests.faults.stage import Stage, objects_now, stage
from tests.faults.suite import Outcome, Run, Suite
from tests.faults.suites.api_faults import GATEWAY, Life
from tests.services.world import World

HOST = "api.example.com"
DECIDED = Life("sidecar", central=True, decides=True)
KINDS = {
    "ServiceEntry": GATEWAY,
    "DestinationRule": GATEWAY,
    "VirtualService": GATEWAY,
    "Gateway": GATEWAY,
    "AuthorizationPolicy": GATEWAY,
    "Sidecar": DECIDED,
}
OWNERS = ("unlabelled", "other-manager", "other-installation", "spoofed-label")
OPERATIONS = ("apply", "update", "revoke")
Wanted = dict[str, KubeObject]
"""What the portal writes of each kind when nothing is in its way."""


class Foreign(Suite):
    """Six kinds, four sorts of owners, three operations."""

    name = "foreign"
    promises = ("P15",)
    title = "Foreign objects under our names stay as they are, and are told of"
    target = 72

    def cases(self) -> Sequence[str]:
        """Return every cell, each with an equal and with another content."""
        return [
            f"{kind}/{owner}/{operation}/{content}"
            for kind in KINDS
            for owner in OWNERS
            for operation in OPERATIONS
            for content in ("other", "equal")
        ]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Find out once under which names the portal writes."""
        hurry_sqlite()
        wanted = {**written_by(GATEWAY), "Sidecar": written_by(DECIDED)["Sidecar"]}
        yield lambda case, chance: run(case, chance, wanted)


def written_by(life: Life) -> Wanted:
    """Return one object of each kind that a life creates."""
    with stage() as scene:
        life.prepare(scene.world)
        before = {entry.uid for entry in scene.written()}
        life.act(scene.world, "create")
        recover(scene.world)
        found: Wanted = {}
        written = {entry.uid for entry in scene.written()} - before
        for obj in objects_now(scene.store).values():
            if obj["metadata"]["uid"] in written:
                found.setdefault(obj["kind"], obj)
    return found


def run(case: str, chance: random.Random, wanted: Wanted) -> Outcome:
    """Plant a foreign object at one moment, and look whether anybody touches it."""
    kind, owner, operation, content = case.split("/")
    life, ours = KINDS[kind], wanted[kind]
    outcome = Outcome()
    with stage() as scene:
        life.prepare(scene.world)
        if operation != "apply":
            life.act(scene.world, "create")
            recover(scene.world)
            scene.world.sandbox.remove(ours)
        planted = plant(scene.world, ours, owner, is_equal=content == "equal")
        # With what istiod wrote to its status meanwhile.
        planted = scene.world.live(planted) or planted
        verb = {"apply": "create", "update": "update", "revoke": "delete"}[operation]
        life.act(scene.world, verb)
        _go_on(scene.world, chance)
        outcome.violations = _touched(scene, planted) + _untold(scene, planted)
        if operation == "revoke":
            outcome.violations += _forgotten(scene.world, planted)
        outcome.violations += ledger_against_audit(scene) + broken_chain()
    return outcome


def plant(world: World, ours: KubeObject, owner: str, *, is_equal: bool) -> KubeObject:
    """Write an object of somebody else under the name of one of ours."""
    metadata: dict[str, Any] = {
        "name": ours["metadata"]["name"],
        "namespace": ours["metadata"]["namespace"],
    }
    labels = dict(ours["metadata"].get("labels") or {})
    notes = dict(ours["metadata"].get("annotations") or {})
    if owner == "other-manager":
        metadata["labels"] = {MANAGED_BY_LABEL: "argocd"}
    elif owner == "other-installation":
        metadata |= {"labels": labels | {INSTALLATION_LABEL: "other"}, "annotations": notes}
    elif owner == "spoofed-label":
        metadata |= {"labels": labels, "annotations": notes}
    spec = ours["spec"] if is_equal else _another(ours)
    obj = {"apiVersion": ours["apiVersion"], "kind": ours["kind"]}
    obj |= {"metadata": metadata, "spec": spec}
    if owner == "unlabelled":
        return world.sandbox.put(obj, manager="kubectl-create")
    manager = {"other-manager": "argocd", "other-installation": "egress-portal"}
    path = object_path(kinds.kind_of(obj), metadata["namespace"], metadata["name"])
    query = {"fieldManager": manager.get(owner, "kubectl-client-side-apply")}
    apply = {"Content-Type": "application/apply-patch+yaml"}
    return world.sandbox.call("PATCH", path, query, obj, apply)


def _another(ours: KubeObject) -> dict[str, Any]:
    """Return a content that is valid and not the one that the portal would write."""
    spec = dict(ours["spec"])
    changes: dict[str, dict[str, Any]] = {
        "ServiceEntry": {"resolution": "NONE"},
        "DestinationRule": {"host": "theirs.example.com", "subsets": [], "trafficPolicy": {}},
        "VirtualService": {"hosts": ["theirs.example.com"]},
        "Gateway": {"selector": {"istio": "theirs"}},
        "AuthorizationPolicy": {"action": "DENY"},
        "Sidecar": {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}},
    }
    return spec | changes[ours["kind"]]


def _go_on(world: World, chance: random.Random) -> None:
    """Let workers and searches for drift go on, in any order."""
    world.converge()
    steps = [world.search, world.converge, lambda: world.settle(2), world.search]
    chance.shuffle(steps)
    for step in steps:
        step()
    world.settle(2)
    world.search()
    world.settle(1)


def _touched(scene: Stage, planted: KubeObject) -> list[str]:
    now, before = scene.world.live(planted), planted["metadata"]
    if now is None:
        return ["The foreign object was deleted."]
    found = []
    for name in ("uid", "resourceVersion"):
        if now["metadata"][name] != before[name]:
            found.append(f"{name} of the foreign object was {before[name]} and is now another.")
    if any(one.uid == before["uid"] for one in scene.written()):
        found.append("The ledger shows a write of the portal to the foreign object.")
    return found


def _untold(scene: Stage, planted: KubeObject) -> list[str]:
    """Return whether nothing that people look at names the object."""
    name = planted["metadata"]["name"]
    said = [row.problem for row in Slice.objects.all()]
    said += [grant.failed_message for grant in Grant.objects.all()]
    said += list(AuditEvent.objects.values_list("message", flat=True))
    told = [one for one in said if f"/{name} " in f"{one} " or f'"{name}"' in one]
    return [] if told else [f"Nobody is told of {planted['kind']} {name}."]


def _forgotten(world: World, planted: KubeObject) -> list[str]:
    """A revoke is not confirmed while a foreign object under our name may open the access."""
    if planted["kind"] not in ("ServiceEntry", "Gateway", "AuthorizationPolicy"):
        return []
    rows = Grant.objects.filter(cluster=world.cluster, host=HOST, confirmed_at__isnull=False)
    protocols = {"Gateway": ["TLS"], "AuthorizationPolicy": ["HTTP"]}
    rows = rows.filter(protocol__in=protocols.get(planted["kind"], ["TLS", "HTTP"]))
    return [f"{grant} is confirmed gone although it may be open." for grant in rows]


FOREIGN = Foreign()
