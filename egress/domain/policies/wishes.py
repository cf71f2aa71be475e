"""The wish as a whole: how many destinations, and whether they agree with each other."""

from collections.abc import Iterator

from egress.domain.access import Destination, Resolution, Wish
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
    same_host = [e for e in case.wish.destinations[: case.index] if e.host == destination.host]
    for earlier in same_host:
        if earlier.port == destination.port:
            yield _repeated(case, earlier)
            return
    for earlier in same_host:
        has_entries = not (earlier.is_fixed_address or destination.is_fixed_address)
        other_lookup = _lookup(earlier) != _lookup(destination)
        if has_entries and other_lookup:
            yield case.refusal(
                "AddressConflict",
                f"This request names {quoted(earlier)} and {quoted(destination)}, but the "
                "addresses of a host, and how they are looked up, are the same for all its ports. "
                "Give both the same.",
                "addresses" if earlier.addresses != destination.addresses else "long_lived",
            )
            return


def _repeated(case: Case, earlier: Destination) -> Finding:
    destination = case.destination
    if earlier.way == destination.way:
        return case.refusal(
            "DestinationRepeated",
            f"{quoted(destination)} stands in this request twice. Remove one of them.",
        )
    return case.refusal(
        "ProtocolConflict",
        f"This request names {quoted(destination)} and {quoted(earlier)}, but a port is "
        "spoken to in one way only. Keep one of them.",
        "protocol",
        ("IST0177",),
    )


def _lookup(destination: Destination) -> tuple[tuple[str, ...], Resolution]:
    return destination.addresses, destination.resolution
