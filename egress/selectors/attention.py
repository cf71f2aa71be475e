"""What waits for somebody, as the numbers that every page shows."""

from dataclasses import dataclass

from egress.models import Person
from egress.models.standing import Standing
from egress.selectors.counting import CountOf
from egress.selectors.notifications import unread_notifications
from egress.selectors.requests import queue


@dataclass(frozen=True)
class Attention:
    """How many requests wait for a person's decision, and how many notifications are unread."""

    to_decide: int = 0
    unread: int = 0


def attention_of(standing: Standing) -> Attention:
    """Return what waits for the person; unread notifications are counted up to UNREAD_COUNTED."""
    if standing.person_id is None:
        return Attention()
    figures = {"unread": CountOf(unread_notifications(standing).values("pk"))}
    if standing.scopes:
        figures["to_decide"] = CountOf(queue(standing).order_by().values("pk"))
    rows = Person.objects.filter(pk=standing.person_id).values(**figures)
    found = rows.first()
    return Attention(**found) if found else Attention()
