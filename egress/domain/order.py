"""The order of writes under `sidecar` enforcement (istio.md 3.8).

A crash, or a failed write, at any step leaves less access open than was granted, never more, and
no clear text on its way to a TLS port:

1. out: ServiceEntries, or ports of them;
2. out: origination DestinationRules, once nothing routes to their port any more;
3. in: origination DestinationRules;
4. in: ServiceEntries and new ports;
5. default deny switched on: it closes, and production keeps what was granted just before;
6. default deny switched off: it opens, so everything that closes goes first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from egress.domain.objects import KubeObject, ObjectKey, with_content_hash
from egress.domain.plan import Action, Plan, PlanItem

_ENTRY, _RULE, _SIDECAR = "ServiceEntry", "DestinationRule", "Sidecar"
_RULE_SUFFIX = "-orig"


class Verb(StrEnum):
    """What is sent to the cluster."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Direction(StrEnum):
    """Whether a write takes access away (`out`) or gives it (`in`). Nothing holds back `out`."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class Step:
    """One write.

    `obj` is what to send, None for a delete. `uid` names the live object an update or delete
    means. `needs`: skip this step when an earlier step for one of these keys did not succeed.
    `waits_for`: put it off while an earlier step for one of these keys failed in a way that is
    worth another try; a lasting failure does not hold it back.
    """

    verb: Verb
    key: ObjectKey
    direction: Direction
    obj: KubeObject | None = None
    uid: str = ""
    needs: frozenset[ObjectKey] = frozenset()
    waits_for: frozenset[ObjectKey] = frozenset()


@dataclass(frozen=True)
class HeldBack:
    """A write that must not happen because a foreign object stands in its way."""

    key: ObjectKey
    blocked_by: ObjectKey
    message: str


def write_steps(plan: Plan) -> list[Step]:
    """Return the writes of a plan in their only safe order, without what `held_back` names."""
    items = {item.key: item for item in plan.items}
    held = {block.key for block in held_back(plan)}
    replaced = _replaced(items)
    steps: list[tuple[int, Step]] = []
    makers = {_ENTRY: _entry_steps, _RULE: _rule_steps, _SIDECAR: _sidecar_steps}
    for item in plan.items:
        make = makers.get(item.key.kind, _other_steps)
        steps += make(item, items, item.key in replaced)
    kept = [(phase, s) for phase, s in steps if s.key not in held or _may_pass(s)]
    return [step for _, step in sorted(kept, key=lambda entry: entry[0])]


def held_back(plan: Plan) -> list[HeldBack]:
    """Return the writes that would send clear text past a foreign object, or need it replaced."""
    items = {item.key: item for item in plan.items}
    return [block for item in plan.items for block in _blocks(item, items)]


def _may_pass(step: Step) -> bool:
    """Narrowing a ServiceEntry is always safe; dropping the rule under one is not."""
    return step.direction is Direction.OUT and step.key.kind != _RULE


def _blocks(item: PlanItem, items: Mapping[ObjectKey, PlanItem]) -> Iterator[HeldBack]:
    if item.key.kind == _ENTRY and _originates(item.desired) and item.action is not Action.FOREIGN:
        rule = items.get(_rule_of(item.key))
        if rule and rule.action is Action.FOREIGN:
            yield HeldBack(
                item.key,
                rule.key,
                f"{item.key} waits: without our {rule.key} it would send clear text to a TLS port, "
                "and a foreign object has that name. Delete or rename it.",
            )
    if item.key.kind == _RULE and item.action is Action.DELETE:
        entry = items.get(_entry_of(item.key))
        if entry and entry.action is Action.FOREIGN:
            yield HeldBack(
                item.key,
                entry.key,
                f"{item.key} stays: the foreign {entry.key} may still route to its port, which "
                "would send clear text to a TLS port. Delete or rename that object.",
            )


def _replaced(items: Mapping[ObjectKey, PlanItem]) -> set[ObjectKey]:
    """Return all keys to delete and create again: an entry goes with the rule under it."""
    rules = {k for k, item in items.items() if item.replace and k.kind == _RULE}
    entries = {
        _entry_of(k)
        for k in rules
        if (entry := items.get(_entry_of(k)))
        and entry.action in (Action.UPDATE, Action.UNCHANGED)
        and _originates(entry.live)
    }
    return {key for key, item in items.items() if item.replace} | entries


Steps = list[tuple[int, Step]]


def _entry_steps(item: PlanItem, items: Mapping[ObjectKey, PlanItem], replace: bool) -> Steps:
    rule = frozenset({_rule_of(item.key)}) if _originates(item.desired) else frozenset()
    if item.action is Action.DELETE:
        return [(1, _delete(item))]
    if item.action is Action.CREATE:
        return [(4, _write(Verb.CREATE, item, Direction.IN, needs=rule))]
    if replace:
        return [(1, _delete(item)), (4, _recreate(item, rule))]
    if item.action is not Action.UPDATE:
        return []
    return _entry_update(item, items.get(_rule_of(item.key)), rule)


def _entry_update(item: PlanItem, rule: PlanItem | None, needs: frozenset[ObjectKey]) -> Steps:
    """Split an update: what takes away goes now, what gives waits for the rule it relies on."""
    desired, live = item.desired or {}, item.live or {}
    wanted, there = _ports(desired), _ports(live)
    kept = [port for port in wanted if port in there]
    if len(kept) == len(wanted):
        return [(1, _write(Verb.UPDATE, item, Direction.OUT))]
    widen = (4, _write(Verb.UPDATE, item, Direction.IN, needs=needs))
    if len(kept) == len(there) and _same_but_ports(desired, live):
        return [widen]
    if kept:
        narrowed = with_content_hash({**desired, "spec": {**desired["spec"], "ports": kept}})
        return [(1, _write(Verb.UPDATE, item, Direction.OUT, obj=narrowed)), widen]
    if not needs or (rule and rule.action is Action.UNCHANGED):
        # One write both takes away and gives: it counts as what it takes away.
        return [(1, _write(Verb.UPDATE, item, Direction.OUT))]
    return [(1, _delete(item)), (4, _recreate(item, needs))]


def _rule_steps(item: PlanItem, items: Mapping[ObjectKey, PlanItem], replace: bool) -> Steps:
    entry = frozenset({_entry_of(item.key)})
    if item.action is Action.DELETE:
        return [(2, _delete(item, needs=entry))]
    if item.action is Action.CREATE:
        return [(3, _write(Verb.CREATE, item, Direction.IN))]
    if replace:
        return [(2, _delete(item, needs=entry)), (3, _recreate(item))]
    if item.action is Action.UPDATE:
        return [(3, _write(Verb.UPDATE, item, Direction.IN))]
    return []


def _sidecar_steps(item: PlanItem, items: Mapping[ObjectKey, PlanItem], replace: bool) -> Steps:
    granted = frozenset(
        key for key in items if key.namespace == item.key.namespace and key.kind == _ENTRY
    )
    if item.action is Action.DELETE:
        return [(6, _delete(item, direction=Direction.IN))]
    if item.action is Action.CREATE:
        return [(5, _write(Verb.CREATE, item, Direction.OUT, waits_for=granted))]
    if replace:
        return [(5, _delete(item)), (5, _recreate(item, direction=Direction.OUT))]
    if item.action is Action.UPDATE:
        return [(5, _write(Verb.UPDATE, item, Direction.OUT, waits_for=granted))]
    return []


def _other_steps(item: PlanItem, items: Mapping[ObjectKey, PlanItem], replace: bool) -> Steps:
    """Return the removal of an object of a kind that only another release writes."""
    return [(1, _delete(item))] if item.action is Action.DELETE else []


def _write(
    verb: Verb,
    item: PlanItem,
    direction: Direction,
    *,
    obj: KubeObject | None = None,
    needs: frozenset[ObjectKey] = frozenset(),
    waits_for: frozenset[ObjectKey] = frozenset(),
) -> Step:
    return Step(verb, item.key, direction, obj or item.desired, item.uid, needs, waits_for)


def _recreate(
    item: PlanItem,
    needs: frozenset[ObjectKey] = frozenset(),
    direction: Direction = Direction.IN,
) -> Step:
    return Step(Verb.CREATE, item.key, direction, item.desired, "", needs | {item.key})


def _delete(
    item: PlanItem,
    *,
    direction: Direction = Direction.OUT,
    needs: frozenset[ObjectKey] = frozenset(),
) -> Step:
    return Step(Verb.DELETE, item.key, direction, None, item.uid, needs)


def _rule_of(entry: ObjectKey) -> ObjectKey:
    return ObjectKey(entry.api_version, _RULE, entry.namespace, entry.name + _RULE_SUFFIX)


def _entry_of(rule: ObjectKey) -> ObjectKey:
    name = rule.name.removesuffix(_RULE_SUFFIX)
    return ObjectKey(rule.api_version, _ENTRY, rule.namespace, name)


def _originates(obj: Mapping[str, Any] | None) -> bool:
    """Tell whether a ServiceEntry sends a clear-text port on to a TLS port."""
    return any("targetPort" in port for port in _ports(obj or {}))


def _ports(obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((obj.get("spec") or {}).get("ports") or [])


def _same_but_ports(desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    found = live.get("spec") or {}
    wanted = desired.get("spec") or {}
    return all(found.get(name) == value for name, value in wanted.items() if name != "ports")
