"""What renewing, suspending and resuming a grant does to its recertification.

Recertifications and grants are locked in one order everywhere: the row of the recertification
first. So all of this comes before the grant itself is written.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import F, Q

from egress.models import Recertification, Request
from egress.models.recertification import WAITING
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.requests.openings import grant_entry


def hold_recertification(grant: int) -> None:
    """Keep others from answering or ending the recertification of a grant until the commit."""
    # An UPDATE that changes nothing: the lock that works on both databases.
    Recertification.objects.filter(grant=grant).update(due_at=F("due_at"))


def ask_anew(grant: int) -> None:
    """Take back what was announced: whoever comes back is asked with all the time there is."""
    told = Q(announced_at__isnull=False) | Q(reminded_at__isnull=False)
    waiting = Recertification.objects.filter(told, grant=grant, closed_at__isnull=True)
    waiting.update(announced_at=None, reminded_at=None)


def answered_by_renewal(request: Request, by: str, actor: Actor, now: datetime) -> list[Entry]:
    """Take an approved renewal for the answer of the owners, where one is waited for.

    Only owners ask for a renewal, so who asked is who confirms. Robots confirm nothing: for
    theirs it is the people who approved, `by`, and what a rule approved for a robot is no answer.
    """
    grant, requester = request.renews, request.requester
    if grant is None or (requester.is_robot and actor.person is None):
        return []
    confirmer = by if requester.is_robot else requester.username
    days = request.cluster.recertify_days
    note, due_at = f"Renewed by request #{request.pk}.", now + timedelta(days=days)
    waiting = Recertification.objects.filter(WAITING, grant=grant.pk)
    answered = days and waiting.update(
        announced_at=None,
        reminded_at=None,
        confirmed_at=now,
        confirmed_by=confirmer,
        note=note,
        cycle_days=days,
        due_at=due_at,
    )
    if not answered:
        return []
    message = f"Request #{request.pk} renewed {grant}, so it is still needed."
    told = grant_entry(Tag.RECERTIFICATION_CONFIRMED, grant, actor, message, now)
    facts = {"due_at": due_at, "note": note, "confirmed_by": confirmer, "renewal": request.pk}
    return [replace(told, data={**told.data, **facts})]
