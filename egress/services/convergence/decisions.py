"""Whether decisions on a namespace are in force, as far as its objects show."""

from collections.abc import Collection, Mapping

from django.db.models import Q

from egress.cluster.gateway import KubeObject
from egress.domain.manifests import NETWORKING_V1
from egress.domain.manifests.sidecar import denies
from egress.domain.naming import NETWORK_POLICY_NAME, SIDECAR_NAME
from egress.domain.objects import ObjectKey
from egress.domain.plan import Action
from egress.models import Cluster, Namespace
from egress.services.convergence.live import uid_of
from egress.services.convergence.work import Work
from egress.services.convergence.writing import Tally

KUBERNETES_NETWORKING_V1 = "networking.k8s.io/v1"


def sidecar_key(namespace: str) -> ObjectKey:
    """Return the key of the Sidecar that carries out default deny."""
    return ObjectKey(NETWORKING_V1, "Sidecar", namespace, SIDECAR_NAME)


def policy_key(namespace: str) -> ObjectKey:
    """Return the key of the NetworkPolicy that closes the way around the proxies."""
    return ObjectKey(KUBERNETES_NETWORKING_V1, "NetworkPolicy", namespace, NETWORK_POLICY_NAME)


def note_decisions(work: Work, tally: Tally) -> None:
    """Store which decisions the cluster carries out after a delivery to a namespace."""
    row = work.state.row
    if row is None:
        return
    _note(
        row,
        default_deny_enforced=_is_there(work, tally, sidecar_key(row.name)),
        network_policy_enforced=_is_there(work, tally, policy_key(row.name)),
    )


def _is_there(work: Work, tally: Tally, key: ObjectKey) -> bool:
    item = next((item for item in work.plan.items if item.key == key), None)
    is_done = key not in tally.problems
    if item is None:
        return False
    if item.action in (Action.CREATE, Action.UPDATE):
        return is_done
    return item.action is Action.UNCHANGED or (item.action is Action.DELETE and not is_done)


def note_decisions_seen(
    cluster: Cluster, names: Collection[str], live: Mapping[ObjectKey, KubeObject]
) -> None:
    """Store in which of the namespaces decisions are in force.

    What was changed by hand may not be, until it is healed.
    """
    owned = cluster.owned_objects.filter(kind__in=("Sidecar", "NetworkPolicy"))
    ours = set(owned.values_list("uid", flat=True))
    decided = Q(default_deny=True) | Q(default_deny_enforced=True)
    decided |= Q(network_policy=True) | Q(network_policy_enforced=True)
    for row in Namespace.objects.filter(decided, cluster=cluster, gone_at=None, name__in=names):
        sidecar, policy = live.get(sidecar_key(row.name)), live.get(policy_key(row.name))
        _note(
            row,
            default_deny_enforced=denies(sidecar) and uid_of(sidecar) in ours,
            network_policy_enforced=_closes(policy) and uid_of(policy) in ours,
        )


def _closes(policy: KubeObject | None) -> bool:
    """Tell whether a live NetworkPolicy governs what leaves every pod of its namespace."""
    spec = (policy or {}).get("spec") or {}
    selects = spec.get("podSelector") or {}
    return "Egress" in (spec.get("policyTypes") or []) and not any(selects.values())


def _note(row: Namespace, **enforced: bool) -> None:
    changes = {field: now for field, now in enforced.items() if getattr(row, field) != now}
    if changes:
        Namespace.objects.filter(pk=row.pk).update(**changes)
