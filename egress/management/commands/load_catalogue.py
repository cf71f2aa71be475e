"""`manage.py load_catalogue`: add the presets that come with the portal to its catalogue."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.services import catalogue
from egress.services.actor import Actor
from egress.services.errors import ServiceError


class Command(BaseCommand):
    """Adds what is missing, as often as it is called. What admins changed or retired stays so."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the team that answers questions about the presets."""
        parser.add_argument(
            "--owner", default="", help="the team that answers questions about these presets"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the presets and say what was done."""
        actor = Actor.system("manage.py load_catalogue", source="command")
        try:
            loaded = catalogue.load(actor=actor, owner=options["owner"])
        except ServiceError as error:
            raise CommandError(error.message) from error
        for name in loaded.added:
            self.stdout.write(f"added {name}")
        self.stdout.write(
            f"{len(loaded.added)} presets were added, {len(loaded.kept)} were there already."
        )
