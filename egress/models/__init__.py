"""What the database holds. Constraints here are the last guard behind the services."""

from egress.models.adoption import Adoption, ForeignList, ForeignObject
from egress.models.audit import AuditCheck, AuditEvent, AuditEventsAreFinalError, AuditHead
from egress.models.brake import BrakeRelease, HeldRemoval
from egress.models.break_glass import BreakGlass
from egress.models.catalogue import CatalogueEntry
from egress.models.cluster import Cluster, HostAssignment, Namespace, ServiceAccount
from egress.models.delegation import Delegation
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
from egress.models.limits import TokenLimits
from egress.models.notification import (
    Channel,
    DigestTime,
    Notification,
    NotificationCursor,
    Outgoing,
    Preference,
)
from egress.models.ownership import OwnershipAnswer
from egress.models.person import SCOPED_ROLES, Person, Role, RoleBinding
from egress.models.rate_limit import RateLimit
from egress.models.recertification import Recertification
from egress.models.request import Approval, Comment, Request, RequestDestination, RequestStage
from egress.models.risk import Risk
from egress.models.rule_book import RuleBook
from egress.models.saved_filter import SavedFilter
from egress.models.sign_in import GuessCount, ProviderAccount, SignIn
from egress.models.token import ApiToken, IdempotencyKey
from egress.models.webhook import Webhook

__all__ = [
    "SCOPED_ROLES",
    "Adoption",
    "ApiToken",
    "Approval",
    "AuditCheck",
    "AuditEvent",
    "AuditEventsAreFinalError",
    "AuditHead",
    "BrakeRelease",
    "BreakGlass",
    "CatalogueEntry",
    "Channel",
    "Cluster",
    "Comment",
    "Delegation",
    "Delivery",
    "DeliveryStep",
    "DigestTime",
    "Draft",
    "ForeignList",
    "ForeignObject",
    "Grant",
    "GuessCount",
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
    "ProviderAccount",
    "RateLimit",
    "Recertification",
    "Request",
    "RequestDestination",
    "RequestStage",
    "Risk",
    "Role",
    "RoleBinding",
    "RuleBook",
    "SavedFilter",
    "ServiceAccount",
    "SignIn",
    "Slice",
    "TokenLimits",
    "Webhook",
]
