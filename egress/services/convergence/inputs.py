"""Everything that slices are rendered from, as digests: the same digest, the same objects."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from egress.domain.access import Inventory
from egress.domain.lifecycle import GrantStatus
from egress.domain.render import GENERATOR_VERSION
from egress.domain.slices import SliceKey, SliceKind
from egress.models import Cluster, RequestDestination
from egress.selectors.slices import (
    assignments_of,
    disputed_hosts,
    grants_to_judge_for,
    inventory_of_namespaces,
    profile_for,
    shares_hosts,
)
from egress.services.convergence.fitness import RENEWAL_TAKES

GRANT_FIELDS = (
    "id",
    "status",
    "namespace",
    "host",
    "created_at",
    "expires_at",
    "request_id",
    "cluster_id",
    "namespace_uid",
    "service_account",
    "service_account_uid",
    "port",
    "protocol",
    "tls_origination",
    "addresses",
    "resolution",
    "alias",
    "duration_days",
    "binding",
    "ended_by",
    "confirmed_at",
)
"""What of a grant is rendered, or decides whether it may be; the first seven are read here."""
REQUEST_FIELDS = (
    "cluster_id",
    "requester_id",
    "namespace",
    "namespace_uid",
    "service_account",
    "service_account_uid",
    "duration_days",
    "renews_id",
    "status",
    "revision",
    "decision_digest",
    "adopts_digest",
)
"""What of a request a grant is bound to."""
DESTINATION_FIELDS = (
    "request_id",
    "position",
    "host",
    "port",
    "protocol",
    "tls_origination",
    "addresses",
    "resolution",
    "alias",
    "verdict",
)
"""What of a request's destinations a grant is bound to."""


@dataclass(frozen=True)
class Reading:
    """The digest of what some slices are rendered from, and until when time changes nothing."""

    digest: str
    until: datetime | None


@dataclass
class Inputs:
    """What all slices of a cluster are rendered from, read for one sweep."""

    cluster: Cluster
    now: datetime
    inventory: Inventory
    assignments: Mapping[str, str]
    disputed: Collection[str]
    common: str
    _facts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cluster: Cluster, now: datetime) -> "Inputs":
        """Read what slices have in common."""
        profile = profile_for(cluster, ())
        common = (GENERATOR_VERSION, settings.GRANT_LAPSE_DAYS, cluster.pk, cluster.uid, profile)
        return cls(
            cluster,
            now,
            inventory_of_namespaces(cluster, None),
            assignments_of(cluster, None),
            disputed_hosts(cluster, None) if shares_hosts(cluster) else (),
            _digest(common),
        )

    def of(self, keys: Collection[SliceKey]) -> Reading:
        """Return what some slices are rendered from: every row that `loading` would look at."""
        grants = grants_to_judge_for(self.cluster, keys, self.disputed).prefetch_related(None)
        asked = [f"request__{name}" for name in REQUEST_FIELDS]
        rows = list(grants.values_list(*GRANT_FIELDS, *asked))
        requests = {row[_REQUEST] for row in rows}
        destinations = RequestDestination.objects.filter(request__in=requests)
        destinations = destinations.order_by("request_id", "position")
        names = {row[_NAMESPACE] for row in rows}
        names |= {key.name for key in keys if key.kind is SliceKind.NAMESPACE}
        hosts = {row[_HOST] for row in rows}
        hosts |= {key.name for key in keys if key.kind is SliceKind.HOST}
        facts = (
            sorted(map(str, keys)),
            rows,
            list(destinations.values_list(*DESTINATION_FIELDS)),
            [self._facts_of(name) for name in sorted(names)],
            [(host, self.assignments.get(host)) for host in sorted(hosts)],
        )
        return Reading(_digest((self.common, facts)), self._until(rows))

    def _facts_of(self, name: str) -> str:
        if name not in self._facts:
            self._facts[name] = _digest((name, self.inventory.namespaces.get(name)))
        return self._facts[name]

    def _until(self, rows: Collection[tuple[Any, ...]]) -> datetime | None:
        """Return when the first of these grants runs out, or has waited for too long."""
        lapse = timedelta(days=settings.GRANT_LAPSE_DAYS)
        ends = [row[_EXPIRES] + RENEWAL_TAKES for row in rows if row[_EXPIRES]]
        ends += [row[_CREATED] + lapse for row in rows if row[_STATUS] == GrantStatus.PENDING]
        return min((end for end in ends if end > self.now), default=None)


_STATUS, _NAMESPACE, _HOST, _CREATED, _EXPIRES, _REQUEST = range(1, 7)


def _digest(facts: object) -> str:
    # Written by this process and read by this process only: the spelling may change with Python.
    return hashlib.blake2b(
        repr(facts).encode("utf-8", "backslashreplace"), digest_size=32
    ).hexdigest()
