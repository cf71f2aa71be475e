"""What an approval does: it opens grants, or extends the one that is renewed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from egress.domain.lifecycle import GrantStatus
from egress.domain.wording import quoted
from egress.models import Cluster, Grant, Namespace, Request, RequestDestination, ServiceAccount
from egress.selectors.bindings import binding_of, is_bound
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.errors import Conflict, Refused

RENEWABLE = (GrantStatus.ACTIVE, GrantStatus.EXPIRING)
EXTEND_TRIES = 3


@dataclass(frozen=True)
class Pins:
    """The subject as it is in the cluster now."""

    namespace: Namespace
    account: ServiceAccount | None


def hold_subject(
    *, cluster_id: int, namespace: str, service_account: str, uids: tuple[str, str] | None
) -> Pins:
    """Return the subject, and keep others from deciding in its cluster until the commit.

    Two namespaces that reach one host may share its objects, so that each decision has to know
    the other one. Locks are taken in one order everywhere: cluster, namespace, grants, slices.
    `uids` are those of namespace and service account that must still be there, None to take
    whatever has the names now. Raises Refused when the subject is gone or was made again.
    """
    present = Namespace.objects.filter(cluster_id=cluster_id, name=namespace, gone_at__isnull=True)
    hold_cluster(cluster_id)
    present.update(seen_at=F("seen_at"))
    row = present.select_related("owner", "cluster").first()
    if row is None or (uids is not None and row.uid != uids[0]):
        raise _gone("Namespace", namespace, row is not None)
    if not service_account:
        return Pins(row, None)
    account = row.service_accounts.filter(name=service_account, gone_at__isnull=True).first()
    if account is None or (uids is not None and account.uid != uids[1]):
        raise _gone("Service account", service_account, account is not None)
    return Pins(row, account)


def hold_cluster(cluster_id: int) -> None:
    """Keep others from deciding in the cluster until the commit."""
    # An UPDATE that changes nothing: the lock that works on both databases.
    Cluster.objects.filter(pk=cluster_id).update(problem=F("problem"))


def _gone(kind: str, name: str, made_again: bool) -> Refused:
    how = "was deleted and made again" if made_again else "is gone"
    return Refused(
        f"{kind} {quoted(name)} {how} since access was asked for. Ask for it again.",
        reason="SubjectGone",
    )


def open_grants(
    request: Request,
    approved: Iterable[RequestDestination],
    *,
    days: int | None,
    granted_by: str,
    now: datetime,
    until: datetime | None = None,
) -> list[Grant]:
    """Create a pending grant for every approved destination.

    With `until` it ends then, whenever it begins; otherwise it lasts `days` from its beginning.
    Raises Conflict when one of them was granted by somebody else meanwhile.
    """
    grants = [_grant(request, row, days, granted_by, now, until) for row in approved]
    for grant in grants:
        try:
            # A savepoint: PostgreSQL answers nothing after a failed statement otherwise.
            with transaction.atomic():
                grant.save(force_insert=True)
        except IntegrityError as error:
            raise Conflict(
                f"{quoted(grant.subject)} was granted {quoted(grant.host)} port {grant.port} "
                "meanwhile. Read the request again and deny that destination.",
                reason="AlreadyGranted",
            ) from error
    return grants


def _grant(
    request: Request,
    row: RequestDestination,
    days: int | None,
    granted_by: str,
    now: datetime,
    until: datetime | None,
) -> Grant:
    grant = Grant(
        cluster=request.cluster,
        request=request,
        namespace=request.namespace,
        namespace_uid=request.namespace_uid,
        service_account=request.service_account,
        service_account_uid=request.service_account_uid,
        host=row.host,
        port=row.port,
        protocol=row.protocol,
        tls_origination=row.tls_origination,
        addresses=row.addresses,
        resolution=row.resolution,
        alias=row.alias,
        duration_days=days,
        granted_by=granted_by,
        created_at=now,
        expires_at=until,
    )
    grant.binding = binding_of(grant)
    return grant


def extend_grant(renewed: Grant, *, days: int | None, now: datetime) -> Grant:
    """Extend the grant that was `renewed`, from its end or from now, whichever is later.

    Raises Conflict when it ended meanwhile, or was made another one's.
    """
    for _ in range(EXTEND_TRIES):
        grant = Grant.objects.select_related("cluster", "request").get(pk=renewed.pk)
        if grant.status not in RENEWABLE or grant.expires_at is None:
            break
        refuse_unbound(grant)
        seen = grant.expires_at
        start = max(now, seen)
        grant.expires_at = None if days is None else start + timedelta(days=days)
        grant.duration_days = days
        grant.status = GrantStatus.ACTIVE
        grant.binding = binding_of(grant)
        still = Grant.objects.filter(pk=grant.pk, status__in=RENEWABLE, expires_at=seen)
        if still.update(
            status=grant.status,
            expires_at=grant.expires_at,
            duration_days=days,
            binding=grant.binding,
        ):
            return grant
    raise Conflict(
        f"Grant #{renewed.pk} ended meanwhile, so there is nothing to renew. Ask for the "
        "access anew.",
        reason="GrantEnded",
    )


def refuse_unbound(grant: Grant) -> None:
    """Raise Conflict for a grant that is not what was decided: nothing may make it valid again."""
    if not is_bound(grant):
        raise Conflict(
            f"Grant #{grant.pk} is not what was decided: its row was changed past the portal. "
            "Revoke it, tell an admin, and ask for the access anew.",
            reason="GrantTampered",
        )


def grant_entry(tag: Tag, grant: Grant, actor: Actor, message: str, now: datetime) -> Entry:
    """Return the audit event of something that happened to a grant."""
    return Entry(
        tag=tag,
        actor=actor,
        target="grant",
        target_id=grant.pk,
        message=message,
        cluster=grant.cluster.name,
        namespace=grant.namespace,
        host=grant.host,
        data={
            "request": grant.request_id,
            "access": str(grant),
            "status": str(grant.status),
            "binding": grant.binding,
            "duration_days": grant.duration_days,
            "expires_at": grant.expires_at,
            "installation": settings.INSTALLATION,
        },
        at=now,
    )
