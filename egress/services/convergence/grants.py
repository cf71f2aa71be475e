"""What a delivery says about grants: applied, failed, or seen to be gone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from egress.cluster.gateway import KubeObject
from egress.domain.lifecycle import GrantStatus
from egress.domain.objects import ObjectKey
from egress.models import Grant
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.convergence.live import ports_of
from egress.services.convergence.state import Problem, keys_of

ACTOR = Actor.system("convergence")


def activate(*, grants: Iterable[Grant], now: datetime) -> list[Entry]:
    """Say that the cluster carries these grants, and start the clock of new ones.

    Returns the audit events to record last. A grant that was ended meanwhile stays as it is.
    """
    entries = []
    for grant in grants:
        applied = {"applied_at": now, "drifted_at": None, "failed_reason": "", "failed_message": ""}
        is_new = grant.status == GrantStatus.PENDING or grant.active_at is None
        if is_new:
            ends = now + timedelta(days=grant.duration_days) if grant.duration_days else None
            started = Grant.objects.filter(pk=grant.pk, status=grant.status, active_at=None).update(
                status=GrantStatus.ACTIVE, active_at=now, expires_at=ends, **applied
            )
            if started:
                entries.append(_entry(Tag.GRANT_ACTIVATED, grant, _until(ends)))
        elif grant.applied_at is None or grant.drifted_at or grant.failed_reason:
            Grant.objects.filter(pk=grant.pk, status=grant.status).update(**applied)
    return entries


def mark_failed(*, problems: Mapping[Grant, Problem]) -> list[Entry]:
    """Say why grants could not be applied. Returns the audit events, one per change of reason."""
    entries = []
    for grant, problem in problems.items():
        reason, message = problem.reason[:64], problem.message[:1000]
        changed = Grant.objects.filter(pk=grant.pk, ended_at=None).update(
            failed_reason=reason, failed_message=message
        )
        if changed and grant.failed_reason != reason:
            entries.append(_entry(Tag.GRANT_FAILED, grant, message, reason=reason))
    return entries


def confirm_gone(
    *,
    grants: Iterable[Grant],
    live: Mapping[ObjectKey, KubeObject],
    open_grants: Sequence[Grant],
    now: datetime,
) -> list[Entry]:
    """Confirm ended grants whose access `live` no longer has, read after they were ended.

    Access that another open grant of the namespace needs does not count. Returns the audit
    events to record last.
    """
    needed = {(grant.host, grant.port) for grant in open_grants}
    entries = []
    for grant in grants:
        if not is_gone(grant, live, needed):
            continue
        confirmed = Grant.objects.filter(
            pk=grant.pk, ended_at__isnull=False, confirmed_at=None
        ).update(confirmed_at=now, failed_reason="", failed_message="", drifted_at=None)
        if confirmed:
            entries.append(
                _entry(Tag.GRANT_CONFIRMED, grant, "The cluster was seen without this access.")
            )
    return entries


def is_gone(
    grant: Grant, live: Mapping[ObjectKey, KubeObject], needed: set[tuple[str, int]]
) -> bool:
    """Tell whether nothing under our names still opens the grant's port."""
    entry, _ = keys_of(grant)
    if (grant.host, grant.port) in needed:
        return True
    return grant.port not in ports_of(live.get(entry))


def _until(ends: datetime | None) -> str:
    if ends is None:
        return "Access is open, without an end date."
    return f"Access is open until {ends:%Y-%m-%d %H:%M} UTC."


def _entry(tag: Tag, grant: Grant, message: str, **data: str) -> Entry:
    return Entry(
        tag=tag,
        actor=ACTOR,
        target="grant",
        target_id=str(grant.pk),
        cluster=grant.cluster.name,
        namespace=grant.namespace,
        host=grant.host,
        message=f"{grant}: {message}",
        data=data,
    )
