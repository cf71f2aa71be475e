"""`manage.py connect NAME --kubeconfig FILE`: connect a cluster, or renew its credentials."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.domain.access import Enforcement
from egress.services.actor import Actor
from egress.services.clusters import connect
from egress.services.errors import ServiceError


class Command(BaseCommand):
    """Looks a cluster over, stores its sealed credentials and reads its inventory."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the name, the file and what cannot be read from the cluster."""
        parser.add_argument("name", help="what the cluster is called in the portal")
        parser.add_argument(
            "--kubeconfig", required=True, help="path of the kubeconfig, or - for standard input"
        )
        parser.add_argument("--context", help="the file's current context by default")
        parser.add_argument(
            "--enforcement",
            choices=[choice.value for choice in Enforcement],
            default=Enforcement.GATEWAY.value,
        )
        parser.add_argument("--egress-namespace", default="istio-egress")
        parser.add_argument(
            "--sandbox", action="store_true", help="mark it as a sandbox on every page"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Connect the cluster and show what was checked. Never prints a secret."""
        try:
            cluster = connect(
                name=options["name"],
                kubeconfig_text=read_file(options["kubeconfig"]),
                context=options["context"],
                enforcement=Enforcement(options["enforcement"]),
                egress_namespace=options["egress_namespace"],
                is_sandbox=options["sandbox"],
                actor=Actor.system("manage.py connect", source="command"),
            )
        except ServiceError as error:
            sentences = [each for all_of_one in error.fields.values() for each in all_of_one]
            raise CommandError("\n".join(dict.fromkeys(sentences or [error.message]))) from error
        for check in cluster.checks:
            self.stdout.write(f"{check['level']:>5}  {check['sentence']}")
        self.stdout.write(
            f'Cluster "{cluster.name}" is connected: {cluster.namespaces.count()} namespaces.'
        )


def read_file(path: str) -> str:
    """Return the text of a kubeconfig, from standard input for "-". Raises CommandError."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise CommandError(f'Cannot read the kubeconfig "{path}": {why}.') from error
