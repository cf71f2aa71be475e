"""`manage.py seed_demo`: the people, catalogue and sandbox cluster of the demo."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from egress.domain.access import Enforcement
from egress.models import Cluster, Namespace, Person, Request, Role
from egress.services import audit, catalogue, clusters, people
from egress.services import requests as request_services
from egress.services.actor import Actor
from egress.services.bootstrap import Options, bootstrap, site
from egress.services.errors import ServiceError
from egress.services.requests import DestinationDraft, RequestDraft

CLUSTER = "sandbox"
TEAMS = ("team-shop", "team-payments", "team-data", "team-marketing", "platform")
PEOPLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "dana": ("Dana", "Whitfield", ("team-shop", "team-data")),
    "pavel": ("Pavel", "Novak", ("team-payments",)),
    "alice": ("Alice", "Moreau", ("platform",)),
    "bob": ("Bob", "Okafor", ("team-payments",)),
    "olga": ("Olga", "Lindqvist", ()),
}
ROLES = (("alice", Role.APPROVER, "*"), ("bob", Role.APPROVER, "payments"))


class Command(BaseCommand):
    """Makes the demo company, as often as it is called. Refused outside the demo."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the sandbox's kubeconfigs: the portal's own, and an operator's."""
        parser.add_argument("--kubeconfig", required=True, type=Path)
        parser.add_argument("--operator-kubeconfig", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is not there yet."""
        if not settings.DEMO:
            raise CommandError("The demo's people have published passwords: EGRESS_DEMO is off.")
        try:
            admin = Actor.of(make_admin(), "command")
            make_people(admin)
            catalogue.load(actor=admin, owner="platform")
            cluster = clusters.connect(
                name=CLUSTER,
                kubeconfig_text=options["kubeconfig"].read_text(),
                enforcement=Enforcement.SIDECAR,
                is_sandbox=True,
                actor=admin,
            )
            send_payments_through_the_gateway(cluster, admin)
            prepare_gateway(cluster, options["operator_kubeconfig"].read_text(), admin)
            make_first_request(cluster)
            audit.verify_and_note()
        except ServiceError as error:
            raise CommandError(f"{error.message} {error.fields or ''}".strip()) from error


@transaction.atomic
def make_admin() -> Person:
    """Return the admin, created as `createsuperuser` does."""
    found = Person.objects.filter(username="adam").first()
    if found:
        return found
    return Person.objects.create_superuser(
        "adam", "adam@larkfield.example", "demo-adam", first_name="Adam", last_name="Reyes"
    )


@transaction.atomic
def make_people(admin: Actor) -> None:
    """Create teams and people that are not there yet."""
    for name in TEAMS:
        if not Group.objects.filter(name=name).exists():
            people.create_team(name=name, actor=admin)
    for username, (first, last, teams) in PEOPLE.items():
        if Person.objects.filter(username=username).exists():
            continue
        person = people.create_person(
            username=username,
            password=None,
            first_name=first,
            last_name=last,
            email=f"{username}@larkfield.example",
            teams=Group.objects.filter(name__in=teams),
            actor=admin,
        )
        # Published and short: good for a demo only, so the password rules are not asked.
        person.set_password(f"demo-{username}")
        person.save(update_fields=["password"])
        for name, role, namespaces in ROLES:
            if name == username:
                people.bind_role(role=role, person=person, namespaces=namespaces, actor=admin)
        if username == "olga":
            people.bind_role(role=Role.AUDITOR, person=person, actor=admin)


def send_payments_through_the_gateway(cluster: Cluster, admin: Actor) -> None:
    """Give one namespace the enforcement that is a boundary, once: the demo shows both kinds."""
    payments = Namespace.objects.filter(cluster=cluster, name="payments", gone_at=None).first()
    if payments and not Request.objects.filter(cluster=cluster).exists():
        clusters.set_namespace_enforcement(
            namespace=payments, enforcement=Enforcement.GATEWAY, actor=admin
        )


def prepare_gateway(cluster: Cluster, operator: str, admin: Actor) -> None:
    """Lay down what grants through the gateway rely on, as an operator does once."""
    with site(cluster=cluster, kubeconfig_text=operator, context=None, options=Options()) as at:
        bootstrap(at=at, options=Options(), actor=admin)


def make_first_request(cluster: Cluster) -> None:
    """Leave one request in the queue of a new portal, so that approvers have something to see."""
    if Request.objects.filter(cluster=cluster).exists():
        return
    pavel = Person.objects.get(username="pavel")
    draft = RequestDraft(
        cluster=cluster.name,
        namespace="payments",
        service_account="api",
        destinations=(DestinationDraft("api.stripe.com", 443, "TLS"),),
        reason="Card payments of the web shop go through Stripe.",
        duration_days=90,
    )
    request_services.submit(draft=draft, actor=Actor.of(pavel, "command"))
