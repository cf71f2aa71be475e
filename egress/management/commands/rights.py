"""`manage.py rights`: print the portal's account and its rights, for before it is connected."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.domain.access import ClusterProfile, Enforcement
from egress.domain.bootstrap.objects import Plan, account_objects
from egress.domain.bootstrap.rights import USER_PREFIX
from egress.domain.objects import to_yaml


class Command(BaseCommand):
    """Prints a namespace, a service account, and roles with their bindings.

    An operator applies them with `kubectl apply --server-side --field-manager
    egress-portal-bootstrap -f -`; `bootstrap` takes them over later.
    """

    help = __doc__
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the account's name and the enforcements that are to be used."""
        parser.add_argument(
            "--account", default="egress-portal/egress-portal", metavar="NAMESPACE/NAME"
        )
        parser.add_argument(
            "--enforcement",
            action="append",
            choices=[choice.value for choice in Enforcement],
            help="may be given several times; gateway by default",
        )
        parser.add_argument(
            "--reviews",
            action="store_true",
            help="also the right to ask who may deploy where, for owners by review",
        )
        parser.add_argument("--egress-namespace", default="istio-egress")
        parser.add_argument("--root-namespace", default="istio-system")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the objects as YAML."""
        namespace, _, name = options["account"].partition("/")
        if not namespace or not name:
            raise CommandError(f'"{options["account"]}" is not NAMESPACE/NAME of an account.')
        cluster = ClusterProfile(
            settings.INSTALLATION,
            egress_namespace=options["egress_namespace"],
            root_namespace=options["root_namespace"],
        )
        chosen = options["enforcement"] or [Enforcement.GATEWAY.value]
        plan = Plan(
            cluster,
            frozenset(Enforcement(one) for one in chosen),
            user=f"{USER_PREFIX}{namespace}:{name}",
            istiods=(),
            reviews=options["reviews"],
        )
        self.stdout.write(to_yaml(account_objects(plan)), ending="")
