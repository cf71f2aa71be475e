"""Deliveries that break off before they could say anything about grants.

A slice that nobody can work on waits longer after each attempt, by itself: no other slice waits
with it. But whoever waits for a grant of it must be told why nothing happens.
"""

from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.domain.slices import SliceKey
from egress.models import Grant
from egress.selectors.slices import (
    in_slice,
    inventory_of_namespaces,
    profile_for,
    slice_that_answers,
)
from egress.services.audit import Entry
from egress.services.convergence.claim import Again, Claim
from egress.services.convergence.grants import mark_failed
from egress.services.convergence.state import Problem


def tell_who_waits(claim: Claim, again: Again) -> list[Entry]:
    """Say on the grants that wait for the slice why they are not applied.

    To be called before the slice is given back, in the same transaction; returns the audit events
    to record last. What is in force stays so, and is not said to have failed.
    """
    key, cluster = SliceKey.parse(claim.row.key), claim.row.cluster
    waiting = Grant.objects.filter(
        in_slice(key), cluster=cluster, applied_at=None, status__in=sorted(OPEN_GRANT_STATUSES)
    ).order_by("pk")
    # Locked before the slice, as everywhere: see `closing`.
    grants = list(waiting.select_for_update(no_key=True))
    if not grants:
        return []
    inventory = inventory_of_namespaces(cluster, {grant.namespace for grant in grants})
    profile = profile_for(cluster, ())
    problem = Problem(again.reason, again.message)
    answered = [one for one in grants if slice_that_answers(one, profile, inventory) == key]
    return mark_failed(problems=dict.fromkeys(answered, problem))
