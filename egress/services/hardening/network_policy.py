"""The network policy that closes the way around the proxies: a decision like default deny.

istio.md 7: what a pod without a proxy, or one that avoids it, may reach.
"""

from django.conf import settings

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.domain.access import Enforcement
from egress.domain.difference import diff
from egress.domain.manifests.network_policy import client_policy
from egress.domain.naming import NETWORK_POLICY_NAME
from egress.domain.wording import quoted
from egress.models import Namespace
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.hardening.decisions import (
    Hardening,
    HardeningPreview,
    decide,
    digest_of,
    looking_at,
    our_uids,
    place,
)

_STOPS = {
    Enforcement.GATEWAY: (
        "Every connection of a pod to an address outside the cluster that does not take the "
        "egress gateway: pods without a proxy, excluded ports, UDP, and DNS servers elsewhere.",
    ),
    Enforcement.AMBIENT: (
        "Every connection of a pod to an address outside the cluster that does not take the "
        "waypoint: unknown hosts, UDP, and DNS servers elsewhere.",
    ),
    Enforcement.SIDECAR: (
        "Every connection of a pod to private and link-local addresses outside the cluster.",
    ),
}
_GUARDRAIL = (
    "Under sidecar enforcement pods reach the Internet themselves, so a pod that avoids its proxy "
    "still reaches every public address. Only the egress gateway is a boundary."
)
_NEEDS_CNI = "It has an effect only where the network of the cluster enforces NetworkPolicies."
_HOST_NETWORK = "Pods on the host's network are not affected."


def preview_network_policy(*, namespace: Namespace, on: bool) -> HardeningPreview:
    """Return what switching the network policy would do. Raises Unavailable without the cluster."""
    with looking_at(namespace) as gateway:
        policies = gateway.list(kinds.NETWORK_POLICY, namespace.name).items
    live = next((p for p in policies if p["metadata"]["name"] == NETWORK_POLICY_NAME), None)
    enforcement = Enforcement(namespace.enforcement or namespace.cluster.enforcement)
    would_stop = _STOPS[enforcement] if on else ()
    blocked = tuple(_blocked(namespace, on, live))
    wanted = client_policy(
        namespace.cluster.profile(settings.INSTALLATION), namespace.name, enforcement
    )
    text = diff(live, wanted if on else None)
    notes = _notes(enforcement, policies) if on else ()
    return HardeningPreview(
        text, would_stop, blocked, notes, digest_of(namespace, on, text, would_stop, blocked)
    )


def set_network_policy(
    *, namespace: Namespace, on: bool, actor: Actor, reason: str, digest: str
) -> Namespace:
    """Decide that nothing leaves a namespace past the proxies, or that it may.

    Raises like `decisions.decide`.
    """
    return decide(
        NETWORK_POLICY, namespace=namespace, on=on, actor=actor, reason=reason, digest=digest
    )


NETWORK_POLICY = Hardening(
    "network policy",
    "network_policy",
    Tag.NAMESPACE_NETWORK_POLICY_SET,
    lambda namespace, on: preview_network_policy(namespace=namespace, on=on),
)


def _blocked(namespace: Namespace, on: bool, live: KubeObject | None) -> list[str]:
    blocked = []
    profile = namespace.cluster.profile(settings.INSTALLATION)
    if on and namespace.name in profile.protected_namespaces:
        blocked.append(f"{quoted(namespace.name)} belongs to the cluster itself.")
    if live and live["metadata"].get("uid") not in our_uids(namespace):
        blocked.append(
            f"The NetworkPolicy {quoted(place(live))} is not the portal's and has its name. "
            "Rename or remove it."
        )
    return blocked


def _notes(enforcement: Enforcement, policies: list[KubeObject]) -> tuple[str, ...]:
    """Return what is not affected; policies add up, so each other one opens more."""
    others = [
        f"The NetworkPolicy {quoted(place(one))} allows egress of its own, which adds to this one."
        for one in policies
        if one["metadata"]["name"] != NETWORK_POLICY_NAME
        and "Egress" in ((one.get("spec") or {}).get("policyTypes") or [])
    ]
    guardrail = [_GUARDRAIL] if enforcement is Enforcement.SIDECAR else []
    return (*guardrail, *others, _HOST_NETWORK, _NEEDS_CNI)
