"""Which of many grants can be rendered together, and why the others cannot."""

from collections.abc import Iterable, Sequence

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.refusals import contradictions, limits, shadows
from egress.domain.refusals.shapes import Reason, host_reasons, shape_reasons
from egress.domain.refusals.support import support_reason
from egress.domain.refusals.wholes import CannotRender, namespace_refusal
from egress.domain.slices import kinds_in


def sort_out(
    cluster: ClusterProfile, inventory: Inventory, accesses: Sequence[Access]
) -> tuple[list[Access], list[CannotRender]]:
    """Return the grants that have objects, in the given order, and the refusals of all others.

    Which grants are accepted depends on the set only. Takes time in proportion to it.
    """
    judge = _Judge(cluster, inventory)
    accepted: list[Access] = []
    refused: list[CannotRender] = []
    for access in accesses:
        refusal = judge.refusal(access)
        if refusal:
            refused.append(refusal)
        else:
            accepted.append(access)
    accepted = _without_contradictions(cluster, inventory, accepted, refused)
    return accepted, sorted(refused, key=lambda refusal: (refusal.accesses[0], refusal.reason))


def _without_contradictions(
    cluster: ClusterProfile,
    inventory: Inventory,
    accepted: list[Access],
    refused: list[CannotRender],
) -> list[Access]:
    kind = kinds_in(cluster, inventory)
    disputed = contradictions.hosts_of_several_ways(accepted)

    def drop(found: Iterable[CannotRender]) -> None:
        refusals = list(found)
        if refusals:
            held = {id(access) for refusal in refusals for access in refusal.accesses}
            accepted[:] = [access for access in accepted if id(access) not in held]
            refused.extend(refusals)

    def of_disputed() -> list[Access]:
        # Nearly every host is granted in one way, and then there is nothing to compare.
        return [a for a in accepted if a.destination.host in disputed] if disputed else []

    sound = tuple(accepted)
    drop(contradictions.ways_in_a_namespace(of_disputed()))
    drop(contradictions.aliases(accepted))
    drop(shadows.shared_addresses(accepted, sound, kind))
    # Where each namespace has entries of its own, there is nothing that several could dispute.
    kinds = set(map(kind, accepted))
    is_shared = bool(kinds - {Enforcement.SIDECAR})
    if len(kinds) > 1:
        drop(contradictions.mixed_enforcements(accepted, kind))
    if is_shared:
        drop(shadows.hidden_wildcards(accepted, sound, kind))
        drop(contradictions.ways_in_the_mesh(of_disputed(), kind))
    drop(contradictions.entries(of_disputed(), kind))
    if is_shared:
        drop(contradictions.central_ports(of_disputed(), kind))
    drop(limits.too_many_ports(accepted, kind))
    if is_shared:
        drop(limits.too_many_identities(cluster, accepted, kind))
        drop(limits.too_long_doors(cluster, inventory, accepted, kind))
    return accepted


class _Judge:
    """Judges grants one by one, and looks at each host and namespace once."""

    def __init__(self, cluster: ClusterProfile, inventory: Inventory) -> None:
        self._cluster = cluster
        self._inventory = inventory
        self._hosts: dict[str, Reason | None] = {}
        self._namespaces: dict[str, CannotRender | None] = {}

    def refusal(self, access: Access) -> CannotRender | None:
        """Return why `access` has no safe objects, or None."""
        namespace = access.subject.namespace
        if namespace not in self._namespaces:
            self._namespaces[namespace] = namespace_refusal(
                namespace, self._cluster, self._inventory
            )
        whole = self._namespaces[namespace]
        if whole:
            return CannotRender(whole.reason, whole.message, [access])
        reason = self._reason(access)
        if reason is None:
            return None
        message = f"{access.subject} -> {access.destination}: {reason[1]}"
        return CannotRender(reason[0], message, [access])

    def _reason(self, access: Access) -> Reason | None:
        host = access.destination.host
        if host not in self._hosts:
            self._hosts[host] = next(host_reasons(host), None)
        return (
            self._hosts[host]
            or next(shape_reasons(access), None)
            or support_reason(access, self._cluster, self._inventory)
        )
