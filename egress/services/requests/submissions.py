"""Submitting a request, and editing one that nobody decided yet."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from egress import rules
from egress.domain.access import Destination, Subject
from egress.domain.lifecycle import RequestStatus
from egress.domain.wording import quoted
from egress.models import Adoption, Cluster, Grant, Namespace, Person, Request, RequestDestination
from egress.models.standing import Standing
from egress.selectors.bindings import adoption_digest_of
from egress.services import audit, guards
from egress.services.actor import Actor
from egress.services.adoption.judging import pin_of
from egress.services.errors import Conflict, NotAllowed, Refused
from egress.services.ownership import owned_now
from egress.services.requests.assessment import Assessment, as_stored, assess, refuse_blocked
from egress.services.requests.automatic import settle, without_denials
from egress.services.requests.drafts import Reading, RequestDraft, namespace_named, read
from egress.services.requests.fixed import refuse_other_access
from egress.services.requests.sights import Sight, look
from egress.services.requests.telling import changed, facts, submitted
from egress.services.requests.voices import keep_stages
from egress.services.sign_in import before_asking


def submit(*, draft: RequestDraft, actor: Actor) -> Request:
    """Create a request that waits for a decision, unless the rule book decides it at once.

    The live cluster is looked at first. Raises Refused, with sentences by field, when the draft
    cannot be understood, when a policy or the cluster blocks it, or when nobody could approve it;
    NotAllowed when the namespace is not theirs to ask for; and Unavailable when only its cluster
    could tell and does not answer.
    """
    before_asking(actor)
    owned = owned_now(guards.person_of(actor), namespace_named(draft))
    standing = guards.standing_of_actor(actor, owned)
    sight = _look_for(read(draft, standing), standing)
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        return create(reading=read(draft, standing), standing=standing, actor=actor, sight=sight)


def _look_for(reading: Reading, standing: Standing, *, adopts: bool = False) -> Sight:
    cluster, namespace, _ = understood(reading)
    require_right_to_ask(standing, namespace, adopts=adopts)
    return look(cluster, namespace.name)


def create(
    *,
    reading: Reading,
    standing: Standing,
    actor: Actor,
    sight: Sight,
    renews: Grant | None = None,
    adopts: Adoption | None = None,
) -> Request:
    """Create a request from what was understood of a draft, like `submit`.

    `adopts` is the object to take over, not stored yet; the right to ask for that was checked.
    """
    cluster, namespace, destinations = understood(reading)
    if adopts is None:
        require_right_to_ask(standing, namespace)
    person = guards.person_of(actor)
    assessment = _assessed(
        reading, namespace, destinations, person, sight, renews, adopts=adopts is not None
    )
    # A rule that denies is no reason to refuse: the request is made, and denied on record.
    refuse_blocked(assessment.findings if adopts else without_denials(assessment.findings))
    now = timezone.now()
    request = Request.objects.create(
        **_columns(reading, cluster, namespace, assessment, now),
        requester=person,
        renews=renews,
        adopts_digest=adoption_digest_of(adopts) if adopts else "",
        created_at=now,
    )
    _store(request, destinations)
    keep_stages(request, assessment.stages)
    if adopts:
        adopts.request = request
        adopts.save(force_insert=True)
    entries = [submitted(request, destinations, actor, adopts, now)]
    if adopts is None:
        entries += settle(request, assessment.outcome, sight, now)
    audit.record_all(entries)
    return request


def edit(*, request: Request, draft: RequestDraft, actor: Actor, revision: int) -> Request:
    """Replace what a pending request asks for; only its requester may, and approvals are cleared.

    What a rule covers then is approved at once, like after `submit`; what a rule denies is refused.
    `revision` is the one that was edited. Raises Missing, NotAllowed, Refused like `submit`, and
    Conflict when the request was decided or edited meanwhile.
    """
    before_asking(actor)
    owned = owned_now(guards.person_of(actor), namespace_named(draft))
    standing = guards.standing_of_actor(actor, owned)
    seen = _own_pending(request, standing, revision)
    sight = _look_for(read(draft, standing), standing, adopts=bool(seen.adopts_digest))
    with transaction.atomic():
        standing = guards.standing_of_actor(actor, owned)
        stored = _own_pending(request, standing, revision)
        return _edit(stored, read(draft, standing), standing, actor, sight)


def _own_pending(request: Request, standing: Standing, revision: int) -> Request:
    stored = guards.fresh_request(request.pk, standing)
    if stored.requester_id != standing.person_id:
        raise NotAllowed(
            f"Only {stored.requester} may edit this request. Write a comment, or ask for it "
            "yourself.",
            reason="NotTheRequester",
        )
    refuse_moved(stored, revision)
    return stored


def _edit(
    stored: Request, reading: Reading, standing: Standing, actor: Actor, sight: Sight
) -> Request:
    cluster, namespace, destinations = understood(reading)
    require_right_to_ask(standing, namespace, adopts=bool(stored.adopts_digest))
    before = facts(stored, [row.destination for row in stored.destinations.all()])
    if stored.renews is not None or stored.adopts_digest:
        refuse_other_access(stored, cluster, namespace, reading, destinations)
    if stored.adopts_digest:
        _, sight = sight.adopting(pin_of(stored.adoption))
    assessment = _assessed(
        reading,
        namespace,
        destinations,
        stored.requester,
        sight,
        stored.renews,
        adopts=bool(stored.adopts_digest),
    )
    refuse_blocked(assessment.findings)
    now = timezone.now()
    _claim_edit(stored, standing, _columns(reading, cluster, namespace, assessment, now))
    stored.approvals.filter(cleared_at__isnull=True).update(cleared_at=now)
    stored.destinations.all().delete()
    edited = guards.fresh_request(stored.pk, standing)
    _store(edited, destinations)
    keep_stages(edited, assessment.stages)
    told = changed(edited, before, destinations, actor, now)
    settled = [] if stored.adopts_digest else settle(edited, assessment.outcome, sight, now)
    audit.record_all([told, *settled])
    return edited


def _claim_edit(request: Request, standing: Standing, columns: dict[str, Any]) -> None:
    revision = request.revision
    pending = Request.objects.filter(pk=request.pk, status=RequestStatus.PENDING, revision=revision)
    edit = {"revision": F("revision") + 1, "edited_at": timezone.now()}
    if pending.update(**columns, **edit) == 1:
        return
    refuse_moved(guards.fresh_request(request.pk, standing), revision)
    raise Conflict("The request was changed meanwhile. Read it again.", reason="RevisionMoved")


def understood(reading: Reading) -> tuple[Cluster, Namespace, list[Destination]]:
    """Return what a request needs. Raises Refused when something was not understood."""
    destinations = [found for found in reading.destinations if found is not None]
    if reading.errors or reading.cluster is None or reading.namespace is None:
        first = next(iter(reading.errors.values()))[0]
        raise Refused(first, reason="InputNotUnderstood", fields=reading.errors)
    return reading.cluster, reading.namespace, destinations


def require_right_to_ask(standing: Standing, namespace: Namespace, *, adopts: bool = False) -> None:
    """Raise NotAllowed when the namespace is not theirs to ask for.

    `adopts` tells that an object is adopted, which admins may ask for as well.
    """
    if rules.may_adopt(standing, namespace) if adopts else rules.may_ask(standing, namespace):
        return
    owner, by_review = namespace.owner_name, ""
    if namespace.cluster.owner_by_review:
        by_review = ", and its cluster does not let you create deployments there"
    ask = f"Ask somebody of team {quoted(owner)}." if owner else "Ask an admin to set its owner."
    raise NotAllowed(
        f"Namespace {quoted(namespace.name)} does not belong to one of your teams{by_review}. "
        f"{ask}",
        reason="NotTheOwner",
    )


def refuse_moved(request: Request, revision: int) -> None:
    """Raise Conflict when the request is decided, overdue, or at another revision."""
    if not request.is_pending:
        by = f" by {request.decided_by}" if request.decided_by else ""
        raise Conflict(
            f"The request is {request.status} already{by}. Ask again if you still need it.",
            reason="AlreadyDecided",
        )
    if request.revision != revision:
        raise Conflict(
            f"The request was edited meanwhile: you saw revision {revision}, it is at "
            f"{request.revision}. Read it again.",
            reason="RevisionMoved",
        )
    if request.lapses_at <= timezone.now():
        raise Conflict(
            "Nobody decided the request in time, so it lapsed. Ask again.", reason="Lapsed"
        )


def _assessed(
    reading: Reading,
    namespace: Namespace,
    destinations: list[Destination],
    requester: Person,
    sight: Sight,
    renews: Grant | None,
    *,
    adopts: bool,
) -> Assessment:
    account = reading.account.name if reading.account else ""
    return assess(
        cluster=namespace.cluster,
        subject=Subject(namespace.name, account),
        destinations=destinations,
        duration_days=reading.duration_days,
        requester=requester,
        renews=renews,
        sight=sight,
        reason=reading.reason,
        # The form of an adoption has no ticket.
        ticket=None if adopts else reading.ticket,
    )


def _columns(
    reading: Reading,
    cluster: Cluster,
    namespace: Namespace,
    assessment: Assessment,
    now: datetime,
) -> dict[str, Any]:
    account = reading.account
    return {
        "cluster": cluster,
        "namespace": namespace.name,
        "namespace_uid": namespace.uid,
        "service_account": account.name if account else "",
        "service_account_uid": account.uid if account else "",
        "reason": reading.reason,
        "ticket": reading.ticket,
        "duration_days": reading.duration_days,
        **as_stored(assessment),
        "lapses_at": now + timedelta(days=settings.REQUEST_LAPSE_DAYS),
    }


def _store(request: Request, destinations: list[Destination]) -> None:
    RequestDestination.objects.bulk_create(
        RequestDestination(
            request=request,
            position=position,
            host=destination.host,
            port=destination.port,
            protocol=destination.protocol,
            tls_origination=destination.tls_origination,
            addresses=list(destination.addresses),
            resolution=destination.resolution,
            alias=destination.alias,
        )
        for position, destination in enumerate(destinations)
    )
