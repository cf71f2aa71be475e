"""What keeps workloads from going around their grants, and what the proxies take over."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, Wish
from egress.domain.policies.context import Case, PolicyContext
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted


def enforced(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Say whether anything is denied in the namespace at all, and whether it is a boundary.

    istio.md 2.4, 5.3 (ambient does not honour a `Sidecar`), 7 and 9.
    """
    facts = context.facts_of(wish.subject.namespace)
    if facts is None or facts.name in context.cluster.protected_namespaces:
        return
    enforcement, shown = context.enforcement_of(wish), quoted(facts.name)
    if enforcement is not Enforcement.AMBIENT and not facts.default_deny:
        yield _about_namespace(
            "GrantedNotEnforced",
            f"Namespace {shown} may reach every host until its default deny is on. Ask its owner "
            "or an admin to switch it on.",
            Level.INFO,
        )
    elif enforcement is Enforcement.SIDECAR:
        yield _about_namespace(
            "Guardrail",
            f"In {shown} the workload's own proxy keeps to the grants, so a workload that goes "
            "around its proxy goes around them. Where that matters, ask an admin for gateway "
            "enforcement.",
            Level.INFO,
        )
    if enforcement is not Enforcement.SIDECAR and not facts.network_policy:
        yield _about_namespace(
            "NotABoundary",
            f"Nothing keeps workloads of {shown} from leaving past the "
            f"{'waypoint' if enforcement is Enforcement.AMBIENT else 'egress gateway'}: its "
            "network policy is not decided. Ask its owner or an admin to switch it on.",
            Level.WARN,
        )


def other_ports_close(case: Case) -> Iterator[Finding]:
    """Tell that with DNS capture the other ports of a host stop working (istio.md R-A9)."""
    destination, namespace = case.destination, case.wish.subject.namespace
    facts = case.context.facts_of(namespace)
    if (
        facts is None
        or facts.default_deny
        or destination.is_cidr
        or case.enforcement is Enforcement.AMBIENT
        or not case.context.inventory.captures_dns(namespace, case.context.cluster)
    ):
        return
    yield case.finding(
        "OtherPortsClose",
        f"Once {quoted(destination.host)} is granted, its ports without a grant stop working for "
        "the whole namespace. Request every port that is in use.",
        Level.INFO,
        "host",
    )


def _about_namespace(reason: str, message: str, level: Level) -> Finding:
    return Finding(reason, message, level, "namespace")
