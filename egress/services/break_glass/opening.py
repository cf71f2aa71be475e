"""Opening what is asked for at once: only the approvals are left out, and nothing else."""

from datetime import datetime, timedelta
from types import EllipsisType

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from egress import rules
from egress.domain.lifecycle import Verdict
from egress.domain.wording import quoted
from egress.models import BreakGlass, HeldRemoval, Request
from egress.models.standing import Standing
from egress.selectors import policy
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.errors import NotAllowed, Refused
from egress.services.ownership import owned_now
from egress.services.requests import finishing
from egress.services.requests.decisions import claim, look_for, weigh
from egress.services.requests.submissions import refuse_moved
from egress.services.requests.terms import Terms
from egress.services.sign_in import before_deciding

FEWEST_WORDS = 3
_HOURS_A_DAY = 24


def open_at_once(
    *,
    request: Request,
    actor: Actor,
    revision: int,
    reason: str,
    hours: int | EllipsisType = ...,
) -> BreakGlass:
    """Open all that a pending request asks for, without its approval; return the opening.

    Access ends `hours` after this moment, whenever it begins; as many as are allowed, unless
    given. `revision` is the one that was read, `reason` a sentence. Everything else is as in an
    approval: the live cluster is looked at first, and policies, rules, the requester's right and
    the subject are asked again.

    Raises Missing; NotAllowed for everybody who has not the role break-glass there for all of it,
    or may neither ask for the subject nor decide there; Refused without a reason, for a renewal
    or an adoption, while the brake holds removals in the cluster, and for what is blocked;
    Conflict when the request is decided, overdue or edited; Unavailable when somebody's right
    cannot be read.
    """
    before_deciding(actor)
    owned = _owned_by(actor, request)
    seen = _openable(request, guards.standing_of_actor(actor, owned))
    refuse_moved(seen, revision)
    why = _sentence(reason)
    lasting = hours_for(seen) if isinstance(hours, EllipsisType) else _accepted(hours, seen)
    sight = look_for(seen)
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        stored = _openable(request, standing)
        claim(stored, revision, standing)
        verdicts = {row.position: Verdict.APPROVED for row in stored.destinations.all()}
        terms = Terms(revision, verdicts, -(-lasting // _HOURS_A_DAY), "")
        weigh(stored, terms, sight)
        # The risk may have risen since somebody asked.
        _require_right(standing, stored)
        _refuse_under_brake(stored)
        return _open(stored, terms, actor, why, timedelta(hours=lasting))


def hours_for(request: Request) -> int:
    """Return for how many hours the request may be opened at once at most; 0 for never."""
    if settings.SECOND_LOOK_HOURS <= 0:
        return 0
    longest = request.duration_days or settings.MAX_DURATION_DAYS
    return int(min(settings.BREAK_GLASS_HOURS, longest * _HOURS_A_DAY))


def why_never(request: Request) -> str:
    """Return why nobody may open the pending request at once, empty when somebody may."""
    if hours_for(request) < 1:
        return "Break-glass is switched off here. Ask the approvers of this request."
    if request.renews is not None:
        ends = request.renews.expires_at
        until = f" until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
        return f"It is open already{until}. Renewing it takes an ordinary approval."
    if request.adopts_digest:
        return "This takes over what is open already, so it takes an ordinary approval."
    return ""


def _owned_by(actor: Actor, request: Request) -> frozenset[int]:
    """Return the request's namespace when its cluster says that the actor may deploy there."""
    standing = guards.standing_of_actor(actor)
    if not standing.break_glass or rules.may_break_glass(standing, request):
        return frozenset()
    namespace = policy.present_namespace(request.cluster, request.namespace)
    return owned_now(guards.person_of(actor), namespace)


def _openable(request: Request, standing: Standing) -> Request:
    """Return the request as it is now. Raises Missing, NotAllowed and Refused."""
    stored = guards.fresh_request(request.pk, standing)
    _require_right(standing, stored)
    if stored.is_pending and (why := why_never(stored)):
        raise Refused(why, reason="BreakGlassNotPossible")
    return stored


def _require_right(standing: Standing, request: Request) -> None:
    allowed, why = rules.why_may_break_glass(standing, request)
    if not allowed:
        raise NotAllowed(why, reason="NoBreakGlass")


def _sentence(reason: str) -> str:
    text = guards.require_text(reason, field="reason", what="The reason", limit=2000)
    if len(text.split()) < FEWEST_WORDS:
        problem = "Say in a sentence what is broken, and why this cannot wait for an approval."
        raise Refused(problem, reason="TextNotAccepted", fields={"reason": [problem]})
    return text


def _accepted(hours: object, request: Request) -> int:
    most = hours_for(request)
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= most:
        problem = f"{quoted(hours)} is no duration for this. Give 1 to {most} hours."
        raise Refused(problem, reason="DurationWidened", fields={"hours": [problem]})
    return hours


def _refuse_under_brake(request: Request) -> None:
    if HeldRemoval.objects.filter(cluster=request.cluster_id).exists():
        raise Refused(
            f"The brake holds removals in cluster {quoted(request.cluster)}: something there is "
            "not as it was decided. Let an admin look at that first.",
            reason="BrakeHolds",
        )


def _open(
    request: Request, terms: Terms, actor: Actor, reason: str, lasting: timedelta
) -> BreakGlass:
    now = timezone.now()
    entries = finishing.grant(
        request, terms, actor, now, [f"{actor.name} (break-glass)"], until=now + lasting
    )
    Request.objects.filter(pk=request.pk).update(risk=request.risk)
    patience = min(settings.SECOND_LOOK_HOURS, settings.MAX_DURATION_DAYS * _HOURS_A_DAY)
    opening = BreakGlass.objects.create(
        request=request,
        opened_by=guards.person_of(actor),
        reason=reason,
        opened_at=now,
        ends_at=now + lasting,
        look_by=now + timedelta(hours=patience),
    )
    audit.record_all([_opened(opening, actor, now), *entries])
    return opening


def _opened(opening: BreakGlass, actor: Actor, now: datetime) -> Entry:
    request = opening.request
    return Entry(
        tag=Tag.BREAK_GLASS_OPENED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=(
            f"Broke the glass: {request.subject} has access until "
            f"{opening.ends_at:%Y-%m-%d %H:%M} UTC without approval. Somebody else has to look at "
            f"it by {opening.look_by:%Y-%m-%d %H:%M} UTC."
        ),
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={
            "note": opening.reason,
            "revision": request.revision,
            "ends_at": opening.ends_at,
            "look_by": opening.look_by,
        },
        at=now,
    )
