"""The rows of the queue: what an approver sees of each request before opening it."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from egress.models import Request, RequestDestination, Risk
from egress.selectors.requests import approvals_in_force
from egress.web.forms.queue import ORDERS, QueueFilters, address_of
from egress.web.paging import Page, in_order
from egress.web.together import Together


@dataclass(frozen=True)
class QueueRow:
    """One request; `refusal` is why deciding it together with others failed just now."""

    request: Request
    is_ticked: bool = False
    refusal: str = ""

    @property
    def level(self) -> str:
        """The highest level among its findings, `clear` without any."""
        return str(Risk(self.request.risk).label)

    @property
    def approvals(self) -> int:
        """How many people approved the present revision already."""
        return len(approvals_in_force(self.request))


def queue_page(
    requests: QuerySet[Request], filters: QueueFilters, query: QueryDict
) -> Page[Request]:
    """Return the page of the queue that `query` asks for, filtered and in order.

    Where everything behind the key in `query` was decided meanwhile, that is the first page.
    Its links hold the whole address, because forms of the queue have others.
    """
    narrowed, order = _narrowed(requests, filters), ORDERS[filters.sort]
    page = in_order(narrowed, query, order)
    if not page.rows and {"before", "after"} & query.keys():
        page = in_order(narrowed, filters.query(), order)
    queue = address_of()
    return Page(page.rows, page.older and queue + page.older, page.newer and queue + page.newer)


def queue_rows(page: Page[Request], together: Together) -> list[QueueRow]:
    """Return the rows of a page, with what came of deciding them together."""
    return [
        QueueRow(
            request,
            is_ticked=f"{request.pk}:{request.revision}" in together.ticked,
            refusal=together.refused.get(request.pk, ""),
        )
        for request in page.rows
    ]


def _narrowed(requests: QuerySet[Request], filters: QueueFilters) -> QuerySet[Request]:
    if filters.cluster:
        requests = requests.filter(cluster__name=filters.cluster)
    if filters.risk:
        requests = requests.filter(risk=Risk[filters.risk.upper()])
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
