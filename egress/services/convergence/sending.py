"""One write to a cluster: sent, and looked up when its answer was lost."""

from collections.abc import Callable
from contextlib import suppress

from egress.cluster.errors import ClusterError, Fault
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.pace import sending
from egress.domain.managed_fields import is_written_by_us_alone
from egress.domain.order import Step, Verb
from egress.services.convergence.live import kind_of_key, uid_of
from egress.services.convergence.record import hash_of


class _LookTooOldError(Exception):
    """So much time went by since a name was seen to be free that nothing was sent."""


def send(
    gateway: ClusterGateway,
    step: Step,
    *,
    looked: Callable[[], bool],
    check: Callable[[], None],
) -> KubeObject | None:
    """Do one write and return the object as the cluster stored it, None for a delete.

    One whose answer was lost is looked up, and counts when it has happened. `looked` tells
    whether the name of what is created was seen to be free a moment ago. It is asked right before
    anything is sent, as `check` is: a write may have waited long for its turn. Raises
    ClusterError, and what `check` raises.
    """
    try:
        return _send(gateway, step, looked, check)
    except ClusterError as error:
        if not error.outcome_unknown:
            raise
        seen = _look(gateway, step, error)
        if not _has_happened(step, seen):
            # It may still be on its way, so the outcome stays unknown.
            raise
        return seen if step.obj else None


def _send(
    gateway: ClusterGateway, step: Step, looked: Callable[[], bool], check: Callable[[], None]
) -> KubeObject | None:
    def check_both() -> None:
        check()
        if not looked():
            raise _LookTooOldError

    if looked():
        with suppress(_LookTooOldError), sending(check=check_both):
            return _call(gateway, step, looked=True)
    with sending(check=check):
        return _call(gateway, step, looked=False)


def _has_happened(step: Step, seen: KubeObject | None) -> bool:
    if step.verb is Verb.DELETE:
        return seen is None or uid_of(seen) != step.uid
    if seen is None or hash_of(seen) != hash_of(step.obj):
        return False
    return uid_of(seen) == step.uid if step.uid else is_written_by_us_alone(seen)


def _call(gateway: ClusterGateway, step: Step, *, looked: bool) -> KubeObject | None:
    key = step.key
    if step.verb is Verb.DELETE:
        gateway.delete(
            kind_of_key(key),
            key.namespace,
            key.name,
            uid=step.uid,
            resource_version=step.resource_version,
        )
        return None
    if step.obj is None:
        raise ClusterError(f"There is nothing to write to {key}.", Fault.INVALID)
    if step.verb is Verb.CREATE:
        return gateway.create(step.obj, looked=looked)
    return gateway.update(step.obj, uid=step.uid)


def _look(gateway: ClusterGateway, step: Step, lost: ClusterError) -> KubeObject | None:
    key = step.key
    try:
        return gateway.get(kind_of_key(key), key.namespace, key.name)
    except ClusterError:
        # Still unknown: the intent stays on record, and the next delivery reads again.
        raise lost from None
