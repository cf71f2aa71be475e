"""What this release can enforce safely, and what it refuses until it can."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, Protocol, Wish
from egress.domain.policies.context import Case, PolicyContext
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted


def enforcement_supported(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse namespaces whose enforcement has no safe objects yet."""
    enforcement = context.enforcement_of(wish)
    if enforcement is not Enforcement.SIDECAR:
        yield Finding(
            "EnforcementNotSupported",
            f"Namespace {quoted(wish.subject.namespace)} is set to {quoted(enforcement)} "
            'enforcement, which is not supported yet. Ask an admin to set it to "sidecar".',
            Level.BLOCK,
            "namespace",
        )


def identity_enforced(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse service accounts where nothing checks identities (istio.md 2.2)."""
    if wish.subject.is_namespace or context.enforcement_of(wish) is not Enforcement.SIDECAR:
        return
    yield Finding(
        "ServiceAccountNotEnforced",
        "Under sidecar enforcement nothing checks the service account "
        f"{quoted(wish.subject.service_account)}: every pod of the namespace would get access. "
        f"Request it for the namespace {quoted(wish.subject.namespace)} instead.",
        Level.BLOCK,
        "service_account",
    )


def destination_supported(case: Case) -> Iterator[Finding]:
    """Refuse kinds of destinations that cannot be created safely yet."""
    destination = case.destination
    if destination.is_cidr:
        yield case.finding(
            "AddressRangeNotSupported",
            f"Address ranges such as {quoted(destination.host)} are not supported yet. Request a "
            "host name.",
            Level.BLOCK,
            "host",
        )
    elif destination.is_wildcard:
        yield case.finding(
            "WildcardNotSupported",
            f"Wildcards such as {quoted(destination.host)} need TLS and Istio 1.30 or newer, and "
            "are not supported yet. Request the single hosts.",
            Level.BLOCK,
            "host",
        )
    if destination.protocol is Protocol.TCP:
        yield case.finding(
            "TcpNotSupported",
            f'Plain TCP on port "{destination.port}" is not supported yet: without an address of '
            "its own it would take over that port for the namespace. If the server speaks TLS from "
            "the first byte, request TLS.",
            Level.BLOCK,
            "protocol",
        )
