"""One thing to tell people, before it is known whom."""

from dataclasses import dataclass, field

from egress.domain.notices import Kind
from egress.models import ApiToken, Cluster, Grant, Request

TITLE, TEXT = 200, 1000
"""Characters of a title and of a text that are kept."""


@dataclass(frozen=True)
class Draft:
    """One thing to tell, before it is known to whom.

    `event` is the number of the last audit event it tells of, `actor` the sign-in name of who
    did it, who need not be told, empty for the portal itself. `repeats` is true of what may come
    and go with every sweep: drafts of one kind and the same `about` then tell the same.
    """

    event: int
    kind: Kind
    title: str
    text: str
    link: str
    about: str
    actor: str = ""
    repeats: bool = False
    request: Request | None = None
    grants: tuple[Grant, ...] = field(default=())
    cluster: Cluster | None = None
    token: ApiToken | None = None

    @property
    def place(self) -> tuple[int | None, str]:
        """Return cluster (its primary key) and namespace; the namespace may be empty."""
        row = self.request or (self.grants[0] if self.grants else None)
        if row is not None:
            return row.cluster_id, row.namespace
        return (self.cluster.pk if self.cluster else None), ""
