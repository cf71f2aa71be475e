"""The wish as a whole: how many destinations, and whether they agree with each other."""

from collections.abc import Iterator

from egress.domain.access import Wish
from egress.domain.policies.context import Case, PolicyContext
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted


def number_of_destinations(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse an empty wish, and one that nobody could review."""
    count, most = len(wish.destinations), context.limits.max_destinations
    if count == 0:
        message = "The request names no destination. Add a host and a port."
        yield Finding("NoDestination", message, Level.BLOCK, "destinations")
    elif count > most:
        yield Finding(
            "TooManyDestinations",
            f'A request has at most {most} destinations, this one has "{count}". Split it.',
            Level.BLOCK,
            "destinations",
        )


def agrees_with_earlier_ones(case: Case) -> Iterator[Finding]:
    """Refuse a destination that the same wish names before, equally or in another way."""
    destination = case.destination
    for earlier in case.wish.destinations[: case.index]:
        if earlier == destination:
            yield case.finding(
                "DestinationRepeated",
                f"{quoted(destination)} stands in this request twice. Remove one of them.",
                Level.BLOCK,
            )
            return
        if (earlier.host, earlier.port) == (destination.host, destination.port):
            yield case.finding(
                "ProtocolConflict",
                f"This request names {quoted(destination)} and {quoted(earlier)}, but a port is "
                "spoken to in one way only. Keep one of them.",
                Level.BLOCK,
                "protocol",
            )
            return
