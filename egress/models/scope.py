"""Where and what an approver decides, as one binding says it."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from django.db.models import BooleanField, Exists, Func, OuterRef, Q, Value
from django.db.models.functions import Replace

from egress.models.request import RequestDestination
from egress.models.risk import Risk

if TYPE_CHECKING:
    from egress.models.limits import TokenLimits

SCOPE_PATTERN = re.compile(r"[a-z0-9*?-]{1,253}")
"""What an approver's namespace pattern may contain. Any other pattern matches nothing."""

HOST_PATTERN = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f.:]+/[0-9]{1,3}")
"""What a destination pattern may be: `*`, a host, `*.` before a domain, or an address range."""


@dataclass(frozen=True)
class Scope:
    """Where an approver decides. `cluster_id` None means every cluster.

    `destinations` is `*`, one host as requests name it, or `*.example.com` for what lies below;
    `max_risk` the highest risk of a request. A scope that somebody lends for a time names them
    in `lender_id` and `lender`; it is worth nothing for what they asked for themselves. `only` are
    the limits of the token that is used; its namespaces narrow those of the scope.
    """

    cluster_id: int | None
    namespaces: str
    destinations: str = "*"
    max_risk: int = Risk.BLOCK
    lender_id: int | None = None
    lender: str = ""
    only: "TokenLimits | None" = None

    def covers(self, cluster_id: int, namespace: str) -> bool:
        """Tell whether the scope contains the namespace `namespace` of the cluster."""
        if self.cluster_id is not None and self.cluster_id != cluster_id:
            return False
        if not self.is_valid:
            return False
        if self.only is not None and not self.only.covers(cluster_id, namespace):
            return False
        return fnmatchcase(namespace, self.namespaces)

    def covers_host(self, host: str) -> bool:
        """Tell whether the scope contains a destination's host, in its canonical spelling."""
        if not self.is_valid:
            return False
        if self.destinations == "*":
            return True
        if self.destinations.startswith("*."):
            return host.endswith(self.destinations[1:])
        return host == self.destinations

    @property
    def is_valid(self) -> bool:
        """Whether the patterns can match; any others cover nothing."""
        return (
            SCOPE_PATTERN.fullmatch(self.namespaces) is not None
            and HOST_PATTERN.fullmatch(self.destinations) is not None
        )

    def within(self, name: str, prefix: str = "") -> Q:
        """Return the filter of rows whose field `name` matches the valid pattern; empty for all.

        `prefix` stands before the namespace in that field; it must hold no special characters.
        A name or its beginning is looked for as such, because an index finds those.
        """
        inside = self._matching(name, prefix)
        return inside if self.only is None else inside & self.only.names(name, prefix)

    def _matching(self, name: str, prefix: str) -> Q:
        head, star, rest = self.namespaces.partition("*")
        if "?" in head or rest.strip("*"):
            pattern = self.namespaces.replace("*", ".*").replace("?", ".")
            return Q(**{f"{name}__regex": rf"^{prefix}{pattern}\Z"})
        head = prefix + head
        if not star:
            return Q(**{name: head})
        return Q(**{f"{name}__startswith": head}) if head else Q()

    def area(self, cluster: str, namespace: str) -> Q:
        """Return the filter of rows in the scope's clusters and namespaces.

        `cluster` and `namespace` are the fields that hold the cluster's primary key and the
        namespace's name. Of a scope whose patterns mean nothing it passes no row.
        """
        if not self.is_valid:
            return Q(pk__in=())
        inside = self.within(namespace)
        if self.cluster_id is not None:
            inside &= Q(**{cluster: self.cluster_id})
        return inside if inside else ~Q(pk__in=())

    def hosts(self) -> Q:
        """Return the filter of rows with a field `host` that the valid pattern contains."""
        if self.destinations == "*":
            return Q()
        if self.destinations.startswith("*."):
            return Q(host__endswith=self.destinations[1:])
        return Q(host=self.destinations)

    def requests(self) -> Q:
        """Return the filter of requests with a destination that the scope lets somebody decide.

        Whether who lends it wants them is another question.
        """
        found = self.area("cluster_id", "namespace") & Q(risk__lte=self.max_risk)
        hosts = self.hosts()
        if hosts:
            found &= Q(Exists(RequestDestination.objects.filter(hosts, request=OuterRef("pk"))))
        return found


class _IsLike(Func):
    """Whether a text matches a pattern of SQL's LIKE."""

    template = "%(expressions)s"
    arg_joiner = " LIKE "
    output_field = BooleanField()


def covering(namespace: str) -> Q:
    """Return the filter of `RoleBinding` rows whose pattern contains the namespace `namespace`.

    The same as `Scope.covers`, asked of the database: a valid pattern has no letter that means
    something to LIKE.
    """
    pattern = Replace(Replace("namespaces", Value("*"), Value("%")), Value("?"), Value("_"))
    matches = _IsLike(Value(namespace), pattern)
    return Q(matches, namespaces__regex=rf"^{SCOPE_PATTERN.pattern}\Z")
