"""Who lends their scopes to whom."""

from django.db.models import Q, QuerySet

from egress.models import Delegation
from egress.models.standing import Standing


def visible_delegations(standing: Standing) -> QuerySet[Delegation]:
    """Return the delegations that somebody gave or got, newest first; admins see all."""
    rows = Delegation.objects.select_related("lender", "delegate").order_by("-pk")
    if standing.sees_everything:
        return rows
    if not standing.is_active or standing.person_id is None:
        return rows.none()
    return rows.filter(own_delegations(standing))


def own_delegations(standing: Standing) -> Q:
    """Return the filter of delegations that the person gave or got."""
    return Q(lender_id=standing.person_id) | Q(delegate_id=standing.person_id)
