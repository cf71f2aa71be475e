"""Default deny of a namespace: a decision of its own, shown before it is taken (istio.md 2.4)."""

from django.conf import settings

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.domain.access import Enforcement
from egress.domain.difference import diff
from egress.domain.enforcements.central import admitted_hosts
from egress.domain.manifests.sidecar import default_deny
from egress.domain.naming import SIDECAR_NAME
from egress.domain.wording import quoted
from egress.models import Grant, Namespace
from egress.selectors.policy import inventory_of, open_accesses, open_grants
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.convergence.collisions import default_export, is_visible
from egress.services.convergence.strangers import hosts_of
from egress.services.hardening.decisions import (
    Hardening,
    HardeningPreview,
    decide,
    digest_of,
    looking_at,
    our_uids,
    place,
    unproxied,
)

_NAMED = 20
_EVERYTHING = "Every connection to a host outside the registry of the mesh: it is reset."


def preview_default_deny(*, namespace: Namespace, on: bool) -> HardeningPreview:
    """Return what switching default deny would do. Raises Unavailable without the cluster."""
    with looking_at(namespace) as gateway:
        sidecars = gateway.list(kinds.SIDECAR, namespace.name).items
        entries = gateway.list(kinds.SERVICE_ENTRY).items if on else []
    ours = our_uids(namespace)
    default = default_export(namespace.cluster.mesh)
    foreign = [entry for entry in entries if entry["metadata"].get("uid") not in ours]
    visible = [entry for entry in foreign if is_visible(entry, namespace.name, default)]
    would_stop = (_EVERYTHING, *_not_applied(namespace)) if on else ()
    registered = _registered(visible) if on else []
    blocked = tuple(_blocked(namespace, on, sidecars, ours))
    text = _diff(namespace, on, sidecars)
    notes = (*registered, *_unaffected(namespace, sidecars)) if on else ()
    digest = digest_of(namespace, on, text, would_stop, registered, blocked)
    return HardeningPreview(text, would_stop, blocked, notes, digest)


def set_default_deny(
    *, namespace: Namespace, on: bool, actor: Actor, reason: str, digest: str
) -> Namespace:
    """Decide that a namespace may reach registered hosts only, or that it may reach any.

    Raises like `decisions.decide`.
    """
    return decide(
        DEFAULT_DENY, namespace=namespace, on=on, actor=actor, reason=reason, digest=digest
    )


DEFAULT_DENY = Hardening(
    "default deny",
    "default_deny",
    Tag.NAMESPACE_DEFAULT_DENY_SET,
    lambda namespace, on: preview_default_deny(namespace=namespace, on=on),
)


def _not_applied(namespace: Namespace) -> list[str]:
    """Return sentences about grants that the cluster does not carry yet."""
    missing: list[Grant] = [
        grant
        for grant in open_grants(namespace.cluster, namespace.name)
        if grant.applied_at is None or grant.failed_reason
    ]
    return [
        f"{quoted(grant.destination)} is granted but not applied yet: it stops until it is."
        for grant in missing
    ]


def _registered(visible: list[KubeObject]) -> list[str]:
    """Return sentences about hosts that others registered."""
    notes = [
        f"{quoted(host)} goes on: the ServiceEntry {quoted(place(entry))} registers it."
        for entry in sorted(visible, key=place)[:_NAMED]
        for host in sorted(hosts_of(entry))
    ]
    if len(visible) > _NAMED:
        notes.append(f"So do the hosts of {len(visible) - _NAMED} more ServiceEntries.")
    return notes


def _unaffected(namespace: Namespace, sidecars: list[KubeObject]) -> list[str]:
    """Return sentences about pods for which the decision does not count."""
    notes = unproxied(namespace)
    if not namespace.injected:
        notes.append("The namespace is not injected: new pods have no proxy and ignore this.")
    notes += [
        f"The Sidecar {quoted(place(one))} selects pods of its own: for them it counts, not this."
        for one in sidecars
        if _selects_pods(one)
    ]
    return notes


def _blocked(
    namespace: Namespace, on: bool, sidecars: list[KubeObject], ours: set[str]
) -> list[str]:
    blocked = []
    profile = namespace.cluster.profile(settings.INSTALLATION)
    enforcement = namespace.enforcement or namespace.cluster.enforcement
    if on and enforcement == Enforcement.AMBIENT:
        blocked.append(
            f"The enforcement of {quoted(namespace.name)} is {quoted(enforcement)}, where proxies "
            "pass unknown hosts on whatever a Sidecar says. Switch its network policy on instead."
        )
    if on and namespace.name in profile.protected_namespaces:
        blocked.append(f"{quoted(namespace.name)} belongs to the cluster itself.")
    for one in sidecars:
        is_foreign = one["metadata"].get("uid") not in ours
        if on and is_foreign and (_is_default(one) or not _selects_pods(one)):
            blocked.append(
                f"The Sidecar {quoted(place(one))} is not the portal's and governs the whole "
                'namespace. Set "outboundTrafficPolicy.mode: REGISTRY_ONLY" in it, or remove it.'
            )
    return blocked


def _diff(namespace: Namespace, on: bool, sidecars: list[KubeObject]) -> str:
    live = next((one for one in sidecars if _is_default(one)), None)
    cluster, name = namespace.cluster, namespace.name
    profile = cluster.profile(settings.INSTALLATION)
    accesses = open_accesses(cluster, name)
    hosts = admitted_hosts(profile, inventory_of(cluster, name), name, accesses)
    wanted = default_deny(profile, name, hosts)
    return diff(live, wanted if on else None)


def _is_default(sidecar: KubeObject) -> bool:
    return bool(sidecar["metadata"]["name"] == SIDECAR_NAME)


def _selects_pods(sidecar: KubeObject) -> bool:
    return bool((sidecar.get("spec") or {}).get("workloadSelector"))
