"""P18: whatever the API server answers to a write, the end is definite and is made up for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.test import override_settings
from django.utils import timezone

from egress.models import Grant, Namespace
from egress.sandbox.fault_rules import Match, Rule
from tests.faults.api_troubles import troubles
from tests.faults.cluster_checks import (
    all_in_order,
    all_ways,
    nameless,
    opened_too_much,
    recover,
    ways_of,
)
from tests.faults.grounds import hurry_sqlite
from tests.faults.stage import Stage, objects_now, stage
from tests.faults.suite import Outcome, Run, Suite
from tests.services.world import World

TIMEOUT = 0.3
"""Seconds for one call of the portal: what is 28 s otherwise."""
GRACE = 1.0
"""Seconds that a busy machine may add."""
VERBS = ("create", "update", "delete")
READS = ("get", "list")
READ_TROUBLES = (
    "401",
    "403",
    "410",
    "429-retry-1",
    "500",
    "502-page",
    "503",
    "504",
    "200-list",
    "reset",
    "dropped",
    "half-open",
    "half-open-midway",
    "byte-by-byte",
    "cut-body",
    "cut-json",
)
HOST, OTHER = "api.example.com", "www.example.com"


def deny(world: World, on: bool) -> None:
    """Decide default deny and a network policy for a namespace, or the end of both."""
    now = timezone.now()
    fields = {"default_deny": on, "default_deny_at": now}
    fields |= {"network_policy": on, "network_policy_at": now}
    Namespace.objects.filter(cluster=world.cluster, name="shop").update(**fields)
    world.mark("shop")


@dataclass(frozen=True)
class Life:
    """How objects of some kinds are made, changed and removed again."""

    enforcement: str
    central: bool = False
    decides: bool = False

    def prepare(self, world: World) -> None:
        """Let the cluster be as the life begins."""
        world.enforce(self.enforcement, central_entries=self.central)
        world.know_dns_capture()
        for name in ("data",) if self.decides else ("shop", "data"):
            world.deny_by_default(name)

    def act(self, world: World, verb: str) -> None:
        """Decide what leads to objects being created, updated or deleted."""
        if verb == "create":
            if self.decides:
                deny(world, on=True)
            world.approve(HOST)
            world.approve(HOST, port=80, protocol="HTTP", tls_origination=True)
        elif verb == "update":
            world.approve(HOST, "data")
            world.approve(HOST, "data", port=80, protocol="HTTP", tls_origination=True)
            world.approve(OTHER)
        else:
            for grant in Grant.objects.filter(cluster=world.cluster, ended_at=None):
                world.revoke(grant)
            if self.decides:
                deny(world, on=False)


GATEWAY = Life("gateway")
KINDS = {
    "ServiceEntry": GATEWAY,
    "DestinationRule": GATEWAY,
    "VirtualService": GATEWAY,
    "Gateway": GATEWAY,
    "AuthorizationPolicy": GATEWAY,
    "Sidecar": Life("sidecar", central=True, decides=True),
    "NetworkPolicy": Life("sidecar", decides=True),
}
NEVER_UPDATED = ("NetworkPolicy",)


class ApiFaults(Suite):
    """Every trouble x every kind x create, update and delete; some troubles of reads as well."""

    name = "api-faults"
    promises = ("P18", "P26")
    title = "Faults of the API server end definitely: every fault x kind x verb"
    target = len(troubles(TIMEOUT)) * (3 * len(KINDS) - len(NEVER_UPDATED))
    weight = 2.0

    def cases(self) -> Sequence[str]:
        """Return one case for each trouble and kind, and one for each trouble of reads."""
        writes = [f"{trouble}@{kind}" for trouble in troubles(TIMEOUT) for kind in KINDS]
        reads = [f"{trouble}@{verb}" for trouble in READ_TROUBLES for verb in READS]
        return writes + reads

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Shorten the portal's patience; requests of undisturbed runs are counted once."""
        hurry_sqlite()
        with override_settings(CALL_TIMEOUT_SECONDS=TIMEOUT, LEASE_SECONDS=5.0):
            usual = {life: undisturbed(life) for life in set(KINDS.values())}
            yield lambda case, _: run(case, usual)


def run(case: str, usual: dict[Life, dict[str, int]]) -> Outcome:
    """Run one trouble with one kind, or with one verb of reading, through a whole life."""
    trouble, about = case.split("@")
    fault = troubles(TIMEOUT)[trouble]
    life = KINDS.get(about, GATEWAY)
    outcome = Outcome(injected=0, figures={"slowest call s": 0.0, "requests x": 0.0})
    with stage(over_http=True) as scene:
        life.prepare(scene.world)
        scene.watch()
        for verb in VERBS:
            if about in NEVER_UPDATED and verb == "update":
                continue
            match = Match(verb=verb, kind=about, times=0)
            if about in READS:
                match = Match(verb=about, nth=3, times=2)
            rule, late = Rule(match, fault), _given_up(scene)
            _one(scene, life, verb, rule, outcome)
            normal = usual[life][verb]
            times = len(scene.plan.seen) / normal
            outcome.figures["requests x"] = max(outcome.figures["requests x"], round(times, 2))
            # A busy machine lets sound calls time out as well, and each of them is repeated.
            if times > 2 and _given_up(scene) - late <= rule.hits:
                outcome.violations.append(
                    f"{verb}: {len(scene.plan.seen)} requests, {normal} without the fault."
                )
        outcome.violations += all_in_order(scene, objects_now(scene.store))
        slowest = max(scene.calls, default=0.0)
    outcome.figures["slowest call s"] = round(slowest, 2)
    if slowest > TIMEOUT + GRACE:
        outcome.violations.append(f"A call took {slowest:.1f} s; {TIMEOUT} s are allowed.")
    return outcome


def _given_up(scene: Stage) -> int:
    """Return how many calls took as long as the portal waits for one."""
    return sum(seconds >= TIMEOUT for seconds in scene.calls)


def _one(scene: Stage, life: Life, verb: str, rule: Rule, outcome: Outcome) -> None:
    """Decide one thing while the fault lasts, then let the cluster be well again."""
    world, said = scene.world, outcome.violations
    before = list(Grant.objects.filter(cluster=world.cluster, ended_at=None))
    guarded = {row.name for row in Namespace.objects.filter(default_deny_enforced=True)}
    life.act(world, verb)
    grants = list(Grant.objects.filter(cluster=world.cluster))
    may_be_open = {way for grant in grants if grant.ended_at is None for way in ways_of(grant)}
    may_be_open |= {way for grant in before for way in ways_of(grant)}
    seen = len(scene.moments)
    scene.plan.set(rule)
    world.converge()
    if not rule.hits:
        said.append(f"{verb}: the fault was never met.")
    outcome.injected += min(1, rule.hits)
    said.extend(f"{verb}: {one}" for one in nameless(world))
    scene.plan.rules.clear()
    if recover(world) == float("inf"):
        said.append(f"{verb}: not converged within 10 s of the end of the fault.")
    scene.moments[:seen] = []
    asked = {way for way in all_ways(world, grants) if way.namespace in guarded}
    too_much = opened_too_much(scene, may_be_open, asked)
    said.extend(f"{verb}: {one}" for one in too_much)


def undisturbed(life: Life) -> dict[str, int]:
    """Return how many requests each step of a life takes when nothing goes wrong."""
    counts = {}
    with stage(over_http=True) as scene:
        life.prepare(scene.world)
        for verb in VERBS:
            life.act(scene.world, verb)
            scene.plan.set()
            recover(scene.world)
            counts[verb] = len(scene.plan.seen)
    return counts


API_FAULTS = ApiFaults()
