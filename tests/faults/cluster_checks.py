"""What must be true of a cluster after any fault: each check returns sentences, or nothing."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max, Q
from django.utils import timezone

from egress.domain.access import Protocol, Subject
from egress.domain.explain import Mesh
from egress.domain.lifecycle import OPEN_GRANT_STATUSES, GrantStatus
from egress.models import AuditEvent, Cluster, Delivery, DeliveryStep, Grant, Namespace, Slice
from egress.sandbox.kinds import KINDS
from egress.selectors.slices import inventory_of_namespaces, profile_for
from tests.faults.grounds import broken_chain
from tests.faults.stage import Objects, Stage
from tests.services.world import World

_KIND_OF = {kind.resource: kind.kind for kind in KINDS}
_MAY_HAVE_HAPPENED = ("written", "unknown", "intended")
_Write = tuple[str, str, str, bool]
_pause = threading.Event()


@dataclass(frozen=True, order=True)
class Way:
    """Who may try to reach what."""

    namespace: str
    account: str
    host: str
    port: int
    protocol: str


def ways_of(grant: Grant, accounts: Iterable[str] = ("web", "default")) -> set[Way]:
    """Return what a grant opens."""
    named = [grant.service_account] if grant.service_account else list(accounts)
    return {
        Way(grant.namespace, account, grant.host, grant.port, grant.protocol) for account in named
    }


def all_ways(world: World, grants: Collection[Grant]) -> set[Way]:
    """Return everything that somebody could wrongly be let through to, where that is guarded."""
    rows = Namespace.objects.filter(cluster=world.cluster, gone_at=None, injected=True)
    namespaces = [
        row.name
        for row in rows
        if row.default_deny_enforced or world.enforcement_of(row.name) == "ambient"
    ]
    targets = {(grant.host, grant.port, grant.protocol) for grant in grants}
    targets |= {(grant.host, 8443, "TLS") for grant in grants}
    return {
        Way(namespace, account, *target)
        for namespace in namespaces
        for account in ("web", "default")
        for target in targets
    }


class Doorman:
    """Asks what objects let through, with the cluster's facts as they are when it is made."""

    def __init__(self, world: World) -> None:
        world.cluster.refresh_from_db()
        self._profile = profile_for(world.cluster, None)
        self._inventory = inventory_of_namespaces(world.cluster, None)
        self._ambient = {
            name for name in ("shop", "data") if world.enforcement_of(name) == "ambient"
        }

    def opened(self, objects: Objects, ways: Iterable[Way]) -> set[Way]:
        """Return those of the ways that are open."""
        mesh = Mesh(objects.values(), cluster=self._profile, inventory=self._inventory)
        return {way for way in ways if self._is_open(mesh, way)}

    def _is_open(self, mesh: Mesh, way: Way) -> bool:
        ask = mesh.admits if way.namespace in self._ambient else mesh.can
        subject = Subject(way.namespace, way.account)
        return ask(subject, way.host, way.port, Protocol(way.protocol)).allowed


def opened_too_much(stage: Stage, allowed: Collection[Way], asked: Collection[Way]) -> list[str]:
    """Return what any state since `watch` opened beyond the `allowed` ways."""
    doorman, forbidden = Doorman(stage.world), set(asked) - set(allowed)
    found: dict[Way, int] = {}
    for position, objects in enumerate(stage.moments):
        for way in doorman.opened(objects, forbidden - found.keys()):
            found[way] = position
    return [f"{way} is open after write {position + 1}." for way, position in found.items()]


def is_settled(cluster: Cluster) -> bool:
    """Tell whether nothing is left to do and nothing is wrong."""
    rows = Slice.objects.filter(cluster=cluster)
    return not any(row.wanted != row.done or row.problem for row in rows)


def recover(world: World, seconds: float = 10.0, worker: str = "heir") -> float:
    """Let workers go on until all is settled; return how long it took, infinity if it did not.

    Waiting after a failure is skipped; waiting for abandoned writes is not: they do arrive.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        rows = Slice.objects.filter(cluster=world.cluster)
        if quiet_at := rows.aggregate(last=Max("quiet_at"))["last"]:
            _pause.wait(max(0.0, (quiet_at - timezone.now()).total_seconds()))
        rows.update(due_at=timezone.now() - timedelta(minutes=10))
        world.converge(worker)
        if is_settled(world.cluster):
            return time.monotonic() - began
    return float("inf")


def unsettled(world: World) -> list[str]:
    """Return which slices and grants are not as they should be when all is over."""
    found = [
        f"{row.key} is not settled: wanted {row.wanted}, done {row.done}, {row.problem_reason} "
        f"{row.problem}"
        for row in Slice.objects.filter(cluster=world.cluster)
        if row.wanted != row.done or row.problem
    ]
    for grant in Grant.objects.filter(cluster=world.cluster):
        if grant.status in OPEN_GRANT_STATUSES:
            if grant.status == GrantStatus.PENDING or grant.failed_reason:
                found.append(f"{grant} is {grant.status}: {grant.failed_reason}")
        elif grant.confirmed_at is None and grant.status != GrantStatus.SUSPENDED:
            found.append(f"{grant} ended and is not confirmed gone.")
    return found


def wrongly_open_or_closed(stage: Stage, objects: Objects) -> list[str]:
    """Return where the cluster lets through other things than the open grants say."""
    world = stage.world
    grants = list(Grant.objects.filter(cluster=world.cluster))
    live = [grant for grant in grants if grant.status in OPEN_GRANT_STATUSES]
    wanted = {way for grant in live for way in ways_of(grant)}
    opened = Doorman(world).opened(objects, all_ways(world, grants) | wanted)
    found = [f"{way} is open, and nobody granted it." for way in sorted(opened - wanted)]
    return found + [f"{way} is granted, and not open." for way in sorted(wanted - opened)]


def nameless(world: World) -> list[str]:
    """Return the grants that are neither done nor told why they are not."""
    found = []
    problems = {
        row.problem_reason for row in Slice.objects.filter(cluster=world.cluster) if row.problem
    }
    world.cluster.refresh_from_db()
    told = bool(problems) or bool(world.cluster.problem)
    for grant in Grant.objects.filter(cluster=world.cluster):
        is_open = grant.status in OPEN_GRANT_STATUSES
        is_done = bool(grant.applied_at) if is_open else bool(grant.confirmed_at)
        if not is_done and not told and not grant.failed_reason:
            found.append(f"{grant} is not in force, and nothing says why.")
    held = Slice.objects.filter(cluster=world.cluster).exclude(holder="")
    found += [f"{row.key} was not given back by {row.holder}." for row in held]
    return found


def ledger_against_audit(stage: Stage) -> list[str]:
    """Return what was written without a record, and what is on record but was not written."""
    ours = Q(delivery__cluster=stage.world.cluster)
    steps = list(DeliveryStep.objects.filter(ours).order_by("pk"))
    written = Counter(
        (_KIND_OF[one.kind], one.namespace, one.name, one.verb == "delete")
        for one in stage.written()
    )
    possible, sure = Counter[_Write](), Counter[_Write]()
    for step in steps:
        key = (step.kind, step.namespace, step.name, step.action == "delete")
        possible[key] += step.result in _MAY_HAVE_HAPPENED
        sure[key] += step.result == "written"
    found = [f"{key} was written without being announced." for key in written - possible]
    # A write that finds everything as it should be leaves no second trace in the store.
    found += [f"{key} is on record as written, and was not." for key in +sure if not written[key]]
    return found + _steps_against_audit(stage)


def _steps_against_audit(stage: Stage) -> list[str]:
    events = AuditEvent.objects.filter(
        tag__in=("delivery:started", "delivery:finished"), cluster=stage.world.cluster.name
    )
    told: dict[tuple[str, str], list[dict[str, str]]] = {
        (event.tag, event.target_id): event.data["steps"] for event in events
    }
    found = []
    for delivery in Delivery.objects.filter(cluster=stage.world.cluster).prefetch_related("steps"):
        steps = list(delivery.steps.all())
        started = told.get(("delivery:started", str(delivery.pk)))
        if started is None or len(started) != len(steps):
            found.append(f"Delivery {delivery.pk} began without an audit event of all its steps.")
        finished = told.get(("delivery:finished", str(delivery.pk)))
        if delivery.outcome == Delivery.Outcome.RUNNING:
            continue
        if finished is None or [one["result"] for one in finished] != [s.result for s in steps]:
            found.append(f"Delivery {delivery.pk} ended otherwise than the audit trail says.")
    return found


def all_in_order(stage: Stage, objects: Objects) -> list[str]:
    """Return everything that is wrong once all faults are over and workers had their time."""
    found = unsettled(stage.world)
    found += wrongly_open_or_closed(stage, objects)
    if not found and stage.world.search():
        found.append("The cluster is not as the database says.")
    return found + ledger_against_audit(stage) + broken_chain()


def waited_for(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; tell whether it did in time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        _pause.wait(0.02)
    return True
