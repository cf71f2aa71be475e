"""Asking a cluster, now, whether somebody may deploy in a namespace. Doubt counts as no."""

import time
from dataclasses import dataclass

import structlog
from django.utils import timezone

from egress import rules
from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway
from egress.domain.subjects import ReviewSubject, review_subject
from egress.domain.wording import quoted
from egress.models import Cluster, Grant, Namespace, OwnershipAnswer, Person
from egress.models.person import OPEN
from egress.models.standing import standing_of
from egress.models.standing_rows import REMEMBERED
from egress.services.actor import Actor
from egress.services.errors import Unavailable
from egress.services.gateways import open_gateway, require_same_cluster
from egress.services.guards import person_of
from egress.services.looking import looked

logger = structlog.get_logger(__name__)

SECONDS = 2.0
"""How long asking may take, connection and all: nothing is asked twice."""
VERB = "create"


@dataclass(frozen=True)
class Answer:
    """What a cluster says to "may this person create deployments there", and why, for people.

    `was_asked` is False where nobody could be asked: then `allowed` is no answer, but a no.
    """

    allowed: bool
    why: str
    was_asked: bool = True


def ask(person: Person, namespace: Namespace) -> Answer:
    """Ask the namespace's cluster about a person. Takes at most SECONDS, and raises nothing.

    Call it outside of transactions; see `services.looking`.
    """
    key = ("review", person.pk, namespace.pk)
    return looked(key, lambda: _ask(person, namespace))


def owned_now(person: Person, namespace: Namespace | None, *, told: bool = False) -> frozenset[int]:
    """Return the namespace's key when its cluster says that the person may deploy there.

    It is asked only where that counts, never for robots, and for nobody whose team owns the
    namespace: they need no review. Raises Unavailable when the cluster could not be asked, for who
    knows of the namespace anyway; `told` says that the caller knows of it.
    """
    if namespace is None or namespace.gone_at or not namespace.cluster.owner_by_review:
        return frozenset()
    standing = standing_of(person)
    if not standing.is_active or standing.is_robot or standing.acting().owns(namespace):
        return frozenset()
    answer = ask(person, namespace)
    if not answer.was_asked and (told or rules.may_view_namespace(standing, namespace)):
        raise Unavailable(answer.why, reason="OwnershipNotReviewed")
    return frozenset({namespace.pk}) if answer.allowed else frozenset()


def owned_of_grant(grant: Grant, actor: Actor) -> frozenset[int]:
    """Return the key of a grant's namespace when its cluster says that the actor may deploy there.

    Raises like `owned_now`, and NotAllowed when the actor is no person.
    """
    rows = Namespace.objects.filter(
        cluster_id=grant.cluster_id, uid=grant.namespace_uid, gone_at__isnull=True
    )
    return owned_now(person_of(actor), rows.select_related("cluster", "owner").first())


def subject_of(person: Person, cluster: Cluster) -> ReviewSubject | None:
    """Return under which names the cluster knows somebody, None when it can know nobody so.

    Read afresh: a team that somebody left a moment ago counts no longer. An e-mail address that
    two people have names neither. Developers choose what robots are called, so what a robot is
    called names nobody at a cluster.
    """
    stored = Person.objects.filter(OPEN, pk=person.pk, is_robot=False).first()
    if stored is None:
        return None
    name = stored.username
    if cluster.review_user == Cluster.ReviewUser.EMAIL:
        name = stored.email
        if Person.objects.filter(email__iexact=name).exclude(pk=stored.pk).exists():
            return None
    teams = stored.groups.values_list("name", flat=True) if cluster.review_teams else ()
    return review_subject(
        name, teams, prefix=cluster.review_user_prefix, team_prefix=cluster.review_team_prefix
    )


def connect(cluster: Cluster, until: float) -> ClusterGateway:
    """Return a connection whose calls are over by `until`, to the cluster that was connected.

    Raises ClusterError and Unavailable.
    """
    gateway = open_gateway(cluster, until=until).ending_by(until)
    require_same_cluster(cluster, gateway)
    return gateway


def _ask(person: Person, namespace: Namespace) -> Answer:
    cluster, until = namespace.cluster, time.monotonic() + SECONDS
    subject = subject_of(person, cluster)
    if subject is None:
        return Answer(False, _nameless(person, cluster))
    try:
        gateway = connect(cluster, until)
        live = gateway.get(kinds.NAMESPACE, "", namespace.name)
        # Made again by somebody else, it may belong to others.
        if live is None or live["metadata"].get("uid") != namespace.uid:
            return Answer(False, _not_the_same(namespace))
        said = gateway.review(subject.user, subject.groups, VERB, kinds.DEPLOYMENT, namespace.name)
    except (ClusterError, Unavailable) as error:
        logger.warning("ownership_not_reviewed", cluster=cluster.name, why=error.message[:300])
        return Answer(False, _unanswered(person, namespace, error.message), was_asked=False)
    remember(person, {namespace.pk: said.allowed})
    return Answer(said.allowed, _told(subject, namespace, said.allowed, said.why))


def remember(person: Person, answers: dict[int, bool]) -> None:
    """Keep answers of clusters, by the key of the namespace, for reading."""
    now = timezone.now()
    OwnershipAnswer.objects.bulk_create(
        [
            OwnershipAnswer(
                person=person,
                namespace_id=key,
                asked_at=now,
                allowed_until=now + REMEMBERED if allowed else None,
            )
            for key, allowed in sorted(answers.items())
        ],
        update_conflicts=True,
        unique_fields=["person", "namespace"],
        update_fields=["asked_at", "allowed_until"],
    )


def _told(subject: ReviewSubject, namespace: Namespace, allowed: bool, why: str) -> str:
    groups = f" in {', '.join(map(quoted, subject.groups))}" if subject.groups else ""
    sentence = (
        f"Cluster {quoted(namespace.cluster)} says that {quoted(subject.user)}{groups} "
        f"{'may' if allowed else 'may not'} create deployments in {quoted(namespace.name)}."
    )
    return f"{sentence} {why}".strip()


def _nameless(person: Person, cluster: Cluster) -> str:
    if person.is_robot:
        return (
            f"{quoted(person)} is a robot, and no cluster is asked about robots: only teams make "
            f"namespaces of cluster {quoted(cluster)} theirs."
        )
    if not standing_of(person).is_active:
        return f"The account {quoted(person)} is closed, so no cluster is asked about it."
    return (
        f"{quoted(person)} has no name at cluster {quoted(cluster)}: it is empty, shared, or one "
        'of those that begin with "system:". Ask an admin to look at how owners are learned there.'
    )


def _not_the_same(namespace: Namespace) -> str:
    return (
        f"Namespace {quoted(namespace.name)} is gone, or was made again. Try again in a minute, "
        "when the inventory has followed."
    )


def _unanswered(person: Person, namespace: Namespace, why: str) -> str:
    return (
        f"Cluster {quoted(namespace.cluster)} did not say whether {quoted(person)} may deploy in "
        f"{quoted(namespace.name)}, so nothing is allowed. Try again in a moment. {why}"
    )
