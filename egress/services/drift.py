"""A grant whose objects somebody changed in the cluster: what differs, and writing it again."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from django.db import transaction
from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.domain.objects import ObjectKey, key_of
from egress.domain.plan import Action, plan
from egress.models import Grant, Priority
from egress.selectors.slices import slices_touched_by
from egress.selectors.standing_access import is_shared_with_unknown
from egress.services import audit, guards, outbox
from egress.services.actor import Actor
from egress.services.audit import Tag
from egress.services.convergence.examining import told
from egress.services.convergence.live import read_many
from egress.services.convergence.loading import load_several
from egress.services.convergence.names import keys_of
from egress.services.convergence.preparing import with_ways_kept
from egress.services.convergence.state import SliceState, owned_of
from egress.services.convergence.work import Work
from egress.services.errors import Conflict, Unavailable
from egress.services.gateways import open_gateway
from egress.services.requests.openings import grant_entry

SECONDS = 5.0
"""How long reading the objects may take together."""


@dataclass(frozen=True)
class DriftedObject:
    """One object of a grant that is not as granted.

    `action` is what a delivery would do with it, foreign where somebody else's object has taken
    its name. `sentence` says who changed what, `diff` leads from the live object to the granted
    one; of an object that names others whom the reader may not know, both hold no detail.
    """

    key: ObjectKey
    action: Action
    sentence: str
    diff: str


@dataclass(frozen=True)
class Difference:
    """How the cluster differs from a grant now; `problem` says why nobody could look."""

    objects: tuple[DriftedObject, ...] = ()
    problem: str = ""


def differences(*, grant: Grant, actor: Actor) -> Difference:
    """Return in which objects the cluster differs now from what a grant asks for.

    Reads the cluster, for at most SECONDS, and writes nothing there. What cannot be read is a
    sentence. Raises Missing when the grant is not the actor's to see.
    """
    standing = actor.standing
    stored = guards.fresh_grant(grant.pk, standing)
    cluster = stored.cluster
    slices = cluster.slices.filter(key__in=slices_touched_by(cluster, [stored]))
    until = time.monotonic() + SECONDS
    try:
        gateway = open_gateway(cluster, until=until).ending_by(until)
        found = [
            one
            for state in load_several(cluster, list(slices.order_by("key")))
            for one in _differing(stored, state, gateway)
        ]
    except (ClusterError, Unavailable) as error:
        return Difference(problem=f"The cluster could not be read: {error.message}")
    is_own = all(one.key.namespace == stored.namespace for one in found)
    if not is_own and is_shared_with_unknown(standing, stored):
        found = [_without_others(one, stored) for one in found]
    return Difference(tuple(found))


@transaction.atomic
def apply_again(*, grant: Grant, actor: Actor) -> Grant:
    """Let the worker write back what differs from a grant, whatever the drift policy. Admins only.

    What the next delivery does is what it always does: it writes what differs and no more, and
    the brake holds what would remove too much. Raises NotAllowed, Missing, and Conflict when the
    grant is not in force or no drift is known of it.
    """
    standing = guards.require_admin(actor)
    stored = guards.fresh_grant(grant.pk, standing)
    if not stored.is_open or stored.drifted_at is None:
        raise Conflict(
            f"No drift of grant #{stored.pk} is known any more, so there is nothing to apply "
            "again. Look at the grant as it is now.",
            reason="NotDrifted",
        )
    said = f"{actor.name} had {stored} applied again."
    outbox.mark_grants(cluster=stored.cluster, grants=[stored], priority=Priority.DRIFT, cause=said)
    entry = grant_entry(Tag.DRIFT_HEAL_ASKED, stored, actor, said, timezone.now())
    audit.record_all([entry])
    return stored


def _without_others(found: DriftedObject, grant: Grant) -> DriftedObject:
    """Return an object as somebody may see it who may not know of all whom it serves."""
    if found.key.namespace == grant.namespace:
        return found
    sentence = f"{found.key} is not as granted. It serves other namespaces, too: ask an admin."
    return replace(found, sentence=sentence, diff="")


def _differing(grant: Grant, state: SliceState, gateway: ClusterGateway) -> Iterator[DriftedObject]:
    """Yield those of a grant's objects in one slice that a delivery would write or leave alone."""
    if state.refused:
        return
    keys = keys_of(grant, state.profile, state.inventory)
    keys &= {key_of(obj) for obj in state.objects} | state.records.keys()
    live = read_many(gateway, keys)
    objects = state.objects
    if not state.is_host:
        objects, _ = with_ways_kept(state, live, partial(_routes, gateway))
    made = plan(
        [obj for obj in objects if key_of(obj) in keys],
        live.values(),
        owned_of(state.records),
        installation=state.profile.installation,
    )
    work = Work(state, live, made, [])
    for item in made.items:
        if item.action is not Action.UNCHANGED:
            yield DriftedObject(item.key, item.action, told(work, item.key)["message"], item.diff)


def _routes(gateway: ClusterGateway, state: SliceState) -> list[KubeObject]:
    return list(gateway.list(kinds.VIRTUAL_SERVICE, state.profile.egress_namespace).items)
