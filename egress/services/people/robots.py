"""Robots: accounts of pipelines, which ask and read for their teams and never decide."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from egress.domain.wording import listed, quoted
from egress.models import ApiToken, Person
from egress.selectors import robots
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Missing, NotAllowed, Refused
from egress.services.people.accounts import USERNAME


@transaction.atomic
def create_robot(*, username: str, teams: Iterable[Group], actor: Actor) -> Person:
    """Create a robot of one or more teams: admins may, and people who are in all of them.

    Raises NotAllowed, Refused by field, and Conflict when the name is taken.
    """
    audit.take_turn()
    standing = guards.standing_of_actor(actor)
    name, members = username.strip(), sorted({team.name for team in teams})
    _refuse_unfit(name, members)
    if not robots.may_make_robot(standing, members):
        raise NotAllowed(
            "Robots are made by admins, and by people who are in all of their teams.",
            reason="NotYourTeam",
        )
    guards.require_factor_beyond_own(standing, lambda own: robots.may_make_robot(own, members))
    # In whatever case: "Alice" is not to be mistaken for "alice".
    if Person.objects.filter(username__iexact=name).exists():
        raise Conflict(f"The name {quoted(name)} is taken. Choose another one.", reason="NameTaken")
    robot = Person(username=name, is_robot=True)
    robot.set_unusable_password()
    robot.save()
    robot.groups.set(Group.objects.filter(name__in=members))
    message = f"Created the robot {quoted(name)} of {listed(members)}."
    _record(Tag.ROBOT_CREATED, actor, robot, message, {"teams": members})
    return robot


@transaction.atomic
def close_robot(*, robot: Person, actor: Actor) -> Person:
    """Close a robot: its tokens end at once. Admins may, and everybody in one of its teams.

    Raises Missing, NotAllowed, and Conflict when it is closed already.
    """
    audit.take_turn()
    stored = robot_for(robot.pk, actor)
    standing = guards.standing_of_actor(actor)
    if not robots.may_close_robot(standing, stored):
        raise NotAllowed("Only admins and people in its teams may close it.", reason="NotYourTeam")
    guards.require_factor_beyond_own(standing, lambda own: robots.may_close_robot(own, stored))
    if not Person.objects.filter(pk=stored.pk, is_active=True).update(is_active=False):
        raise Conflict(f"The robot {quoted(stored)} is closed already.", reason="NotActive")
    open_tokens = ApiToken.objects.filter(owner=stored, revoked_at__isnull=True)
    ended = open_tokens.update(revoked_at=timezone.now())
    message = f"Closed the robot {quoted(stored)}."
    _record(Tag.ROBOT_CLOSED, actor, stored, message, {"tokens_revoked": ended})
    stored.is_active = False
    return stored


def robot_for(pk: int, actor: Actor) -> Person:
    """Return the robot as it is now. Raises Missing when it is not the actor's to know of."""
    standing = guards.standing_of_actor(actor)
    stored = Person.objects.filter(pk=pk, is_robot=True).first()
    if stored is None or not robots.may_view_robot(standing, stored):
        raise Missing("There is no such robot for you. Look at the list of robots.")
    return stored


def _refuse_unfit(name: str, teams: list[str]) -> None:
    errors: dict[str, list[str]] = {}
    if not USERNAME.fullmatch(name):
        errors["username"] = [
            f"{quoted(name)} is no name for a robot. Use letters, digits and @ . + - _ only."
        ]
    if not teams:
        errors["teams"] = ["A robot belongs to a team. Choose one."]
    if errors:
        first = next(iter(errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=errors)


def _record(tag: Tag, actor: Actor, robot: Person, message: str, data: dict[str, Any]) -> None:
    audit.record(
        tag=tag, actor=actor, target="person", target_id=robot.pk, message=message, data=data
    )
