"""Who gets access: a namespace or service account that exists, and whose traffic has a proxy."""

from collections.abc import Iterator

from egress.domain.access import Enforcement, NamespaceFacts, Subject, Wish
from egress.domain.naming import is_dns_label, is_dns_subdomain
from egress.domain.policies.context import PolicyContext
from egress.domain.policies.finding import Finding, Level
from egress.domain.wording import quoted

_DATAPLANE_LABEL = "istio.io/dataplane-mode"


def subject_allowed(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse names that no subject can have, and namespaces of the cluster itself."""
    subject = wish.subject
    if not is_dns_label(subject.namespace):
        yield _namespace_finding(
            "NamespaceMalformed",
            f"{quoted(subject.namespace)} is no namespace. Check its spelling.",
        )
    elif subject.namespace in context.cluster.protected_namespaces:
        yield _namespace_finding(
            "NamespaceProtected",
            f"Namespace {quoted(subject.namespace)} belongs to the cluster itself and gets no "
            "grants. Choose the namespace of an application.",
        )
    if subject.service_account and not is_dns_subdomain(subject.service_account):
        yield _account_finding(
            "ServiceAccountMalformed",
            f"{quoted(subject.service_account)} is no service account. Check its spelling.",
        )


def subject_exists(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Refuse what the inventory does not know, and namespaces without proxies."""
    subject = wish.subject
    if subject.namespace in context.cluster.protected_namespaces:
        return
    facts = context.facts_of(subject.namespace)
    if facts is None:
        yield _namespace_finding(
            "NamespaceUnknown",
            f"Namespace {quoted(subject.namespace)} is not in this cluster. Check the spelling and "
            "the cluster, or create it first.",
            codes=("KIA0005",),
        )
        return
    if context.enforcement_of(wish) is Enforcement.AMBIENT:
        yield from _in_ambient(facts)
    else:
        yield from _with_sidecars(facts)
    if subject.service_account and subject.service_account not in facts.service_accounts:
        yield _account_finding(
            "ServiceAccountUnknown",
            f"Service account {quoted(subject.service_account)} is not in namespace "
            f"{quoted(subject.namespace)}. Check the spelling, or create it first.",
            codes=("KIA0106",),
        )


def _with_sidecars(facts: NamespaceFacts) -> Iterator[Finding]:
    """Judge a namespace whose grants its pods' sidecars carry out (istio.md PF9)."""
    if not facts.injected:
        yield _namespace_finding(
            "NamespaceWithoutProxy",
            f"The pods of {quoted(facts.name)} have no Istio proxy, so a grant would have "
            "no effect. Switch sidecar injection on for the namespace first.",
        )
    elif facts.uninjected_pods:
        yield _namespace_finding(
            "PodsWithoutProxy",
            f"Some pods of {quoted(facts.name)} have no Istio proxy, for example "
            f"{quoted(facts.uninjected_pods[0])}: grants and denials do not reach them. Restart "
            "them with injection switched on.",
            Level.WARN,
        )


def _in_ambient(facts: NamespaceFacts) -> Iterator[Finding]:
    """Judge a namespace whose grants the waypoint carries out; sidecars go past it (5.3)."""
    if facts.labels.get(_DATAPLANE_LABEL) != "ambient":
        yield _namespace_finding(
            "NamespaceNotInAmbient",
            f"The pods of {quoted(facts.name)} are not in the ambient mesh, so a grant would have "
            f"no effect. Label the namespace {_DATAPLANE_LABEL}=ambient first.",
        )
    elif facts.labels.get("istio-injection") == "enabled" or facts.labels.get("istio.io/rev"):
        yield _namespace_finding(
            "SidecarsUnderAmbient",
            f"New pods of {quoted(facts.name)} get sidecars, and those do not go through the "
            "waypoint: grants and denials do not reach them. Switch injection off.",
            Level.WARN,
        )


def shared_identity(wish: Wish, context: PolicyContext) -> Iterator[Finding]:
    """Warn of the service account that every pod has unless somebody chose another one."""
    if _is_default(wish.subject):
        yield _account_finding(
            "DefaultServiceAccount",
            'Every pod without a service account of its own runs as "default" and would get '
            "access. Give the workload its own service account.",
            Level.WARN,
        )


def _is_default(subject: Subject) -> bool:
    return subject.service_account == "default"


def _namespace_finding(
    reason: str, message: str, level: Level = Level.BLOCK, codes: tuple[str, ...] = ()
) -> Finding:
    return Finding(reason, message, level, "namespace", codes)


def _account_finding(
    reason: str, message: str, level: Level = Level.BLOCK, codes: tuple[str, ...] = ()
) -> Finding:
    return Finding(reason, message, level, "service_account", codes)
