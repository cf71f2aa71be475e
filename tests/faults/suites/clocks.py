"""P12: clocks that jump neither cut what is granted nor leave open what has run out."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from egress.models import AuditEvent, Cluster, Grant
from egress.services import convergence
from tests.faults.fake_clock import FakeClock, fake_clock
from tests.faults.grounds import broken_chain, hurry_sqlite
from tests.faults.stage import stage
from tests.faults.suite import Outcome, Run, Suite
from tests.services.world import WORKER, World

JUMPS = (1, 10, 59, 90, 240, 299, 301, 600, 3600, 86_400, 2_592_000, 31_536_000)
"""Seconds, from one second to a year."""
ROUND = 20.0
"""Seconds of true time between two sweeps."""
TOLERANCE = 60.0
FEW, MANY = 3, 14
MINUTE = 60.0
LATER = 50 * 86_400.0


@dataclass(frozen=True)
class Jump:
    """What the clocks are wrong by: from a time on, for how long; 0 lasts for ever."""

    database: float = 0.0
    worker: float = 0.0
    begins: float = 2 * MINUTE
    lasts: float = 4 * MINUTE

    def at(self, true: float) -> tuple[float, float]:
        """Return the skews of database and worker at a true time."""
        is_on = self.begins <= true and (not self.lasts or true < self.begins + self.lasts)
        return (self.database, self.worker) if is_on else (0.0, 0.0)


def jumps() -> dict[str, Jump]:
    """Return all scenarios by name."""
    found = {}
    for seconds in JUMPS:
        for sign, word in ((1, "forward"), (-1, "back")):
            skew = float(sign * seconds)
            found[f"{word}-{seconds}-and-returns"] = Jump(skew, skew)
            found[f"{word}-{seconds}-and-stays"] = Jump(skew, skew, lasts=0.0)
            found[f"{word}-{seconds}-of-the-database"] = Jump(skew)
            found[f"{word}-{seconds}-of-the-portal"] = Jump(0.0, skew, 0.0, 0.0)
    for number in range(4):
        # The wall clock of the place goes an hour forward; what is stored is in UTC.
        found[f"daylight-saving-{number}"] = Jump(begins=30 * MINUTE * (number + 1))
    return found


class Clocks(Suite):
    """Jumps of every size, forward and back, for a while and for good."""

    name = "clocks"
    promises = ("P12",)
    title = "Clock jumps of a second to a year cut nothing early, leave nothing open"
    target = 100

    def cases(self) -> Sequence[str]:
        """Return the scenarios."""
        return list(jumps())

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Nothing is shared but the hurry."""
        hurry_sqlite()
        yield run


def run(case: str, chance: random.Random) -> Outcome:
    """Let true time go by while the clocks do what they do, and look at what is open."""
    jump = jumps()[case]
    outcome = Outcome(figures={"early s": 0.0, "late s": 0.0})
    with fake_clock() as clock:
        hurry_sqlite()
        with stage() as scene:
            ends = granted(scene.world, clock)
            Cluster.objects.update(drift_policy=Cluster.DriftPolicy.HEAL)
            decided = False
            while clock.true < 12 * MINUTE:
                clock.true += ROUND
                clock.database_skew, clock.worker_skew = jump.at(clock.true)
                if clock.true >= 3 * MINUTE and not decided:
                    # Whoever decides something now has a whole slice delivered.
                    ends["new.example.com"] = clock.true + LATER
                    scene.world.approve("new.example.com")
                    decided = True
                convergence.sweep_once(worker=WORKER)
                look(scene.world, clock, ends, outcome)
            outcome.violations += late_decisions(scene.world, clock)
            outcome.violations += broken_chain() + out_of_order()
    return outcome


def granted(world: World, clock: FakeClock) -> dict[str, float]:
    """Let some grants be in force; return when each host's runs out, in true seconds."""
    ends = {f"few-{number}.example.com": 4 * MINUTE for number in range(FEW)}
    ends |= {f"many-{number}.example.com": 7 * MINUTE for number in range(MANY)}
    ends |= {f"late-{number}.example.com": LATER for number in range(FEW)}
    for host in ends:
        world.approve(host)
    world.converge()
    for host, end in ends.items():
        expires_at = clock.start + timedelta(seconds=end)
        Grant.objects.filter(host=host).update(expires_at=expires_at)
    convergence.sweep_once(worker=WORKER)
    return ends


def look(world: World, clock: FakeClock, ends: dict[str, float], outcome: Outcome) -> None:
    """Note how early something was cut, or how late it is still open."""
    opened = {host for host, _ in world.hosts()}
    for host, end in ends.items():
        if host not in opened and clock.true < end and host != "new.example.com":
            name, wrong = "early s", end - clock.true
        elif host in opened and clock.true > end:
            name, wrong = "late s", clock.true - end
        else:
            continue
        outcome.figures[name] = max(outcome.figures[name], round(wrong, 1))
        if wrong > TOLERANCE and not any(host in one for one in outcome.violations):
            word = "closed before its end" if name == "early s" else "open after its end"
            outcome.violations.append(f"{host} is {word}, by {wrong:.0f} s.")


def late_decisions(world: World, clock: FakeClock) -> list[str]:
    """Decide on two more things after the jump, and see whether they are carried out."""
    kept = Grant.objects.get(host="new.example.com")
    if kept.status == "lapsed" and kept.ended_at is not None:
        # By a clock that was weeks behind it was approved too long ago: nothing was opened.
        is_old = clock.now() - kept.created_at > timedelta(days=settings.GRANT_LAPSE_DAYS)
        return [] if is_old else ["What was approved during the jump lapsed at once."]
    if kept.status not in ("active", "expiring"):
        return [f"What was approved during the jump is {kept.status}: {kept.failed_message}"]
    world.approve("after.example.com")
    world.revoke(kept)
    for _ in range(2):
        clock.true += ROUND
        convergence.sweep_once(worker=WORKER)
    opened = {host for host, _ in world.hosts()}
    found = []
    if "after.example.com" not in opened:
        found.append("What was approved after the jump is not in force 40 s later.")
    if "new.example.com" in opened:
        found.append("What was revoked after the jump is still open 40 s later.")
    return found


def out_of_order() -> list[str]:
    """The audit trail goes by its sequence, whatever the clocks said."""
    numbers = list(AuditEvent.objects.order_by("pk").values_list("sequence", flat=True))
    return [] if numbers == sorted(numbers) else ["The audit trail is out of order."]


CLOCKS = Clocks()
