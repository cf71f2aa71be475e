"""`manage.py seed_large`: fill a database with a large company, to measure the portal at size."""

import random
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from egress.management.seeding.company import CLUSTERS, make_company
from egress.management.seeding.deliveries import store_deliveries
from egress.management.seeding.history import History
from egress.management.seeding.openings import store_openings
from egress.management.seeding.recertification import store_recertifications
from egress.management.seeding.trail import store_trail
from egress.models import Cluster, Person

LEAST_GRANTS = 50


class Command(BaseCommand):
    """Stores requests, grants, deliveries and a sound audit trail, all of them or none.

    Refused where people work: the database has to be empty, or EGRESS_DEMO on. The clusters that
    it makes do not exist, so let no worker run on it.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the sizes, and what makes the result the same twice."""
        parser.add_argument("--grants", type=int, default=100_000, help="100,000 by default")
        parser.add_argument("--events", type=int, default=1_000_000, help="1,000,000 by default")
        parser.add_argument("--requests", type=int, help="a fifth of the grants by default")
        parser.add_argument("--namespaces", type=int, help="600 by default, fewer for few grants")
        parser.add_argument("--seed", type=int, default=1, help="same seed and time, same rows")
        parser.add_argument("--now", type=_moment, help="the time it stands at, ISO 8601; now")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill the database and say how long it took."""
        grants, events = options["grants"], options["events"]
        if grants < LEAST_GRANTS or events < 1:
            raise CommandError(f"Give at least {LEAST_GRANTS} grants and one event.")
        _refuse_what_is_in_use()
        began = time.monotonic()
        self._fill(
            random.Random(options["seed"]),  # noqa: S311 (no secret is drawn)
            requests=max(10, options["requests"] or grants // 5),
            grants=grants,
            events=events,
            namespaces=max(20, options["namespaces"] or min(600, grants // 100)),
            now=options["now"] or timezone.now(),
        )
        _tell_the_planner()
        took = time.monotonic() - began
        self.stdout.write(f"{grants:,} grants and {events:,} events in {took:.0f} s.")

    @transaction.atomic
    def _fill(
        self,
        rng: random.Random,
        *,
        requests: int,
        grants: int,
        events: int,
        namespaces: int,
        now: datetime,
    ) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Between two batches this process computes for longer than others may.
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        company = make_company(rng, namespaces, now)
        history = History(rng, company, requests=requests, grants=grants, now=now).make()
        store_recertifications(rng, history, now)
        store_openings(history, company.approvers, now)
        deliveries = store_deliveries(history, now)
        store_trail(rng, company, history, deliveries, count=events, now=now)


def _refuse_what_is_in_use() -> None:
    if not settings.DEMO and (Cluster.objects.exists() or Person.objects.exists()):
        raise CommandError(
            "The database is not empty. Nobody can take this company out of it again, so it goes "
            "into an empty one only, or with EGRESS_DEMO on."
        )
    if Cluster.objects.filter(name__in=[name for name, _ in CLUSTERS]).exists():
        raise CommandError("This database has such a company already.")


def _tell_the_planner() -> None:
    """Bring up to date what the database knows of its own tables, as it does by itself later."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)" if connection.vendor == "postgresql" else "ANALYZE")


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
