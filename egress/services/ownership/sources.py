"""What tells who owns the namespaces of a cluster, and what follows when that is changed."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings

from egress.domain.subjects import review_subject
from egress.domain.wording import listed, quoted
from egress.models import Cluster, Namespace, OwnershipAnswer
from egress.services.errors import Conflict

REVIEWED = (
    "owner_by_review",
    "review_user",
    "review_user_prefix",
    "review_teams",
    "review_team_prefix",
)
OWNER_CHARACTERS = 150


class OwnerSettings(Protocol):
    """The part of a cluster's settings that is about owners; see `Cluster`."""

    @property
    def review_user(self) -> str:
        """What people are called at the cluster."""

    @property
    def review_user_prefix(self) -> str:
        """What stands before their names there."""

    @property
    def review_team_prefix(self) -> str:
        """What stands before the names of their teams there."""


def owner_problems(wanted: OwnerSettings) -> dict[str, list[str]]:
    """Return what is wrong with the settings, by field."""
    problems = {}
    if wanted.review_user not in Cluster.ReviewUser.values:
        problems["review_user"] = [f"Choose {listed(Cluster.ReviewUser.values)}."]
    for name in ("review_user_prefix", "review_team_prefix"):
        prefix = getattr(wanted, name)
        if prefix != prefix.strip() or len(prefix) > 100 or _is_reserved(prefix):
            problems[name] = [
                f"{quoted(prefix)} cannot stand before a name: at most 100 printable characters, "
                'no spaces around them, and not "system:", which is Kubernetes\' own.'
            ]
    return problems


def _is_reserved(prefix: str) -> bool:
    return bool(prefix) and review_subject("x", (), prefix=prefix, team_prefix="") is None


def owner_annotations() -> tuple[str, ...]:
    """Return the names of the annotations of namespaces that say who owns them."""
    return (settings.OWNER_ANNOTATION,) if settings.OWNER_ANNOTATION else ()


def owner_label_in(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    """Return the team that a namespace names as its owner: by its label, or else its annotation."""
    named = labels.get(settings.OWNER_LABEL, "")
    if not named and settings.OWNER_ANNOTATION:
        named = annotations.get(settings.OWNER_ANNOTATION, "")
    return named.strip()[:OWNER_CHARACTERS]


def follow_owners(cluster: Cluster, changes: Mapping[str, Any]) -> None:
    """Bring what is stored of owners to changed settings of a cluster, in their transaction.

    What no longer counts is not stored, so that nobody can count it. Raises Conflict while owners
    are set by admins that would count no more.
    """
    rows = Namespace.objects.filter(cluster=cluster, gone_at__isnull=True)
    if changes.get("owner_by_admin") is False:
        row = rows.filter(owner__isnull=False).order_by("name").first()
        if row is not None:
            raise Conflict(
                f"The owner of {quoted(row.name)} is set here, by an admin. Leave the owners of "
                "this cluster to the label first: choose them under Owners.",
                reason="OwnersSet",
            )
    if changes.get("owner_by_label") is False:
        rows.exclude(owner_label="").update(owner_label="")
    elif changes.get("owner_by_label"):
        # Annotations follow with the next look at the cluster.
        for row in rows.only("labels"):
            label = owner_label_in(row.labels, {})
            if label:
                Namespace.objects.filter(pk=row.pk).update(owner_label=label)
    if any(name in changes for name in REVIEWED):
        OwnershipAnswer.objects.filter(namespace__cluster=cluster).delete()
