"""Wildcards: whose they may be, and where they can be kept (istio.md 8)."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, Protocol
from egress.domain.hosts.suffixes import covers_suffixes
from egress.domain.policies.context import Case
from egress.domain.policies.finding import Finding, Level
from egress.domain.policies.shared_hosts import covers_shared_hosts
from egress.domain.policies.support import is_version_known
from egress.domain.refusals.support import WILDCARD_TLS_FLAG
from egress.domain.wording import quoted


def wildcard(case: Case) -> Iterator[Finding]:
    """Refuse wildcards that cannot be kept or are of many owners; have the others reviewed."""
    if not case.destination.is_wildcard:
        return
    refusals = [*_of_many_owners(case), *_not_kept(case)]
    yield from refusals
    if not refusals:
        host = case.destination.host
        yield case.finding(
            "Wildcard",
            f"{quoted(host)} opens every name below {quoted(host[2:])}, those of the future "
            "included. Request the single hosts, or let two approvers agree.",
            Level.REVIEW,
            "host",
        )


def _of_many_owners(case: Case) -> Iterator[Finding]:
    domain = case.destination.host[2:]
    if covers_suffixes(domain) or covers_shared_hosts(domain):
        yield case.refusal(
            "WildcardOfManyOwners",
            f"Many owners have names below {quoted(domain)}, so it would open all of them. "
            "Request the single hosts.",
            "host",
        )


def _not_kept(case: Case) -> Iterator[Finding]:
    enforcement, protocol = case.enforcement, case.destination.protocol
    if enforcement is Enforcement.GATEWAY:
        yield _unsupported(case, "An egress gateway looks up single names only.")
    elif protocol is Protocol.TCP:
        yield _unsupported(case, "With TCP the client says no name.")
    elif enforcement is Enforcement.SIDECAR:
        if protocol is not Protocol.TLS:
            yield _unsupported(case, f"Sidecars keep wildcards for TLS only, not for {protocol}.")
        else:
            yield from _too_old(case, (1, 30))
    elif protocol.is_http_family:
        yield from _too_old(case, (1, 28))
    else:
        yield from _too_old(case, (1, 29))
        if not case.context.cluster.has(WILDCARD_TLS_FLAG):
            yield _unsupported(
                case,
                f"For TLS, a waypoint keeps them only with {WILDCARD_TLS_FLAG}=true at istiod.",
            )


def _too_old(case: Case, version: tuple[int, int]) -> Iterator[Finding]:
    cluster = case.context.cluster
    if cluster.is_at_least(*version):
        return
    runs = (
        f"this cluster runs {quoted(cluster.istio_version)}"
        if is_version_known(cluster)
        else "the version of this cluster is not known"
    )
    needed = ".".join(map(str, version))
    yield _unsupported(case, f"It needs Istio {needed} or newer, and {runs}.")


def _unsupported(case: Case, why: str) -> Finding:
    return case.refusal(
        "WildcardNotSupported",
        f"{quoted(case.destination.host)} cannot be kept here. {why} Request the single hosts.",
        "host",
    )
