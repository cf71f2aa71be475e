"""What speaks against putting a suspended grant back into force."""

from datetime import datetime

from egress import rules
from egress.domain.access import Wish
from egress.domain.authority import approvals_in, stages_for
from egress.domain.lifecycle import GrantStatus
from egress.domain.wording import quoted
from egress.models import Grant, Namespace, Person
from egress.models.standing import Standing, standing_of
from egress.selectors import policy
from egress.selectors.rule_book import outcome_of
from egress.services import guards
from egress.services.errors import Conflict, NotAllowed, Refused
from egress.services.requests.assessment import refuse_blocked
from egress.services.requests.openings import refuse_unbound


def require_right_to_resume(standing: Standing, grant: Grant) -> None:
    """Raise NotAllowed unless somebody of this standing is an approver who did not ask for it."""
    if rules.may_resume(standing, grant):
        return
    own = grant.request.requester_id == standing.person_id
    raise NotAllowed(
        "You asked for this grant yourself, so somebody else has to resume it."
        if own
        else f"Only an approver for namespace {quoted(grant.namespace)} may resume a grant.",
        reason="OwnRequest" if own else "NotAnApprover",
    )


def refuse_not_resumable(grant: Grant, now: datetime) -> None:
    """Raise Conflict when the grant is not suspended, or its time is over at `now`."""
    if grant.status != GrantStatus.SUSPENDED:
        raise Conflict(
            f"Grant #{grant.pk} is {quoted(grant.status)}, not suspended: nothing to resume.",
            reason="GrantNotSuspended",
        )
    if grant.expires_at is not None and grant.expires_at <= now:
        raise Conflict(
            f"The time of grant #{grant.pk} is over. Make a new request.", reason="GrantEnded"
        )
    refuse_unbound(grant)


def refuse_what_needs_a_request(grant: Grant, namespace: Namespace) -> None:
    """Raise Refused for what a policy blocks, or what one approver may not give today."""
    wish = Wish(grant.subject, (grant.destination,), guards.as_duration(grant.duration_days))
    findings = policy.findings_for(grant.cluster, wish, renews=grant)
    asked, why = grant.request, ""
    requester = asked.requester
    outcome = outcome_of(grant.cluster, wish, requester, findings, asked.reason, None)
    refuse_blocked((*findings, *outcome.findings))
    stages = stages_for(findings, outcome.stages)
    if any(stage.team for stage in stages) or approvals_in(stages) > 1:
        why = f"{quoted(grant.destination)} needs more than one approver."
    elif namespace.uid != grant.namespace_uid and not _may_ask(requester, namespace):
        why = (
            f"Namespace {quoted(namespace)} was made again, and {quoted(requester)} may not ask "
            "for access of the new one."
        )
    if why:
        raise Refused(
            f"{why} Revoke this grant, and let its team ask for the access anew.",
            reason="RequestNeeded",
        )


def _may_ask(requester: Person, namespace: Namespace) -> bool:
    """Tell whether a team of the requester owns the namespace; no cluster is asked here."""
    return rules.may_ask(standing_of(requester).acting(), namespace)
