"""One spelling per host, and names that look like other names."""

from collections.abc import Iterator

from egress.domain.hosts import (
    HostError,
    canonical_destination_host,
    lookalike,
    mixed_script_labels,
    unicode_form,
)
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted


def canonical_spelling(case: Case) -> Iterator[Finding]:
    """Refuse a host that is not in its one canonical form: two spellings would be two grants."""
    host = case.destination.host
    try:
        canonical = canonical_destination_host(host)
    except HostError as error:
        yield case.finding(error.reason, error.message, Level.BLOCK, "host")
        return
    if canonical != host:
        yield case.finding(
            "HostNotCanonical",
            f"{quoted(host)} is another spelling of {quoted(canonical)}. Request that one.",
            Level.BLOCK,
            "host",
        )


def misleading_name(case: Case) -> Iterator[Finding]:
    """Show international names for what they are, and have look-alikes reviewed."""
    host = case.destination.host
    shown = unicode_form(host)
    if case.destination.is_cidr or shown == host:
        return
    mixed = mixed_script_labels(host)
    twin = lookalike(host)
    if mixed or twin:
        what = f"mixes alphabets in {quoted(mixed[0])}" if mixed else f"looks like {quoted(twin)}"
        yield case.finding(
            "MisleadingName",
            f"{quoted(shown)} is really {quoted(host)} and {what}. Compare it with the name its "
            "owner publishes; two approvers have to agree.",
            Level.REVIEW,
            "host",
        )
        return
    yield case.finding(
        "InternationalName",
        f"{quoted(shown)} is kept as {quoted(host)}. Check that this is the name you mean.",
        Level.INFO,
        "host",
    )
