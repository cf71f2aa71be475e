"""The chain of policies: pure functions, each about one theme, none knowing the others."""

from collections.abc import Iterable, Iterator

from egress.domain.access import Wish
from egress.domain.policies import (
    addresses,
    aliases,
    boundary,
    capacity,
    doors,
    durations,
    existing,
    names,
    packages,
    ports,
    protocols,
    shadows,
    shared_hosts,
    sharing,
    spelling,
    subjects,
    support,
    tcp,
    wildcards,
    wishes,
)
from egress.domain.policies.context import Case, DestinationPolicy, PolicyContext, WishPolicy
from egress.domain.policies.finding import Finding, Level

_ALWAYS: tuple[WishPolicy, ...] = (
    subjects.subject_allowed,
    support.version_supported,
    support.identity_enforced,
    wishes.number_of_destinations,
)
_WITH_INVENTORY: tuple[WishPolicy, ...] = (
    subjects.subject_exists,
    subjects.shared_identity,
    boundary.enforced,
    support.default_deny_where_needed,
    capacity.gateway_room,
    durations.duration,
)
_PER_DESTINATION: tuple[DestinationPolicy, ...] = (
    names.internal_name,
    addresses.address_range,
    addresses.fixed_addresses,
    spelling.misleading_name,
    shared_hosts.shared_host,
    wildcards.wildcard,
    ports.port,
    protocols.protocol_fits_port,
    protocols.origination_fits,
    protocols.clear_text,
    tcp.raw_tcp,
    tcp.speaks_tcp,
    tcp.greeting,
    support.range_supported,
    support.lookup_supported,
    support.gateway_known,
    doors.door_name,
    doors.long_lived,
    aliases.alias,
    wishes.agrees_with_earlier_ones,
    existing.already_granted,
    sharing.one_enforcement,
    sharing.one_way,
    sharing.one_lookup,
    sharing.central_ports,
    shadows.hidden_name,
    shadows.shared_address,
    existing.shares_port,
    capacity.ports,
)
_PER_DESTINATION_WITH_INVENTORY: tuple[DestinationPolicy, ...] = (
    *_PER_DESTINATION,
    tcp.own_address,
    doors.door_identities,
    capacity.identities,
    packages.packages_in_production,
    boundary.other_ports_close,
)


def evaluate(wish: Wish, context: PolicyContext) -> list[Finding]:
    """Return everything there is to say about a wish: first its subject, then each destination.

    What the live cluster says of it is for `posture.findings_for`.
    """
    return [
        *_of_wish(wish, context, (*_ALWAYS, *_WITH_INVENTORY)),
        *_of_destinations(wish, context, _PER_DESTINATION_WITH_INVENTORY),
    ]


def evaluate_without_inventory(wish: Wish, context: PolicyContext) -> list[Finding]:
    """Return the findings that no inventory and no duration are needed for."""
    return [
        *_of_wish(wish, context, _ALWAYS),
        *_of_destinations(wish, context, _PER_DESTINATION),
    ]


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


def _of_destinations(
    wish: Wish, context: PolicyContext, policies: Iterable[DestinationPolicy]
) -> Iterator[Finding]:
    said: set[tuple[str, str]] = set()
    for finding in _of_each_destination(wish, context, tuple(policies)):
        # Two ports of one host give the same remarks on the host; refusals stay at each of them.
        remark = (finding.reason, finding.message)
        if finding.level is Level.BLOCK or remark not in said:
            said.add(remark)
            yield finding


def _of_each_destination(
    wish: Wish, context: PolicyContext, policies: tuple[DestinationPolicy, ...]
) -> Iterator[Finding]:
    # A wish with too many destinations is refused as a whole; judging each would only cost time.
    for index in range(min(len(wish.destinations), context.limits.max_destinations)):
        case = Case(wish, index, context)
        misspelled = list(spelling.canonical_spelling(case))
        if misspelled:
            # The other policies compare names and rely on their one spelling.
            yield from misspelled
            continue
        for policy in policies:
            yield from policy(case)
