"""Plain functions that make what tests need. Names are unique unless a test chooses them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from egress.domain.access import Resolution
from egress.domain.lifecycle import (
    ENDED_GRANT_STATUSES,
    GrantStatus,
    RequestStatus,
    Verdict,
)
from egress.models import (
    ApiToken,
    BreakGlass,
    CatalogueEntry,
    Cluster,
    Delegation,
    Grant,
    Namespace,
    Person,
    Recertification,
    Request,
    RequestDestination,
    RequestStage,
    Risk,
    Role,
    RoleBinding,
    ServiceAccount,
)
from egress.selectors.bindings import binding_of, decision_digest_of
from egress.services.actor import Actor
from egress.services.requests import DestinationDraft, RequestDraft

_numbers = count(1)

PASSWORD = "a long enough passphrase"


def number() -> int:
    """Return a number that no other call returns."""
    return next(_numbers)


def team(name: str = "") -> Group:
    """Return the team of this name, made if it is not there."""
    return Group.objects.get_or_create(name=name or f"team-{number()}")[0]


def person(username: str = "", *, teams: Iterable[str | Group] = (), **fields: Any) -> Person:
    """Return somebody with an active account in `teams`, whose password is `PASSWORD`."""
    made = Person.objects.create_user(
        username=username or f"person-{number()}", password=PASSWORD, **fields
    )
    made.groups.set([each if isinstance(each, Group) else team(each) for each in teams])
    return made


def role(
    who: Person | Group,
    role: Role | str,
    *,
    cluster: Cluster | None = None,
    namespaces: str = "*",
    destinations: str = "*",
    max_risk: Risk = Risk.BLOCK,
) -> RoleBinding:
    """Bind a role to a person or to a team."""
    holder = {"person": who} if isinstance(who, Person) else {"team": who}
    return RoleBinding.objects.create(
        **holder,
        role=role,
        cluster=cluster,
        namespaces=namespaces,
        destinations=destinations,
        max_risk=max_risk,
    )


def approver(
    username: str = "",
    *,
    cluster: Cluster | None = None,
    namespaces: str = "*",
    destinations: str = "*",
    max_risk: Risk = Risk.BLOCK,
    **fields: Any,
) -> Person:
    """Return an approver, for everything unless limited."""
    made = person(username, **fields)
    limits: dict[str, Any] = {"destinations": destinations, "max_risk": max_risk}
    role(made, Role.APPROVER, cluster=cluster, namespaces=namespaces, **limits)
    return made


def robot(*teams: str, made_by: Person | None = None) -> Person:
    """Return a robot of these teams; `made_by` made a token of it, which ended since."""
    made = Person.objects.create(username=f"robot-{number()}", is_robot=True, password="!none")
    made.groups.set(team(name) for name in teams)
    if made_by is not None:
        now = timezone.now()
        ApiToken.objects.create(
            owner=made,
            name="ci",
            prefix=f"egp_{number():08}",
            digest=f"{number():064}",
            made_by=made_by,
            created_at=now,
            revoked_at=now,
        )
    return made


def delegation(lender: Person, delegate: Person, **fields: Any) -> Delegation:
    """Let the lender lend their scopes from an hour ago for a day."""
    now = timezone.now()
    values: dict[str, Any] = {
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=1),
        "reason": "Holidays.",
        "created_at": now,
    }
    return Delegation.objects.create(lender=lender, delegate=delegate, **{**values, **fields})


def preset(team: Group | None, *hosts: str, **fields: Any) -> CatalogueEntry:
    """Return a catalogue entry for TLS to some hosts, which the team owns."""
    destinations = [
        {"host": host, "port": 443, "protocol": "TLS", "tls_origination": False} for host in hosts
    ]
    name = f"preset-{number()}"
    values = {"name": name, "title": name, "owner_team": team, "destinations": destinations}
    return CatalogueEntry.objects.create(**{**values, **fields})


def stage(request: Request, name: str, team: str = "", approvals: int = 1) -> RequestStage:
    """Return a stage that the request needs, after those it has."""
    return RequestStage.objects.create(
        request=request,
        position=request.stages.count(),
        name=name,
        team=team,
        approvals=approvals,
    )


def admin(username: str = "", **fields: Any) -> Person:
    """Return an admin, who is no approver."""
    made = person(username, **fields)
    role(made, Role.ADMIN)
    return made


def auditor(username: str = "", **fields: Any) -> Person:
    """Return an auditor."""
    made = person(username, **fields)
    role(made, Role.AUDITOR)
    return made


def actor(who: Person, source: str = "web", request_id: str = "") -> Actor:
    """Return the person as somebody who acts."""
    return Actor.of(who, source, request_id)


def cluster(name: str = "", **fields: Any) -> Cluster:
    """Return a cluster with sidecar enforcement, without credentials: nothing can reach it."""
    values: dict[str, Any] = {
        "name": name or f"cluster-{number()}",
        "uid": f"kube-system-{number()}",
        "enforcement": "sidecar",
        "credentials": b"",
        "istio_version": "1.29.0",
        "kubernetes_version": "1.34",
        "inventory_at": timezone.now(),
        "reached_at": timezone.now(),
    }
    return Cluster.objects.create(**{**values, **fields})


def namespace(
    cluster: Cluster,
    name: str = "shop",
    *,
    owner: str = "",
    accounts: Iterable[str] = ("default",),
    **fields: Any,
) -> Namespace:
    """Return a present namespace with injection, owned by the team its label names."""
    values: dict[str, Any] = {
        "uid": f"namespace-{number()}",
        "injected": True,
        "pods": 1,
        "owner_label": owner,
        "seen_at": timezone.now(),
    }
    made = Namespace.objects.create(cluster=cluster, name=name, **{**values, **fields})
    for account in accounts:
        service_account(made, account)
    return made


def service_account(namespace: Namespace, name: str = "web", **fields: Any) -> ServiceAccount:
    """Return a present service account."""
    values: dict[str, Any] = {"uid": f"account-{number()}", "seen_at": timezone.now()}
    return ServiceAccount.objects.create(namespace=namespace, name=name, **{**values, **fields})


def gone(row: Namespace | ServiceAccount, at: datetime | None = None) -> None:
    """Let a namespace or a service account be deleted in the cluster."""
    row.gone_at = at or timezone.now()
    row.save(update_fields=["gone_at"])


def destination(
    host: str = "api.example.com",
    port: int | str = 443,
    protocol: str = "TLS",
    tls_origination: bool = False,
) -> DestinationDraft:
    """Return one destination as somebody types it."""
    return DestinationDraft(host, port, protocol, tls_origination)


def draft(
    namespace: Namespace,
    *destinations: DestinationDraft | str,
    service_account: str = "",
    reason: str = "The shop needs it.",
    ticket: str = "",
    duration_days: int | None = 90,
) -> RequestDraft:
    """Return a request as somebody types it; hosts alone mean TLS on port 443."""
    typed = destinations or (destination(),)
    return RequestDraft(
        cluster=namespace.cluster.name,
        namespace=namespace.name,
        service_account=service_account,
        destinations=tuple(destination(each) if isinstance(each, str) else each for each in typed),
        reason=reason,
        ticket=ticket,
        duration_days=duration_days,
    )


def request(
    namespace: Namespace,
    requester: Person,
    *destinations: DestinationDraft | str,
    service_account: ServiceAccount | None = None,
    status: RequestStatus = RequestStatus.PENDING,
    verdicts: Mapping[int, Verdict] | None = None,
    **fields: Any,
) -> Request:
    """Return a stored request, put there without asking policies or writing audit events.

    Unless pending, it is decided by `approver`, with every destination having the same verdict.
    """
    now = timezone.now()
    values: dict[str, Any] = {
        "reason": "The shop needs it.",
        "duration_days": 90,
        "created_at": now,
        "lapses_at": now + timedelta(days=14),
        "status": status,
    }
    if status != RequestStatus.PENDING:
        values |= {"decided_at": now, "decided_by": "approver"}
    made = Request.objects.create(
        cluster=namespace.cluster,
        requester=requester,
        namespace=namespace.name,
        namespace_uid=namespace.uid,
        service_account=service_account.name if service_account else "",
        service_account_uid=service_account.uid if service_account else "",
        **{**values, **fields},
    )
    typed = [destination(each) if isinstance(each, str) else each for each in destinations]
    _store(made, typed or [destination()], verdicts or {})
    if status in (RequestStatus.APPROVED, RequestStatus.DENIED):
        made.decision_digest = decision_digest_of(made)
        made.save(update_fields=["decision_digest"])
    return made


def _store(
    request: Request, typed: list[DestinationDraft], verdicts: Mapping[int, Verdict]
) -> None:
    said = _default_verdict(RequestStatus(request.status))
    for position, each in enumerate(typed):
        RequestDestination.objects.create(
            request=request,
            position=position,
            host=each.host,
            port=int(each.port),
            protocol=each.protocol,
            tls_origination=each.tls_origination,
            addresses=list(each.addresses),
            resolution=Resolution.DNS_ROUND_ROBIN if each.long_lived else Resolution.DNS,
            alias=each.alias,
            verdict=verdicts.get(position, said),
        )


def _default_verdict(status: RequestStatus) -> str:
    verdicts = {RequestStatus.APPROVED: Verdict.APPROVED, RequestStatus.DENIED: Verdict.DENIED}
    return verdicts.get(status, "")


def opening(request: Request, opened_by: Person, **fields: Any) -> BreakGlass:
    """Return a stored opening by break-glass, without any grant."""
    now = timezone.now()
    values: dict[str, Any] = {
        "reason": "Payments fail for everybody.",
        "opened_at": now,
        "ends_at": now + timedelta(hours=4),
        "look_by": now + timedelta(hours=24),
    }
    return BreakGlass.objects.create(request=request, opened_by=opened_by, **{**values, **fields})


def grant(
    namespace: Namespace,
    requester: Person | None = None,
    host: str = "api.example.com",
    port: int = 443,
    protocol: str = "TLS",
    *,
    tls_origination: bool = False,
    service_account: ServiceAccount | None = None,
    status: GrantStatus = GrantStatus.ACTIVE,
    request: Request | None = None,
    **fields: Any,
) -> Grant:
    """Return a stored grant with its approved request; it ends in 90 days, `expiring` in three."""
    asked = request or globals()["request"](
        namespace,
        requester or person(),
        _asked_for(host, port, protocol, tls_origination, fields),
        service_account=service_account,
        status=RequestStatus.APPROVED,
    )
    made = Grant(
        cluster=namespace.cluster,
        request=asked,
        namespace=namespace.name,
        namespace_uid=namespace.uid,
        service_account=service_account.name if service_account else "",
        service_account_uid=service_account.uid if service_account else "",
        host=host,
        port=port,
        protocol=protocol,
        tls_origination=tls_origination,
        status=status,
        **{**_grant_times(status), **fields},
    )
    made.binding = fields.get("binding") or binding_of(made)
    made.save(force_insert=True)
    return made


def endless(namespace: Namespace, requester: Person | None = None, **fields: Any) -> Grant:
    """Return an active grant without an end date, on a host of its own unless it is given."""
    values = {"host": f"h{number()}.example.com", "duration_days": None, "expires_at": None}
    return grant(namespace, requester, **{**values, **fields})


def asked_about(grant: Grant, *, days: float = 10, **fields: Any) -> Recertification:
    """Let the owners of a grant be asked since four days whether they need it, due in `days`."""
    now = timezone.now()
    values: dict[str, Any] = {
        "cycle_days": 180,
        "due_at": now + timedelta(days=days),
        "announced_at": now - timedelta(days=4),
    }
    return Recertification.objects.create(grant=grant, **{**values, **fields})


def _asked_for(
    host: str, port: int, protocol: str, tls_origination: bool, fields: Mapping[str, Any]
) -> DestinationDraft:
    """Return the destination of a grant's request, with the options that the grant has."""
    return replace(
        destination(host, port, protocol, tls_origination),
        addresses=fields.get("addresses", ()),
        long_lived=fields.get("resolution") == Resolution.DNS_ROUND_ROBIN,
        alias=fields.get("alias", ""),
    )


def _grant_times(status: GrantStatus) -> dict[str, Any]:
    now = timezone.now()
    values: dict[str, Any] = {"duration_days": 90, "granted_by": "approver", "created_at": now}
    if status != GrantStatus.PENDING:
        left = timedelta(days=3 if status == GrantStatus.EXPIRING else 90)
        values |= {"active_at": now, "applied_at": now, "expires_at": now + left}
    if status in ENDED_GRANT_STATUSES:
        values |= {"ended_at": now, "ended_by": "somebody"}
    return values
