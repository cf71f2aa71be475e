"""API tokens that end soon: whoever answers for one hears of it a week and a day before.

The audit event is what people are told of, like everything else: see services/notifications.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, QuerySet
from django.db.models.functions import Cast

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
    return sum(_remind(days, now) for days in sorted(DAYS_BEFORE))


def _remind(days: int, now: datetime) -> int:
    due = _due(days, now).order_by("expires_at", "pk")[:AT_ONCE]
    return do_each(list(due.values_list("pk", flat=True)), lambda pk: _announce(pk, days))


def _due(days: int, now: datetime) -> QuerySet[ApiToken]:
    """Return the tokens whose end is to be announced at this step, and was not so far."""
    sooner = max((other for other in DAYS_BEFORE if other < days), default=0)
    told = AuditEvent.objects.filter(
        tag=Tag.TOKEN_EXPIRING,
        target="token",
        target_id=Cast(OuterRef("pk"), CharField()),
        data__days=days,
    )
    return ApiToken.objects.filter(
        ~Exists(told),
        revoked_at=None,
        owner__is_active=True,
        expires_at__gt=now + timedelta(days=sooner),
        expires_at__lte=now + timedelta(days=days),
        created_at__lt=F("expires_at") - timedelta(days=days),
    )


@transaction.atomic
def _announce(pk: int, days: int) -> bool:
    audit.take_turn()
    token = ApiToken.objects.select_related("owner").filter(pk=pk, revoked_at=None).first()
    said = AuditEvent.objects.filter(tag=Tag.TOKEN_EXPIRING, target="token", target_id=str(pk))
    if token is None or token.expires_at is None or said.filter(data__days=days).exists():
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
