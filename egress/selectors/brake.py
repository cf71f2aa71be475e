"""What the brake holds in a cluster, and what was released from it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from egress.domain.objects import canonical_json
from egress.models import BrakeRelease, Cluster, HeldRemoval, Person
from egress.models.standing import Standing, standing_of

LATEST_RELEASES = 5


@dataclass(frozen=True)
class Held:
    """All that is held of a cluster at one moment. `digest` names exactly this set."""

    removals: Sequence[HeldRemoval]
    digest: str

    def __len__(self) -> int:
        return len(self.removals)


def held_of(cluster: Cluster) -> Held:
    """Return what the brake holds in a cluster now, by kind, namespace and name."""
    removals = list(removals_of(cluster))
    told = canonical_json(sorted(told_of(one) for one in removals))
    return Held(removals, hashlib.sha256(told).hexdigest())


def removals_of(cluster: Cluster) -> QuerySet[HeldRemoval]:
    """Return the objects that the brake holds in a cluster, by kind, namespace and name."""
    return HeldRemoval.objects.filter(cluster=cluster).select_related("slice")


def told_of(held: HeldRemoval) -> list[str]:
    """Return what tells one held removal from any other, as a release names it."""
    return [held.api_version, held.kind, held.namespace, held.name, held.uid, held.left]


def latest_releases(cluster: Cluster) -> QuerySet[BrakeRelease]:
    """Return the latest releases of a cluster, newest first."""
    return BrakeRelease.objects.filter(cluster=cluster).order_by("-pk")[:LATEST_RELEASES]


def may_see_held(person: Person | Standing) -> bool:
    """Tell whether somebody may know which objects are held: they are of every namespace."""
    standing = person if isinstance(person, Standing) else standing_of(person)
    return standing.sees_everything
