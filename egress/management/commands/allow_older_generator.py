"""`manage.py allow_older_generator`: let this version write where a newer one did, to go back."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.models import Cluster
from egress.services.actor import Actor
from egress.services.errors import ServiceError
from egress.services.rollback import allow_older_generator


class Command(BaseCommand):
    """For a rollback of the portal: stop all newer workers first, then run this once."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --cluster."""
        parser.add_argument("--cluster", required=True, help="the name of the cluster")

    def handle(self, *args: Any, **options: Any) -> None:
        """Allow it and say so."""
        cluster = Cluster.objects.filter(name=options["cluster"]).first()
        if cluster is None:
            raise CommandError(f'There is no cluster "{options["cluster"]}".')
        try:
            allow_older_generator(
                cluster=cluster, actor=Actor.system("manage.py allow_older_generator", "command")
            )
        except ServiceError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f'Version {cluster.generator_version} may write to cluster "{cluster.name}". '
            "What it renders otherwise is written with the next full sweep."
        )
