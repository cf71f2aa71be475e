"""The chain of policies: pure functions, each about one theme, none knowing the others."""

from collections.abc import Iterable, Iterator

from egress.domain.access import Wish
from egress.domain.policies import (
    addresses,
    durations,
    existing,
    names,
    ports,
    protocols,
    shared_hosts,
    spelling,
    subjects,
    support,
    wishes,
)
from egress.domain.policies.context import Case, DestinationPolicy, PolicyContext, WishPolicy
from egress.domain.policies.finding import Finding, Level

_ALWAYS: tuple[WishPolicy, ...] = (
    subjects.subject_allowed,
    support.enforcement_supported,
    support.identity_enforced,
    wishes.number_of_destinations,
)
_WITH_INVENTORY: tuple[WishPolicy, ...] = (
    subjects.subject_exists,
    subjects.shared_identity,
    durations.duration,
)
_PER_DESTINATION: tuple[DestinationPolicy, ...] = (
    names.internal_name,
    addresses.address_range,
    spelling.misleading_name,
    shared_hosts.shared_host,
    ports.port,
    protocols.protocol_fits_port,
    protocols.origination_fits,
    protocols.clear_text,
    support.destination_supported,
    wishes.agrees_with_earlier_ones,
    existing.already_granted,
    existing.agrees_with_grants,
    existing.shares_port,
)


def evaluate(wish: Wish, context: PolicyContext) -> list[Finding]:
    """Return everything there is to say about a wish: first its subject, then each destination."""
    return [
        *_of_wish(wish, context, (*_ALWAYS, *_WITH_INVENTORY)),
        *_of_destinations(wish, context),
    ]


def evaluate_without_inventory(wish: Wish, context: PolicyContext) -> list[Finding]:
    """Return the findings that no inventory and no duration are needed for."""
    return [*_of_wish(wish, context, _ALWAYS), *_of_destinations(wish, context)]


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that refuse a wish."""
    return [finding for finding in findings if finding.level is Level.BLOCK]


def needs_two_approvers(findings: Iterable[Finding]) -> bool:
    """Tell whether two distinct approvers have to agree."""
    return any(finding.level is Level.REVIEW for finding in findings)


def _of_wish(
    wish: Wish, context: PolicyContext, policies: Iterable[WishPolicy]
) -> Iterator[Finding]:
    for policy in policies:
        yield from policy(wish, context)


def _of_destinations(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    said: set[tuple[str, str]] = set()
    for finding in _of_each_destination(wish, context):
        # Two ports of one host give the same remarks on the host; refusals stay at each of them.
        remark = (finding.reason, finding.message)
        if finding.level is Level.BLOCK or remark not in said:
            said.add(remark)
            yield finding


def _of_each_destination(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    # A wish with too many destinations is refused as a whole; judging each would only cost time.
    for index in range(min(len(wish.destinations), context.limits.max_destinations)):
        case = Case(wish, index, context)
        misspelled = list(spelling.canonical_spelling(case))
        if misspelled:
            # The other policies compare names and rely on their one spelling.
            yield from misspelled
            continue
        for policy in _PER_DESTINATION:
            yield from policy(case)
