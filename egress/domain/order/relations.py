"""Which writes rely on which: what a step must not be done without (istio.md 3.8)."""

from collections.abc import Iterable, Mapping
from typing import Any

from egress.domain.objects import ObjectKey
from egress.domain.order.drafts import NONE, Keys
from egress.domain.order.ground import Ground
from egress.domain.order.namespaces import opened_to
from egress.domain.order.roles import (
    Role,
    address_rule_key,
    addresses_key,
    base_label,
    base_of,
    name_key,
    role_of,
    sibling,
)

_AT_THE_GATEWAY = (Role.POLICY, Role.DOORS, Role.HTTP_LEG, Role.DOOR_LEG)


def needed_to_take(ground: Ground, key: ObjectKey) -> Keys:
    """Return what must have been taken away before something of `key` is.

    Clients must not see a port any more before its way to the gateway goes, and nothing may lead
    to a port before what originates TLS for it goes. A leg that is left with one route takes every
    authority: then nobody may be admitted under another port any more.
    """
    role = role_of(key)
    wanted: Iterable[ObjectKey] = ()
    if role is Role.MESH_LEG:
        wanted = [sibling(key, Role.ENTRY)]
    elif role is Role.HTTP_LEG:
        wanted = [sibling(key, Role.POLICY)]
    elif role is Role.ORIGINATION:
        wanted = [sibling(key, Role.ENTRY), sibling(key, Role.HTTP_LEG)]
    elif role is Role.ADDRESS_RULE:
        wanted = [name_key(key)]
    elif role is Role.ALIAS_ROUTE:
        wanted = _aliases(ground, key)
    return frozenset(k for k in wanted if ground.closes(k))


def needed_to_give(ground: Ground, key: ObjectKey) -> Keys:
    """Return what must be there, as it is wanted, before `key` gives anything."""
    role = role_of(key)
    wanted: list[ObjectKey] = []
    if role is Role.POLICY:
        leg = sibling(key, Role.HTTP_LEG)
        wanted = [leg] if gets_company(ground, leg) else []
    elif role is Role.HTTP_LEG:
        wanted = [sibling(key, Role.ORIGINATION)]
    elif role is Role.MESH_LEG:
        wanted = [sibling(key, Role.ENTRY)]
    elif role is Role.ENTRY:
        wanted = [sibling(key, Role.ORIGINATION), sibling(key, Role.MESH_LEG)]
        wanted += [] if ground.is_by_gateway(key) else [sibling(key, Role.POLICY)]
    elif role is Role.ALIAS_ROUTE:
        wanted = _entries(ground, key)
    elif role is Role.ADDRESSES:
        wanted = [address_rule_key(key)]
    elif role is Role.ALIAS:
        base = base_label(ground.desired(key))
        wanted = [addresses_key(key), address_rule_key(key), sibling(key, Role.ALIAS_ROUTE, base)]
    return frozenset(k for k in wanted if k in ground.items) | taken_before(ground, key)


def taken_before(ground: Ground, key: ObjectKey) -> Keys:
    """Return what must have been taken from a host before anything is given for it.

    Whoever was to be shut out would else reach what is new, and whoever is new what was to go.
    """
    if not base_of(key):
        return NONE
    return frozenset(k for k in ground.of_host(key) if ground.closes(k))


def waited_for(ground: Ground, key: ObjectKey) -> Keys:
    """Return what decides at the gateway for the host that `key` makes known to clients.

    A host that is known but refused would only break what a namespace without default deny has.
    """
    if not ground.is_by_gateway(sibling(key, Role.ENTRY)):
        return NONE
    return frozenset(k for k in ground.of_host(key) if role_of(k) in _AT_THE_GATEWAY)


def gets_company(ground: Ground, leg: ObjectKey) -> bool:
    """Tell whether the only route of an HTTP leg, which takes every authority, gets a second one.

    Then the leg is written first: whoever is admitted for another port would be led to this one.
    """
    kept, desired = ground.of(leg), ground.desired(leg)
    if kept is None or desired is None:
        return False
    routes = kept["spec"]["http"]
    return len(routes) == 1 < len(desired["spec"]["http"]) and "match" not in routes[0]


def newly_opened(ground: Ground, key: ObjectKey) -> Mapping[str, Keys]:
    """Return the namespaces that `key` opens to, each with its client rules for that gateway."""
    opened = opened_to(ground.desired(key)) - opened_to(ground.of(key))
    leg = ground.desired(sibling(key, Role.MESH_LEG))
    if leg is None:
        return {}
    services = _services(leg)
    return {
        name: frozenset(k for k in ground.rules_of(name) if _host(ground, k) in services)
        for name in sorted(opened)
    }


def _services(leg: Mapping[str, Any]) -> set[str]:
    return {
        target["destination"]["host"]
        for family in ("http", "tls", "tcp")
        for route in leg["spec"].get(family) or ()
        for target in route["route"]
    }


def _host(ground: Ground, rule: ObjectKey) -> str:
    item = ground.items[rule]
    found = item.desired or item.live or {}
    return str((found.get("spec") or {}).get("host", ""))


def _aliases(ground: Ground, route: ObjectKey) -> list[ObjectKey]:
    """Return the names of the host for which an alias route corrects the authority."""
    return [
        key
        for key, item in ground.items.items()
        if role_of(key) is Role.ALIAS
        and key.namespace == route.namespace
        and base_of(route) in (base_label(item.live), base_label(item.desired))
    ]


def _entries(ground: Ground, route: ObjectKey) -> list[ObjectKey]:
    """Return the ServiceEntry that an alias route relies on: its own, or the central one."""
    base = base_of(route)
    found = [k for k in ground.items if role_of(k) is Role.ENTRY and k.name == base]
    own = [k for k in found if k.namespace == route.namespace]
    return own or [k for k in found if route.namespace in opened_to(ground.desired(k))]
