"""What must not be written while a foreign object has one of our names."""

from collections.abc import Iterator, Sequence

from egress.domain.objects import ObjectKey
from egress.domain.order.drafts import Draft
from egress.domain.order.ground import Ground
from egress.domain.order.roles import Role, alias_of, base_of, role_of, sibling
from egress.domain.order.step import Direction, HeldBack
from egress.domain.order.wholes import admitted_hosts, names_of
from egress.domain.plan import Action


def blocks(ground: Ground, drafts: Sequence[Draft]) -> Iterator[tuple[Draft, HeldBack]]:
    """Return the drafts that a foreign object stands in the way of, each with the reason.

    Nothing is opened for a host, or behind an alias, while somebody else has one of the names it
    needs: a missing link fails closed, a foreign one may not be relied on. Taking away always goes
    on, but for what keeps a foreign object of that name from doing harm.
    """
    foreign = [key for key, item in ground.items.items() if item.action is Action.FOREIGN]
    if not foreign:
        return
    for draft in drafts:
        key = draft.step.key
        if draft.step.direction is Direction.IN:
            found = _in_the_way(ground, draft, foreign)
            if found:
                yield draft, HeldBack(key, found, _why_closed(key, found))
        elif other := _protected_from(key, foreign):
            yield draft, HeldBack(key, other, _why_kept(key, other))


def _in_the_way(ground: Ground, draft: Draft, foreign: Sequence[ObjectKey]) -> ObjectKey | None:
    key = draft.step.key
    if role_of(key) is Role.SIDECAR:
        added = admitted_hosts(draft.step.obj) - admitted_hosts(ground.of(key))
        return next((k for k in foreign if names_of(ground, k) & added), None)
    own, alias = base_of(key), alias_of(key)
    beside = [k for k in foreign if k.namespace == key.namespace]
    for other in beside:
        if (own and base_of(other) == own) or (alias and alias_of(other) == alias):
            return other
    return None


def _protected_from(key: ObjectKey, foreign: Sequence[ObjectKey]) -> ObjectKey | None:
    """Return the foreign object that would do harm without `key`."""
    entry, leg = sibling(key, Role.ENTRY), sibling(key, Role.HTTP_LEG)
    if role_of(key) is Role.MESH_LEG:
        return entry if entry in foreign else None
    if role_of(key) is Role.ORIGINATION:
        return next((k for k in (entry, leg) if k in foreign), None)
    return None


def _why_closed(key: ObjectKey, other: ObjectKey) -> str:
    if role_of(other) is Role.ORIGINATION:
        return (
            f"{key} waits: without our {other} it would send clear text to a TLS port, and a "
            "foreign object has that name. Delete or rename it."
        )
    return (
        f"{key} waits: it relies on {other}, and a foreign object has that name. Delete or rename "
        "it, or ask for its adoption."
    )


def _why_kept(key: ObjectKey, other: ObjectKey) -> str:
    if role_of(key) is Role.ORIGINATION:
        return (
            f"{key} stays: the foreign {other} may still route to its port, which would send clear "
            "text to a TLS port. Delete or rename that object."
        )
    return (
        f"{key} stays: with the foreign {other} and without it, clients would reach the host past "
        "the gateway. Delete or rename that object."
    )
