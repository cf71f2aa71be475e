"""Who belongs where, and who could decide."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db.models import Prefetch, Q, QuerySet

from egress.models import ApiToken, Cluster, Person, Role, RoleBinding
from egress.models.standing import covering
from egress.selectors.joins import with_clusters


def teams_of(person: Person) -> list[str]:
    """Return the names of the person's teams, sorted."""
    return sorted(person.groups.values_list("name", flat=True))


def approvers_for(
    cluster: Cluster, namespace: str, *, excluding: Iterable[Person] = ()
) -> list[Person]:
    """Return everybody with an active account who may decide for the namespace, by name.

    `excluding` leaves people out, such as the requester.
    """
    bindings = RoleBinding.objects.filter(
        Q(cluster__isnull=True) | Q(cluster=cluster), covering(namespace), role=Role.APPROVER
    )
    own = bindings.filter(person__isnull=False).values("person")
    teams = bindings.filter(team__isnull=False).values("team__user")
    found = Person.objects.filter(Q(pk__in=own) | Q(pk__in=teams), is_active=True)
    left_out = [person.pk for person in excluding]
    return list(found.exclude(pk__in=left_out).order_by("username"))


def active_admins() -> QuerySet[Person]:
    """Return everybody who administers the portal, superusers included."""
    bound = Q(roles__role=Role.ADMIN) | Q(groups__roles__role=Role.ADMIN) | Q(is_superuser=True)
    return Person.objects.filter(bound, is_active=True).distinct()


def all_people() -> QuerySet[Person]:
    """Return everybody with their teams and roles, by name."""
    roles = with_clusters(RoleBinding.objects.all())
    return Person.objects.order_by("username").prefetch_related(
        "groups", Prefetch("roles", queryset=roles)
    )


def all_teams() -> QuerySet[Group]:
    """Return every team with its members and roles, by name."""
    return Group.objects.order_by("name").prefetch_related("user_set", "roles")


def tokens_of(person: Person) -> QuerySet[ApiToken]:
    """Return the API tokens of the person, newest first."""
    return person.tokens.order_by("-id")
