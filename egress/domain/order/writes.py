"""The steps of a plan in their only safe order: `write_steps` and `held_back`."""

from dataclasses import replace

from egress.domain.objects import ObjectKey
from egress.domain.order.drafts import Draft, giving, taking
from egress.domain.order.entries import entry_drafts
from egress.domain.order.ground import Ground
from egress.domain.order.held import blocks
from egress.domain.order.phases import IN, OUT, Phase
from egress.domain.order.relations import (
    gets_company,
    needed_to_give,
    needed_to_take,
    newly_opened,
    waited_for,
)
from egress.domain.order.roles import Role, role_of
from egress.domain.order.step import HeldBack, Step
from egress.domain.order.wholes import namespace_drafts
from egress.domain.plan import Action, Plan, PlanItem


def write_steps(plan: Plan) -> list[Step]:
    """Return the writes of a plan in their only safe order, without what `held_back` names.

    The plan may hold the objects of hosts together with the client rules and Sidecars of the
    namespaces they touch, or those of one namespace. Everything that takes away comes first.
    Raises ValueError for a wanted object that has no place in the order.
    """
    ground = Ground(plan)
    drafts = _drafts(ground)
    stopped = {draft for draft, _ in blocks(ground, drafts)}
    kept = [draft for draft in drafts if draft not in stopped]
    in_order = sorted(kept, key=lambda draft: draft.phase)
    return [replace(draft.step, rank=int(draft.phase)) for draft in in_order]


def held_back(plan: Plan) -> list[HeldBack]:
    """Return the objects that are not written, or not wholly, because of a foreign object.

    Each once, with the first foreign object that stands in its way.
    """
    ground = Ground(plan)
    found: dict[ObjectKey, HeldBack] = {}
    for _, block in blocks(ground, _drafts(ground)):
        found.setdefault(block.key, block)
    return [found[key] for key in sorted(found)]


def _drafts(ground: Ground) -> list[Draft]:
    return [
        draft
        for item in ground.items.values()
        if item.action is not Action.FOREIGN
        for draft in _of_item(ground, item)
    ]


def _of_item(ground: Ground, item: PlanItem) -> list[Draft]:
    role = role_of(item.key)
    if role is Role.ENTRY:
        return entry_drafts(ground, item)
    if role in (Role.SIDECAR, Role.NETWORK_POLICY):
        return namespace_drafts(ground, item)
    drafts = []
    if ground.closes(item.key):
        drafts.append(taking(ground, item, OUT[role], needed_to_take(ground, item.key)))
    if ground.opens(item.key):
        drafts.append(_opening(ground, item, role))
    return drafts


def _opening(ground: Ground, item: PlanItem, role: Role) -> Draft:
    if role is Role.OTHER:
        raise ValueError(f"{item.key} has no place in the order of writes.")
    needs = needed_to_give(ground, item.key)
    if role is Role.HTTP_LEG and gets_company(ground, item.key):
        return giving(ground, item, Phase.IN_LEG_BESIDE, needs=needs)
    if role is not Role.MESH_LEG:
        return giving(ground, item, IN[role], needs=needs)
    admitted = newly_opened(ground, item.key)
    return giving(
        ground,
        item,
        IN[role],
        needs=needs,
        waits_for=waited_for(ground, item.key),
        narrowable=bool(admitted),
        per_namespace=admitted,
    )
