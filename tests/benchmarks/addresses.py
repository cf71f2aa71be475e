"""Which pages are measured at size, and as whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Max, Min, Model, QuerySet

from egress.management.seeding import company
from egress.models import (
    AuditEvent,
    BreakGlass,
    Delivery,
    Grant,
    Namespace,
    Person,
    Recertification,
    Request,
    Risk,
)
from egress.models.standing import standing_of
from egress.selectors.grants import visible_grants
from egress.selectors.namespaces import visible_namespaces
from egress.selectors.requests import visible_requests

VIEWERS = {
    "admin": company.ADMIN,
    "approver": company.APPROVER,
    "developer": company.DEVELOPER,
    "newcomer": "large-newcomer",
}
"""The newcomer sees nothing yet: what is not there must not be searched for long either."""
NOWHERE = "no-such-thing"
OPENINGS = {"awaited": {"outcome": "pending"}, "unanswered": {"outcome": "lapsed"}}


@dataclass(frozen=True)
class Address:
    """One page: what it is called in the table, and where it is."""

    name: str
    path: str


def addresses(viewer: str) -> Iterator[Address]:
    """Yield every page to measure for one of VIEWERS, with values that this person may see."""
    standing = standing_of(person(viewer))
    is_new = viewer == "newcomer"
    known = standing_of(person("admin")) if is_new else standing
    grant = _middle(visible_grants(known).filter(ended_at=None))
    request = _middle(visible_requests(known))
    namespace = _middle(visible_namespaces(known).order_by("pk"))
    yield Address("home", "/")
    yield Address("clusters", "/clusters")
    if not is_new:
        yield from _single_pages(grant, request, namespace)
    if standing.scopes:
        yield from _lists("queue", "/queue", _queue_filters(request))
    yield from _lists("requests", "/requests", _request_filters(grant), Request)
    yield Address("matrix", "/grants/matrix")
    yield Address("notifications", "/notifications")
    yield from _lists("grants", "/grants", _grant_filters(grant), Grant)
    yield Address("grants.csv", "/grants.csv?status=all")
    yield from _lists("recertification", "/recertification", _recertification_filters(grant))
    yield from _lists("break-glass", "/break-glass", OPENINGS, BreakGlass)
    yield from _lists("audit", "/audit", _audit_filters(grant, request), AuditEvent)
    yield Address("audit.csv", "/audit.csv")
    yield from _searches(grant, namespace)
    yield from _api(grant, request, namespace)
    if standing.is_admin:
        yield from _administration()


def person(viewer: str) -> Person:
    """Return the person behind one of VIEWERS."""
    return Person.objects.get_or_create(username=VIEWERS[viewer])[0]


def _middle(rows: QuerySet[Model]) -> Model:
    """Return one of the rows that stand in the middle, by primary key."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return rows.get(pk=keys[len(keys) // 2])


def _single_pages(grant: Grant, request: Request, namespace: Namespace) -> Iterator[Address]:
    cluster = namespace.cluster.name
    asked = {
        "cluster": grant.cluster.name,
        "namespace": grant.namespace,
        "service_account": grant.service_account,
        "host": grant.host,
        "port": grant.port,
    }
    yield Address("request", f"/requests/{request.pk}")
    pending = Request.objects.filter(pk=request.pk, status="pending").exists()
    if not pending:
        waiting = Request.objects.filter(cluster=request.cluster, namespace=request.namespace)
        for one in waiting.filter(status="pending")[:1]:
            yield Address("request, pending", f"/requests/{one.pk}")
    yield Address("grant", f"/grants/{grant.pk}")
    yield Address("access check", "/access")
    yield Address("access check, asked", f"/access?{urlencode(asked)}")
    yield Address("cluster", f"/clusters/{cluster}")
    yield Address("namespace", f"/clusters/{cluster}/namespaces/{namespace.name}")
    past = asked | {"at": f"{grant.created_at:%Y-%m-%dT%H:%M}"}
    del past["service_account"]
    yield Address("access over time, asked", f"/access/history?{urlencode(past)}")
    yield Address("catalogue", "/catalogue")
    yield Address("account", "/account")
    yield Address("new request", "/requests/new")


def _lists(
    name: str, path: str, filters: dict[str, dict[str, str]], kind: type[Model] | None = None
) -> Iterator[Address]:
    """Yield the first page, deep ones, and each filter, alone and together, at first and deep."""
    deep = {} if kind is None else _cursors(kind)
    yield Address(name, path)
    for where, key in deep.items():
        yield Address(f"{name}, {where}", f"{path}?before={key}")
    for what, query in filters.items():
        yield Address(f"{name}, {what}", f"{path}?{urlencode(query)}")
        if "middle" in deep:
            query = query | {"before": str(deep["middle"])}
            yield Address(f"{name}, {what}, middle", f"{path}?{urlencode(query)}")


def _cursors(kind: type[Model]) -> dict[str, int]:
    ends = kind._default_manager.aggregate(first=Min("pk"), last=Max("pk"))
    first, last = ends["first"], ends["last"]
    return {"middle": (first + last) // 2, "near the end": first + (last - first) // 100}


def _queue_filters(request: Request) -> dict[str, dict[str, str]]:
    return {
        "by cluster": {"cluster": request.cluster.name},
        "by host": {"q": "api-1"},
        "by nothing": {"q": NOWHERE},
        "by person": {"q": request.requester.username},
        "by risk": {"risk": "warn"},
        "newest": {"sort": "newest"},
        "riskiest": {"sort": "risk"},
        "riskiest, deep": {"sort": "risk", "after": f"{Risk.INFO}.{request.pk}"},
    }


def _request_filters(grant: Grant) -> dict[str, dict[str, str]]:
    everybody = {"whose": "all"}
    return {
        "of everybody": everybody,
        "by status": everybody | {"status": "pending"},
        "by namespace": everybody | {"namespace": grant.namespace},
        "by host": everybody | {"host": grant.host},
        "by part of host": everybody | {"host": grant.host[1:9]},
        "by nothing": everybody | {"host": NOWHERE},
        "mine, by nothing": {"host": NOWHERE},
    }


def _grant_filters(grant: Grant) -> dict[str, dict[str, str]]:
    where = {"cluster": grant.cluster.name, "namespace": grant.namespace}
    return {
        "by cluster": {"cluster": grant.cluster.name},
        "by namespace": {"namespace": grant.namespace},
        "by account": {"service_account": "worker"},
        "by host": {"host": grant.host},
        "by part of host": {"host": grant.host[1:9]},
        "by two letters": {"host": "pi"},
        "by nothing": {"host": NOWHERE},
        "all": {"status": "all"},
        "ended": {"status": "ended"},
        "failed": {"status": "failed"},
        "suspended": {"status": "suspended"},
        "lapsed (none)": {"status": "lapsed"},
        "ends soon": {"expiring": "on"},
        "by all": where | {"host": grant.host, "status": str(grant.status)},
        "by place and host": where | {"host": "api", "status": "all"},
        "ended, by nothing": {"host": NOWHERE, "status": "ended"},
    }


def _recertification_filters(grant: Grant) -> dict[str, dict[str, str]]:
    where = {"cluster": grant.cluster.name, "namespace": grant.namespace}
    rows = Recertification.objects.filter(announced_at__isnull=False, closed_at=None)
    middle = rows.order_by("due_at")[rows.count() // 2]
    key = f"{int(middle.due_at.timestamp() * 1_000_000)}.{middle.pk}"
    return {
        "deep": {"after": key},
        "by cluster": {"cluster": grant.cluster.name},
        "by namespace": where,
        "by nothing": {"namespace": NOWHERE},
        "soon": {"state": "soon"},
        "confirmed": {"state": "confirmed"},
        "ended": {"state": "ended"},
        "ended, by nothing": {"state": "ended", "namespace": NOWHERE},
        "mine": {"whose": "mine"},
    }


def _audit_filters(grant: Grant, request: Request) -> dict[str, dict[str, str]]:
    where = {"cluster": grant.cluster.name, "namespace": grant.namespace}
    days = {"since": f"{grant.created_at:%Y-%m-%d}", "until": f"{grant.created_at:%Y-%m-%d}"}
    return {
        "by tag": {"tag": "grant:revoked"},
        "by kind": {"tag": "grant:"},
        "by rare kind": {"tag": "brake:"},
        "by actor": {"actor": request.requester.username},
        "by worker": {"actor": "worker"},
        "by cluster": {"cluster": grant.cluster.name},
        "by namespace": {"namespace": grant.namespace},
        "by host": {"host": grant.host},
        "by target": {"target": f"grant {grant.pk}"},
        "by day": days,
        "by message": {"q": grant.host},
        "by common word": {"q": "Nothing to do"},
        "by nothing": {"q": NOWHERE},
        "by place, tag and day": where | {"tag": "grant:created"} | days,
        "by host and actor": {"host": grant.host, "actor": grant.granted_by},
        "by all": where | {"tag": "grant:created", "host": grant.host, "q": "created"},
    }


def _searches(grant: Grant, namespace: Namespace) -> Iterator[Address]:
    words = {
        "host": grant.host,
        "part of host": grant.host[1:9],
        "namespace": namespace.name,
        "area": namespace.name.partition("-")[0],
        "two letters": "pi",
        "nothing": NOWHERE,
    }
    for what, word in words.items():
        yield Address(f"search, {what}", f"/search?{urlencode({'q': word})}")


def _api(grant: Grant, request: Request, namespace: Namespace) -> Iterator[Address]:
    where = {"cluster": grant.cluster.name, "namespace": grant.namespace}
    lists: dict[str, tuple[type[Model] | None, dict[str, dict[str, str]]]] = {
        "requests": (
            Request,
            {
                "by status": {"status": "lapsed"},
                "by person": {"requester": request.requester.username},
                "by place": where,
                "by namespace": {"namespace": grant.namespace},
            },
        ),
        "grants": (
            Grant,
            {
                "by host": {"host": grant.host},
                "by place and status": where | {"status": "revoked"},
                "ending": {"status": "active", "expires_before": f"{grant.created_at:%Y-%m-%d}"},
                "by account": {"service_account": "worker"},
            },
        ),
        "recertification": (
            None,
            {"by place": where, "confirmed": {"state": "confirmed"}, "ended": {"state": "ended"}},
        ),
        "break-glass": (BreakGlass, {"by place": where, "awaited": OPENINGS["awaited"]}),
        "deliveries": (Delivery, {"by place": where, "failed": {"outcome": "failed"}}),
        "audit-events": (
            AuditEvent,
            {"by host": {"host": grant.host}, "until": {"until": f"{grant.created_at:%Y-%m-%d}"}},
        ),
        "namespaces": (None, {"by name": {"name": namespace.name}}),
        "service-accounts": (None, {"by namespace": {"namespace": namespace.name}}),
        "clusters": (None, {}),
        "catalogue": (None, {}),
    }
    for name, (kind, filters) in lists.items():
        path = f"/api/v1/{name}/"
        yield Address(f"API {name}", path)
        for at, key in ({} if kind is None else _cursors(kind)).items():
            yield Address(f"API {name}, {at}", f"{path}?cursor={_cursor(key)}")
        for what, query in filters.items():
            yield Address(f"API {name}, {what}", f"{path}?{urlencode(query)}")


def _cursor(key: int) -> str:
    """Return the cursor of a page that begins below `key`, as the API gives it."""
    from base64 import b64encode

    return b64encode(f"p={key}".encode()).decode()


def _administration() -> Iterator[Address]:
    somebody = Person.objects.exclude(groups=None).order_by("pk")[100 % Person.objects.count()]
    yield Address("cluster, gateway", "/clusters/us-east")
    yield Address("administration", "/administration")
    yield Address("channels", "/administration/channels")
    yield Address("audit event", f"/audit/{AuditEvent.objects.count()}")
    yield Address("people", "/people")
    yield Address("person", f"/people/{somebody.pk}")
    yield Address("teams", "/teams")
    yield Address("team", f"/teams/{somebody.groups.all()[0].pk}")
