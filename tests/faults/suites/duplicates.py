"""P8: messages that come several times, late and in any order change nothing."""

import queue
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from egress import tasks
from egress.models import AuditEvent, Delivery, Grant
from tests.faults.grounds import broken_chain, hurry_sqlite
from tests.faults.stage import Stage, objects_now, stage
from tests.faults.suite import Outcome, Run, Suite

CASES = 40
GRANTS = 25
REVOKED = 5
WORKERS = 4
TIMES = 5
NAMESPACES = ("shop", "data", "search", "payments")
SECONDS = 60.0
MORE_WRITES = 1.05
OURS = ("ServiceEntry", "DestinationRule", "VirtualService", "Gateway", "AuthorizationPolicy")


class Duplicates(Suite):
    """The same decisions twice: with one message each, and with messages gone wild."""

    name = "duplicates"
    promises = ("P8",)
    title = "Each message 1 to 5 times, shuffled, on 4 workers; same end as with one each"
    target = CASES * GRANTS

    def cases(self) -> Sequence[str]:
        """Return batches of grants, every fourth behind an egress gateway."""
        return [
            f"{'gateway' if number % 4 == 3 else 'sidecar'}-{number}" for number in range(CASES)
        ]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        hurry_sqlite()
        yield run


def run(case: str, chance: random.Random) -> Outcome:
    """Let one worker hear each message once, then four hear them up to five times."""
    script = Script.drawn(case.split("-")[0], chance)
    with stage(*NAMESPACES) as calm:
        script.begin(calm)
        for part in (script.approve, script.revoke):
            part(calm, in_order)
        expected = End.of(calm)
    with stage(*NAMESPACES) as wild:
        script.begin(wild)
        for part in (script.approve, script.revoke):
            part(wild, Crowd(random.Random(chance.random())).deliver)
        found, wrong = End.of(wild), broken_chain() + told_twice()
    wrong += expected.differences(found)
    ratio = found.writes / max(1, expected.writes)
    if ratio > MORE_WRITES:
        wrong.append(f"{found.writes} writes, where {expected.writes} were enough.")
    return Outcome(GRANTS, wrong, {"writes compared": round(ratio, 3)})


class Script:
    """What people decide, the same both times."""

    def __init__(self, enforcement: str, wishes: Sequence[tuple[str, str]]) -> None:
        self.enforcement = enforcement
        self.wishes = wishes

    @classmethod
    def drawn(cls, enforcement: str, chance: random.Random) -> "Script":
        """Draw namespaces for the hosts."""
        wishes = [(f"h{n}.example.com", chance.choice(NAMESPACES)) for n in range(GRANTS)]
        return cls(enforcement, wishes)

    def begin(self, on: Stage) -> None:
        """Choose the enforcement."""
        if self.enforcement == "gateway":
            on.world.enforce("gateway")
        on.watch()

    def approve(self, on: Stage, deliver: Any) -> None:
        """Approve everything; `deliver` gets the messages of it."""
        del on.world.rung[:]
        for host, namespace in self.wishes:
            on.world.approve(host, namespace)
        deliver(list(on.world.rung))
        on.world.settle()

    def revoke(self, on: Stage, deliver: Any) -> None:
        """Revoke some grants."""
        del on.world.rung[:]
        for grant in Grant.objects.order_by("pk")[:REVOKED]:
            on.world.revoke(grant)
        deliver(list(on.world.rung))
        on.world.settle()


class Crowd:
    """Workers that hear every message one to five times, in any order."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def deliver(self, messages: Sequence[int]) -> None:
        """Let all workers work until every message was heard. Raises what any of them raised."""
        many = [one for one in messages for _ in range(self.chance.randint(1, TIMES))]
        self.chance.shuffle(many)
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for one in many:
            waiting.put(one)
        raised: list[BaseException] = []
        threads = [
            threading.Thread(target=_work, args=(waiting, raised), daemon=True)
            for _ in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
            if thread.is_alive():
                raise TimeoutError(f"A worker did not end within {SECONDS:.0f} s.")
        if raised:
            raise raised[0]


def _work(waiting: "queue.SimpleQueue[int]", raised: list[BaseException]) -> None:
    try:
        hurry_sqlite()
        while True:
            ring(waiting.get_nowait())
    except queue.Empty:
        return
    except BaseException as error:
        raised.append(error)
    finally:
        connection.close()


def in_order(messages: Sequence[int]) -> None:
    """Hear every message once."""
    for one in messages:
        ring(one)


def ring(cluster: int) -> None:
    """Do what a worker does when it hears the bell."""
    tasks.converge(cluster_id=cluster)


class End:
    """What came of it, without what may differ: ids and times."""

    def __init__(self, facts: dict[str, object], writes: int) -> None:
        self.facts = facts
        self.writes = writes

    @classmethod
    def of(cls, on: Stage) -> "End":
        """Read database and cluster."""
        live = objects_now(on.store)
        grants = Grant.objects.order_by("host", "port")
        told = AuditEvent.objects.filter(target="grant").values_list("tag", "host")
        facts: dict[str, object] = {
            "objects": {key: obj.get("spec") for key, obj in live.items() if key[0] in OURS},
            "grants": [(g.host, g.status, g.confirmed_at is None, g.failed_reason) for g in grants],
            "audit events": Counter(told),
        }
        return cls(facts, len(on.written()))

    def differences(self, other: "End") -> list[str]:
        """Return a sentence for each fact that is another one."""
        return [
            f"The {name} are not those of calm messages: {_difference(facts, other.facts[name])}"
            for name, facts in self.facts.items()
            if facts != other.facts[name]
        ]


def _difference(calm: Any, wild: Any) -> str:
    if isinstance(calm, dict):
        keys = [key for key in {**calm, **wild} if calm.get(key) != wild.get(key)]
        return f"{len(keys)} of them, such as {keys[0]}."
    return f"{[one for one in wild if one not in calm][:2]}"


def told_twice() -> list[str]:
    """Return what the audit trail tells more than once."""
    wrong = []
    events = AuditEvent.objects.values_list("tag", "target", "target_id")
    for (tag, target, name), times in Counter(events).items():
        if target in ("grant", "request") and times > 1:
            wrong.append(f"{times} audit events tell {tag} of {target} {name}.")
    tags = Counter(tag for tag, _, _ in events)
    if tags["delivery:started"] != Delivery.objects.count():
        wrong.append(f"{tags['delivery:started']} events tell of the start of deliveries.")
    return wrong


DUPLICATES = Duplicates()
