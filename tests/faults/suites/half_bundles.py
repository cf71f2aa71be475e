"""P17: one object of a bundle is rejected; nothing opens beyond the grants, and people are told."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from egress.models import Grant
from egress.sandbox.fault_rules import Match, Rule, Sort
from tests.faults.api_troubles import troubles
from tests.faults.cluster_checks import (
    Doorman,
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

REJECTIONS = ("400-webhook", "500-webhook", "403", "403-quota", "413", "422", "404-path")
OPERATIONS = ("create", "update", "narrow", "revoke")
HOST, OTHER = "api.example.com", "www.example.com"


@dataclass(frozen=True)
class Bundle:
    """What is granted, and how it is enforced."""

    enforcement: str
    port: int
    protocol: str
    more: dict[str, Any] = field(default_factory=dict, hash=False)
    central: bool = False
    account: str = ""

    def prepare(self, world: World) -> None:
        """Let the cluster enforce as the bundle wants it."""
        world.enforce(self.enforcement, central_entries=self.central)
        world.know_dns_capture()
        for name in ("shop", "data"):
            if self.enforcement != "ambient":
                world.deny_by_default(name)

    def grant(self, world: World, namespace: str = "shop", host: str = HOST) -> Grant:
        """Approve one grant of the bundle."""
        more = dict(self.more)
        if self.account:
            accounts = world.namespace(namespace).service_accounts
            more["service_account"] = accounts.get(name=self.account)
        return world.approve(host, namespace, self.port, self.protocol, **more)


BUNDLES = {
    "sidecar-origination": Bundle("sidecar", 80, "HTTP", {"tls_origination": True}),
    "sidecar-alias": Bundle("sidecar", 80, "HTTP", {"alias": "old-api"}),
    "sidecar-central": Bundle("sidecar", 443, "TLS", central=True),
    "gateway-tls": Bundle("gateway", 443, "TLS", account="web"),
    "gateway-http": Bundle("gateway", 80, "HTTP"),
    "gateway-origination": Bundle("gateway", 80, "HTTP", {"tls_origination": True}),
    "ambient-http": Bundle("ambient", 80, "HTTP", account="web"),
    "ambient-origination": Bundle("ambient", 80, "HTTP", {"tls_origination": True}),
}


class HalfBundles(Suite):
    """Every object of every bundle is rejected in every way."""

    name = "half-bundles"
    promises = ("P17",)
    title = "Object k of n rejected: never over-open after any write, and named"
    target = 108
    weight = 2.0

    def cases(self) -> Sequence[str]:
        """Return a case for each bundle, operation and rejection: it goes through all objects."""
        return [
            f"{bundle}/{operation}/{rejection}"
            for bundle in BUNDLES
            for operation in OPERATIONS
            for rejection in REJECTIONS
        ]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Nothing is shared but the hurry."""
        hurry_sqlite()
        yield run


def run(case: str, chance: random.Random) -> Outcome:
    """Let each write of one operation be rejected in turn, each in a cluster of its own."""
    bundle_name, operation, rejection = case.split("/")
    bundle = BUNDLES[bundle_name]
    outcome, targets = Outcome(injected=0), writes_of(bundle, operation)
    for position, target in enumerate(targets):
        in_trial = None if chance.random() < 0.5 else False
        # A missing CRD is missing for all of its kind, when tried as when written.
        is_missing = rejection == "404-path"
        match = Match(
            verb="" if is_missing else target.verb,
            kind=target.kind,
            namespace="" if is_missing else target.namespace,
            name="" if is_missing else target.name,
            dry_run=None if is_missing else in_trial,
            times=0,
        )
        rule = Rule(match, troubles(1.0)[rejection])
        with stage() as scene:
            said = _reject(scene, bundle, operation, rule)
        outcome.injected += min(1, rule.hits)
        where = f"{target.verb} {target.kind} {target.namespace}/{target.name} ({position + 1})"
        outcome.violations += [f"{where}: {one}" for one in said]
    # Which delivery comes first is left to chance: it may take away at once what the other one
    # would have narrowed before.
    outcome.figures = {"objects": outcome.injected, "not met": len(targets) - outcome.injected}
    if 2 * outcome.injected < len(targets):
        outcome.violations.append("More than half of the rejections were never met.")
    return outcome


def writes_of(bundle: Bundle, operation: str) -> list[Sort]:
    """Return the writes of an operation when nothing goes wrong, each object once."""
    with stage() as scene:
        _begin(scene.world, bundle, operation)
        scene.plan.set()
        _act(scene.world, bundle, operation)
        recover(scene.world)
        seen = scene.plan.seen
    writes = [one for one in seen if one.verb in ("create", "update", "delete")]
    return list(dict.fromkeys(one for one in writes if not one.dry_run))


def _begin(world: World, bundle: Bundle, operation: str) -> None:
    bundle.prepare(world)
    if operation != "create":
        bundle.grant(world)
        if operation in ("narrow", "revoke"):
            bundle.grant(world, "data")
        recover(world)


def _act(world: World, bundle: Bundle, operation: str) -> None:
    if operation == "create":
        bundle.grant(world)
    elif operation == "update":
        bundle.grant(world, "data")
        if "alias" not in bundle.more:
            bundle.grant(world, host=OTHER)
    else:
        grants = Grant.objects.filter(cluster=world.cluster).order_by("pk")
        for grant in grants[:1] if operation == "narrow" else grants:
            world.revoke(grant)


def _reject(scene: Stage, bundle: Bundle, operation: str, rule: Rule) -> list[str]:
    """Do an operation while one object is rejected, then let it be accepted."""
    world = scene.world
    _begin(world, bundle, operation)
    before = {way for grant in Grant.objects.all() for way in ways_of(grant)}
    scene.watch()
    _act(world, bundle, operation)
    grants = list(Grant.objects.all())
    allowed = before | {way for g in grants if g.ended_at is None for way in ways_of(g)}
    scene.plan.set(rule)
    world.converge()
    world.settle(1)
    said = nameless(world) + wrongly_called_active(scene)
    scene.plan.set()
    if recover(world) == float("inf"):
        said.append("Not converged within 10 s of the end of the rejection.")
    said += opened_too_much(scene, allowed, all_ways(world, grants))
    return said + all_in_order(scene, objects_now(scene.store))


def wrongly_called_active(scene: Stage) -> list[str]:
    """Return grants that are called active although not all of what they open is open."""
    doorman, objects = Doorman(scene.world), objects_now(scene.store)
    found = []
    for grant in Grant.objects.filter(ended_at=None, failed_reason="", applied_at__isnull=False):
        wanted = ways_of(grant)
        if closed := wanted - doorman.opened(objects, wanted):
            found.append(f"{grant} is called {grant.status}, but {sorted(closed)[0]} is closed.")
    for grant in Grant.objects.filter(confirmed_at__isnull=False):
        others = Grant.objects.filter(ended_at=None, host=grant.host, namespace=grant.namespace)
        ended = ways_of(grant) - {way for other in others for way in ways_of(other)}
        if still := doorman.opened(objects, ended):
            found.append(f"{grant} is confirmed gone, but {sorted(still)[0]} is open.")
    return found


HALF_BUNDLES = HalfBundles()
