"""Which open grants may be carried out now: what was decided, for the subject of the decision."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

from egress.domain.access import Inventory
from egress.domain.lifecycle import GrantStatus
from egress.models import Grant
from egress.selectors.bindings import is_bound
from egress.selectors.ground import is_pinned
from egress.services.convergence.state import Problem

RENEWAL_TAKES = timedelta(seconds=20)
"""How long after its end a grant that nobody ended yet still counts.

A renewal may be decided before the end and stored a moment after it. Ending takes turns with
that in the database, looking here does not: it would cut what goes on. Grants are ended within a
sweep of their time; this is the last guard should that fail.
"""


def why_unfit(
    grant: Grant, inventory: Inventory, live_uids: Mapping[str, str] | None, now: datetime
) -> Problem | None:
    """Return why a grant must be left out, None when it may be carried out.

    `live_uids` are the uids that the cluster gives for namespaces, empty for one that is not
    there; None skips the comparison with them.
    """
    # Ending is final: an open grant that somebody ended once was opened again by hand.
    if not is_bound(grant) or grant.ended_by or grant.confirmed_at:
        return Problem("Tampered", _TAMPERED, lasting=True)
    if grant.expires_at and grant.expires_at + RENEWAL_TAKES <= now:
        return Problem("Expired", "The grant has run out and is about to be ended.", lasting=True)
    too_old = now - timedelta(days=settings.GRANT_LAPSE_DAYS)
    if grant.status == GrantStatus.PENDING and grant.created_at <= too_old:
        return Problem("Overdue", "The grant waited too long and is about to lapse.", lasting=True)
    is_there = live_uids is None or live_uids.get(grant.namespace, "") == grant.namespace_uid
    if not is_there or not is_pinned(grant, inventory):
        return Problem("SubjectGone", _SUBJECT_GONE.format(subject=grant.subject))
    return None


_TAMPERED = (
    "The grant no longer matches what was decided, so it is not applied. Compare it with its "
    "request in the audit trail, then revoke it."
)
_SUBJECT_GONE = '"{subject}" is not the one this was decided for: it was deleted, or made again.'
