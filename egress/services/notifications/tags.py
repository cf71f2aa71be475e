"""Of which audit events people are told, and as what."""

from collections.abc import Mapping

from egress.domain.notices import Kind
from egress.services.audit import Tag
from egress.services.notifications import recertifying

REQUEST_TAGS = frozenset({Tag.REQUEST_SUBMITTED, Tag.REQUEST_EDITED})
DECISION_TAGS: Mapping[str, str] = {
    Tag.REQUEST_APPROVED: "was approved",
    Tag.REQUEST_DENIED: "was denied",
    Tag.REQUEST_LAPSED: "lapsed",
}
GRANT_TAGS: Mapping[str, Kind] = {
    Tag.GRANT_ACTIVATED: Kind.APPLIED,
    Tag.GRANT_RESUMED: Kind.APPLIED,
    Tag.GRANT_FAILED: Kind.FAILED,
    Tag.GRANT_SUSPENDED: Kind.FAILED,
    Tag.GRANT_REVOKED: Kind.FAILED,
    Tag.GRANT_LAPSED: Kind.FAILED,
    Tag.GRANT_EXPIRING: Kind.EXPIRING,
}
CLUSTER_TAGS: Mapping[str, str] = {
    Tag.DRIFT_FOUND: "Cluster {} differs from what was granted",
    Tag.SWEEP_BRAKED: "Removals in cluster {} wait for an admin",
    Tag.CLUSTER_UNREACHABLE: "Cluster {} cannot be served",
}
SETTLING_TAGS = frozenset({*DECISION_TAGS, Tag.REQUEST_WITHDRAWN})
"""After these nobody has to decide a request any more."""

WAITING_TAGS: Mapping[str, Kind] = {
    Tag.REQUEST_REMINDED: Kind.REMINDER,
    Tag.REQUEST_ESCALATED: Kind.ESCALATION,
}
BREAK_GLASS_TAGS = frozenset(
    {Tag.BREAK_GLASS_OPENED, Tag.BREAK_GLASS_LOOKED, Tag.BREAK_GLASS_LAPSED}
)
TOLD_TAGS = frozenset(
    {
        *REQUEST_TAGS,
        *WAITING_TAGS,
        *SETTLING_TAGS,
        *GRANT_TAGS,
        *CLUSTER_TAGS,
        *BREAK_GLASS_TAGS,
        *recertifying.TAGS,
        Tag.TOKEN_EXPIRING,
    }
)
