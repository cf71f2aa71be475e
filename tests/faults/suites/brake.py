"""P20: whatever the portal is told or loses, it never takes away in bulk what nobody ended."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from unittest import mock

from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from egress.models import (
    AuditEvent,
    Cluster,
    Grant,
    Namespace,
    OwnedObject,
    Priority,
    ServiceAccount,
    Slice,
)
from egress.sandbox.fault_rules import Match, Rule
from egress.sandbox.faults import STALE, Fault, refusal
from egress.sandbox.kinds import NAMESPACE
from egress.sandbox.ledger import Author
from egress.services import convergence, gateways, outbox
from egress.services.convergence import clock
from tests.faults.api_troubles import document
from tests.faults.cluster_checks import ledger_against_audit, recover
from tests.faults.grounds import broken_chain, hurry_sqlite
from tests.faults.stage import Stage, bare_stage, stage
from tests.faults.suite import Outcome, Run, Suite
from tests.services.world import World

SMALL, LARGE = 30, 500
LEAST, SHARE = 10, 0.05
YEAR = timedelta(days=365)
Loss = Callable[[Stage, ExitStack, random.Random], None]


def lose_all(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """The table of grants is empty."""
    Grant.objects.all().delete()


def lose_half(scene: Stage, _: ExitStack, chance: random.Random) -> None:
    """Half of the grants are gone."""
    pks = list(Grant.objects.values_list("pk", flat=True))
    Grant.objects.filter(pk__in=chance.sample(pks, len(pks) // 2)).delete()


def lose_with_records(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """A backup from before all grants was restored."""
    Grant.objects.all().delete()
    OwnedObject.objects.all().delete()
    Slice.objects.all().update(wanted=0, done=0)


def lose_records(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """A backup was restored that knows the grants and none of their objects."""
    OwnedObject.objects.all().delete()


def lose_most_but_new(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """Most grants are gone when somebody approves another one."""
    Grant.objects.all().delete()
    scene.world.approve("new.example.com")


def lose_inventory(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """The table of namespaces is empty."""
    ServiceAccount.objects.all().delete()
    Namespace.objects.all().delete()


def forget_namespaces(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """Namespaces are on record under another uid."""
    for row in Namespace.objects.all():
        Namespace.objects.filter(pk=row.pk).update(uid=f"other-{row.pk}")


def tamper(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """No grant matches its decision any more."""
    Grant.objects.update(binding="0" * 64)


def lose_decisions(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """Restored requests do not say what was decided."""
    for grant in Grant.objects.select_related("request"):
        type(grant.request).objects.filter(pk=grant.request.pk).update(decision_digest="")


def another_cluster(scene: Stage, stack: ExitStack, _: random.Random) -> None:
    """The kubeconfig leads to another cluster, without anything of ours."""
    other = stack.enter_context(bare_stage())
    stack.enter_context(mock.patch.object(gateways, "dial", return_value=other))
    gateways.forget_gateways()


def another_cluster_kept_open(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """The address leads to a cluster with the same objects and another identity."""
    record = scene.store.get(NAMESPACE, "", "kube-system")
    if record is not None:
        metadata = {**record.obj["metadata"], "uid": "another"}
        scene.store.put(NAMESPACE, {**record.obj, "metadata": metadata}, Author("x", "x", "update"))


def empty_lists(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """Every list is well formed and empty."""
    kinds = ("ServiceEntry", "DestinationRule", "Sidecar", "Namespace")
    scene.plan.set(
        *(
            Rule(Match(verb="list", kind=kind, times=0), document(200, _empty(kind)))
            for kind in kinds
        )
    )


def _empty(kind: str) -> dict[str, object]:
    group = "v1" if kind == "Namespace" else "networking.istio.io/v1"
    metadata = {"resourceVersion": "1"}
    return {"apiVersion": group, "kind": f"{kind}List", "metadata": metadata, "items": []}


def failing_lists(status: int, reason: str) -> Loss:
    """Return a loss in which lists fail, all of them or in the middle."""

    def loss(scene: Stage, _: ExitStack, chance: random.Random) -> None:
        nth = chance.randrange(1, 3)
        fault = refusal(status, reason, "not now")
        scene.plan.set(Rule(Match(verb="list", nth=nth, times=0), fault))

    return loss


def stale_lists(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """Lists show the cluster from before there was anything of ours."""
    behind = scene.store.version - 101
    scene.plan.set(Rule(Match(verb="list", times=0), Fault(STALE, behind=behind)))


def clock_jump(sign: int) -> Loss:
    """Return a loss of the right time, by a year."""

    def loss(scene: Stage, stack: ExitStack, _: random.Random) -> None:
        honest = clock.database_now

        def wrong():  # type: ignore[no-untyped-def]
            return honest() + sign * YEAR

        for place in ("egress.services.convergence.sweep", "egress.services.convergence.clock"):
            stack.enter_context(mock.patch(f"{place}.database_now", wrong))

    return loss


def another_installation(scene: Stage, stack: ExitStack, _: random.Random) -> None:
    """The portal was started under the name of another installation."""
    stack.enter_context(override_settings(INSTALLATION="other"))


def drop_by_drop(scene: Stage, _: ExitStack, __: random.Random) -> None:
    """A few grants vanish at a time, again and again."""
    while pks := list(Grant.objects.values_list("pk", flat=True)[:4]):
        Grant.objects.filter(pk__in=pks).delete()
        work(scene)


LOSSES: dict[str, tuple[Loss, bool]] = {
    "grants-lost": (lose_all, True),
    "half-of-grants-lost": (lose_half, True),
    "old-backup": (lose_with_records, False),
    "old-backup-of-records": (lose_records, False),
    "grants-lost-and-one-approved": (lose_most_but_new, True),
    "grants-lost-drop-by-drop": (drop_by_drop, True),
    "inventory-lost": (lose_inventory, True),
    "inventory-of-another": (forget_namespaces, True),
    "bindings-broken": (tamper, True),
    "decisions-lost": (lose_decisions, True),
    "wrong-kubeconfig": (another_cluster, True),
    "wrong-cluster-same-address": (another_cluster_kept_open, True),
    "empty-lists": (empty_lists, False),
    "stale-lists": (stale_lists, False),
    "lists-410": (failing_lists(410, "Expired"), False),
    "lists-500": (failing_lists(500, "InternalError"), False),
    "lists-403": (failing_lists(403, "Forbidden"), False),
    "clock-a-year-ahead": (clock_jump(1), False),
    "clock-a-year-behind": (clock_jump(-1), False),
    "other-installation": (another_installation, False),
}
"""What goes wrong, and whether people must be alerted: where much would have been taken away."""


class Brake(Suite):
    """Twenty ways to lose one's memory or one's cluster, and two that people really want."""

    name = "brake"
    promises = ("P20",)
    title = "No unexplained removals beyond max(10, 5 %); revokes and expiries of 500 pass"
    target = len(LOSSES)
    limit = 400.0

    def cases(self) -> Sequence[str]:
        """Return the scenarios."""
        return [*LOSSES, "500-revokes", "500-expiries"]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Nothing is shared but the hurry."""
        hurry_sqlite()
        yield run


def run(case: str, chance: random.Random) -> Outcome:
    """Let something go wrong in a cluster full of grants, and count what is taken away."""
    with stage() as scene:
        if case not in LOSSES:
            return wanted_by_people(scene, case)
        grants(scene.world, SMALL)
        loss, alerts = LOSSES[case]
        before = len(removals(scene))
        owned = OwnedObject.objects.count()
        allowed = max(LEAST, int(SHARE * owned))
        with ExitStack() as stack:
            loss(scene, stack, chance)
            for _ in range(3):
                work(scene)
        scene.plan.set()
        removed = len(removals(scene)) - before
        outcome = Outcome(figures={"removed": removed})
        if removed > allowed:
            outcome.violations.append(f"{removed} objects were removed; {allowed} may be.")
        if alerts and not alerted(scene.world):
            outcome.violations.append("Nobody was alerted.")
        outcome.violations += ledger_against_audit(scene) if OwnedObject.objects.exists() else []
        outcome.violations += broken_chain()
        return outcome


def grants(world: World, count: int) -> None:
    """Let many grants be in force."""
    for number in range(count):
        world.approve(f"api-{number}.example.com", ("shop", "data")[number % 2])
    recover(world, 300.0)


def work(scene: Stage) -> None:
    """Let the portal do everything that it does by itself, and be nudged at every slice."""
    convergence.sweep_once(worker="sweeper")
    scene.world.search()
    with transaction.atomic():
        keys = list(Slice.objects.values_list("key", flat=True))
        outbox.mark_dirty(
            cluster=scene.world.cluster, keys=keys, priority=Priority.GRANT, cause="a nudge"
        )
    Slice.objects.update(due_at=timezone.now() - timedelta(minutes=5))
    scene.world.converge()


def removals(scene: Stage) -> list[object]:
    """Return the deletions that the portal did."""
    return [one for one in scene.written() if one.verb == "delete"]


def alerted(world: World) -> bool:
    """Tell whether an audit event and a problem on a page tell of it."""
    tags = ("sweep:braked", "cluster:unreachable", "grant:failed")
    told = AuditEvent.objects.filter(tag__in=tags).exists()
    shown = Cluster.objects.exclude(problem="").exists()
    shown = shown or Slice.objects.exclude(problem="").exists()
    return told and shown


def wanted_by_people(scene: Stage, case: str) -> Outcome:
    """An admin revokes 500 grants, or 500 run out on one day: both go through."""
    world, outcome = scene.world, Outcome()
    grants(world, LARGE)
    if len(world.hosts("shop") | world.hosts("data")) != LARGE:
        outcome.violations.append("Not all grants were in force to begin with.")
    if case == "500-revokes":
        for grant in Grant.objects.all():
            world.revoke(grant)
    else:
        Grant.objects.update(expires_at=timezone.now())
    convergence.sweep_once(worker="sweeper")
    recover(world, 300.0)
    if left := world.hosts("shop") | world.hosts("data"):
        outcome.violations.append(f"{len(left)} of {LARGE} are still open.")
    if unconfirmed := Grant.objects.filter(confirmed_at=None).count():
        outcome.violations.append(f"{unconfirmed} are not confirmed gone.")
    outcome.figures["removed by people"] = len(removals(scene))
    return outcome


BRAKE = Brake()
