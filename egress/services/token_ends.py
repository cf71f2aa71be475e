"""API tokens that end soon: whoever answers for one hears of it a week and a day before.

The audit event is what people are told of, like everything else: see services/notifications.
"""

from datetime import datetime, timedelta

from django.db import transaction

from egress.domain.wording import quoted
from egress.models import ApiToken, AuditEvent
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.one_by_one import do_each

DAYS_BEFORE = (7, 1)
AT_ONCE = 500


def remind_of_token_ends(*, now: datetime) -> int:
    """Announce every token that ends within a week, and again within a day; return how many.

    A token that was made for no longer than that is not announced: its end is no news.
    """
    soon = now + timedelta(days=max(DAYS_BEFORE))
    ending = ApiToken.objects.filter(
        revoked_at=None, expires_at__gt=now, expires_at__lte=soon, owner__is_active=True
    )
    rows = list(ending.order_by("expires_at", "pk")[:AT_ONCE])
    told = set(_announced([row.pk for row in rows])) if rows else set()
    steps = {row.pk: _step(row, now) for row in rows}
    due = [pk for pk, days in steps.items() if days and (str(pk), days) not in told]
    return do_each(due, lambda pk: _announce(pk, steps[pk]))


def _step(token: ApiToken, now: datetime) -> int:
    """Return how many days before its end the token is to be announced now, 0 for not at all."""
    if token.expires_at is None:
        return 0
    days = min(days for days in DAYS_BEFORE if token.expires_at - now <= timedelta(days=days))
    lasts = token.expires_at - token.created_at
    return days if lasts > timedelta(days=days) else 0


def _announced(tokens: list[int]) -> list[tuple[str, int]]:
    events = AuditEvent.objects.filter(
        tag=Tag.TOKEN_EXPIRING, target="token", target_id__in=[str(pk) for pk in tokens]
    )
    return list(events.values_list("target_id", "data__days"))


@transaction.atomic
def _announce(pk: int, days: int) -> bool:
    audit.take_turn()
    token = ApiToken.objects.select_related("owner").filter(pk=pk, revoked_at=None).first()
    if token is None or token.expires_at is None or (str(pk), days) in _announced([pk]):
        return False
    audit.record(
        tag=Tag.TOKEN_EXPIRING,
        actor=Actor.system("reminders"),
        target="token",
        target_id=pk,
        message=(
            f"The API token {quoted(token.name)} of {quoted(token.owner)} ends on "
            f"{token.expires_at:%Y-%m-%d at %H:%M} UTC. Make another one if it is still used."
        ),
        data={"owner": token.owner.username, "prefix": token.prefix, "days": days},
    )
    return True
