"""P1 and P16, without a database: random lives of grants, carried out write by write.

The domain alone: lifecycle, rendering, the plan, the order of writes. Who gets where after each
write says the model of `tests/domain/order/reach.py`, which takes the side of an attacker.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from egress.domain.access import Access, Destination, Inventory, Subject
from egress.domain.lifecycle import OPEN_GRANT_STATUSES, GrantStatus, grant_sources
from egress.domain.order import Direction
from tests.domain.order.reach import Way
from tests.domain.order.worlds import (
    AMBIENT,
    CENTRAL,
    GATEWAY,
    HOSTS,
    NAMESPACES,
    SIDECAR,
    SUBJECTS,
    WAYS,
    Cluster,
    World,
    carry_out,
    mesh,
    steps_between,
)
from tests.faults.suite import Outcome, Run, Suite

SEQUENCES = 10_000
BATCH = 50
STEPS = 50
WORLDS: Mapping[str, World] = {
    "gateway": GATEWAY,
    "sidecar": SIDECAR,
    "ambient": AMBIENT,
    "central": CENTRAL,
}
ACTS = {"approve": 6, "deny": 2, "deliver": 4, "broken_delivery": 3, "crashed_delivery": 3,
        "revoke": 3, "expire": 2, "suspend": 1, "resume": 2, "lapse": 1, "drift": 1,
        "account": 1}  # fmt: skip


class Model(Suite):
    """Batches of lives."""

    name = "model-domain"
    promises = ("P1", "P16")
    title = f"Random lives of {STEPS} steps over the domain; data path after every write"
    target = SEQUENCES
    weight = 1.5

    def cases(self) -> Sequence[str]:
        """Return batches, each under one enforcement."""
        names = list(WORLDS)
        return [f"{names[n % len(names)]}-{n}" for n in range(SEQUENCES // BATCH)]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        yield run


MODEL = Model()


def run(case: str, chance: random.Random) -> Outcome:
    """Live through a batch."""
    wrong: list[str] = []
    for number in range(BATCH):
        life = Life.begun(WORLDS[case.split("-")[0]], chance)
        try:
            for _ in range(STEPS):
                (act,) = chance.choices(list(ACTS), list(ACTS.values()))
                life.did.append(act)
                getattr(life, act)()
            life.finish()
        except AssertionError as error:
            wrong.append(f"Life {number}, after {', '.join(life.did[-8:])}: {error}"[:600])
    return Outcome(BATCH, wrong)


Wish = tuple[Access, ...]


@dataclass
class Life:
    """Grants by their wish, the live cluster, and what may be seen in it now.

    `maybe` is what was open since the last whole delivery and may still be, `held` what that
    delivery left open and nothing ended since. `strange` is what hand edits opened.
    """

    world: World
    chance: random.Random
    menu: Sequence[Wish]
    grants: dict[Wish, GrantStatus] = field(default_factory=dict)
    live: Cluster = field(default_factory=dict)
    maybe: set[Access] = field(default_factory=set)
    held: set[Access] = field(default_factory=set)
    strange: set[Way] = field(default_factory=set)
    is_disturbed: bool = False
    did: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, world: World, chance: random.Random) -> "Life":
        """Draw what may be wished for, without contradictions."""
        wishes: list[Wish] = []
        for host in HOSTS:
            ports = chance.sample(sorted(WAYS), 2)
            ways = [Destination(host, port, *chance.choice(WAYS[port])) for port in ports]
            for name in NAMESPACES:
                if world is CENTRAL:
                    wishes.append(tuple(Access(Subject(name), way) for way in ways))
                    continue
                accounts = ("",) if world is SIDECAR else ("", "billing")
                wishes += [(Access(Subject(name, a), way),) for a in accounts for way in ways]
        return cls(world, chance, wishes)

    # --- what people and time do ------------------------------------------------------------

    def approve(self) -> None:
        """Approve a wish that nobody was granted."""
        wish = self.chance.choice(self.menu)
        if self.grants.get(wish) not in (None, *_ENDED):
            return
        if not all(_is_there(access, self.world.inventory) for access in wish):
            return
        self.grants[wish] = GrantStatus.PENDING
        self.maybe.update(wish)

    def deny(self) -> None:
        """Deny a wish: nothing comes of it."""
        self.chance.choice(self.menu)

    def revoke(self) -> None:
        """End a grant that is not ended."""
        self._move(GrantStatus.REVOKED)

    def expire(self) -> None:
        """Let the time of a grant be over."""
        self._move(GrantStatus.EXPIRED)

    def lapse(self) -> None:
        """Let a grant wait for too long."""
        self._move(GrantStatus.LAPSED)

    def suspend(self) -> None:
        """Suspend a grant."""
        self._move(GrantStatus.SUSPENDED)

    def resume(self) -> None:
        """Resume a suspended grant, by a decision."""
        suspended = [w for w, status in self.grants.items() if status is GrantStatus.SUSPENDED]
        if suspended:
            wish = self.chance.choice(suspended)
            if all(_is_there(access, self.world.inventory) for access in wish):
                self.grants[wish] = GrantStatus.ACTIVE
                self.maybe.update(wish)

    def _move(self, target: GrantStatus) -> None:
        sources = grant_sources(target)
        found = [wish for wish, status in self.grants.items() if status in sources]
        if found:
            wish = self.chance.choice(found)
            self.grants[wish] = target
            self.held.difference_update(wish)

    def account(self) -> None:
        """Let a service account be deleted, or made again by somebody: then it inherits nothing."""
        name = self.chance.choice(NAMESPACES)
        facts = self.world.inventory.namespaces[name]
        accounts = dict(facts.service_accounts)
        is_gone = accounts.pop("billing", None) is not None
        if not is_gone:
            accounts["billing"] = f"made-again-{self.chance.random()}"
        for wish, status in self.grants.items():
            mine = any(access.subject == Subject(name, "billing") for access in wish)
            if is_gone and mine and status in OPEN_GRANT_STATUSES:
                self.grants[wish] = GrantStatus.SUSPENDED
                self.held.difference_update(wish)
        changed = replace(facts, service_accounts=accounts)
        known = Inventory({**self.world.inventory.namespaces, name: changed})
        self.world = replace(self.world, inventory=known)
        self.is_disturbed = True

    def drift(self) -> None:
        """Let somebody delete an object of ours."""
        keys = [key for key in sorted(self.live) if key.kind != "Sidecar"]
        if keys:
            del self.live[self.chance.choice(keys)]
            self.strange |= mesh(self.live).attacker() - self._granted(self.maybe)
            self.is_disturbed = True

    # --- what workers do --------------------------------------------------------------------

    def deliver(self) -> None:
        """Carry out what is granted."""
        self._deliver(len(self.live) + 99, frozenset())

    def broken_delivery(self) -> None:
        """Have some writes refused."""
        failing = frozenset(self.chance.sample(range(12), 2))
        self._deliver(len(self.live) + 99, failing)

    def crashed_delivery(self) -> None:
        """Let the worker die after some writes."""
        self._deliver(self.chance.randrange(8), frozenset())

    def _deliver(self, crash: int, failing: frozenset[int]) -> None:
        wanted = self.open()
        desired = self.world.render(frozenset(wanted))
        steps = steps_between(list(self.live.values()), desired)
        is_whole = crash >= len(steps) and not failing & set(range(len(steps)))
        granted, ending = self._granted(wanted), self._granted(self.maybe)
        kept = self._granted(self.held & wanted, self.world.inventory)
        for step, now in carry_out(self.live, steps[:crash], failing):
            seen = mesh(now)
            reached = seen.attacker()
            if is_whole and step.direction is Direction.IN:
                assert reached <= granted, f"{step.key} opens {sorted(reached - granted)[:2]}"
            allowed = granted | ending | self.strange
            assert reached <= allowed, f"{step.key} opens {sorted(reached - allowed)[:2]}"
            if not self.is_disturbed:
                cut = kept - seen.users()
                assert not cut, f"{step.key} cuts {sorted(cut)[:2]}"
        if is_whole:
            self._after_whole(wanted)
        else:
            # Half of it may be there: what was in force is, what is new may be.
            self.held &= wanted

    def _after_whole(self, wanted: set[Access]) -> None:
        self.maybe, self.held = set(wanted), set(wanted)
        self.strange, self.is_disturbed = set(), False
        for wish, status in self.grants.items():
            if status is GrantStatus.PENDING:
                self.grants[wish] = GrantStatus.ACTIVE

    def finish(self) -> None:
        """Deliver all of it; nothing more, and nothing less, is open then."""
        self.deliver()
        wanted, seen = self.open(), mesh(self.live)
        more = seen.attacker() - self._granted(wanted)
        assert not more, f"In the end {sorted(more)[:2]} is open, and nothing grants it."
        less = self._granted(wanted, self.world.inventory) - seen.users()
        assert not less, f"In the end {sorted(less)[:2]} is granted and not open."

    def open(self) -> set[Access]:
        """Return what the cluster should carry now."""
        return {a for w, s in self.grants.items() if s in OPEN_GRANT_STATUSES for a in w}

    def _granted(self, accesses: set[Access], present: Inventory | None = None) -> set[Way]:
        """Return what grants say, in the words of the model; of `present` accounts only."""
        is_direct = self.world.cluster in (SIDECAR.cluster, CENTRAL.cluster)
        found = set()
        for access in accesses:
            subject, to = access.subject, access.destination
            how = "originated" if to.tls_origination else to.protocol.value
            for name, account in SUBJECTS:
                if name != subject.namespace or subject.service_account not in ("", account):
                    continue
                if present and account not in present.namespaces[name].service_accounts:
                    continue
                shown = f"direct {how}" if is_direct else how
                found.add(Way(name, account, to.host, to.port, shown))
        return found


_ENDED = (GrantStatus.REVOKED, GrantStatus.EXPIRED, GrantStatus.LAPSED)


def _is_there(access: Access, inventory: Inventory) -> bool:
    account = access.subject.service_account
    known = inventory.namespaces[access.subject.namespace].service_accounts
    return not account or account in known
