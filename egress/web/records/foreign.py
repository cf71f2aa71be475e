"""Foreign objects as the cluster's page and their own list show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import yaml
from django.db.models import Count, Q

from egress.domain.objects import to_yaml
from egress.models import Adoption, Cluster, ForeignObject, Request
from egress.models.standing import Standing
from egress.selectors.foreign import adoptable_namespaces, asked_for, list_of, visible_foreign

SHOWN = 5


@dataclass(frozen=True)
class ForeignRow:
    """One object; `may_adopt` offers to ask for it, `request` is the one that does already."""

    row: ForeignObject
    may_adopt: bool
    request: int | None

    @property
    def serves(self) -> str:
        """Return whom it serves, in words."""
        if self.row.serves == ["*"]:
            return "every namespace"
        return ", ".join(self.row.serves) or "nobody"


@dataclass(frozen=True)
class ForeignPanel:
    """What the cluster's page says: how many there are, and the first of them.

    `kept` are listed of `total` that were found, for those who see everything.
    """

    looked_at: datetime | None
    count: int
    adoptable: int
    rows: list[ForeignRow]
    total: int
    kept: int

    @property
    def is_cut(self) -> bool:
        """Whether more was found than is listed."""
        return self.total > self.kept


def foreign_panel(cluster: Cluster, standing: Standing) -> ForeignPanel:
    """Return the panel of a cluster, as far as somebody may know of it."""
    known = list_of(cluster)
    if known is None:
        return ForeignPanel(None, 0, 0, [], 0, 0)
    seen = visible_foreign(cluster, standing)
    adoptable = Count("pk", filter=Q(adoptable=True))
    numbers = seen.order_by().aggregate(count=Count("pk"), adoptable=adoptable)
    count = numbers["count"]
    return ForeignPanel(
        looked_at=known.looked_at,
        count=count,
        adoptable=numbers["adoptable"],
        rows=foreign_rows(cluster, standing, seen[:SHOWN]) if count else [],
        total=known.total if standing.sees_everything else 0,
        kept=count if standing.sees_everything else 0,
    )


def foreign_rows(
    cluster: Cluster, standing: Standing, objects: Iterable[ForeignObject]
) -> list[ForeignRow]:
    """Return objects with what this person may do about them."""
    rows = list(objects)
    places = adoptable_namespaces(cluster, standing)
    asked = asked_for(cluster, [row.uid for row in rows])
    return [
        ForeignRow(
            row,
            row.adoptable and row.uid not in asked and (places is None or row.namespace in places),
            asked.get(row.uid),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class AdoptionView:
    """What a request takes over: the object as it was looked at, and what became of it."""

    adoption: Adoption
    yaml: str
    state: str


def adoption_of(request: Request) -> AdoptionView | None:
    """Return what a request adopts, None when it adopts nothing."""
    if not request.adopts_digest:
        return None
    adoption = request.adoption
    state = adoption.outcome if request.status == "approved" else ""
    return AdoptionView(adoption, manifest_yaml(adoption.manifest), state)


def manifest_yaml(manifest: dict[str, object]) -> str:
    """Return an object as people read it: what it is first, however it was stored."""
    first = [name for name in ("apiVersion", "kind", "metadata") if name in manifest]
    ordered = {name: manifest[name] for name in first} | manifest
    try:
        return to_yaml([ordered])
    except yaml.YAMLError:
        return str(manifest)
