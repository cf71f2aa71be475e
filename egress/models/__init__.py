"""What the database holds. Constraints here are the last guard behind the services."""

from egress.models.adoption import Adoption, ForeignList, ForeignObject
from egress.models.audit import AuditCheck, AuditEvent, AuditEventsAreFinalError, AuditHead
from egress.models.brake import BrakeRelease, HeldRemoval
from egress.models.catalogue import CatalogueEntry
from egress.models.cluster import Cluster, HostAssignment, Namespace, ServiceAccount
from egress.models.delivery import (
    Delivery,
    DeliveryStep,
    Lease,
    OwnedObject,
    Priority,
    Slice,
)
from egress.models.draft import Draft
from egress.models.grant import Grant
from egress.models.notification import (
    Channel,
    DigestTime,
    Notification,
    NotificationCursor,
    Outgoing,
    Preference,
)
from egress.models.ownership import OwnershipAnswer
from egress.models.person import Person, Role, RoleBinding
from egress.models.request import Approval, Comment, Request, RequestDestination, Risk
from egress.models.saved_filter import SavedFilter
from egress.models.token import ApiToken, IdempotencyKey
from egress.models.webhook import Webhook

__all__ = [
    "Adoption",
    "ApiToken",
    "Approval",
    "AuditCheck",
    "AuditEvent",
    "AuditEventsAreFinalError",
    "AuditHead",
    "BrakeRelease",
    "CatalogueEntry",
    "Channel",
    "Cluster",
    "Comment",
    "Delivery",
    "DeliveryStep",
    "DigestTime",
    "Draft",
    "ForeignList",
    "ForeignObject",
    "Grant",
    "HeldRemoval",
    "HostAssignment",
    "IdempotencyKey",
    "Lease",
    "Namespace",
    "Notification",
    "NotificationCursor",
    "Outgoing",
    "OwnedObject",
    "OwnershipAnswer",
    "Person",
    "Preference",
    "Priority",
    "Request",
    "RequestDestination",
    "Risk",
    "Role",
    "RoleBinding",
    "SavedFilter",
    "ServiceAccount",
    "Slice",
    "Webhook",
]
