"""What was done in clusters, as far as somebody may know of it."""

from django.db.models import Q, QuerySet

from egress.models import Delivery, Person
from egress.models.standing import Standing, standing_of
from egress.selectors.grants import NAMESPACE_SLICE
from egress.selectors.joins import with_clusters
from egress.selectors.namespaces import owned_places


def visible_deliveries(person: Person | Standing) -> QuerySet[Delivery]:
    """Return the deliveries that the person may read, newest first.

    Deliveries name namespaces. Where a namespace of the same name belonged to others, only what
    was done after it was gone is theirs to read.
    """
    standing = person if isinstance(person, Standing) else standing_of(person)
    rows = with_clusters(Delivery.objects.select_related("slice"))
    if standing.sees_everything:
        return rows
    if not standing.is_active:
        return rows.none()
    return rows.filter(_owned(standing) | _approved(standing))


def _owned(standing: Standing) -> Q:
    where, together = Q(pk__in=()), dict[int, list[str]]()
    for place in owned_places(standing):
        key = f"{NAMESPACE_SLICE}{place.name}"
        if place.since is None:
            together.setdefault(place.cluster_id, []).append(key)
        else:
            where |= Q(cluster=place.cluster_id, slice__key=key, started_at__gt=place.since)
    for cluster, keys in together.items():
        where |= Q(cluster=cluster, slice__key__in=keys)
    return where


def _approved(standing: Standing) -> Q:
    where = Q(pk__in=())
    for scope in standing.scopes:
        if scope.is_valid:
            inside = scope.within("slice__key", NAMESPACE_SLICE)
            if scope.cluster_id is not None:
                inside &= Q(cluster=scope.cluster_id)
            where |= inside
    return where
