"""The decisions that close a namespace, as pages show them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from egress.domain.access import Enforcement
from egress.models import Namespace
from egress.models.standing import Standing
from egress.rules import is_admin, may_set_default_deny
from egress.services import hardening
from egress.web.ways import enforcement_in


@dataclass(frozen=True)
class Kind:
    """One kind of decision: its column, its words, its page, and the services behind it.

    `in_force`, `decided` and `off` say how the namespace stands, `opens` what switching it off
    lets happen.
    """

    field: str
    name: str
    url_name: str
    in_force: str
    decided: str
    off: str
    opens: str
    preview: Callable[..., hardening.HardeningPreview]
    decide: Callable[..., Namespace]


DEFAULT_DENY = Kind(
    "default_deny",
    "default deny",
    "namespace-default-deny",
    "In force: workloads of this namespace reach granted hosts only.",
    "Decided, but the cluster does not carry it yet.",
    "Off: workloads of this namespace may reach hosts that nobody granted. Grants below say what "
    "is allowed on purpose.",
    "Afterwards workloads of this namespace may reach any host, granted or not.",
    hardening.preview_default_deny,
    hardening.set_default_deny,
)
NETWORK_POLICY = Kind(
    "network_policy",
    "network policy",
    "namespace-network-policy",
    "In force: pods that avoid their proxy do not get out past it, as far as the cluster's "
    "network enforces policies.",
    "Decided, but the cluster does not carry it yet.",
    "Off: what goes around the proxies reaches the outside.",
    "Afterwards a pod of this namespace that avoids its proxy reaches the outside by itself.",
    hardening.preview_network_policy,
    hardening.set_network_policy,
)
NOT_IN_AMBIENT = (
    "Does not apply: the ambient mesh knows no default deny. Here the network policy is what keeps "
    "pods from hosts that nobody granted."
)
KINDS = (DEFAULT_DENY, NETWORK_POLICY)


@dataclass(frozen=True)
class DecisionFact:
    """How one decision stands. `state` is the name of a badge, empty when it is off.

    `applies` tells whether it does anything under the namespace's enforcement.
    """

    kind: Kind
    on: bool
    state: str
    by: str
    at: datetime | None
    may_switch: bool
    applies: bool = True

    @property
    def sentence(self) -> str:
        """Return how the namespace stands, in words."""
        if not self.applies:
            return NOT_IN_AMBIENT
        if self.state == "enforced":
            return self.kind.in_force
        return self.kind.decided if self.on else self.kind.off


def decisions_on(namespace: Namespace, standing: Standing) -> list[DecisionFact]:
    """Return how all decisions on a namespace stand, and which of them the person may switch."""
    return [_fact(kind, namespace, standing) for kind in KINDS]


def _fact(kind: Kind, namespace: Namespace, standing: Standing) -> DecisionFact:
    on = bool(getattr(namespace, kind.field))
    enforced = bool(getattr(namespace, f"{kind.field}_enforced"))
    is_ambient = enforcement_in(namespace) is Enforcement.AMBIENT
    applies = on or kind is not DEFAULT_DENY or not is_ambient
    may_switch = is_admin(standing) or (not on and may_set_default_deny(standing, namespace))
    return DecisionFact(
        kind,
        on,
        "enforced" if enforced else "waiting" if on else "",
        getattr(namespace, f"{kind.field}_by"),
        getattr(namespace, f"{kind.field}_at"),
        may_switch and applies,
        applies,
    )
