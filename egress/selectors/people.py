"""Who belongs where, and who could decide."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import Group
from django.db.models import Prefetch, Q, QuerySet, TextField
from django.db.models.functions import Cast

from egress.deciding import Wanted, stages_of, voice_of, wanted_of, ways_of
from egress.domain.authority import Stage, Voice
from egress.models import (
    ApiToken,
    CatalogueEntry,
    Delegation,
    Person,
    Request,
    Role,
    RoleBinding,
)
from egress.models.person import OPEN
from egress.models.scope import covering
from egress.models.standing import standings_of
from egress.selectors.joins import with_clusters


def teams_of(person: Person) -> list[str]:
    """Return the names of the person's teams, sorted."""
    return sorted(person.groups.values_list("name", flat=True))


def voices_for(wanted: Wanted, stages: Sequence[Stage]) -> list[Voice]:
    """Return what a yes of each person would count for who may approve all of it, by name."""
    found = (
        voice_of(standing, wanted, stages, wanted.everything)
        for standing in standings_of(_candidates(wanted, stages)).values()
    )
    return sorted((voice for voice in found if voice), key=lambda voice: voice.person)


def deciders_of(request: Request) -> list[Person]:
    """Return everybody who may decide something of the request, by name."""
    wanted, stages = wanted_of(request), stages_of(request)
    standings = standings_of(_candidates(wanted, stages))
    able = [pk for pk, standing in standings.items() if ways_of(standing, wanted, stages)]
    return list(Person.objects.filter(pk__in=able).order_by("username"))


def _candidates(wanted: Wanted, stages: Iterable[Stage]) -> QuerySet[Person]:
    """Return everybody active whose standing is worth a look: all who could decide, and others."""
    bindings = RoleBinding.objects.filter(
        Q(cluster__isnull=True) | Q(cluster=wanted.cluster_id),
        covering(wanted.namespace),
        role=Role.APPROVER,
        max_risk__gte=wanted.risk,
    )
    own = bindings.filter(person__isnull=False).values("person")
    teams = bindings.filter(team__isnull=False).values("team__user")
    lent = Delegation.objects.filter(Q(lender__in=own) | Q(lender__in=teams), revoked_at=None)
    found = Q(pk__in=own) | Q(pk__in=teams) | Q(pk__in=lent.values("delegate"))
    if wanted.destinations:
        # Entries that hold the first host: which of them hold all of it is looked at later.
        text = Cast("destinations", TextField())
        entries = CatalogueEntry.objects.annotate(text=text).filter(
            is_active=True,
            owner_team__isnull=False,
            text__contains=f'"{wanted.destinations[0].host}"',
        )
        found |= Q(pk__in=entries.values("owner_team__user"))
    named = sorted({stage.team for stage in stages} - {""})
    if named:
        found |= Q(pk__in=Group.objects.filter(name__in=named).values("user"))
    return Person.objects.filter(found, OPEN, is_robot=False)


def active_admins() -> QuerySet[Person]:
    """Return everybody who administers the portal, superusers included."""
    bound = Q(roles__role=Role.ADMIN) | Q(groups__roles__role=Role.ADMIN) | Q(is_superuser=True)
    return Person.objects.filter(bound, is_active=True, is_robot=False).distinct()


def active_auditors() -> QuerySet[Person]:
    """Return everybody who may read everything."""
    bound = Q(roles__role=Role.AUDITOR) | Q(groups__roles__role=Role.AUDITOR)
    return Person.objects.filter(bound, is_active=True, is_robot=False).distinct()


def all_people() -> QuerySet[Person]:
    """Return everybody with their teams and roles, by name; robots are not among them."""
    roles = with_clusters(RoleBinding.objects.all())
    people = Person.objects.filter(is_robot=False)
    return people.order_by("username").prefetch_related("groups", Prefetch("roles", queryset=roles))


def teams_with_members() -> QuerySet[Group]:
    """Return every team with its members, by name; robots are not among them."""
    members = Prefetch("user_set", Person.objects.filter(is_robot=False))
    return Group.objects.order_by("name").prefetch_related(members)


def all_teams() -> QuerySet[Group]:
    """Return every team with its members and roles, by name."""
    return teams_with_members().prefetch_related("roles")


def given_to(team: Group) -> QuerySet[Person]:
    """Return whom the groups of an identity provider put into the team, by name."""
    return Person.objects.filter(provider_account__given_teams=team).order_by("username")


def tokens_of(person: Person) -> QuerySet[ApiToken]:
    """Return the API tokens of the person, newest first."""
    return person.tokens.select_related("made_by").order_by("-id")
