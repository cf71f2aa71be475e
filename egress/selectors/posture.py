"""The posture of a cluster as last seen, and what somebody may know of it."""

from collections.abc import Iterator

from egress.domain.posture import Row, attested
from egress.models import Cluster, OwnedObject, Person
from egress.models.standing import Standing, standing_of
from egress.selectors.namespaces import visible_namespaces


def rows_of(cluster: Cluster) -> list[Row]:
    """Return the rows as last seen, where an admin's word stands in for what could not be read."""
    return attested(stored_rows(cluster), cluster.attestations)


def stored_rows(cluster: Cluster) -> Iterator[Row]:
    """Yield the rows as they were found.

    Those of an older release that cannot be read any more are left out: the next look writes anew.
    """
    for stored in cluster.posture if isinstance(cluster.posture, list) else ():
        try:
            yield Row.read(stored)
        except ValueError:
            continue


def uids_of(cluster: Cluster) -> set[str]:
    """Return the uids of the objects that the portal wrote."""
    rows = OwnedObject.objects.filter(cluster=cluster).exclude(uid="")
    return set(rows.values_list("uid", flat=True))


def visible_rows(cluster: Cluster, person: Person | Standing) -> list[Row]:
    """Return the rows that somebody may see: all, or those about the namespaces they see."""
    standing = person if isinstance(person, Standing) else standing_of(person)
    rows = rows_of(cluster)
    if standing.sees_everything or not rows:
        return rows
    namespaces = visible_namespaces(standing).filter(cluster=cluster)
    names = set(namespaces.values_list("name", flat=True))
    return [row for row in rows if row.namespace in names]
