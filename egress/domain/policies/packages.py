"""Package indexes reached from production: builds belong elsewhere."""

from collections.abc import Iterator

from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

STAGE_LABEL = "egress-portal.io/stage"
PRODUCTION = "production"


def packages_in_production(case: Case) -> Iterator[Finding]:
    """Warn when a namespace that is labelled as production reaches a package index.

    Which hosts those are differs from company to company: admins name them.
    """
    facts = case.context.facts_of(case.wish.subject.namespace)
    if facts is None or facts.labels.get(STAGE_LABEL) != PRODUCTION:
        return
    host = case.destination.host
    if any(_meet(pattern, host) for pattern in case.context.package_hosts):
        yield case.finding(
            "PackagesInProduction",
            f"{quoted(host)} serves packages, and {quoted(facts.name)} is production: what is "
            "fetched there runs unreviewed. Install packages when the image is built.",
            Level.WARN,
            "host",
        )


def _meet(one: str, other: str) -> bool:
    """Tell whether two hosts, each exact or `*.domain`, have a name in common."""
    return one == other or _covers(one, other) or _covers(other, one)


def _covers(wildcard: str, host: str) -> bool:
    return wildcard.startswith("*.") and host.removeprefix("*").endswith(wildcard[1:])
