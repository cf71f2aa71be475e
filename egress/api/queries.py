"""Rows as the serializers need them: with all they show, read in a fixed number of queries."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from egress.models import Delivery, DeliveryStep, Grant, Namespace, Person, Request
from egress.models.standing import Standing
from egress.selectors import deliveries, grants, requests
from egress.selectors.namespaces import held_namespaces


def grants_for(person: Person | Standing) -> QuerySet[Grant]:
    """Return the grants the person may see, with `is_enforced`.

    That tells whether the namespace that the grant is pinned to is held to its grants.
    """
    held = Namespace.objects.filter(
        held_namespaces(),
        cluster=OuterRef("cluster"),
        uid=OuterRef("namespace_uid"),
        gone_at__isnull=True,
    )
    return grants.visible_grants(person).annotate(is_enforced=Exists(held))


def requests_for(person: Person | Standing) -> QuerySet[Request]:
    """Return the requests the person may see, with the numbers of their grants."""
    numbers = Grant.objects.only("pk", "request_id").order_by("pk")
    rows = requests.visible_requests(person).select_related("adoption")
    # The whole object is not told, and may be large.
    rows = rows.defer("adoption__manifest")
    return rows.prefetch_related(Prefetch("grants", numbers))


def deliveries_for(person: Person | Standing) -> QuerySet[Delivery]:
    """Return the deliveries the person may see, with their steps."""
    steps = DeliveryStep.objects.order_by("position")
    return deliveries.visible_deliveries(person).prefetch_related(Prefetch("steps", steps))
