"""Who belongs where, and who could decide."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db.models import Prefetch, Q, QuerySet

from egress.models import ApiToken, Cluster, Person, Role, RoleBinding
from egress.models.standing import Scope


def teams_of(person: Person) -> list[str]:
    """Return the names of the person's teams, sorted."""
    return sorted(person.groups.values_list("name", flat=True))


def approvers_for(
    cluster: Cluster, namespace: str, *, excluding: Iterable[Person] = ()
) -> list[Person]:
    """Return everybody with an active account who may decide for the namespace, by name.

    `excluding` leaves people out, such as the requester.
    """
    bindings = RoleBinding.objects.filter(role=Role.APPROVER).filter(
        Q(cluster__isnull=True) | Q(cluster=cluster)
    )
    people: set[int] = set()
    teams: set[int] = set()
    for person, team, where, names in bindings.values_list(
        "person_id", "team_id", "cluster_id", "namespaces"
    ):
        if Scope(where, names).covers(cluster.pk, namespace):
            people.update({person} - {None})
            teams.update({team} - {None})
    left_out = [person.pk for person in excluding]
    found = Person.objects.filter(Q(pk__in=people) | Q(groups__in=teams), is_active=True)
    return list(found.exclude(pk__in=left_out).distinct().order_by("username"))


def active_admins() -> QuerySet[Person]:
    """Return everybody who administers the portal, superusers included."""
    bound = Q(roles__role=Role.ADMIN) | Q(groups__roles__role=Role.ADMIN) | Q(is_superuser=True)
    return Person.objects.filter(bound, is_active=True).distinct()


def all_people() -> QuerySet[Person]:
    """Return everybody with their teams and roles, by name."""
    roles = RoleBinding.objects.select_related("cluster")
    return Person.objects.order_by("username").prefetch_related(
        "groups", Prefetch("roles", queryset=roles)
    )


def all_teams() -> QuerySet[Group]:
    """Return every team with its members and roles, by name."""
    return Group.objects.order_by("name").prefetch_related("user_set", "roles")


def tokens_of(person: Person) -> QuerySet[ApiToken]:
    """Return the API tokens of the person, newest first."""
    return person.tokens.order_by("-id")
