"""What was done in clusters, as far as somebody may know of it."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from egress.models import Delivery, Namespace, Person
from egress.models.standing import Standing, standing_of
from egress.selectors.grants import NAMESPACE_SLICE


def visible_deliveries(person: Person | Standing) -> QuerySet[Delivery]:
    """Return the deliveries that the person may read, newest first.

    Deliveries name namespaces. Where a namespace of the same name belonged to others, only what
    was done after it was gone is theirs to read.
    """
    standing = person if isinstance(person, Standing) else standing_of(person)
    rows = Delivery.objects.select_related("cluster", "slice")
    if standing.sees_everything:
        return rows
    if not standing.is_active:
        return rows.none()
    named = Namespace.objects.annotate(key=Concat(Value(NAMESPACE_SLICE), "name")).filter(
        cluster=OuterRef("cluster"), key=OuterRef("slice__key")
    )
    mine = standing.owned_namespaces()
    then = Q(gone_at__isnull=True) | Q(gone_at__gte=OuterRef("started_at"))
    owned = Exists(named.filter(mine)) & ~Exists(named.filter(then).exclude(mine))
    return rows.filter(owned | Exists(named.filter(standing.approved_area("cluster_id", "name"))))
