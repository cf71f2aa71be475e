"""Robots: which of them somebody may know of, and who answers for them."""

from collections.abc import Iterable

from django.db.models import Prefetch, QuerySet

from egress.models import ApiToken, Person
from egress.models.standing import Standing, standing_of


def robots_for(who: Person | Standing) -> QuerySet[Person]:
    """Return the robots that somebody may know of, by name: all, or those of their teams.

    With their teams, and as `open_tokens` the tokens that were not revoked.
    """
    standing = _standing(who)
    unrevoked = ApiToken.objects.filter(revoked_at__isnull=True).order_by("-pk")
    rows = Person.objects.filter(is_robot=True).order_by("username")
    rows = rows.prefetch_related("groups", Prefetch("tokens", unrevoked, "open_tokens"))
    if standing.sees_everything:
        return rows
    if not standing.is_active:
        return rows.none()
    return rows.filter(groups__name__in=sorted(standing.teams)).distinct()


def robots_of_team(team: str) -> QuerySet[Person]:
    """Return the robots of a team, by name."""
    return Person.objects.filter(is_robot=True, groups__name=team).order_by("username")


def may_make_robot(who: object, teams: Iterable[str]) -> bool:
    """Tell whether the person may make robots of these teams, and tokens for them.

    Whoever is in one of the teams only would get what the others may.
    """
    standing = _standing(who)
    if standing.is_robot or standing.limits is not None or not standing.is_active:
        return False
    return standing.is_admin or (bool(teams) and set(teams) <= standing.teams)


def may_make_tokens_of(who: object, robot: Person) -> bool:
    """Tell whether the person may make tokens for the robot."""
    return robot.is_robot and may_make_robot(who, robot.groups.values_list("name", flat=True))


def may_view_robot(who: object, robot: Person) -> bool:
    """Tell whether the person may know of the robot, and stop it: admins and its teams."""
    standing = _standing(who)
    if not robot.is_robot or not standing.is_active:
        return False
    if standing.sees_everything or standing.person_id == robot.pk:
        return True
    return robot.groups.filter(name__in=sorted(standing.teams)).exists()


def may_close_robot(who: object, robot: Person) -> bool:
    """Tell whether the person may end the robot and its tokens: admins and people of its teams."""
    standing = _standing(who)
    if standing.is_robot or standing.limits is not None or not may_view_robot(standing, robot):
        return False
    in_team = robot.groups.filter(name__in=sorted(standing.teams)).exists()
    return standing.is_admin or in_team


def _standing(who: object) -> Standing:
    return who if isinstance(who, Standing) else standing_of(who)
