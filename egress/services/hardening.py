"""Default deny of a namespace: a decision of its own, shown before it is taken (istio.md 2.4)."""

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import KubeObject
from egress.domain.access import Enforcement
from egress.domain.difference import diff
from egress.domain.manifests.sidecar import default_deny
from egress.domain.naming import SIDECAR_NAME
from egress.domain.objects import canonical_json
from egress.domain.wording import quoted
from egress.models import Grant, Namespace, OwnedObject, Priority
from egress.rules import is_admin, may_set_default_deny
from egress.selectors.policy import open_grants
from egress.services import audit, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.convergence.collisions import default_export, hosts_of, is_visible
from egress.services.errors import Conflict, NotAllowed, Refused, Unavailable
from egress.services.gateways import open_gateway
from egress.services.guards import require_text

_NAMED = 20
_EVERYTHING = "Every connection to a host outside the registry of the mesh: it is reset."


@dataclass(frozen=True)
class DefaultDenyPreview:
    """What switching default deny of a namespace on or off would do, as things are now.

    `would_stop` are sentences about what no longer works, `notes` about what goes on or is not
    affected, `blocked` about why it cannot be switched. `digest` names this preview: a decision
    says which one it saw.
    """

    diff: str
    would_stop: tuple[str, ...]
    blocked: tuple[str, ...]
    notes: tuple[str, ...]
    digest: str


def preview_default_deny(*, namespace: Namespace, on: bool) -> DefaultDenyPreview:
    """Return what switching default deny would do. Raises Unavailable without the cluster."""
    try:
        gateway = open_gateway(namespace.cluster)
        sidecars = gateway.list(kinds.SIDECAR, namespace.name).items
        entries = gateway.list(kinds.SERVICE_ENTRY).items if on else []
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error
    ours = _our_uids(namespace)
    default = default_export(namespace.cluster.mesh)
    foreign = [entry for entry in entries if entry["metadata"].get("uid") not in ours]
    visible = [entry for entry in foreign if is_visible(entry, namespace.name, default)]
    would_stop = (_EVERYTHING, *_not_applied(namespace)) if on else ()
    registered = _registered(visible) if on else []
    blocked = tuple(_blocked(namespace, on, sidecars, ours))
    text = _diff(namespace, on, sidecars)
    # Pods come and go by themselves; what they are called decides nothing.
    facts = [namespace.uid, on, text, list(would_stop), registered, list(blocked)]
    digest = hashlib.sha256(canonical_json(facts)).hexdigest()
    notes = (*registered, *_unaffected(namespace, sidecars)) if on else ()
    return DefaultDenyPreview(text, would_stop, blocked, notes, digest)


def set_default_deny(
    *, namespace: Namespace, on: bool, actor: Actor, reason: str, digest: str
) -> Namespace:
    """Decide that a namespace may reach registered hosts only, or that it may reach any.

    On: admins and the owning team. Off opens everything, so only admins may, with a reason.
    Raises NotAllowed, Refused, Unavailable, and Conflict when it was decided already or the
    preview named by `digest` is no longer true.
    """
    _require_right(namespace, on, actor)
    why = require_text(reason, field="reason", what="The reason", limit=500, required=False)
    if not on and not why:
        problem = "Say why the namespace has to reach every host again."
        raise Refused(problem, reason="ReasonMissing", fields={"reason": [problem]})
    preview = preview_default_deny(namespace=namespace, on=on)
    if preview.blocked:
        raise Refused(preview.blocked[0], reason="DefaultDenyBlocked")
    if preview.digest != digest:
        raise Conflict(
            "What this would do has changed since you looked. Look at the preview again.",
            reason="PreviewOutdated",
        )
    with transaction.atomic():
        _decide(namespace, on, actor, why)
    namespace.refresh_from_db()
    return namespace


def _decide(namespace: Namespace, on: bool, actor: Actor, why: str) -> None:
    word = "on" if on else "off"
    undecided = Namespace.objects.filter(pk=namespace.pk, gone_at=None, default_deny=not on)
    if not undecided.update(
        default_deny=on, default_deny_by=actor.name, default_deny_at=timezone.now()
    ):
        raise Conflict(
            f"Default deny of {quoted(namespace.name)} is {word} already, or the namespace is "
            "gone. Reload the page.",
            reason="DefaultDenyDecided",
        )
    outbox.mark_dirty(
        cluster=namespace.cluster,
        keys=[outbox.namespace_key(namespace.name)],
        priority=Priority.REVOKE if on else Priority.GRANT,
        cause=f"{actor.name} switched default deny {word}",
    )
    audit.record(
        tag=Tag.NAMESPACE_DEFAULT_DENY_SET,
        actor=actor,
        target="namespace",
        target_id=str(namespace.pk),
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        message=f"Default deny of {quoted(namespace.name)} is decided {word}. {why}".strip(),
        data={"before": not on, "after": on, "reason": why},
    )


def _require_right(namespace: Namespace, on: bool, actor: Actor) -> None:
    if on and not may_set_default_deny(actor.person, namespace):
        raise NotAllowed(
            f"Only admins and the team that owns {quoted(namespace.name)} may switch this on.",
            reason="NotTheOwner",
        )
    if not on and not is_admin(actor.person):
        raise NotAllowed(
            "Switching default deny off opens the namespace to every host: only an admin may.",
            reason="AdminsOnly",
        )


def _our_uids(namespace: Namespace) -> set[str]:
    objects = OwnedObject.objects.filter(cluster=namespace.cluster, namespace=namespace.name)
    return set(objects.exclude(uid="").values_list("uid", flat=True))


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
        f"{quoted(host)} goes on: the ServiceEntry {quoted(_place(entry))} registers it."
        for entry in sorted(visible, key=_place)[:_NAMED]
        for host in sorted(hosts_of(entry))
    ]
    if len(visible) > _NAMED:
        notes.append(f"So do the hosts of {len(visible) - _NAMED} more ServiceEntries.")
    return notes


def _unaffected(namespace: Namespace, sidecars: list[KubeObject]) -> list[str]:
    """Return sentences about pods for which the decision does not count."""
    notes = []
    if namespace.uninjected_pods:
        pods = ", ".join(quoted(pod) for pod in namespace.uninjected_pods)
        notes.append(f"Pods without a proxy are not affected: {pods}.")
    if not namespace.injected:
        notes.append("The namespace is not injected: new pods have no proxy and ignore this.")
    notes += [
        f"The Sidecar {quoted(_place(one))} selects pods of its own: for them it counts, not this."
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
    if on and enforcement != Enforcement.SIDECAR:
        blocked.append(
            f"The enforcement of {quoted(namespace.name)} is {quoted(enforcement)}; default deny "
            'is supported for "sidecar". Set that first.'
        )
    if on and namespace.name in profile.protected_namespaces:
        blocked.append(f"{quoted(namespace.name)} belongs to the cluster itself.")
    for one in sidecars:
        is_foreign = one["metadata"].get("uid") not in ours
        if on and is_foreign and (_is_default(one) or not _selects_pods(one)):
            blocked.append(
                f"The Sidecar {quoted(_place(one))} is not the portal's and governs the whole "
                'namespace. Set "outboundTrafficPolicy.mode: REGISTRY_ONLY" in it, or remove it.'
            )
    return blocked


def _diff(namespace: Namespace, on: bool, sidecars: list[KubeObject]) -> str:
    live = next((one for one in sidecars if _is_default(one)), None)
    wanted = default_deny(namespace.cluster.profile(settings.INSTALLATION), namespace.name)
    return diff(live, wanted if on else None)


def _is_default(sidecar: KubeObject) -> bool:
    return bool(sidecar["metadata"]["name"] == SIDECAR_NAME)


def _selects_pods(sidecar: KubeObject) -> bool:
    return bool((sidecar.get("spec") or {}).get("workloadSelector"))


def _place(obj: KubeObject) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
