"""The writes of what was decided for a whole namespace: its Sidecar and its NetworkPolicy."""

from collections.abc import Mapping
from typing import Any

from egress.domain.objects import ObjectKey
from egress.domain.order.drafts import Draft, Keys, giving, taking
from egress.domain.order.ground import Ground
from egress.domain.order.namespaces import opened_to
from egress.domain.order.phases import Phase
from egress.domain.order.roles import Role, role_of
from egress.domain.order.step import Direction, Step, Verb
from egress.domain.plan import Action, PlanItem


def namespace_drafts(ground: Ground, item: PlanItem) -> list[Draft]:
    """Return the writes of a Sidecar or NetworkPolicy.

    It closes when it comes and opens when it goes. Changed ones are replaced in one write, but for
    the host list of a Sidecar: hosts leave it before their entries go, and come after those.
    """
    if item.action is Action.DELETE:
        step = Step(Verb.DELETE, item.key, Direction.IN, None, item.uid)
        return [Draft(Phase.OPEN_NAMESPACE, step)]
    granted = _opened_in(ground, item.key.namespace)
    if item.action is Action.CREATE:
        step = Step(Verb.CREATE, item.key, Direction.OUT, item.desired, waits_for=granted)
        return [Draft(Phase.CLOSE_NAMESPACE, step)]
    if item.replace:
        return _replaced(item)
    if item.action is not Action.UPDATE:
        return []
    if role_of(item.key) is Role.SIDECAR and _lists_hosts(item.live) and _is_on(item.live):
        return _listed(ground, item)
    step = Step(Verb.UPDATE, item.key, Direction.OUT, item.desired, item.uid, waits_for=granted)
    return [Draft(Phase.CLOSE_NAMESPACE, step)]


def admitted_hosts(sidecar: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the host list of a Sidecar, each `namespace/name`."""
    listeners = ((sidecar or {}).get("spec") or {}).get("egress") or ()
    return frozenset(host for listener in listeners for host in listener.get("hosts") or ())


def _replaced(item: PlanItem) -> list[Draft]:
    gone = Step(Verb.DELETE, item.key, Direction.OUT, None, item.uid)
    again = Step(Verb.CREATE, item.key, Direction.OUT, item.desired, needs=frozenset({item.key}))
    return [Draft(Phase.CLOSE_NAMESPACE, gone), Draft(Phase.CLOSE_NAMESPACE, again)]


def _listed(ground: Ground, item: PlanItem) -> list[Draft]:
    drafts = []
    if ground.closes(item.key):
        drafts.append(taking(ground, item, Phase.OUT_SIDECAR))
    if not ground.opens(item.key):
        return drafts
    if not _lists_hosts(item.desired):
        return [*drafts, giving(ground, item, Phase.OPEN_NAMESPACE)]
    added = admitted_hosts(item.desired) - admitted_hosts(ground.of(item.key))
    needs = frozenset(key for key in ground.items if names_of(ground, key) & added)
    return [*drafts, giving(ground, item, Phase.IN_SIDECAR, needs=needs)]


def names_of(ground: Ground, key: ObjectKey) -> frozenset[str]:
    """Return how a host list names the hosts of a ServiceEntry, nothing for other objects."""
    if role_of(key) is not Role.ENTRY:
        return frozenset()
    found = [ground.items[key].desired or {}, ground.items[key].live or {}]
    hosts = {host for obj in found for host in (obj.get("spec") or {}).get("hosts") or ()}
    return frozenset(f"{key.namespace}/{host}" for host in hosts)


def _is_on(sidecar: Mapping[str, Any] | None) -> bool:
    policy = ((sidecar or {}).get("spec") or {}).get("outboundTrafficPolicy") or {}
    return bool(policy.get("mode") == "REGISTRY_ONLY")


def _lists_hosts(sidecar: Mapping[str, Any] | None) -> bool:
    return bool(admitted_hosts(sidecar))


def _opened_in(ground: Ground, namespace: str) -> Keys:
    """Return what is written so that `namespace` keeps what it was granted."""
    return frozenset(
        key
        for key in ground.items
        if (key.namespace == namespace and role_of(key) in (Role.ENTRY, Role.ALIAS))
        or (role_of(key) is Role.ENTRY and namespace in opened_to(ground.desired(key)))
    )
