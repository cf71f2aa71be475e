"""Before the first write: what the cluster carries, what is to change, and what must wait."""

from collections.abc import Callable, Iterable
from functools import partial

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.objects import ObjectKey, key_of
from egress.domain.order import Step, Verb
from egress.models import Delivery, DeliveryStep, Slice
from egress.services.convergence import stopping, together
from egress.services.convergence.admitting import (
    leave_out_who_is_not_ready,
    put_off_what_awaits_an_address,
)
from egress.services.convergence.adopting import add_adopted_deletions, look_at_adopted
from egress.services.convergence.beside import Claims
from egress.services.convergence.blocking import hold_what_posture_blocks
from egress.services.convergence.clock import steady
from egress.services.convergence.collisions import hold_what_collides
from egress.services.convergence.holding import put_brake_on
from egress.services.convergence.hosts import take_beside
from egress.services.convergence.live import (
    is_listed,
    read_keys,
    read_many,
    read_namespace,
    read_uids,
)
from egress.services.convergence.loading import load
from egress.services.convergence.planning import plan_work
from egress.services.convergence.record import hash_of
from egress.services.convergence.shared import (
    is_client_rule,
    routed_subsets,
    rule_with_ways_kept,
)
from egress.services.convergence.state import Problem, SliceState
from egress.services.convergence.work import Work, only_takes_away

ReadRoutes = Callable[[SliceState], Iterable[KubeObject]]
"""Returns the live VirtualServices of the egress namespace."""


def prepare(claims: Claims, gateway: ClusterGateway) -> Work:
    """Read, render and plan a slice, and hold back what is not safe to write.

    Writes nothing to the cluster, but claims the slices of namespaces that a host's delivery
    writes to. Raises ClusterError when the cluster cannot be read, ClaimLostError, and StoppedError
    when the process ends.
    """
    row = claims.own.row
    state = load(row, read_uids=partial(read_uids, gateway))
    work = _of_host(state, claims, gateway) if state.is_host else _of_namespace(state, gateway)
    hold_what_posture_blocks(work)
    adopted = look_at_adopted(claims, work, gateway)
    hold_what_collides(work, gateway)
    leave_out_who_is_not_ready(work)
    put_off_what_awaits_an_address(work)
    _wait_for_what_was_sent(claims, work)
    put_brake_on(claims, work)
    add_adopted_deletions(work, adopted)
    _try_out(work, gateway)
    work.sighted = _sight_of_earlier(row, work, gateway)
    return work


def _of_host(state: SliceState, claims: Claims, gateway: ClusterGateway) -> Work:
    keys = {key_of(obj) for obj in state.objects} | state.records.keys()
    live = read_many(gateway, keys)
    beside = take_beside(state, live, claims, gateway)
    work = plan_work(
        state,
        live | beside.live,
        objects=[*state.objects, *beside.objects.values()],
        beside=beside.records,
    )
    for key, problem in beside.held.items():
        work.hold(key, problem)
        if problem.quiet:
            work.waits.append(problem)
    return work


def _of_namespace(state: SliceState, gateway: ClusterGateway) -> Work:
    live = read_namespace(gateway, state.namespace)
    keys = {key_of(obj) for obj in state.objects} | state.records.keys()
    live |= read_many(gateway, {key for key in keys if not is_listed(key, state.namespace)})
    objects, kept = with_ways_kept(state, live, partial(_routes, gateway))
    work = plan_work(state, live, objects=objects)
    if kept:
        work.waits.append(_AWAITS_HOST)
    return work


def with_ways_kept(
    state: SliceState, live: dict[ObjectKey, KubeObject], routes: ReadRoutes
) -> tuple[list[KubeObject], bool]:
    """Return the objects of a namespace with the ways to a gateway that routes still lead to.

    Also whether any such way is there that nothing grants any more: the slice of its host takes
    the route away first (istio.md 3.8, "Out" 3 and 4). `routes` is asked only when there may be.
    """
    wanted = {key_of(obj): obj for obj in state.objects}
    spare = {
        key: left
        for key, obj in live.items()
        if _is_ours(key, state) and (left := _subsets(obj) - _subsets(wanted.get(key)))
    }
    there = list(routes(state)) if spare else []
    is_kept = False
    for key, left in sorted(spare.items()):
        service = str(live[key]["spec"].get("host", ""))
        routed = routed_subsets(there, state.namespace, service) & left
        rule = rule_with_ways_kept(wanted.get(key), live[key], routed)
        if routed and rule is not None:
            wanted[key], is_kept = rule, True
    return list(wanted.values()), is_kept


def _is_ours(key: ObjectKey, state: SliceState) -> bool:
    return is_client_rule(key) and (key in state.records or key in state.rendered)


def _subsets(rule: KubeObject | None) -> set[str]:
    subsets = ((rule or {}).get("spec") or {}).get("subsets") or []
    return {str(one.get("name")) for one in subsets}


def _routes(gateway: ClusterGateway, state: SliceState) -> Iterable[KubeObject]:
    return gateway.list(kinds.VIRTUAL_SERVICE, state.profile.egress_namespace).items


def _wait_for_what_was_sent(claims: Claims, work: Work) -> None:
    """Make nothing under a name that an earlier write of other content may still arrive at.

    One content is on record for a name without a uid. Whichever of two arrived last, the other
    would be known as ours no more, and stay for ever.
    """
    for step in work.steps:
        record = work.records.get(step.key)
        if step.verb is not Verb.CREATE or record is None or record.uid:
            continue
        sent = record.intent_hash
        if sent and sent != hash_of(step.obj) and not claims.is_quiet(step.key):
            work.hold(step.key, _SETTLING)
            work.waits.append(_SETTLING)


def _try_out(work: Work, gateway: ClusterGateway) -> None:
    """Let the server judge everything that will be written, without writing it."""
    live_uids = {item.key: item.uid for item in work.plan.items}
    steps = [step for step in work.steps if step.obj is not None and not only_takes_away(step)]
    uids = [step.uid or live_uids.get(step.key, "") for step in steps]
    found = together.side_by_side(
        [partial(_try, gateway, step, uid) for step, uid in zip(steps, uids, strict=True)]
    )
    for step, uid, one in zip(steps, uids, found, strict=True):
        if isinstance(one, ClusterError) and one.retryable:
            work.trouble = work.trouble or one
        elif isinstance(one, ClusterError):
            work.hold_in(step.key, Problem(one.fault, one.message))
        elif isinstance(one, Exception):
            raise one
        elif not uid:
            work.tried[step.key] = min(one, work.tried.get(step.key, one))


def _try(gateway: ClusterGateway, step: Step, uid: str) -> float:
    """Try one write out; return when that began (of `steady()`)."""
    stopping.check()
    began = steady()
    if step.obj is None:
        raise ValueError(f"There is nothing to write to {step.key}.")
    if uid:
        gateway.update(step.obj, uid=uid, dry_run=True)
    else:
        gateway.create(step.obj, dry_run=True)
    return began


def _sight_of_earlier(
    row: Slice, work: Work, gateway: ClusterGateway
) -> dict[ObjectKey, KubeObject]:
    """Read what deliveries that never ended may have written, as far as the plan has not."""
    steps = DeliveryStep.objects.filter(
        delivery__slice=row, delivery__outcome=Delivery.Outcome.RUNNING
    )
    names = steps.values_list("api_version", "kind", "namespace", "name")
    return read_keys(gateway, {ObjectKey(*one) for one in names} - work.live.keys())


_SETTLING = Problem(
    "Settling",
    "An earlier write was cut off and may still arrive. What is granted now is written after that.",
    quiet=True,
)
_AWAITS_HOST = Problem(
    "AwaitsHost",
    "A route to the egress gateway still leads here; the delivery of its host takes it out first.",
    quiet=True,
)
