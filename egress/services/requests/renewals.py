"""Asking for more time: a request like any other, whose approval extends the same grant."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from egress.domain.lifecycle import RequestStatus
from egress.domain.wording import quoted
from egress.models import Grant, Request
from egress.models.standing import Standing
from egress.selectors import policy
from egress.services import guards, texts
from egress.services.actor import Actor
from egress.services.errors import Conflict
from egress.services.ownership import owned_of_grant
from egress.services.requests.drafts import Reading, read_days
from egress.services.requests.openings import RENEWABLE, Pins, hold_subject, refuse_unbound
from egress.services.requests.recertified import hold_recertification
from egress.services.requests.sights import UNSEEN, Sight, look
from egress.services.requests.submissions import create, require_right_to_ask
from egress.services.sign_in import before_asking


def renew(*, grant: Grant, actor: Actor, reason: str, duration_days: int | None) -> Request:
    """Ask for the grant to last `duration_days` longer than it does; the subject's team may.

    Neither the person who asks nor the one who asked for the grant may decide it. Raises Missing,
    NotAllowed, Refused like `submit`, and Conflict when the grant has ended, has no end, or waits
    for another renewal already.
    """
    before_asking(actor)
    owned = owned_of_grant(grant, actor)
    sight = _look_for(grant, guards.standing_of_actor(actor, owned))
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        stored = guards.fresh_grant(grant.pk, standing)
        pins = _hold(stored)
        require_right_to_ask(standing, pins.namespace)
        # A rule may approve this at once, which answers a recertification: its lock is the first.
        hold_recertification(stored.pk)
        # The lock on the grant: two people who renew at once make one request.
        Grant.objects.filter(pk=stored.pk).update(status=F("status"))
        stored = guards.fresh_grant(grant.pk, standing)
        _refuse_not_renewable(stored)
        return create(
            reading=_reading(stored, pins, reason, duration_days),
            standing=standing,
            actor=actor,
            sight=sight,
            renews=stored,
        )


def _look_for(grant: Grant, standing: Standing) -> Sight:
    """Look at the cluster, unless it will be refused anyway."""
    stored = guards.fresh_grant(grant.pk, standing)
    namespace = policy.present_namespace(stored.cluster, stored.namespace)
    if namespace is None or stored.status not in RENEWABLE:
        return UNSEEN
    require_right_to_ask(standing, namespace)
    return look(stored.cluster, stored.namespace)


def _hold(grant: Grant) -> Pins:
    return hold_subject(
        cluster_id=grant.cluster_id,
        namespace=grant.namespace,
        service_account=grant.service_account,
        uids=(grant.namespace_uid, grant.service_account_uid),
    )


def _refuse_not_renewable(grant: Grant) -> None:
    if grant.status not in RENEWABLE or (grant.expires_at or timezone.now()) < timezone.now():
        raise Conflict(
            f"Grant #{grant.pk} is {quoted(grant.status)}, so it cannot be renewed. Make a new "
            "request.",
            reason="GrantNotRenewable",
        )
    if grant.expires_at is None:
        raise Conflict(
            f"Grant #{grant.pk} has no end date, so there is nothing to renew.", reason="NoEndDate"
        )
    refuse_unbound(grant)
    waiting = grant.renewals.filter(status=RequestStatus.PENDING).first()
    if waiting is not None:
        raise Conflict(
            f"Request #{waiting.pk} asks to renew this grant already. Wait for its decision, or "
            "edit it.",
            reason="RenewalPending",
        )


def _reading(grant: Grant, pins: Pins, reason: str, days: int | None) -> Reading:
    reading = Reading(
        cluster=grant.cluster,
        namespace=pins.namespace,
        account=pins.account,
        destinations=(grant.destination,),
        reason=texts.tidy(reason),
        ticket=grant.request.ticket,
    )
    reading.object_to(
        "reason", texts.problem_of_text(reading.reason, what="The reason", limit=2000)
    )
    reading.duration_days = read_days(days, reading)
    return reading
