"""Audit events per second: appended with their chain, and verified (row g)."""

from collections.abc import Callable

from django.db import connection, transaction

from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from tests.benchmarks.company import close_connections, timed
from tests.benchmarks.rows import Options, Row

SINGLE, TOGETHER = 1_000, 100_000
QUICK_SINGLE, QUICK_TOGETHER = 50, 2_000
PER_ACTION = 100
VERIFIED_PER_SECOND = 200_000.0
"""A million events in five seconds (promise P25)."""
IS_BOUND = (
    "Five seconds for a million leave 5 microseconds for each event: reading its columns takes 1 "
    "to 3, spelling its details anew in canonical JSON 4, and SHA-256 1."
)
ACTOR = Actor.system("delivery")


def measure(options: Options) -> list[Row]:
    """Return events per second of one database."""
    single = QUICK_SINGLE if options.quick else SINGLE
    together = QUICK_TOGETHER if options.quick else TOGETHER
    kind = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    _append(0, 1)
    one = single / timed(lambda: _repeat(lambda number: _append(number, 1), single))
    turns = together // PER_ACTION
    many = together / timed(
        lambda: _repeat(lambda number: _append(number * PER_ACTION, PER_ACTION), turns)
    )
    results = []
    seconds = min(timed(lambda: results.append(audit.verify())) for _ in range(3))
    assert all(result.ok for result in results), results[0].reason
    count = results[0].count
    verified = count / seconds
    close_connections()
    return [
        Row("g", f"audit, an event per action, {kind}", f"{one:,.0f} events/s"),
        Row("g", f"audit, {PER_ACTION} events per action, {kind}", f"{many:,.0f} events/s"),
        Row(
            "g",
            f"audit, verified, {kind}",
            f"{verified:,.0f} events/s",
            f"{VERIFIED_PER_SECOND:,.0f} events/s",
            verified >= VERIFIED_PER_SECOND,
            {"events": count, "seconds": round(seconds, 3)},
            IS_BOUND,
        ),
    ]


def _repeat(deed: Callable[[int], None], times: int) -> None:
    for number in range(times):
        deed(number)


def _append(number: int, count: int) -> None:
    with transaction.atomic():
        audit.record_all([_entry(number + more) for more in range(count)])


def _entry(number: int) -> Entry:
    """Return an event as long as those that deliveries leave, which are the most and longest."""
    namespace = f"team-{number % 200}"
    step = {
        "action": "create",
        "object": f"ServiceEntry {namespace}/eg-api-{number}-example-com-0123456789",
        "uid": f"7d2c0f7e-0000-4000-8000-{number:012d}",
        "hash": f"{number:064x}",
        "result": "written",
    }
    return Entry(
        Tag.DELIVERY_FINISHED,
        ACTOR,
        "delivery",
        number,
        f"Done. 1 to create. Cause: grant {number} was approved",
        cluster="bench",
        namespace=namespace,
        data={"outcome": "done", "reason": "", "steps": [step]},
    )
