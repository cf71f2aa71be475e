"""P4: several people decide one request at the same moment, and exactly one of them does."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from egress.domain.lifecycle import RequestStatus, Verdict
from egress.models import AuditEvent, Cluster, Grant, Namespace, Person, Request, Slice
from egress.services import requests
from tests import factories as make
from tests.faults.contenders import Contenders, Prepare, contenders
from tests.faults.grounds import broken_chain, empty_database, quick_people
from tests.faults.suite import Outcome, Run, Suite

ROUNDS = 50
BATCHES = 20
CROWD = 16
CROWDED_ROUNDS = 10
"""Rounds of a batch in which not two but CROWD people decide."""
SECOND = ("approve", "deny", "withdraw")
DECIDED = ("request:approved", "request:denied", "request:withdrawn")


def decision(verdict: Verdict, request: int, person: int) -> Callable[[], Any]:
    """Prepare a decision of one destination."""
    who = make.actor(Person.objects.get(pk=person))
    seen = Request.objects.get(pk=request)
    said = {0: verdict}
    return partial(
        requests.decide, request=seen, actor=who, revision=1, verdicts=said, note="Because."
    )


def withdrawal(request: int, person: int) -> Callable[[], Any]:
    """Prepare the withdrawal of a request."""
    who, seen = Person.objects.get(pk=person), Request.objects.get(pk=request)
    return partial(requests.withdraw, request=seen, actor=make.actor(who))


ACTS: dict[str, Prepare] = {
    "approve": partial(decision, Verdict.APPROVED),
    "deny": partial(decision, Verdict.DENIED),
    "withdraw": withdrawal,
}


class Races(Suite):
    """Rounds of two, and of sixteen, at a barrier; every second one approves."""

    promises = ("P4",)
    target = 3 * BATCHES * ROUNDS

    def __init__(self, database: str) -> None:
        self.name = f"races-{database}"
        self.database = database
        self.needs = ("PostgreSQL",) if database == "postgres" else ()
        store = "PostgreSQL" if database == "postgres" else "SQLite"
        self.title = f"Several decisions of one request at once, one winner, on {store}"

    def cases(self) -> Sequence[str]:
        """Return batches of two for each pair of decisions, and one each of a crowd."""
        pairs = [f"two-{other}-{batch}" for batch in range(BATCHES) for other in SECOND]
        return pairs + [f"crowd-{other}" for other in SECOND]

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Start the processes that contend."""
        with ExitStack() as stack:
            stack.enter_context(quick_people())
            crowd = stack.enter_context(contenders(CROWD, ACTS))
            yield partial(_run, crowd)


def _run(crowd: Contenders, case: str, chance: random.Random) -> Outcome:
    kind, other = case.split("-")[:2]
    size, rounds = (CROWD, CROWDED_ROUNDS) if kind == "crowd" else (2, ROUNDS)
    try:
        wrong = _rounds(crowd, other, size, rounds, chance)
        return Outcome(injected=rounds, violations=wrong + broken_chain())
    finally:
        empty_database()


def _rounds(
    crowd: Contenders, other: str, size: int, rounds: int, chance: random.Random
) -> list[str]:
    cluster = make.cluster()
    shop = make.namespace(cluster, "shop", owner="team-shop")
    owner = make.person(teams=["team-shop"])
    approvers = [make.approver().pk for _ in range(size)]
    wrong = []
    for number in range(rounds):
        request = make.request(shop, owner, f"h{number}.example.com")
        before = _wanted(cluster)
        jobs = _jobs(request, owner, approvers, other)
        chance.shuffle(jobs)
        ends = crowd.at_once(jobs)
        wrong += [f"Round {number}: {name} broke with {end.broke}"
                  for (name, _), end in zip(jobs, ends, strict=True) if end.broke]  # fmt: skip
        winners = [name for (name, _), end in zip(jobs, ends, strict=True) if end.won]
        wrong += _judge(f"Round {number}", request, winners, before, shop)
    return wrong


def _jobs(
    request: Request, owner: Person, approvers: Sequence[int], other: str
) -> list[tuple[str, tuple[Any, ...]]]:
    """Return half approvals and half of the other thing, each by somebody else."""
    jobs: list[tuple[str, tuple[Any, ...]]] = []
    for position, person in enumerate(approvers):
        is_first = position % 2 == 0
        if is_first or other != "withdraw":
            jobs.append(("approve" if is_first else other, (request.pk, person)))
        else:
            jobs.append(("withdraw", (request.pk, owner.pk)))
    return jobs


def _judge(
    when: str, request: Request, winners: Sequence[str], before: int, shop: Namespace
) -> list[str]:
    wrong = []
    if len(winners) != 1:
        wrong.append(f"{when}: {len(winners)} contenders won ({', '.join(winners)}).")
    request.refresh_from_db()
    ends = {"approve": "approved", "deny": "denied", "withdraw": "withdrawn"}
    if winners and request.status != ends[winners[0]]:
        wrong.append(f'{when}: "{winners[0]}" won, and the request is "{request.status}".')
    events = AuditEvent.objects.filter(
        target="request", target_id=str(request.pk), tag__in=DECIDED
    ).count()
    approved = int(request.status == RequestStatus.APPROVED)
    grants = Grant.objects.filter(request=request).count()
    intents = _wanted(shop.cluster) - before
    if events != 1:
        wrong.append(f"{when}: {events} audit events tell of the decision.")
    if grants != approved or intents != approved:
        wrong.append(f"{when}: {grants} grants and {intents} intents came of it.")
    return wrong


def _wanted(cluster: Cluster) -> int:
    found = Slice.objects.filter(cluster=cluster, key="namespace:shop")
    return found.values_list("wanted", flat=True).first() or 0


RACES_SQLITE = Races("sqlite")
RACES_POSTGRES = Races("postgres")
