"""The brake: what nobody decided is taken away in small amounts only (architecture.md).

A table that lost its rows, or an old backup, looks just like a thousand revokes. What an ended
or suspended grant, a service account seen deleted, or a decision on the namespace explains is
never counted. What counts is an object, however many openings it loses: see `openings`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from django.db.models import Q

from egress.domain.naming import base, fixed_address_name, synthetic_host
from egress.domain.objects import KubeObject, ObjectKey
from egress.domain.order import Direction, Step, Verb
from egress.models import Cluster, DeliveryStep, Grant, OwnedObject, ServiceAccount
from egress.selectors.slices import in_slice
from egress.services.convergence.clock import database_now
from egress.services.convergence.openings import Opening, openings_of
from egress.services.convergence.planning import is_decision
from egress.services.convergence.shared import is_client_rule
from egress.services.convergence.state import Problem, SliceState
from egress.services.convergence.work import Work

LEAST = 10
SHARE = 0.05
WINDOW = timedelta(days=1)
"""How long past unexplained removals count: a held cluster must not empty drop by drop."""


def unexplained(work: Work) -> frozenset[ObjectKey]:
    """Return the objects that the steps delete or narrow although no decision says so."""
    # What counts is what remains after all steps: some objects are deleted and made again.
    left = {step.key: step.obj for step in work.steps}
    touched = {step.key for step in work.steps if _takes_away(step)}
    if not touched:
        return frozenset()
    closed = _closed_grants(work.state)
    return frozenset(key for key in touched if not _is_explained(work, key, left[key], closed))


def room(cluster: Cluster) -> int:
    """Return how many unexplained removals the cluster may still see now."""
    known = OwnedObject.objects.filter(cluster=cluster).exclude(uid="").count()
    done = DeliveryStep.objects.filter(
        delivery__cluster=cluster,
        delivery__started_at__gte=database_now() - WINDOW,
        explained=False,
    ).exclude(result__in=[DeliveryStep.Result.SKIPPED, DeliveryStep.Result.FAILED])
    return max(LEAST, int(SHARE * known)) - done.count()


def lock_name(cluster: Cluster) -> str:
    """Return the name of the lock under which removals are counted and released."""
    return f"brake:{cluster.pk}"


def brake_problem(cluster: Cluster, count: int) -> Problem:
    """Return what people are told when `count` removals are held."""
    return Problem(
        "Brake",
        f'{count} objects in cluster "{cluster.name}" would be removed although no grant of '
        "theirs was ended. They were left alone. Restore the missing grants from a backup, or "
        "let an admin release the objects on the page of the cluster.",
    )


def _takes_away(step: Step) -> bool:
    if step.verb is Verb.DELETE:
        return True
    return step.verb is Verb.UPDATE and step.direction is Direction.OUT


def _closed_grants(state: SliceState) -> list[Grant]:
    is_closed = Q(ended_at__isnull=False) | Q(status="suspended")
    grants = Grant.objects.filter(is_closed, in_slice(state.key), cluster=state.cluster)
    return list(grants)


def _is_explained(work: Work, key: ObjectKey, left: KubeObject | None, closed: list[Grant]) -> bool:
    state, live = work.state, work.live.get(key)
    record = work.records.get(key)
    if is_decision(key) and left is None:
        return _is_decided(state, key, record)
    if key.kind == "NetworkPolicy" or (record and _restores(left, record)):
        return True
    if is_client_rule(key):
        # No route leads to what goes here: the routes count, and are held together with it.
        return True
    ours = [grant for grant in closed if _is_newer(grant, record)]
    lost = _parts(live, state) - _parts(left, state)
    if key.kind == "Sidecar":
        lost = frozenset(one for one in lost if _is_central(one, state))
    if not lost:
        return left is not None or any(_is_about(key, grant, state) for grant in ours)
    gone = _accounts_seen_gone(state, lost, record)
    return all(_is_lost_by(one, key, state, ours) or one in gone for one in lost)


def _is_lost_by(opening: Opening, key: ObjectKey, state: SliceState, closed: list[Grant]) -> bool:
    """Tell whether one of the closed grants explains that an opening goes."""
    return any(
        opening.serves(grant) and (_is_about(key, grant, state) or _is_way_of(opening, grant))
        for grant in closed
    )


def _is_about(key: ObjectKey, grant: Grant, state: SliceState) -> bool:
    """Tell whether an object is one of the grant's host, or of its alias."""
    names = {grant.alias, fixed_address_name(grant.alias)} if grant.alias else set()
    return state.is_host or key.name.startswith(base(grant.host)) or key.name in names


def _is_way_of(opening: Opening, grant: Grant) -> bool:
    """Tell whether a part of an object that several hosts share is the one of the grant's host."""
    name = opening.detail.rpartition("/")[2]
    known = synthetic_host(grant.host) if grant.destination.is_cidr else grant.host
    return opening.kind == "sidecar" and name == known


def _is_central(opening: Opening, state: SliceState) -> bool:
    return opening.detail.startswith(f"{state.profile.egress_namespace}/")


def _parts(obj: KubeObject | None, state: SliceState) -> frozenset[Opening]:
    """Return what an object opens, ports and namespaces of shared entries and routes by themselves.

    There each namespace sees every port, and the doors tell them apart: a port goes with the last
    grant of that port, and a namespace with its own last one.
    """
    found = set()
    for one in openings_of(obj):
        if one.kind not in ("entry", "route"):
            found.add(one)
            continue
        found.add(replace(one, namespace=""))
        if one.namespace not in ("", state.profile.egress_namespace):
            found.add(replace(one, port=0))
    return frozenset(found)


def _accounts_seen_gone(
    state: SliceState, lost: Iterable[Opening], record: OwnedObject | None
) -> frozenset[Opening]:
    """Return those identities whose service account was seen deleted since they were written."""
    named = [one for one in lost if one.account]
    if not named:
        return frozenset()
    gone = ServiceAccount.objects.filter(
        namespace__cluster=state.cluster,
        namespace__name__in={one.namespace for one in named},
        gone_at__isnull=False,
    )
    if record and record.written_at:
        gone = gone.filter(gone_at__gte=record.written_at)
    known = set(gone.values_list("namespace__name", "name"))
    return frozenset(one for one in named if (one.namespace, one.account) in known)


def _restores(left: KubeObject | None, record: OwnedObject) -> bool:
    """Tell whether the steps only put back what we wrote last: others had changed it."""
    annotations = (left or {}).get("metadata", {}).get("annotations", {})
    return bool(record.content_hash) and record.content_hash in annotations.values()


def _is_newer(grant: Grant, record: OwnedObject | None) -> bool:
    """Tell whether a grant was closed after its object was last written, or is not confirmed."""
    if grant.ended_at is None or grant.confirmed_at is None:
        return True
    return record is None or record.written_at is None or grant.ended_at >= record.written_at


def _is_decided(state: SliceState, key: ObjectKey, record: OwnedObject | None) -> bool:
    """Tell whether somebody decided that the object of a decision goes."""
    row = state.row
    field = "default_deny" if key.kind == "Sidecar" else "network_policy"
    decided_at = getattr(row, f"{field}_at", None)
    if row is None or getattr(row, field) or decided_at is None:
        return False
    written_at = record.written_at if record else None
    return written_at is None or bool(decided_at >= written_at)
