"""`manage.py posture CLUSTER`: what could make grants of a cluster untrue, check by check."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.domain.posture import Level, Row
from egress.management.commands.bootstrap import cluster_called
from egress.services import posture
from egress.services.errors import ServiceError


class Command(BaseCommand):
    """Looks at the cluster, stores and prints the rows. Ends with 1 when one of them blocks."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the cluster's name and the form of the output."""
        parser.add_argument("cluster", help="what the connected cluster is called in the portal")
        parser.add_argument("-o", "--output", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, print, judge."""
        try:
            rows = posture.look(cluster_called(options["cluster"]))
        except ServiceError as error:
            raise CommandError(error.message) from error
        if options["output"] == "json":
            shown = {
                "boundary": posture.is_boundary(rows),
                "rows": [row.as_json() for row in rows],
            }
            self.stdout.write(json.dumps(shown, indent=2))
        else:
            self._print_table(rows)
        if any(row.level is Level.BLOCK for row in rows):
            raise SystemExit(1)

    def _print_table(self, rows: list[Row]) -> None:
        for row in rows:
            self.stdout.write(f"{row.id:<8}{row.level:<8} {row.sentence}")
            if row.attested:
                self.stdout.write(f"{'':17}Vouched for by {row.attested}")
            elif row.level is not Level.OK:
                for label, text in (("Object", row.object), ("Fix", row.fix)):
                    if text:
                        self.stdout.write(f"{'':17}{label}: {text}")
        is_boundary = posture.is_boundary(rows)
        self.stdout.write("" if is_boundary else "Not a boundary: see PF2 and PF7.", ending="\n")
