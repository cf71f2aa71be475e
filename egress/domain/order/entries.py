"""The writes of a ServiceEntry: first hidden, then shown; first hidden, then gone (3.8, R-A8)."""

from typing import Any

from egress.domain.difference import decided_content
from egress.domain.objects import KubeObject, with_content_hash
from egress.domain.order.drafts import Draft, giving, going_on, taking
from egress.domain.order.ground import Ground
from egress.domain.order.namespaces import opened_to
from egress.domain.order.phases import Phase
from egress.domain.order.relations import (
    needed_to_give,
    newly_opened,
    taken_before,
    waited_for,
)
from egress.domain.order.roles import Role, sibling
from egress.domain.order.step import Direction, Step, Verb
from egress.domain.plan import PlanItem

_WAYPOINT_LABEL = "istio.io/use-waypoint"


def entry_drafts(ground: Ground, item: PlanItem) -> list[Draft]:
    """Return the writes of one ServiceEntry."""
    drafts = _outward(ground, item) if ground.closes(item.key) else []
    return drafts + (_inward(ground, item) if ground.opens(item.key) else [])


def awaits_address(desired: KubeObject, kept: KubeObject | None) -> bool:
    """Tell whether writing `desired` opens a port that is told apart by its address alone.

    Until the mesh gave the host an address, such a port would take all traffic of the namespace
    on its number (istio.md R-A7, R-A8). Waypoints and clients of them see no ServiceEntry without
    an address at all.
    """
    if _WAYPOINT_LABEL in (desired["metadata"].get("labels") or {}):
        return False
    spec = desired["spec"]
    if spec.get("addresses"):
        return False
    by_address = {port["number"] for port in spec["ports"] if port["protocol"] == "TCP"}
    seen = (kept or {}).get("spec") or {}
    known = {port["number"] for port in seen.get("ports") or ()}
    is_shown_to_more = not set(spec["exportTo"]) <= set(seen.get("exportTo") or ())
    return bool(by_address if is_shown_to_more else by_address - known)


def _outward(ground: Ground, item: PlanItem) -> list[Draft]:
    """Hide an entry that clients reach by a gateway before their way there goes, delete it last."""
    live = ground.live(item.key)
    if ground.of(item.key) or not live or not ground.live(sibling(item.key, Role.MESH_LEG)):
        return [taking(ground, item, Phase.OUT_ENTRY)]
    deleted = taking(ground, item, Phase.OUT_LAST_ENTRY)
    if not opened_to(live) and (live.get("spec") or {}).get("exportTo"):
        return [deleted]
    hidden = _shown_to(decided_content(live), ["."])
    step = Step(Verb.UPDATE, item.key, Direction.OUT, hidden, item.uid)
    return [Draft(Phase.OUT_ENTRY, step), deleted]


def _inward(ground: Ground, item: PlanItem) -> list[Draft]:
    key, desired = item.key, item.desired or {}
    kept = ground.of(key)
    needs = needed_to_give(ground, key)
    admitted = newly_opened(ground, key)
    shown: dict[str, Any] = {
        "waits_for": waited_for(ground, key),
        "awaits_address": awaits_address(desired, kept),
        "narrowable": bool(admitted),
        "per_namespace": admitted,
    }
    first = _hidden_at_first(ground, item)
    if kept or first is None:
        return [giving(ground, item, Phase.IN_ENTRY, needs=needs, **shown)]
    phase, obj = first
    # What leads clients to the gateway, and all that the gateway does, comes after this.
    is_shared = ground.is_by_gateway(key)
    needs_now = taken_before(ground, key) if is_shared else needs
    created = giving(ground, item, phase, needs=needs_now, obj=obj)
    return [created, going_on(created, Phase.IN_ENTRY, obj=desired, needs=needs, **shown)]


def _hidden_at_first(ground: Ground, item: PlanItem) -> tuple[Phase, KubeObject] | None:
    """Return how a new entry is created before it is shown, None when it is shown at once."""
    desired = item.desired or {}
    is_shared = bool(opened_to(desired))
    if ground.is_by_gateway(item.key) and is_shared:
        return Phase.IN_HIDDEN_ENTRY, _shown_to(desired, ["."])
    if awaits_address(desired, None):
        hidden = ["."] if is_shared else ["~"]
        return Phase.IN_HIDDEN_ENTRY_AT_CLIENT, _shown_to(desired, hidden)
    return None


def _shown_to(entry: KubeObject, names: list[str]) -> KubeObject:
    return with_content_hash({**entry, "spec": {**entry["spec"], "exportTo": names}})
