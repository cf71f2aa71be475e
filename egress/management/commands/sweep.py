"""`manage.py sweep`: one sweep now, by hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.models import Cluster
from egress.services import convergence
from egress.services.convergence.workers import worker_name
from egress.services.errors import ServiceError


class Command(BaseCommand):
    """Ends what is over, delivers what is due, and with --drift compares whole clusters."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --drift."""
        parser.add_argument(
            "--drift", action="store_true", help="search every cluster for drift now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once and say what was done."""
        worker = worker_name()
        try:
            count = convergence.sweep_once(worker=worker)
            drifted = 0
            if options["drift"]:
                drifted = sum(convergence.full_sweep(one) for one in Cluster.objects.all())
                count += convergence.converge(worker=worker)
        except ServiceError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{count} deliveries, {drifted} slices had drifted.")
        for cluster in Cluster.objects.exclude(problem=""):
            self.stderr.write(f'Cluster "{cluster.name}": {cluster.problem}')
