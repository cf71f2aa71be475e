"""Teams: who owns namespaces together."""

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from egress.domain.wording import listed, quoted
from egress.models import Person
from egress.selectors.people import given_to
from egress.services import audit, guards, texts
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.errors import Conflict, Refused
from egress.services.people.last_admin import refuse_without_admin


@transaction.atomic
def create_team(*, name: str, actor: Actor) -> Group:
    """Create a team; admins may. Raises NotAllowed, Refused, and Conflict when it is there."""
    guards.require_admin(actor)
    tidied = texts.tidy(name)
    if problem := texts.problem_of_line(tidied, what="The name", limit=63):
        raise Refused(problem, reason="TextNotAccepted", fields={"name": [problem]})
    team, is_new = Group.objects.get_or_create(name=tidied)
    if not is_new:
        raise Conflict(f"There is a team {quoted(tidied)} already.", reason="NameTaken")
    audit.record(
        tag=Tag.TEAM_CREATED,
        actor=actor,
        target="team",
        target_id=team.pk,
        message=f"Created the team {quoted(team)}.",
    )
    return team


@transaction.atomic
def set_members(*, team: Group, people: Iterable[Person], actor: Actor) -> Group:
    """Decide who is in a team; admins may.

    Raises NotAllowed, and Refused when that would leave no active admin, or leave out somebody
    whom the groups of a provider put there.
    """
    audit.take_turn()
    guards.require_admin(actor)
    people = [person for person in people if not person.is_robot]
    _refuse_leaving_out(team, people)
    members = team.user_set.filter(is_robot=False).order_by("username")
    before = list(members.values_list("username", flat=True))
    # Robots stay: their tokens rest while nobody else is in the team.
    team.user_set.set([*team.user_set.filter(is_robot=True), *people])
    after = list(members.values_list("username", flat=True))
    refuse_without_admin()
    audit.record(
        tag=Tag.TEAM_MEMBERS_SET,
        actor=actor,
        target="team",
        target_id=team.pk,
        message=f"Set the members of {quoted(team)}: {listed(after) or 'nobody'}.",
        data={"before": before, "after": after},
    )
    return team


def _refuse_leaving_out(team: Group, people: list[Person]) -> None:
    left = given_to(team).exclude(pk__in=[one.pk for one in people])
    left_out = [person.username for person in left]
    if left_out:
        said = (
            f"{listed(left_out[:3])} cannot be left out: the identity provider puts them there. "
            "Take them out of the group there."
        )
        raise Refused(said, reason="GivenByProvider", fields={"people": [said]})
