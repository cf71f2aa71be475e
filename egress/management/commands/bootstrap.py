"""`manage.py bootstrap CLUSTER --kubeconfig FILE`: lay down what enforcement needs, once."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from egress.domain.bootstrap.workload import helm_values, release_name
from egress.domain.objects import to_yaml
from egress.management.commands.connect import read_file
from egress.models import Cluster
from egress.services import posture
from egress.services.actor import Actor
from egress.services.bootstrap import Options, Report, Site, bootstrap, list_refused, site
from egress.services.errors import ServiceError


class Command(BaseCommand):
    """Lays down roles, static policies, gateways, network policies and admission policies.

    Runs with the operator's kubeconfig, which is not stored. Ends with 1 when something of
    somebody else's is in the way.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the cluster's name, the file, and how far to go."""
        parser.add_argument("cluster", help="what the connected cluster is called in the portal")
        parser.add_argument(
            "--kubeconfig", required=True, help="an operator's kubeconfig, or - for standard input"
        )
        parser.add_argument("--context", help="the file's current context by default")
        parser.add_argument("--dry-run", action="store_true", help="ask the server, write nothing")
        parser.add_argument(
            "--enforce",
            action="store_true",
            help="let admission deny, after listing what it would refuse today",
        )
        parser.add_argument(
            "--helm-values",
            type=Path,
            metavar="FOLDER",
            help="write values for Istio's gateway chart there, and install no gateway",
        )
        parser.add_argument(
            "-o", "--output", choices=["yaml"], help="print the objects and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Lay it down and show what became of each object. Never prints a secret."""
        cluster = cluster_called(options["cluster"])
        chosen = Options(
            dry_run=options["dry_run"],
            enforce=options["enforce"],
            workload=options["helm_values"] is None,
        )
        try:
            with site(
                cluster=cluster,
                kubeconfig_text=read_file(options["kubeconfig"]),
                context=options["context"],
                options=chosen,
            ) as at:
                if options["output"]:
                    self.stdout.write(to_yaml(at.objects), ending="")
                    return
                self._write_values(at, options["helm_values"])
                self._lay_down(at, chosen)
        except ServiceError as error:
            raise CommandError(error.message) from error

    def _lay_down(self, at: Site, options: Options) -> None:
        if options.enforce:
            self._show_refused(list_refused(at))
        actor = Actor.system("manage.py bootstrap", source="command")
        report = bootstrap(at=at, options=options, actor=actor)
        for one in report.laid:
            line = f"{one.outcome:>9}  {one.kind} {one.place}"
            self.stdout.write(f"{line}: {one.note}" if one.note else line)
        self._sum_up(at, report, options)
        if report.has_trouble:
            raise CommandError("Not everything could be laid down: see the lines above.")

    def _sum_up(self, at: Site, report: Report, options: Options) -> None:
        if not report.denies:
            self._show_refused(report.refused_today)
            self.stdout.write("Admission warns and refuses nothing. To let it deny: --enforce")
        if options.dry_run:
            self.stdout.write("Nothing was written to the cluster.")
            return
        rows = posture.look(at.cluster)
        self.stdout.write(
            "The egress gateway is a boundary."
            if posture.is_boundary(rows)
            else f"Not a boundary yet. Look at: manage.py posture {at.cluster.name}"
        )

    def _show_refused(self, sentences: list[str]) -> None:
        if not sentences:
            self.stdout.write("Nothing that exists today breaks the admission policies.")
            return
        self.stdout.write(f"Admission would refuse changes to {len(sentences)} objects of today:")
        for sentence in sentences:
            self.stdout.write(f"           {sentence}")

    def _write_values(self, at: Site, folder: Path | None) -> None:
        if folder is None:
            return
        for gateway in at.plan.cluster.gateways:
            path = folder / f"{release_name(at.plan.cluster, gateway)}.values.yaml"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                path.write_text(helm_values(gateway), encoding="utf-8")
            except OSError as error:
                raise CommandError(f'Cannot write "{path}": {error.strerror}.') from error
            self.stdout.write(f'Values for the gateway chart: "{path}".')


def cluster_called(name: str) -> Cluster:
    """Return a connected cluster by its name. Raises CommandError when there is none."""
    cluster = Cluster.objects.filter(name=name).first()
    if cluster is None:
        raise CommandError(f'No cluster is called "{name}". Connect it first: manage.py connect')
    return cluster
