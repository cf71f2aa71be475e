"""What must be true after every run, whatever died in it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.domain.naming import CONTENT_HASH_ANNOTATION
from egress.domain.order import Verb
from egress.models import (
    AuditEvent,
    Cluster,
    DeliveryStep,
    Grant,
    HostAssignment,
    Namespace,
    OwnedObject,
    Request,
    Slice,
)
from egress.sandbox.users import PORTAL
from egress.services import audit
from tests.faults.copies import Snapshot
from tests.faults.history import Live, Place, Questions, covers, states
from tests.faults.scenes import FOREIGN, Scene

VOLATILE = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")
Step = tuple[str, str, str, str]
"""What was done to which object, the hash of its content, and its uid."""
Writes = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """One run as it is judged: the scene, the cluster at its beginning, and every write."""

    scene: Scene
    snapshot: Snapshot
    writes: Writes
    last_delivery: int = 0
    """The newest delivery from before the run."""

    @property
    def ours(self) -> list[dict[str, Any]]:
        """Return the writes of the portal."""
        return [write for write in self.writes if write["user"] == PORTAL.name]


def judge(run: Run) -> list[str]:
    """Return a sentence for each thing that must never be, but is."""
    return [
        *nothing_is_lost(run),
        *nothing_is_more_open_than_granted(run),
        *ledger_and_records_agree(run),
        *nothing_foreign_was_touched(run),
        *the_trail_is_whole(),
    ]


def nothing_is_lost(run: Run) -> Iterable[str]:
    """Every open grant is in force at the end, and what ended is confirmed (a, b)."""
    for grant in Grant.objects.exclude(failed_reason=""):
        yield f"{grant} failed: {grant.failed_reason} {grant.failed_message}"
    for row in Slice.objects.exclude(problem_reason=""):
        if row.problem_reason not in run.scene.may_stay:
            yield f"Slice {row.key} ends with {row.problem_reason}: {row.problem}"


def nothing_is_more_open_than_granted(run: Run) -> Iterable[str]:
    """No write opened what no grant of that time covers; closed things stay closed (c, d).

    What was open when its grant ended may stay so until it is taken away, and not beyond the
    confirmation.
    """
    cluster = Cluster.objects.get()
    granted = list(Grant.objects.filter(status__in=sorted(OPEN_GRANT_STATUSES)))
    ended = list(Grant.objects.exclude(status__in=sorted(OPEN_GRANT_STATUSES)))
    decided = Namespace.objects.filter(cluster=cluster, gone_at=None)
    denied = set(decided.filter(default_deny=True).values_list("name", flat=True))
    is_ambient = run.scene.enforcement == "ambient"
    questions = Questions.of(cluster, run.scene.enforcement)

    def is_granted(place: Place, write: dict[str, Any] | None) -> bool:
        if place[1] not in denied and not is_ambient:
            return True
        at = _time_of(write)
        live = [grant for grant in ended if grant.ended_at and at and at < grant.ended_at]
        return any(covers(grant, place) for grant in (*granted, *live))

    before: frozenset[Place] | None = None
    for write, now in states(run.snapshot, list(run.writes), questions):
        opened = now - (now if before is None else before)
        for place in sorted(opened):
            if not is_granted(place, write):
                yield f"{place} was opened by {told(write)} although nothing grants it"
        # Until this write came, what was open before it was open.
        for place in sorted(now | (before or frozenset())):
            late = _confirmed_before(ended, place, write)
            if late and not is_granted(place, write):
                yield f"{place} was open at {told(write)}, after {late} was confirmed"
        before = now
    final = before or frozenset()
    yield from _final(final, questions.places, granted, denied, is_ambient, run)


def _confirmed_before(
    ended: Sequence[Grant], place: Place, write: dict[str, Any] | None
) -> Grant | None:
    at = _time_of(write)
    for grant in ended:
        if at and grant.confirmed_at and grant.confirmed_at <= at and covers(grant, place):
            return grant
    return None


def _time_of(write: dict[str, Any] | None) -> datetime | None:
    return datetime.fromtimestamp(write["at"], UTC) if write else None


def _final(
    final: frozenset[Place],
    places: Iterable[Place],
    granted: Sequence[Grant],
    denied: set[str],
    is_ambient: bool,
    run: Run,
) -> Iterable[str]:
    """Compare what is open at the end with what is granted, place by place."""
    for place in places:
        wanted = any(covers(grant, place) for grant in granted)
        is_open = place in final
        if wanted and not is_open:
            yield f"{place} is granted and not open at the end"
        is_bound = is_ambient or place[1] in denied
        if is_open and not wanted and is_bound and not run.scene.may_stay:
            yield f"{place} is open at the end and not granted"


def told(write: dict[str, Any] | None) -> str:
    """Return a line of the ledger in words."""
    if write is None:
        return "the beginning"
    return f"{write['verb']} {write['kind']} {write['namespace']}/{write['name']} ({write['rv']})"


def ledger_and_records_agree(run: Run) -> Iterable[str]:
    """Each kept write was announced before and recorded after, and none is on record alone (e).

    A write whose answer was lost stays on record as unknown, and is read later. One that changed
    nothing is on record although no ledger shows it: then the same content was kept before.
    """
    kept, first = Counter[Step](), dict[Step, float]()
    for write in run.ours:
        step = _kept_step(write)
        kept[step] += 1
        first.setdefault(step, write["at"])
    recorded, unknown = Counter[Step](), Counter[tuple[str, str, str]]()
    begun: dict[tuple[str, str, str], float] = {}
    rows = DeliveryStep.objects.select_related("delivery").filter(delivery__gt=run.last_delivery)
    for row in rows:
        step = _recorded_step(row)
        begun.setdefault(step[:3], row.delivery.started_at.timestamp())
        recorded[step] += row.result == DeliveryStep.Result.WRITTEN
        unknown[step[:3]] += row.result == DeliveryStep.Result.UNKNOWN
    for step in sorted(kept.keys() | recorded.keys()):
        if kept[step] > recorded[step] + unknown[step[:3]]:
            yield f"{step} was written {kept[step]} times, {recorded[step]} are on record"
        if recorded[step] and not kept[step]:
            yield f"{step} is on record, and was never written"
        if step in first and begun.get(step[:3], float("inf")) > first[step]:
            yield f"{step} was written before it was announced"


def _kept_step(write: dict[str, Any]) -> Step:
    obj = write["object"]
    content = (obj["metadata"].get("annotations") or {}).get(CONTENT_HASH_ANNOTATION, "")
    action = "delete" if write["deleted"] else "write"
    place = f"{obj['kind']} {write['namespace']}/{write['name']}"
    return action, place, "" if write["deleted"] else content, write["uid"]


def _recorded_step(row: DeliveryStep) -> Step:
    action = "delete" if row.action == Verb.DELETE else "write"
    content = "" if action == "delete" else row.content_hash
    return action, f"{row.kind} {row.namespace}/{row.name}", content, row.uid


def nothing_foreign_was_touched(run: Run) -> Iterable[str]:
    """What the portal did not write stays as it was (f)."""
    for write in run.ours:
        if write["name"] == FOREIGN or write["kind"] in ("namespaces", "serviceaccounts"):
            yield f"A foreign object was changed by {told(write)}"


def the_trail_is_whole() -> Iterable[str]:
    """The audit chain verifies (g)."""
    result = audit.verify()
    if not result.ok:
        yield f"The audit trail is broken: {result.reason}"


def end_state(run: Run) -> dict[str, Any]:
    """Return everything that must be the same however often the run was cut off."""
    live = Live.of(run.snapshot)
    for write in run.writes:
        live.take(write)
    tags = AuditEvent.objects.values_list("tag", flat=True)
    return {
        "objects": {" ".join(key): _lasting(obj) for key, obj in live.objects.items()},
        "grants": [
            [
                g.namespace,
                g.service_account,
                g.host,
                g.port,
                g.status,
                g.failed_reason,
                g.applied_at is not None,
                g.confirmed_at is not None,
            ]
            for g in Grant.objects.order_by("namespace", "host", "port", "pk")
        ],
        "requests": sorted([r.namespace, r.status] for r in Request.objects.all()),
        "owned": sorted(
            [o.kind, o.namespace, o.name, o.content_hash, bool(o.uid), o.intent_hash]
            for o in OwnedObject.objects.all()
        ),
        "slices": sorted(
            [s.key, s.wanted == s.done, s.problem_reason] for s in Slice.objects.all()
        ),
        "assignments": sorted(map(list, HostAssignment.objects.values_list("host", "gateway"))),
        "namespaces": sorted(
            [n.name, n.default_deny_enforced, n.network_policy_enforced, n.gone_at is not None]
            for n in Namespace.objects.all()
        ),
        # A call that a busy machine answers too late fails a grant for a moment: that is no end.
        "decisions": sorted(
            tag for tag in tags if tag.startswith(("grant:", "request:")) and tag != "grant:failed"
        ),
    }


def _lasting(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what is new in every run."""
    metadata = {k: v for k, v in obj["metadata"].items() if k not in VOLATILE}
    return {**{k: v for k, v in obj.items() if k != "status"}, "metadata": metadata}


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return in words what is not as after the uninterrupted run."""
    told_of = []
    for name, wanted in expected.items():
        got = found.get(name)
        if got == wanted:
            continue
        if isinstance(wanted, dict):
            changed = {k for k in {*wanted, *(got or {})} if wanted.get(k) != (got or {}).get(k)}
            told_of.append(f"{name} differ from the uninterrupted run: {sorted(changed)[:5]}")
        else:
            told_of.append(f"{name} are {got}, uninterrupted {wanted}"[:600])
    return told_of
