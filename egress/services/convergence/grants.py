"""What a delivery says about grants: applied, failed, or seen to be gone."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from egress.cluster.gateway import KubeObject
from egress.domain.lifecycle import GrantStatus
from egress.domain.objects import ObjectKey
from egress.models import Grant
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.convergence.openings import deciding_openings
from egress.services.convergence.state import Problem

ACTOR = Actor.system("convergence")
ALIAS_FAILED = "AliasNotWritten"
"""The failure of a grant that is in force, but not under its alias."""


def activate(*, grants: Iterable[Grant], now: datetime) -> list[Entry]:
    """Say that the cluster carries these grants, and start the clock of new ones.

    Returns the audit events to record last. A grant that was ended meanwhile stays as it is. The
    caller has locked the grants in its transaction.
    """
    entries, alike = [], dict[tuple[object, ...], list[Grant]]()
    for grant in grants:
        is_new = grant.status == GrantStatus.PENDING or grant.active_at is None
        if is_new or grant.applied_at is None or grant.drifted_at or grant.failed_reason:
            keeps_failure = grant.failed_reason == ALIAS_FAILED
            days = grant.duration_days if is_new else None
            alike.setdefault(
                (is_new, grant.status, days, grant.expires_at if is_new else None, keeps_failure),
                [],
            ).append(grant)
    for group in alike.values():
        entries += _activate_alike(group, now)
    return entries


def _activate_alike(grants: list[Grant], now: datetime) -> list[Entry]:
    """Activate grants of one status and duration, in one statement as long as none was ended."""
    first = grants[0]
    changes: dict[str, object] = {"applied_at": now, "drifted_at": None}
    if first.failed_reason != ALIAS_FAILED:
        changes |= {"failed_reason": "", "failed_message": ""}
    rows = Grant.objects.filter(status=first.status)
    if first.status != GrantStatus.PENDING and first.active_at is not None:
        rows.filter(pk__in=[grant.pk for grant in grants]).update(**changes)
        return []
    rows = rows.filter(active_at=None)
    # Some have their end from the beginning.
    ends = first.expires_at
    if ends is None and first.duration_days:
        ends = now + timedelta(days=first.duration_days)
    changes |= {"status": GrantStatus.ACTIVE, "active_at": now, "expires_at": ends}
    # The caller has locked the grants, so what is read here is what is changed.
    pks = [grant.pk for grant in grants]
    started = set(rows.filter(pk__in=pks).values_list("pk", flat=True))
    rows.filter(pk__in=started).update(**changes)
    return [
        _entry(Tag.GRANT_ACTIVATED, grant, _until(ends)) for grant in grants if grant.pk in started
    ]


def mark_failed(*, problems: Mapping[Grant, Problem]) -> list[Entry]:
    """Say why grants could not be applied. Returns the audit events, one per change of reason.

    What only waits for something else has not failed.
    """
    entries = []
    for grant, problem in problems.items():
        if problem.quiet:
            continue
        reason, message = problem.reason[:64], problem.message[:1000]
        changed = Grant.objects.filter(pk=grant.pk, ended_at=None).update(
            failed_reason=reason, failed_message=message
        )
        if changed and grant.failed_reason != reason:
            entries.append(_entry(Tag.GRANT_FAILED, grant, message, reason=reason))
    return entries


def note_aliases(*, grants: Iterable[Grant], problems: Mapping[Grant, Problem]) -> list[Entry]:
    """Say which grants of a namespace are not reachable under their alias, or are again.

    Their host's slice answers for the grants themselves, so other failures are left alone.
    """
    failed = {
        grant: Problem(ALIAS_FAILED, problem.message)
        for grant, problem in problems.items()
        if grant.failed_reason in ("", ALIAS_FAILED)
    }
    mended = [g.pk for g in grants if g not in problems and g.failed_reason == ALIAS_FAILED]
    Grant.objects.filter(pk__in=mended, failed_reason=ALIAS_FAILED).update(
        failed_reason="", failed_message=""
    )
    return mark_failed(problems=failed)


def confirm_gone(
    *,
    grants: Iterable[Grant],
    keys: Mapping[int, Collection[ObjectKey]],
    live: Mapping[ObjectKey, KubeObject],
    rendered: Mapping[ObjectKey, KubeObject],
    now: datetime,
) -> list[Entry]:
    """Confirm ended grants whose access `live` no longer has, read after they were ended.

    `keys` are, by primary key of a grant, the objects that may open its access, `rendered` what
    is granted now. Returns the audit events to record last.
    """
    entries = []
    for grant in grants:
        if not is_gone(grant, keys[grant.pk], live, rendered):
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
    grant: Grant,
    keys: Collection[ObjectKey],
    live: Mapping[ObjectKey, KubeObject],
    rendered: Mapping[ObjectKey, KubeObject],
) -> bool:
    """Tell whether nothing under our names opens what only this grant opened.

    What other open grants need is opened by rights: it stands in `rendered`. Which objects
    decide under which enforcement, and why, tells `openings.deciding_openings`.
    """
    for key in keys:
        opened = {one for one in deciding_openings(live.get(key)) if one.serves(grant)}
        if opened - deciding_openings(rendered.get(key)):
            return False
    return True


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
