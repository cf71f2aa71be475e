"""Which namespaces somebody may know of, and ask for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from egress.domain.access import SYSTEM_NAMESPACES, Enforcement
from egress.models import Cluster, Namespace, Person, ServiceAccount
from egress.models.standing import Standing, standing_of
from egress.selectors.joins import with_clusters

NAMESPACES_LISTED = 100
"""Up to how many namespaces are named in a query; more are looked up within it."""


def visible_namespaces(person: Person | Standing) -> QuerySet[Namespace]:
    """Return the present namespaces that the person may know of, by cluster and name."""
    return present_namespaces().filter(namespace_filter(_standing(person)))


def unknown_names(
    person: Person | Standing, cluster: Cluster, names: Iterable[str]
) -> frozenset[str]:
    """Return those of the names of namespaces of a cluster that the person may not know of."""
    asked, standing = frozenset(names), _standing(person)
    if not asked or standing.sees_everything:
        return frozenset()
    known = visible_namespaces(standing).filter(cluster=cluster, name__in=sorted(asked))
    return asked - frozenset(known.order_by().values_list("name", flat=True))


def askable_namespaces(
    person: Person | Standing, cluster: Cluster | None = None
) -> QuerySet[Namespace]:
    """Return the present namespaces for which the person may ask: those that are theirs."""
    owned = present_namespaces().filter(_standing(person).owned_namespaces())
    return owned.filter(cluster=cluster) if cluster else owned


def present_namespaces() -> QuerySet[Namespace]:
    """Return every namespace that is not gone, with cluster and owner."""
    present = Namespace.objects.filter(gone_at__isnull=True).select_related("owner")
    return with_clusters(present).order_by("cluster__name", "name")


def held_namespaces() -> Q:
    """Return the filter of `Namespace` rows that the cluster holds to their grants.

    The same as `Namespace.is_held`, asked of the database.
    """
    ambient = Q(enforcement=Enforcement.AMBIENT) | Q(
        enforcement="", cluster__enforcement=Enforcement.AMBIENT
    )
    by_policy, by_sidecar = Q(network_policy_enforced=True), Q(default_deny_enforced=True)
    return (ambient & by_policy) | (~ambient & by_sidecar)


def without_owner() -> Q:
    """Return the filter of `Namespace` rows that belong to no team, so that nobody may ask.

    Those for which no grant may be made at all need no owner, and are left out; so are those of
    clusters that answer themselves who may deploy where.
    """
    nobody = Q(owner__isnull=True, owner_label="", cluster__owner_by_review=False)
    return nobody & unprotected()


def unprotected() -> Q:
    """Return the filter of `Namespace` rows for which grants may be made at all."""
    places = Q(name=F("cluster__egress_namespace")) | Q(name=F("cluster__root_namespace"))
    return ~(Q(name__in=sorted(SYSTEM_NAMESPACES)) | places)


def ownerless_counts() -> list[tuple[str, int]]:
    """Return how many present namespaces belong to no team, by cluster, for those with any."""
    rows = Namespace.objects.filter(without_owner(), gone_at__isnull=True)
    counted = rows.order_by().values_list("cluster__name").annotate(number=Count("pk"))
    return sorted(counted)


def namespace_filter(standing: Standing) -> Q:
    """Return the filter of `Namespace` rows that somebody of this standing may know of."""
    if standing.sees_everything:
        return Q()
    return standing.owned_namespaces() | standing.approved_area("cluster_id", "name")


@dataclass(frozen=True)
class OwnedPlace:
    """A name of a namespace, for things that name namespaces instead of pinning them.

    Where an earlier namespace of the name belonged to others, only what happened after `since`
    is for its owners of today to read; None stands for everything.
    """

    cluster_id: int
    cluster: str
    name: str
    since: datetime | None


def owned_places(standing: Standing) -> list[OwnedPlace]:
    """Return the names that belong to the person's teams; not those others have now as well."""
    if not standing.may_own:
        return []
    mine = Namespace.objects.filter(standing.owned_namespaces())
    rows = Namespace.objects.filter(name__in=mine.values("name")).order_by("cluster", "name")
    read = rows.annotate(is_mine=Exists(mine.filter(pk=OuterRef("pk")))).values_list(
        "cluster_id", "cluster__name", "name", "is_mine", "gone_at"
    )
    others: dict[tuple[int, str], list[datetime | None]] = {}
    owned: dict[tuple[int, str], str] = {}
    for cluster_id, cluster, name, is_mine, gone_at in read:
        if is_mine:
            owned[cluster_id, name] = cluster
        else:
            others.setdefault((cluster_id, name), []).append(gone_at)
    places = []
    for (cluster_id, name), cluster in owned.items():
        gone = others.get((cluster_id, name), [])
        if None not in gone:
            since = max((at for at in gone if at is not None), default=None)
            places.append(OwnedPlace(cluster_id, cluster, name, since))
    return places


def pinned_filter(standing: Standing) -> Q:
    """Return the filter of rows whose pinned namespace belongs to the person's teams.

    For rows with `cluster` and `namespace_uid`. By uid, not by name: a namespace made again by
    somebody else shows its new owner nothing old.
    """
    if not standing.may_own:
        return Q(pk__in=())
    owned = Namespace.objects.filter(
        standing.owned_namespaces(), cluster=OuterRef("cluster"), uid=OuterRef("namespace_uid")
    )
    return Q(Exists(owned))


def pinned_now(standing: Standing) -> Q | None:
    """Return what `pinned_filter` does, with the namespaces as they are read now.

    They are named one by one, so that what is theirs is found by index. None where there are more
    than NAMESPACES_LISTED.
    """
    if not (standing.is_active and standing.teams):
        return pinned_filter(standing)
    owned = Namespace.objects.filter(standing.owned_namespaces()).order_by()
    places: dict[int, list[str]] = {}
    read = owned.values_list("cluster_id", "uid")[: NAMESPACES_LISTED + 1]
    for number, (cluster, uid) in enumerate(read):
        if number == NAMESPACES_LISTED:
            return None
        places.setdefault(cluster, []).append(uid)
    where = Q(pk__in=())
    for cluster, uids in places.items():
        where |= Q(cluster=cluster, namespace_uid__in=uids)
    return where


def service_accounts_of(namespace: Namespace) -> QuerySet[ServiceAccount]:
    """Return the present service accounts of the namespace, by name."""
    return namespace.service_accounts.filter(gone_at__isnull=True).order_by("name")


def _standing(person: Person | Standing) -> Standing:
    return person if isinstance(person, Standing) else standing_of(person)
