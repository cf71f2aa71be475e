"""`manage.py seed_demo`: the people, catalogue and sandbox cluster of the demo."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from egress.domain.access import Enforcement
from egress.models import CatalogueEntry, Cluster, Person, Request, Role
from egress.services import audit, catalogue, clusters, people
from egress.services import requests as request_services
from egress.services.actor import Actor
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
Preset = tuple[str, str, str, tuple[tuple[str, int, str, bool], ...]]
CATALOGUE: tuple[Preset, ...] = (
    ("stripe", "Stripe payments", "API and file uploads of the payment provider.",
     (("api.stripe.com", 443, "TLS", False), ("files.stripe.com", 443, "TLS", False))),
    ("github", "GitHub", "Web and API. Downloads of releases need further hosts.",
     (("github.com", 443, "TLS", False), ("api.github.com", 443, "TLS", False))),
    ("google-apis", "Google sign-in", "OAuth tokens and user information.",
     (("oauth2.googleapis.com", 443, "TLS", False), ("www.googleapis.com", 443, "TLS", False))),
    ("slack", "Slack notifications", "Incoming webhooks and the Web API.",
     (("hooks.slack.com", 443, "TLS", False), ("slack.com", 443, "TLS", False))),
    ("sentry", "Sentry error reports", "Event ingestion.",
     (("sentry.io", 443, "TLS", False),)),
    ("twilio", "Twilio text messages", "REST API.",
     (("api.twilio.com", 443, "TLS", False),)),
    ("sendgrid", "SendGrid mail", "Mail over its HTTP API.",
     (("api.sendgrid.com", 443, "TLS", False),)),
    ("ecb-rates", "ECB exchange rates", "Plain HTTP inside, TLS by the sidecar.",
     (("www.ecb.europa.eu", 80, "HTTP", True),)),
)  # fmt: skip


class Command(BaseCommand):
    """Makes the demo company, as often as it is called. Refused outside the demo."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the sandbox's kubeconfig."""
        parser.add_argument("--kubeconfig", required=True, type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is not there yet."""
        if not settings.DEMO:
            raise CommandError("The demo's people have published passwords: EGRESS_DEMO is off.")
        try:
            admin = Actor.of(make_admin(), "command")
            make_people(admin)
            make_catalogue(admin)
            cluster = clusters.connect(
                name=CLUSTER,
                kubeconfig_text=options["kubeconfig"].read_text(),
                enforcement=Enforcement.SIDECAR,
                is_sandbox=True,
                actor=admin,
            )
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


@transaction.atomic
def make_catalogue(admin: Actor) -> None:
    """Create the presets that are not there yet."""
    for name, title, notes, destinations in CATALOGUE:
        if not CatalogueEntry.objects.filter(name=name).exists():
            drafts = [DestinationDraft(*destination) for destination in destinations]
            catalogue.save(
                name=name, title=title, notes=notes, destinations=drafts, owner="platform",
                actor=admin,
            )  # fmt: skip


def make_first_request(cluster: Cluster) -> None:
    """Leave one request in the queue of a new portal, so that approvers have something to see."""
    if Request.objects.filter(cluster=cluster).exists():
        return
    pavel = Person.objects.get(username="pavel")
    draft = RequestDraft(
        cluster=cluster.name,
        namespace="payments",
        service_account="",
        destinations=(DestinationDraft("api.stripe.com", 443, "TLS"),),
        reason="Card payments of the web shop go through Stripe.",
        duration_days=90,
    )
    request_services.submit(draft=draft, actor=Actor.of(pavel, "command"))
