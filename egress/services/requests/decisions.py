"""Deciding a request: once, by somebody else, on the revision they saw, and only narrowing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import EllipsisType

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from egress import rules
from egress.domain.access import Wish
from egress.domain.lifecycle import RequestStatus, Verdict
from egress.domain.policies import Finding
from egress.domain.render import GENERATOR_VERSION
from egress.domain.wording import listed, quoted
from egress.models import Approval, Grant, Priority, Request
from egress.models.standing import Standing, standing_of
from egress.selectors import policy
from egress.selectors.bindings import decision_digest_of
from egress.services import audit, guards, outbox
from egress.services.actor import Actor
from egress.services.adoption.judging import facts_of, pin_of
from egress.services.audit import Entry, Tag
from egress.services.errors import Conflict, NotAllowed, Refused
from egress.services.ownership import owned_now
from egress.services.requests.adoptions import still_adoptable
from egress.services.requests.assessment import approvals_needed, at_positions, refuse_blocked
from egress.services.requests.openings import extend_grant, grant_entry, hold_subject, open_grants
from egress.services.requests.sights import UNSEEN, Sight, look
from egress.services.requests.submissions import refuse_moved
from egress.services.requests.terms import Terms, read_terms, said_of


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

    For an approval the live cluster is looked at first. Raises Missing; NotAllowed for requesters
    and for everybody who is no approver there, admins and superusers included; Refused when the
    verdicts are incomplete, or when a policy or the cluster blocks the access as things are now;
    Conflict when the request is decided, overdue or edited.
    """
    seen = _decidable(request, guards.standing_of_actor(actor))
    refuse_moved(seen, revision)
    text = guards.require_text(note, field="note", what="The note", limit=2000, required=False)
    said = partial(
        read_terms, revision=revision, verdicts=verdicts, duration_days=duration_days, note=text
    )
    sight = _look_for(seen) if said(seen).approved else UNSEEN
    with transaction.atomic():
        standing = guards.standing_of_actor(actor)
        stored = _decidable(request, standing)
        _claim(stored, revision, standing)
        terms, now = said(stored), timezone.now()
        if terms.approved:
            _approve(stored, terms, actor, sight, now)
        else:
            _deny(stored, terms, actor, now)
        return guards.fresh_request(stored.pk, standing)


def _look_for(request: Request) -> Sight:
    namespace = policy.present_namespace(request.cluster, request.namespace)
    owned = owned_now(request.requester, namespace, told=True)
    removes = pin_of(request.adoption) if request.adopts_digest else None
    return replace(look(request.cluster, request.namespace, removes), owned=owned)


def _decidable(request: Request, standing: Standing) -> Request:
    """Return the request as it is now. Raises Missing and NotAllowed."""
    stored = guards.fresh_request(request.pk, standing)
    _require_right(standing, stored)
    return stored


def _require_right(standing: Standing, request: Request) -> None:
    allowed, why = rules.why_may_decide(standing, request)
    if allowed:
        return
    own = rules.why_not_independent(standing, request)
    raise NotAllowed(why, reason="OwnRequest" if own else "NotAnApprover")


def _claim(request: Request, revision: int, standing: Standing) -> None:
    """Make this the only decision that is being taken, until the transaction ends."""
    claimed = Request.objects.filter(
        pk=request.pk, status=RequestStatus.PENDING, revision=revision
    ).update(revision=F("revision"))
    refuse_moved(request if claimed else guards.fresh_request(request.pk, standing), revision)
    if not claimed:
        raise Conflict("The request was changed meanwhile. Read it again.", reason="RevisionMoved")


def _deny(request: Request, terms: Terms, actor: Actor, now: datetime) -> None:
    _finish(request, RequestStatus.DENIED, terms, actor.name, now)
    audit.record(
        tag=Tag.REQUEST_DENIED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message="Denied the request.",
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={"revision": terms.revision, "note": terms.note, "digest": request.decision_digest},
        at=now,
    )


def _approve(request: Request, terms: Terms, actor: Actor, sight: Sight, now: datetime) -> None:
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
    findings = _findings_now(request, terms, sight)
    refuse_blocked(findings)
    _note_approval(request, terms, actor, now)
    agreeing = _agreeing(request, terms)
    needed = approvals_needed(findings)
    if len(agreeing) < needed:
        _record_waiting(request, terms, actor, now, needed - len(agreeing))
    else:
        _grant(request, terms, actor, now, agreeing)


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


def _findings_now(request: Request, terms: Terms, sight: Sight) -> tuple[Finding, ...]:
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
    return at_positions(findings, [row.position for row in rows])


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


def _agreeing(request: Request, terms: Terms) -> list[str]:
    """Return who said exactly this, without those who may not decide any more."""
    rows = request.approvals.filter(
        revision=terms.revision, digest=terms.digest, cleared_at__isnull=True
    ).select_related("approver")
    return [
        row.approver.username
        for row in rows.order_by("given_at", "pk")
        if rules.may_decide(row.approver, request)
    ]


def _record_waiting(
    request: Request, terms: Terms, actor: Actor, now: datetime, missing: int
) -> None:
    rows = list(request.destinations.all())
    audit.record(
        tag=Tag.REQUEST_APPROVAL_GIVEN,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=f"{said_of(rows, terms, request.duration_days)}; {missing} more must agree to the "
        "same terms.",
        cluster=request.cluster.name,
        namespace=request.namespace,
        data=_terms_facts(terms),
        at=now,
    )


def _grant(
    request: Request, terms: Terms, actor: Actor, now: datetime, approvers: list[str]
) -> None:
    by = listed(approvers)[:150]
    asked = request.duration_days
    _finish(request, RequestStatus.APPROVED, terms, by, now)
    rows = list(request.destinations.all())
    approved = [row for row in rows if row.verdict == Verdict.APPROVED]
    if request.renews is None:
        grants = open_grants(request, approved, days=terms.duration_days, granted_by=by, now=now)
    else:
        grants = [extend_grant(request.renews, days=terms.duration_days, now=now)]
    outbox.mark_grants(
        cluster=request.cluster,
        grants=grants,
        priority=Priority.GRANT,
        cause=f"Request #{request.pk} was approved by {by}.",
    )
    said = Entry(
        tag=Tag.REQUEST_APPROVED,
        actor=actor,
        target="request",
        target_id=request.pk,
        message=f"{said_of(rows, terms, asked)}.",
        cluster=request.cluster.name,
        namespace=request.namespace,
        data={
            **_terms_facts(terms),
            "asked_days": asked,
            "approvers": approvers,
            "digest": request.decision_digest,
            "generator_version": GENERATOR_VERSION,
            **({"adopts": facts_of(request.adoption)} if request.adopts_digest else {}),
        },
        at=now,
    )
    audit.record_all([said, *(_grant_entry(request, grant, actor, now) for grant in grants)])


def _grant_entry(request: Request, grant: Grant, actor: Actor, now: datetime) -> Entry:
    if request.renews_id is None:
        return grant_entry(Tag.GRANT_CREATED, grant, actor, f"Granted {grant}.", now)
    until = f"until {grant.expires_at:%Y-%m-%d %H:%M} UTC" if grant.expires_at else "without end"
    return grant_entry(Tag.GRANT_RENEWED, grant, actor, f"Renewed {grant} {until}.", now)


def _finish(request: Request, status: RequestStatus, terms: Terms, by: str, now: datetime) -> None:
    rows = list(request.destinations.all())
    for row in rows:
        row.verdict = terms.verdicts[row.position]
        row.save(update_fields=["verdict"])
    if status == RequestStatus.APPROVED:
        request.duration_days = terms.duration_days
    request.decision_digest = decision_digest_of(request)
    claimed = Request.objects.filter(
        pk=request.pk, status=RequestStatus.PENDING, revision=terms.revision
    ).update(
        status=status,
        duration_days=request.duration_days,
        decided_at=now,
        decided_by=by,
        decision_note=terms.note,
        decision_digest=request.decision_digest,
    )
    if claimed != 1:
        raise Conflict("The request was decided meanwhile. Read it again.", reason="AlreadyDecided")
    request.status = status


def _terms_facts(terms: Terms) -> dict[str, object]:
    return {
        "revision": terms.revision,
        "verdicts": {str(position): str(said) for position, said in terms.verdicts.items()},
        "duration_days": terms.duration_days,
        "note": terms.note,
        "terms": terms.digest,
    }
