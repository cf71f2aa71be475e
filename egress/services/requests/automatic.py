"""Decisions of the rule book, right after somebody asked: nobody is waited for.

A rule approves only what it covers as a whole, what no policy wants people to look at, and what no
other rule denies or wants people for. It never adopts anything.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from egress.domain.lifecycle import Verdict
from egress.domain.policies import Finding, Level
from egress.domain.rule_book import DENIES, Automatic, Outcome
from egress.models import Request
from egress.selectors import policy
from egress.selectors.rule_book import outcome_of
from egress.services.actor import Actor
from egress.services.audit import Entry
from egress.services.errors import Conflict, Refused
from egress.services.requests import finishing
from egress.services.requests.openings import hold_subject
from egress.services.requests.sights import Sight
from egress.services.requests.terms import Terms

_PEOPLE_LOOK = (Level.REVIEW, Level.BLOCK)


def without_denials(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings without denials of rules: such a request is made, and denied on record."""
    return tuple(finding for finding in findings if finding.reason != DENIES)


def settle(request: Request, outcome: Outcome, sight: Sight, now: datetime) -> list[Entry]:
    """Approve or deny a request that was just made, if the rule book says so; return the events.

    An approval that cannot be carried out leaves the request to people. Call it before anything is
    recorded: it takes the locks of a decision.
    """
    if outcome.automatic is Automatic.DENY:
        denials = [one.message for one in outcome.findings if one.reason == DENIES]
        terms = _terms(request, Verdict.DENIED, " ".join(denials)[:2000])
        entries = finishing.deny(request, terms, _actor(outcome), now)
    elif outcome.automatic is Automatic.APPROVE:
        entries = _approve_or_leave(request, sight, now)
    else:
        return []
    request.refresh_from_db()
    return entries


def _approve_or_leave(request: Request, sight: Sight, now: datetime) -> list[Entry]:
    try:
        # A savepoint: what was done before somebody else was found to be faster is undone.
        with transaction.atomic():
            return _approve(request, sight, now)
    except (Refused, Conflict):
        return []


def _approve(request: Request, sight: Sight, now: datetime) -> list[Entry]:
    """Grant a request as things are under the lock, unless that is for people now."""
    pins = hold_subject(
        cluster_id=request.cluster_id,
        namespace=request.namespace,
        service_account=request.service_account,
        uids=(request.namespace_uid, request.service_account_uid),
    )
    request.cluster = pins.namespace.cluster
    wish = request.wish()
    findings = policy.findings_for(
        request.cluster,
        wish,
        renews=request.renews,
        posture=sight.findings(request.cluster, wish),
    )
    outcome = outcome_of(
        request.cluster, wish, request.requester, findings, request.reason, request.ticket
    )
    stopped = any(one.level in _PEOPLE_LOOK for one in (*findings, *outcome.findings))
    if stopped or outcome.automatic is not Automatic.APPROVE:
        return []
    note = f"Approved by rule {outcome.rule} of rule book v{outcome.version}."
    terms = _terms(request, Verdict.APPROVED, note)
    return finishing.grant(request, terms, _actor(outcome), now, [outcome.decider])


def _actor(outcome: Outcome) -> Actor:
    return Actor.system(outcome.decider)


def _terms(request: Request, verdict: Verdict, note: str) -> Terms:
    verdicts = {row.position: verdict for row in request.destinations.all()}
    return Terms(request.revision, verdicts, request.duration_days, note)
