"""By which way grants of a namespace are carried out, in words for people."""

from dataclasses import dataclass

from egress.domain.access import Enforcement
from egress.domain.posture import is_boundary
from egress.models import Cluster, Namespace
from egress.models.standing import Standing
from egress.selectors.namespaces import askable_namespaces, present_namespaces
from egress.selectors.posture import rows_of

TITLES = {
    Enforcement.SIDECAR: "By the sidecar of each pod",
    Enforcement.GATEWAY: "Through the egress gateway",
    Enforcement.AMBIENT: "Through the waypoint",
}
ENFORCEMENT_WORDS = [(choice.value, f"{choice.value}: {TITLES[choice]}") for choice in Enforcement]
"""The choices of an enforcement, each with what it means."""

_GUARDRAIL = (
    "A guardrail, not a boundary: a workload that goes around its proxy goes around its grants."
)
_BOUNDARY = (
    "A boundary, where the network of the cluster enforces network policies: pods have no other "
    "way out."
)
_PASSABLE = "Not a boundary: the posture of the cluster shows a way past the egress gateway."
_OPEN = {
    Enforcement.GATEWAY: (
        "Not a boundary while the network policy of the namespace is off: a pod that goes around "
        "its proxy goes past the gateway."
    ),
    Enforcement.AMBIENT: (
        "Not a boundary while the network policy of the namespace is off: in the ambient mesh "
        "nothing else keeps pods from hosts that nobody granted."
    ),
}


@dataclass(frozen=True)
class Way:
    """How grants of one namespace are carried out.

    `means` says whether that is a boundary. `is_closed` tells whether the namespace reaches
    granted hosts only: by default deny, and in the ambient mesh by the network policy, because
    that mesh honours no `Sidecar` (istio.md 5.3).
    """

    enforcement: Enforcement
    means: str
    is_closed: bool

    @property
    def title(self) -> str:
        """Return the way in a few words."""
        return TITLES[self.enforcement]


def enforcement_in(namespace: Namespace) -> Enforcement:
    """Return how grants of `namespace` are enforced: its own choice, or its cluster's."""
    return Enforcement(namespace.enforcement or namespace.cluster.enforcement)


def way_of(namespace: Namespace) -> Way:
    """Return the way of a namespace, as its cluster is now."""
    enforcement = enforcement_in(namespace)
    is_ambient = enforcement is Enforcement.AMBIENT
    closed = namespace.network_policy if is_ambient else namespace.default_deny
    return Way(enforcement, _means(namespace, enforcement), closed)


def way_in(cluster: Cluster, name: str) -> Way | None:
    """Return the way of the present namespace called `name`, None when there is none."""
    found = present_namespaces().filter(cluster=cluster, name=name).first()
    return way_of(found) if found else None


def way_for(standing: Standing, cluster: str, namespace: str) -> Way | None:
    """Return the way of a namespace as typed, None unless the person may ask for it."""
    # PostgreSQL refuses to compare with a NUL.
    if not (cluster and namespace) or "\0" in cluster + namespace:
        return None
    row = askable_namespaces(standing).filter(cluster__name=cluster, name=namespace).first()
    return way_of(row) if row else None


def _means(namespace: Namespace, enforcement: Enforcement) -> str:
    if enforcement is Enforcement.SIDECAR:
        return _GUARDRAIL
    if not namespace.network_policy_enforced:
        return _OPEN[enforcement]
    if enforcement is Enforcement.GATEWAY and not is_boundary(rows_of(namespace.cluster)):
        return _PASSABLE
    return _BOUNDARY
