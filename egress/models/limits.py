"""Where a token works: clusters and namespaces it is bound to, beside its scopes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from django.db.models import Q

from egress.models.scope import Scope


@dataclass(frozen=True)
class TokenLimits:
    """Clusters, by primary key, and patterns of namespaces; empty ones limit nothing.

    Clusters are kept by number, not by a relation: one that is deleted leaves a limit behind
    that matches nothing, instead of none.
    """

    clusters: frozenset[int] = frozenset()
    namespaces: tuple[str, ...] = ()

    def covers(self, cluster_id: int, namespace: str) -> bool:
        """Tell whether the namespace `namespace` of the cluster is within the limits."""
        if self.clusters and cluster_id not in self.clusters:
            return False
        named = [Scope(None, pattern) for pattern in self.namespaces]
        return not named or any(one.covers(cluster_id, namespace) for one in named)

    def within(self, cluster: str = "cluster_id", namespace: str = "namespace") -> Q:
        """Return the filter of rows within the limits; `cluster` and `namespace` name its fields.

        Never empty, so that it can be combined with others.
        """
        inside = ~Q(pk__in=())
        if self.clusters:
            inside &= Q(**{f"{cluster}__in": sorted(self.clusters)})
        return inside & self.names(namespace)

    def names(self, field: str, prefix: str = "") -> Q:
        """Return the filter of rows whose `field` holds a name within the limits.

        `prefix` stands before the name in that field.
        """
        every = ~Q(pk__in=())
        valid = [one for one in (Scope(None, name) for name in self.namespaces) if one.is_valid]
        found = [one.within(field, prefix) or every for one in valid]
        return reduce(or_, found, Q(pk__in=())) if self.namespaces else every

    def narrow(self, scope: Scope) -> Iterator[Scope]:
        """Yield what is left of an approver's scope within the limits."""
        inner = replace(scope, only=self)
        if not self.clusters:
            yield inner
        elif scope.cluster_id is None:
            yield from (replace(inner, cluster_id=one) for one in sorted(self.clusters))
        elif scope.cluster_id in self.clusters:
            yield inner
