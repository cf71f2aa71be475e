"""The rows of the queue: what an approver sees of each request before opening it."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from egress.models import Request, RequestDestination
from egress.templatetags.portal import level_of

ROWS_SHOWN = 100
LEVELS = ("review", "warn", "info", "clear")
WEIGHT = {"block": 0, "review": 1, "warn": 2, "info": 3, "clear": 4}
SORTS = (("oldest", "Oldest first"), ("newest", "Newest first"), ("risk", "Riskiest first"))


@dataclass(frozen=True)
class QueueFilters:
    """What the URL asks for. Values that are not offered count as not given."""

    q: str = ""
    cluster: str = ""
    risk: str = ""
    sort: str = "oldest"

    @classmethod
    def of(cls, query: QueryDict) -> "QueueFilters":
        """Return the filters in the query string."""
        risk, sort = query.get("risk", ""), query.get("sort", "")
        return cls(
            q=query.get("q", "").replace("\0", "").strip()[:253],
            cluster=query.get("cluster", "").replace("\0", "")[:63],
            risk=risk if risk in LEVELS else "",
            sort=sort if sort in dict(SORTS) else "oldest",
        )

    @property
    def is_in_use(self) -> bool:
        """Whether any of them narrows the queue."""
        return bool(self.q or self.cluster or self.risk)


@dataclass(frozen=True)
class QueueRow:
    """One request with its risk: the highest level among its findings, or `clear`."""

    request: Request
    level: str

    @property
    def approvals(self) -> int:
        """How many people approved the present revision already."""
        return sum(
            approval.revision == self.request.revision and approval.cleared_at is None
            for approval in self.request.approvals.all()
        )


def queue_rows(requests: QuerySet[Request], filters: QueueFilters) -> tuple[list[QueueRow], bool]:
    """Return the rows that pass the filters, and whether there are more than are shown.

    Sorting by risk looks at the requests that are shown: the oldest, at most 100.
    """
    narrowed = _narrowed(requests, filters)
    if filters.sort == "newest":
        narrowed = narrowed.order_by("-pk")
    found = list(narrowed[: ROWS_SHOWN + 1])
    rows = [row_of(request) for request in found[:ROWS_SHOWN]]
    if filters.risk:
        rows = [row for row in rows if row.level == filters.risk]
    if filters.sort == "risk":
        rows.sort(key=lambda row: (WEIGHT[row.level], row.request.pk))
    return rows, len(found) > ROWS_SHOWN


def row_of(request: Request) -> QueueRow:
    """Return one row of the queue."""
    return QueueRow(request, level_of(request.findings) or "clear")


def _narrowed(requests: QuerySet[Request], filters: QueueFilters) -> QuerySet[Request]:
    if filters.cluster:
        requests = requests.filter(cluster__name=filters.cluster)
    if not filters.q:
        return requests
    name = filters.q.lower()
    hosts = RequestDestination.objects.filter(request=OuterRef("pk"), host__contains=name)
    return requests.filter(
        Q(namespace__contains=name)
        | Q(service_account__contains=name)
        | Q(requester__username__icontains=filters.q)
        | Exists(hosts)
    )
