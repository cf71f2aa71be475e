"""Who is told: by the rights of this moment, and nobody who may not see what it is about."""

from collections.abc import Iterable

from egress import rules
from egress.domain.notices import Kind
from egress.models import Grant, Namespace, Person, Request
from egress.selectors.people import active_admins, approvers_for
from egress.services.notifications.drafts import Draft


def audience_of(draft: Draft) -> list[Person]:
    """Return the people with an active account whom a draft concerns, without who did it."""
    people = {person.pk: person for person in _concerned(draft) if person.is_active}
    return [person for person in people.values() if person.username != draft.actor]


def _concerned(draft: Draft) -> Iterable[Person]:
    if draft.kind is Kind.DRIFT:
        return active_admins()
    if draft.request is not None:
        if draft.kind is Kind.TO_DECIDE:
            return _deciders(draft.request)
        return [draft.request.requester]
    grant = draft.grants[0]
    requester = grant.request.requester
    asked = [requester] if rules.may_view_grant(requester, grant) else []
    return asked if draft.kind is Kind.APPLIED else [*asked, *_team_of(grant)]


def _deciders(request: Request) -> list[Person]:
    """Return who may decide the request: see `rules.why_may_decide`."""
    close = [request.requester]
    if request.renews is not None:
        close.append(request.renews.request.requester)
    return approvers_for(request.cluster, request.namespace, excluding=close)


def _team_of(grant: Grant) -> list[Person]:
    # By uid, not by name: a namespace made again may belong to others.
    rows = Namespace.objects.filter(cluster_id=grant.cluster_id, uid=grant.namespace_uid)
    names = {row.owner_name for row in rows.select_related("owner")} - {""}
    return list(Person.objects.filter(groups__name__in=names, is_active=True).distinct())
