"""Who is told: by the rights of this moment, and nobody who may not see what it is about."""

from collections.abc import Iterable, Sequence

from egress import rules
from egress.domain.notices import Kind
from egress.models import Grant, Namespace, Person, Request
from egress.selectors.people import active_admins, active_auditors, deciders_of
from egress.services.notifications.draft import Draft


def audience_of(draft: Draft) -> list[Person]:
    """Return the people with an active account whom a draft concerns, without who did it."""
    people = {person.pk: person for person in _concerned(draft) if person.is_active}
    return [person for person in people.values() if person.username != draft.actor]


def _concerned(draft: Draft) -> Iterable[Person]:
    if draft.kind is Kind.DRIFT:
        return active_admins()
    if draft.request is not None:
        if draft.kind is Kind.BREAK_GLASS:
            return _everybody(draft.request)
        if draft.kind in (Kind.TO_DECIDE, Kind.REMINDER):
            return deciders_of(draft.request)
        if draft.kind is Kind.ESCALATION:
            return active_admins()
        return [draft.request.requester]
    if draft.kind is Kind.RECERTIFY:
        return _answering(draft.grants)
    if draft.token is not None:
        return _answering_for(draft.token.owner)
    grant = draft.grants[0]
    requester = grant.request.requester
    asked = [requester] if rules.may_view_grant(requester, grant) else []
    return asked if draft.kind is Kind.APPLIED else [*asked, *_team_of(grant)]


def _everybody(request: Request) -> list[Person]:
    """Return all who should know that the usual approval was left out."""
    return [
        request.requester,
        request.break_glass.opened_by,
        *_team_of(request),
        *deciders_of(request),
        *active_admins(),
        *active_auditors(),
    ]


def _answering(grants: Sequence[Grant]) -> Iterable[Person]:
    """Return who is asked whether grants of one namespace are needed; admins where nobody can say.

    Whoever owns it by a review alone is known when they asked for one of the grants.
    """
    first = grants[0]
    requesters = {grant.request.requester for grant in grants}
    seeing = [person for person in requesters if rules.may_view_grant(person, first)]
    asked = [person for person in (*seeing, *_team_of(first)) if not person.is_robot]
    if any(rules.may_confirm(person, first) for person in asked):
        return asked
    return [*asked, *active_admins()]


def _answering_for(owner: Person) -> list[Person]:
    """Return the owner of a token, for a robot the people of its teams."""
    if not owner.is_robot:
        return [owner]
    teams = owner.groups.values("pk")
    return list(Person.objects.filter(groups__in=teams, is_robot=False, is_active=True).distinct())


def _team_of(grant: Grant | Request) -> list[Person]:
    # By uid, not by name: a namespace made again may belong to others.
    rows = Namespace.objects.filter(cluster_id=grant.cluster_id, uid=grant.namespace_uid)
    names = {row.owner_name for row in rows.select_related("owner")} - {""}
    return list(Person.objects.filter(groups__name__in=names, is_active=True).distinct())
