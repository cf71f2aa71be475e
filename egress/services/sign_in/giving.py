"""What the groups of a provider give somebody, and take away again."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group

from egress.domain.wording import quoted
from egress.models import ProviderAccount, RoleBinding
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.sign_in.providers import Provider


def groups_in(claims: Mapping[str, Any], provider: Provider) -> frozenset[str]:
    """Return the groups that the claims name: a list of words, or one word; none otherwise."""
    said = claims.get(provider.groups_claim)
    listed = said if isinstance(said, list) else [said]
    return frozenset(one for one in listed if isinstance(one, str) and one)


def give(account: ProviderAccount, teams: Iterable[str], roles: Iterable[str]) -> None:
    """Make teams and roles from the provider exactly these; what admins gave stays as it is.

    Call it in a transaction that has taken its turn at the audit trail. That nobody is an admin
    any more does not stop it: what the provider took away is gone.
    """
    lost, gained = _teams(account, set(teams))
    unbound, bound = _roles(account, set(roles))
    if lost or gained or unbound or bound:
        audit.record(
            tag=Tag.PERSON_CLAIMS_CHANGED,
            actor=actor_for(account),
            target="person",
            target_id=account.person_id,
            message=f"What {quoted(account.provider)} says of {quoted(account.person)} changed.",
            data={
                "teams_gained": gained,
                "teams_lost": lost,
                "roles_gained": bound,
                "roles_lost": unbound,
            },
        )


def actor_for(account: ProviderAccount) -> Actor:
    """Return the actor under whose name a provider changes things."""
    return Actor.system(f"provider {account.provider}", "web")


def _teams(account: ProviderAccount, wanted: set[str]) -> tuple[list[str], list[str]]:
    person = account.person
    given = {team.name: team for team in account.given_teams.all()}
    lost = [team for name, team in given.items() if name not in wanted]
    person.groups.remove(*lost)
    account.given_teams.remove(*lost)
    present = set(person.groups.values_list("name", flat=True))
    gained = [_team(account, name) for name in sorted(wanted - present)]
    person.groups.add(*gained)
    account.given_teams.add(*gained)
    return sorted(team.name for team in lost), [team.name for team in gained]


def _team(account: ProviderAccount, name: str) -> Group:
    team, is_new = Group.objects.get_or_create(name=name)
    if is_new:
        audit.record(
            tag=Tag.TEAM_CREATED,
            actor=actor_for(account),
            target="team",
            target_id=team.pk,
            message=f"Created the team {quoted(team)}.",
        )
    return team


def _roles(account: ProviderAccount, wanted: set[str]) -> tuple[list[str], list[str]]:
    given = {str(binding.role): binding for binding in account.given_roles.all()}
    lost = [role for role in given if role not in wanted]
    for role in lost:
        given[role].delete()
    held = set(account.person.roles.values_list("role", flat=True))
    gained = sorted(wanted - held)
    account.given_roles.add(
        *(RoleBinding.objects.create(person=account.person, role=role) for role in gained)
    )
    return sorted(lost), gained
