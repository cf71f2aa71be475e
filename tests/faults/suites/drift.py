"""P14: hand edits are found in one sweep, told of with their author, and healed or flagged."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.models import AuditEvent, Cluster, Delivery, OwnedObject
from egress.sandbox.fault_rules import Match, Rule
from egress.sandbox.faults import STALE, Fault
from tests.faults.cluster_checks import all_in_order, ledger_against_audit, recover
from tests.faults.edits import EDITOR, EDITS, Edit, add_note
from tests.faults.grounds import broken_chain, hurry_sqlite
from tests.faults.stage import Stage, objects_now, stage
from tests.faults.suite import Outcome, Run, Suite
from tests.services.world import World

BATCH = 20
BATCHES = 50
CYCLES = 500
IDLE_BATCHES = 20
FLAG = Cluster.DriftPolicy.FLAG
HEAL = Cluster.DriftPolicy.HEAL


def settled_world(world: World, enforcement: str) -> None:
    """Let some grants of several sorts be in force."""
    world.enforce(enforcement)
    world.know_dns_capture()
    for name in ("shop", "data"):
        world.deny_by_default(name)
    world.approve("api.example.com")
    world.approve("api.example.com", "data")
    world.approve("www.example.com", port=80, protocol="HTTP", tls_origination=True)
    world.approve("old.example.com", port=80, protocol="HTTP")
    world.approve("tcp.example.com", "data", port=5432, protocol="TCP")
    recover(world)


class Drifts(Suite):
    """Random edits of random objects, one to three at a time, under both settings."""

    name = "drift"
    promises = ("P14",)
    title = "Hand edits are found within one sweep, named, and healed or flagged"
    target = 1000
    weight = 1.5

    def cases(self) -> Sequence[str]:
        """Return batches of edits for each enforcement and setting."""
        ways = [f"{e}/{p}" for e in ("sidecar", "gateway") for p in ("heal", "flag")]
        return [f"{ways[number % 4]}/{number}" for number in range(BATCHES)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Nothing is shared but the hurry."""
        hurry_sqlite()
        yield run


def run(case: str, chance: random.Random) -> Outcome:
    """Edit, search, look; again and again in one cluster."""
    enforcement, policy, _ = case.split("/")
    outcome = Outcome(injected=0, figures={"found after s": 0.0})
    with stage() as scene:
        settled_world(scene.world, enforcement)
        scene.watch()
        while outcome.injected < BATCH and len(outcome.violations) < 5:
            one_round(scene, policy, chance, outcome)
        outcome.violations += all_in_order(scene, objects_now(scene.store))
    return outcome


def one_round(scene: Stage, policy: str, chance: random.Random, outcome: Outcome) -> None:
    """Let one to three objects be edited, and see what a search makes of it."""
    world, said = scene.world, outcome.violations
    Cluster.objects.update(drift_policy=policy)
    edited = edit_some(world, chance)
    outcome.injected += len(edited)
    drifted = [(obj, edit) for obj, edit in edited if not edit.silent]
    seen = AuditEvent.objects.count()
    began = time.monotonic()
    found = world.search()
    seconds = round(time.monotonic() - began, 2)
    outcome.figures["found after s"] = max(outcome.figures["found after s"], seconds)
    events = AuditEvent.objects.order_by("pk")[seen:]
    told = " ".join(one.message for one in events if one.tag == "drift:found")
    for obj, edit in drifted:
        name = f"{obj['kind']} {obj['metadata']['namespace']}/{obj['metadata']['name']}"
        if name not in told:
            said.append(f"{name} was {edit.name}, and nobody is told: {told!r}")
        elif edit.has_author and EDITOR not in told:
            said.append(f"{name} was {edit.name}, and its author is not named: {told!r}")
    if not drifted and found:
        said.append(f"What is nobody's business raised an alarm: {told!r}")
    if policy == "flag":
        said.extend(_not_left_alone(scene, edited))
        Cluster.objects.update(drift_policy=HEAL)
        world.search()
    world.settle(2)
    theirs = [one for one in edited if not one[1].healable]
    said.extend(_not_healed(world, theirs))
    for obj, _ in theirs:
        world.sandbox.remove(obj)
    world.search()
    recover(world)
    said.extend(_not_healed(world, [one for one in edited if one not in theirs]))


def edit_some(world: World, chance: random.Random) -> list[tuple[KubeObject, Edit]]:
    """Edit objects of ours; return each as it was, and what was done to it."""
    rows = list(OwnedObject.objects.filter(cluster=world.cluster).exclude(uid="").order_by("pk"))
    done = []
    for row in chance.sample(rows, chance.choice((1, 1, 2, 3))):
        kind = kinds.kind_of({"apiVersion": row.api_version, "kind": row.kind})
        obj = world.sandbox.gateway.get(kind, row.namespace, row.name)
        edit = chance.choice(EDITS)
        if obj is not None:
            edit.do(world, obj, chance)
            done.append((obj, edit))
    return done


def _not_left_alone(scene: Stage, edited: list[tuple[KubeObject, Edit]]) -> list[str]:
    """Under the setting that only flags, nothing may be written."""
    before = len(scene.written())
    names = [obj["metadata"]["name"] for obj, _ in edited]
    scene.world.converge()
    if len(scene.written()) != before:
        return [f"Something was written although drift is only flagged: {names}"]
    return []


def _not_healed(world: World, edited: list[tuple[KubeObject, Edit]]) -> list[str]:
    found = []
    for obj, edit in edited:
        now, name = world.live(obj), f"{obj['kind']} {obj['metadata']['name']}"
        if now is None:
            found.append(f"{name} was {edit.name} and is gone.")
        elif not edit.healable:
            if now["metadata"]["managedFields"][0]["manager"] != EDITOR:
                found.append(f"{name} was replaced by somebody and then written by us.")
        elif _ours(now) != _ours(obj):
            found.append(f"{name} was {edit.name} and is not as it was: {_difference(obj, now)}")
        elif edit.silent and now["metadata"]["resourceVersion"] == _version(obj):
            found.append(f"{name}: what somebody added is gone.")
    return found


def _difference(before: KubeObject, now: KubeObject) -> str:
    pairs = zip(_ours(before), _ours(now), strict=True)
    return "; ".join(f"{old} is now {new}" for old, new in pairs if old != new)


def _ours(obj: KubeObject) -> tuple[Any, Any, Any]:
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    kept = {name: value for name, value in labels.items() if "example.com" not in name}
    return obj["spec"], kept, (metadata.get("annotations") or {}).get(CONTENT_HASH_ANNOTATION)


def _version(obj: KubeObject) -> str:
    return str(obj["metadata"]["resourceVersion"])


class Idle(Suite):
    """Searches where nothing happened but what is nobody's business: no alarm, no write."""

    name = "drift-idle"
    promises = ("P14",)
    title = "No false alarm in cycles without drift, stale lists among them"
    target = 10_000

    def cases(self) -> Sequence[str]:
        """Return batches of cycles."""
        return [f"{('sidecar', 'gateway')[n % 2]}/{n}" for n in range(IDLE_BATCHES)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Nothing is shared but the hurry."""
        hurry_sqlite()
        yield idle


def idle(case: str, chance: random.Random) -> Outcome:
    """Search again and again; now and then somebody adds a note, or a list is stale."""
    outcome = Outcome(injected=CYCLES)
    with stage() as scene:
        settled_world(scene.world, case.split("/")[0])
        deliveries, writes = Delivery.objects.count(), len(scene.written())
        for cycle in range(CYCLES):
            if cycle % 10 == 3:
                rows = OwnedObject.objects.filter(cluster=scene.world.cluster).order_by("pk")
                row = chance.choice(list(rows))
                kind = kinds.kind_of({"apiVersion": row.api_version, "kind": row.kind})
                obj = scene.world.sandbox.gateway.get(kind, row.namespace, row.name)
                add_note("annotations", scene.world, obj or {}, chance)
            scene.plan.set()
            if cycle % 10 == 7:
                stale = Fault(STALE, behind=chance.randrange(1, 30))
                scene.plan.set(Rule(Match(verb="list", times=0), stale))
            if found := scene.world.search():
                last = AuditEvent.objects.order_by("-pk").first()
                outcome.violations.append(f"Cycle {cycle}: {found} alarms. {last and last.message}")
                scene.plan.set()
                recover(scene.world)
                deliveries, writes = Delivery.objects.count(), len(scene.written())
            if len(outcome.violations) > 3:
                break
        if (Delivery.objects.count(), len(scene.written())) != (deliveries, writes):
            outcome.violations.append("Something was written although nothing had drifted.")
        outcome.violations += ledger_against_audit(scene) + broken_chain()
    return outcome


DRIFTS = Drifts()
IDLE = Idle()
