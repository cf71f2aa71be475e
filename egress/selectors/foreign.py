"""Objects of others that lead out of a cluster, as far as somebody may know of them."""

from collections.abc import Iterable, Mapping

from django.db.models import QuerySet

from egress.domain.lifecycle import RequestStatus
from egress.models import Adoption, Cluster, ForeignList, ForeignObject, Person
from egress.models.standing import Standing, standing_of
from egress.selectors.joins import with_clusters
from egress.selectors.namespaces import askable_namespaces, visible_namespaces


def visible_foreign(cluster: Cluster, person: Person | Standing) -> QuerySet[ForeignObject]:
    """Return the listed objects of a cluster that somebody may know of.

    What can be adopted comes first, then they are in the order of their keys. All of them for
    admins and auditors, else those that lie in namespaces they see.
    """
    standing = person if isinstance(person, Standing) else standing_of(person)
    rows = with_clusters(ForeignObject.objects.filter(cluster=cluster)).order_by("-pk")
    if standing.sees_everything:
        return rows
    names = visible_namespaces(standing).filter(cluster=cluster).values("name")
    return rows.filter(namespace__in=names)


def list_of(cluster: Cluster) -> ForeignList | None:
    """Return when the objects were listed and how many there were, None before the first look."""
    try:
        return cluster.foreign_list
    except ForeignList.DoesNotExist:
        return None


def adoptable_namespaces(cluster: Cluster, standing: Standing) -> frozenset[str] | None:
    """Return where somebody may ask for adoptions; None stands for everywhere."""
    if standing.is_admin:
        return None
    return frozenset(askable_namespaces(standing, cluster).values_list("name", flat=True))


def asked_for(cluster: Cluster, uids: Iterable[str]) -> Mapping[str, int]:
    """Return which request asks to adopt an object, or is adopting it, by the object's uid."""
    rows = Adoption.objects.filter(
        cluster=cluster,
        uid__in=list(uids),
        outcome=Adoption.Outcome.WAITING,
        request__status__in=[RequestStatus.PENDING, RequestStatus.APPROVED],
    )
    return dict(rows.order_by("pk").values_list("uid", "request_id"))
