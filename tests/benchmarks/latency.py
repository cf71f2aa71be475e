"""How long a developer waits, with all processes running: web, worker, sandbox (row a)."""

from contextlib import ExitStack
from pathlib import Path
from time import monotonic

from tests.benchmarks.rows import Options, Row, percentile, spread
from tests.e2e.portal import Portal, running_portal
from tests.servers import postgres_binaries, postgres_server, redis_binary, redis_server, wait_until

SAMPLES, WITHOUT_BELL, QUICK_SAMPLES = 100, 20, 3
BELL_SECONDS, SWEEP_SECONDS, REVOKE_SECONDS = 1.0, 12.0, 5.0
NOBODY = "redis://127.0.0.1:1/0"
"""Where no broker ever answers: every message is lost."""


def measure(options: Options) -> list[Row]:
    """Return the rows of both kinds of stores, and those without a bell."""
    folder = Path(options.folder)
    samples = QUICK_SAMPLES if options.quick else SAMPLES
    rows = _with_bell(folder, "SQLite and file queue", {}, samples)
    with ExitStack() as stack:
        if postgres_binaries() and redis_binary() and not options.quick:
            stores = {
                "EGRESS_DATABASE_URL": stack.enter_context(postgres_server()),
                "EGRESS_BROKER_URL": stack.enter_context(redis_server())[0],
            }
            rows += _with_bell(folder, "PostgreSQL and Redis", stores, samples)
    return rows + _without_bell(folder, 1 if options.quick else WITHOUT_BELL)


def _with_bell(folder: Path, stores: str, extra: dict[str, str], samples: int) -> list[Row]:
    with running_portal(_fresh(folder, stores), extra) as portal:
        _approved(portal, "warm-up.example.com")
        done = [_approved(portal, f"api-{number}.example.com") for number in range(samples)]
        revoked = [_revoked(portal, grant) for _, grant in done]
    return [
        _row(f"approve to applied, bell, {stores}", [took for took, _ in done], BELL_SECONDS, 0.5),
        _row(f"revoke to confirmed, bell, {stores}", revoked, REVOKE_SECONDS, 0.99),
    ]


def _without_bell(folder: Path, samples: int) -> list[Row]:
    stores = "no bell, SQLite"
    with running_portal(_fresh(folder, stores), {"EGRESS_BROKER_URL": NOBODY}) as portal:
        _approved(portal, "warm-up.example.com")
        done = [_approved(portal, f"api-{number}.example.com") for number in range(samples)]
        revoked = [_revoked(portal, grant) for _, grant in done]
    return [
        _row(f"approve to applied, {stores}", [took for took, _ in done], SWEEP_SECONDS, 0.99),
        _row(f"revoke to confirmed, {stores}", revoked, SWEEP_SECONDS, 0.99),
    ]


def _fresh(folder: Path, name: str) -> Path:
    made = folder / name.replace(" ", "-")
    made.mkdir()
    return made


def _approved(portal: Portal, host: str) -> tuple[float, int]:
    """Approve a request; return the seconds until the cluster has its object, and the grant."""
    request = portal.ask(host)
    began = monotonic()
    grant = portal.approve(request)
    wait_until(f"{host} is in the cluster", lambda: ("shop", host) in portal.hosts(), 60, 0.02)
    took = monotonic() - began
    portal.wait_for_grant(grant, "active", 60)
    return took, grant


def _revoked(portal: Portal, grant: int) -> float:
    """Revoke a grant; return the seconds until the portal says that the access is gone."""
    began = monotonic()
    portal.api("dana", "POST", f"grants/{grant}/revoke/", {"reason": "Measured."})

    def is_confirmed() -> bool:
        seen = portal.api("olga", "GET", f"grants/{grant}/")
        return seen["confirmed_at"] is not None

    wait_until(f"the end of grant {grant} is confirmed", is_confirmed, 90, 0.02)
    return monotonic() - began


def _row(what: str, seconds: list[float], target: float, share: float) -> Row:
    """Return p50 and p99, where the one of `share` has a target."""
    middle, late = percentile(seconds, 0.5), percentile(seconds, 0.99)
    name = "p50" if share == 0.5 else "p99"
    return Row(
        "a",
        what,
        f"p50 {middle:.2f} s, p99 {late:.2f} s",
        f"{name} {target:g} s",
        (middle if share == 0.5 else late) <= target,
        spread(seconds),
    )
