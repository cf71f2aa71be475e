"""Deciding a request: once, by somebody else, on the revision they saw, and only narrowing."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import EllipsisType

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from egress import rules
from egress.domain.access import Wish
from egress.domain.authority import Stage, stages_for
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.domain.policies import Finding
from egress.domain.wording import quoted
from egress.models import Approval, Request
from egress.models.standing import Standing, standing_of
from egress.selectors import policy
from egress.selectors.rule_book import outcome_of
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.adoption.judging import pin_of
from egress.services.errors import Conflict, NotAllowed, Refused
from egress.services.factors import require_factor_to_decide
from egress.services.ownership import owned_now
from egress.services.requests import finishing
from egress.services.requests.adoptions import still_adoptable
from egress.services.requests.assessment import at_positions, refuse_blocked, risk_of
from egress.services.requests.openings import hold_subject
from egress.services.requests.recording import waiting
from egress.services.requests.sights import UNSEEN, Sight, look
from egress.services.requests.submissions import refuse_moved
from egress.services.requests.terms import Terms, read_terms
from egress.services.requests.voices import hear, heard_before, keep_stages, lender_in, require_way
from egress.services.sign_in import before_deciding, read_again


def decide(
    *,
    request: Request,
    actor: Actor,
    revision: int,
    verdicts: Mapping[int, Verdict],
    note: str = "",
    duration_days: int | EllipsisType | None = ...,
) -> Request:
    """Decide a pending request, with a verdict for every position; return it as it is then.

    With every verdict a denial the request is denied. Otherwise it is approved, or stays pending
    with an approval on record when a second person has to agree. `duration_days` may only
    shorten what is asked for; leave it out to keep that. `revision` is the one that was read.

    For an approval the live cluster is looked at first, and providers are asked again about all on
    whose right it rests. Raises Missing; NotAllowed for requesters
    and for everybody who is no approver there, or not of all that they approve, admins and
    superusers included; Refused when the verdicts are incomplete, or when a policy or the cluster
    blocks the access as things are now; Conflict when the request is decided, overdue or edited;
    Unavailable when somebody's right cannot be read.
    """
    before_deciding(actor)
    seen = _decidable(request, guards.standing_of_actor(actor))
    refuse_moved(seen, revision)
    text = guards.require_text(note, field="note", what="The note", limit=2000, required=False)
    said = partial(
        read_terms, revision=revision, verdicts=verdicts, duration_days=duration_days, note=text
    )
    sight = _look_to_decide(seen, said(seen))
    with transaction.atomic():
        standing = guards.standing_of_actor(actor)
        stored = _decidable(request, standing)
        claim(stored, revision, standing)
        terms, now = said(stored), timezone.now()
        if terms.approved:
            _approve(stored, terms, actor, standing, sight, now)
        else:
            lender = lender_in(standing, stored)
            audit.record_all(finishing.deny(stored, terms, actor, now, lender))
        return guards.fresh_request(stored.pk, standing)


def _look_to_decide(request: Request, terms: Terms) -> Sight:
    if not terms.approved:
        return UNSEEN
    approvers = heard_before(request, terms).values_list("approver_id", flat=True)
    return look_for(request, approvers)


def look_for(request: Request, approvers: Iterable[int] = ()) -> Sight:
    """Return what an opening of the request is judged by that only the live cluster knows.

    Before that providers are asked about its requester and those who approved it already.
    """
    read_again([request.requester_id, *approvers])
    namespace = policy.present_namespace(request.cluster, request.namespace)
    owned = owned_now(request.requester, namespace, told=True)
    removes = pin_of(request.adoption) if request.adopts_digest else None
    return replace(look(request.cluster, request.namespace, removes), owned=owned)


def _decidable(request: Request, standing: Standing) -> Request:
    """Return the request as it is now. Raises Missing and NotAllowed."""
    stored = guards.fresh_request(request.pk, standing)
    _require_right(standing, stored)
    require_factor_to_decide(standing)
    return stored


def _require_right(standing: Standing, request: Request) -> None:
    allowed, why = rules.why_may_decide(standing, request)
    if allowed:
        return
    own = rules.why_not_independent(standing, request)
    raise NotAllowed(why, reason="OwnRequest" if own else "NotAnApprover")


def claim(request: Request, revision: int, standing: Standing) -> None:
    """Make this the only decision that is being taken, until the transaction ends.

    Raises Conflict when the request is decided, overdue or edited.
    """
    claimed = Request.objects.filter(
        pk=request.pk, status=RequestStatus.PENDING, revision=revision
    ).update(revision=F("revision"))
    refuse_moved(request if claimed else guards.fresh_request(request.pk, standing), revision)
    if not claimed:
        raise Conflict("The request was changed meanwhile. Read it again.", reason="RevisionMoved")


def _approve(
    request: Request,
    terms: Terms,
    actor: Actor,
    standing: Standing,
    sight: Sight,
    now: datetime,
) -> None:
    stages = weigh(request, terms, sight)
    way = require_way(standing, request, terms, stages)
    keep_stages(request, stages)
    _note_approval(request, terms, actor, now)
    heard = hear(request, terms, stages)
    lender = way.authority if way.lender_id is not None else ""
    if heard.missing:
        audit.record_all([waiting(request, terms, actor, now, heard, lender)])
        return
    approvers = [voice.person for voice in heard.voices]
    audit.record_all(finishing.grant(request, terms, actor, now, approvers, lender, heard.facts()))


def weigh(request: Request, terms: Terms, sight: Sight) -> tuple[Stage, ...]:
    """Hold the subject, and return the stages that an approval on these terms takes now.

    Everything is asked as it is under the lock; the risk is raised where it rose. Raises Refused
    for a subject that is gone, a requester who may not ask any more, and what a policy, a rule or
    the cluster blocks.
    """
    pins = hold_subject(
        cluster_id=request.cluster_id,
        namespace=request.namespace,
        service_account=request.service_account,
        uids=(request.namespace_uid, request.service_account_uid),
    )
    # As it is under the lock: its settings may have changed since.
    request.cluster = pins.namespace.cluster
    _require_requester(request, sight)
    if request.adopts_digest:
        sight = still_adoptable(request, terms, sight)
    findings, demanded = _findings_now(request, terms, sight)
    refuse_blocked(findings)
    # The rules look at the risk, which may have risen since somebody asked.
    request.risk = max(request.risk, risk_of(findings))
    return stages_for(findings, demanded)


def _require_requester(request: Request, sight: Sight) -> None:
    """Refuse what its requester could not ask for today, as far as was asked just now."""
    namespace = policy.present_namespace(request.cluster, request.namespace)
    standing = standing_of(request.requester).acting(sight.owned)
    may = rules.may_adopt if request.adopts_digest else rules.may_ask
    if namespace is None or not may(standing, namespace):
        raise Refused(
            f"{quoted(request.requester)} may no longer ask for namespace "
            f"{quoted(request.namespace)}. Deny this, and let its team ask again.",
            reason="RequesterMayNotAsk",
        )


def _findings_now(
    request: Request, terms: Terms, sight: Sight
) -> tuple[tuple[Finding, ...], tuple[Stage, ...]]:
    """Return what policies and rule book say to the terms now, and the stages that rules demand."""
    rows = [row for row in request.destinations.all() if row.position in terms.approved]
    wish = Wish(
        request.subject,
        tuple(row.destination for row in rows),
        guards.as_duration(terms.duration_days),
    )
    findings = policy.findings_for(
        request.cluster,
        wish,
        renews=request.renews,
        posture=sight.findings(request.cluster, wish),
    )
    # The form of an adoption has no ticket.
    ticket = None if request.adopts_digest else request.ticket
    outcome = outcome_of(request.cluster, wish, request.requester, findings, request.reason, ticket)
    said = at_positions((*findings, *outcome.findings), [row.position for row in rows])
    return said, outcome.stages


def _note_approval(request: Request, terms: Terms, actor: Actor, now: datetime) -> None:
    word = {"request": request, "approver": guards.person_of(actor), "revision": terms.revision}
    row = Approval.objects.filter(**word).first() or Approval(**word)
    if row.pk and row.cleared_at is None and row.digest == terms.digest:
        raise Conflict(
            "You have approved exactly this already. Somebody else has to agree.",
            reason="AlreadyApproved",
        )
    row.verdicts = {str(position): str(verdict) for position, verdict in terms.verdicts.items()}
    row.duration_days = terms.duration_days
    row.digest, row.note = terms.digest, terms.note
    row.given_at, row.cleared_at = now, None
    row.save()
