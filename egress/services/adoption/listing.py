"""The foreign objects of a cluster, kept as they were seen last."""

import hashlib
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from egress.domain.adoption import WayOut
from egress.domain.objects import canonical_json
from egress.models import Cluster, ForeignList, ForeignObject

MOST = 2_000
"""So many objects of a cluster are kept; the others are counted."""
_LONGEST = 1_000
_LONGEST_NAME = 253
_BATCH = 500


@transaction.atomic
def keep(cluster: Cluster, found: Sequence[WayOut]) -> ForeignList:
    """Store what was found, at most MOST objects of it; what can be adopted goes first."""
    first = sorted(found, key=lambda way: (not way.adoptable, way.key))[:MOST]
    # The last row is listed first, as lists are newest first: what can be adopted leads.
    rows = [_row(cluster, way) for way in reversed(first)]
    digest = _digest(rows)
    now = timezone.now()
    stored, _ = ForeignList.objects.get_or_create(cluster=cluster, defaults={"looked_at": now})
    # Written before the rows: two looks at once take turns.
    ForeignList.objects.filter(pk=stored.pk).update(looked_at=now, total=len(found), digest=digest)
    before, stored.digest = stored.digest, digest
    stored.looked_at, stored.total = now, len(found)
    if before != digest:
        ForeignObject.objects.filter(cluster=cluster).delete()
        ForeignObject.objects.bulk_create(rows, batch_size=_BATCH)
    return stored


def _row(cluster: Cluster, way: WayOut) -> ForeignObject:
    key, hosts = way.key, [_storable(host)[:_LONGEST_NAME] for host in way.hosts]
    return ForeignObject(
        cluster=cluster,
        api_version=key.api_version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        uid=way.uid,
        resource_version=way.resource_version,
        managers=[_storable(manager) for manager in way.managers],
        hosts=hosts,
        ports=list(way.ports),
        serves=[_storable(name)[:_LONGEST_NAME] for name in way.serves],
        sentence=_storable(way.sentence)[:_LONGEST],
        adoptable=way.adoptable,
        why_not=_storable(way.why_not)[:_LONGEST],
        granted=list(way.granted),
        search=" ".join([key.namespace, key.name, *hosts]).lower(),
    )


def forget(cluster: Cluster, uid: str) -> None:
    """Take an object that is gone off the list, in the caller's transaction."""
    ForeignObject.objects.filter(cluster=cluster, uid=uid).delete()
    ForeignList.objects.filter(cluster=cluster).update(digest="")


def _storable(text: str) -> str:
    """Return a text that every database keeps; what others write may hold anything."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _digest(rows: Sequence[ForeignObject]) -> str:
    columns = [field.attname for field in ForeignObject._meta.concrete_fields if field.name != "id"]
    content = [[getattr(row, name) for name in columns] for row in rows]
    return hashlib.sha256(canonical_json(content)).hexdigest()
