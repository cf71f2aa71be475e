"""What the portal's account may do in a cluster, and not more, for each enforcement.

No wildcards, no secrets, nothing that passes rights on (`escalate`, `bind`, `impersonate`), and
no `deletecollection`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement
from egress.domain.naming import labels
from egress.domain.objects import KubeObject

RBAC = "rbac.authorization.k8s.io"
RBAC_V1 = f"{RBAC}/v1"
READ_VERBS = ("get", "list", "watch")
WRITE_VERBS = ("get", "list", "watch", "create", "patch", "delete")
ASK_VERBS = ("create",)
ROLE_NAME = "egress-portal"
MESH_ROLE_NAME = "egress-portal-mesh-config"
USER_PREFIX = "system:serviceaccount:"

Resource = tuple[str, str]
"""An API group and the plural of a kind in it."""

SERVICE_ENTRIES: Resource = ("networking.istio.io", "serviceentries")
DESTINATION_RULES: Resource = ("networking.istio.io", "destinationrules")
VIRTUAL_SERVICES: Resource = ("networking.istio.io", "virtualservices")
SIDECARS: Resource = ("networking.istio.io", "sidecars")
GATEWAYS: Resource = ("networking.istio.io", "gateways")
AUTHORIZATION_POLICIES: Resource = ("security.istio.io", "authorizationpolicies")
WAYPOINTS: Resource = ("gateway.networking.k8s.io", "gateways")
SERVICES: Resource = ("", "services")
ENDPOINT_SLICES: Resource = ("discovery.k8s.io", "endpointslices")
NETWORK_POLICIES: Resource = ("networking.k8s.io", "networkpolicies")
SUBJECT_REVIEWS: Resource = ("authorization.k8s.io", "subjectaccessreviews")
"""Asked of a cluster that tells itself who owns a namespace; nothing is stored."""
_ADMISSION = "admissionregistration.k8s.io"

READ: tuple[Resource, ...] = (
    ("", "namespaces"),
    ("", "serviceaccounts"),
    ("", "pods"),
    SERVICES,
    ("apps", "deployments"),
    SERVICE_ENTRIES,
    DESTINATION_RULES,
    VIRTUAL_SERVICES,
    SIDECARS,
    GATEWAYS,
    AUTHORIZATION_POLICIES,
    WAYPOINTS,
    ENDPOINT_SLICES,
    NETWORK_POLICIES,
    (_ADMISSION, "validatingadmissionpolicies"),
    (_ADMISSION, "validatingadmissionpolicybindings"),
)
"""What is read in the whole cluster: the inventory, the portal's objects, and the posture."""

EVERYWHERE: Mapping[Enforcement, tuple[Resource, ...]] = {
    Enforcement.SIDECAR: (
        SERVICE_ENTRIES,
        DESTINATION_RULES,
        VIRTUAL_SERVICES,
        SIDECARS,
        SERVICES,
        ENDPOINT_SLICES,
        NETWORK_POLICIES,
    ),
    # Default deny, network policies and aliases, where a namespace's owner asked for them.
    Enforcement.GATEWAY: (SIDECARS, SERVICES, NETWORK_POLICIES),
    Enforcement.AMBIENT: (NETWORK_POLICIES,),
}
"""What is written in client namespaces, which come and go."""

IN_EGRESS_NAMESPACE: Mapping[Enforcement, tuple[Resource, ...]] = {
    Enforcement.SIDECAR: (),
    Enforcement.GATEWAY: (
        SERVICE_ENTRIES,
        DESTINATION_RULES,
        VIRTUAL_SERVICES,
        GATEWAYS,
        AUTHORIZATION_POLICIES,
    ),
    Enforcement.AMBIENT: (SERVICE_ENTRIES, DESTINATION_RULES, AUTHORIZATION_POLICIES),
}
"""What is written in the egress namespace alone."""


@dataclass(frozen=True)
class Needs:
    """The rights of one cluster: where each resource is written."""

    everywhere: tuple[Resource, ...]
    in_egress_namespace: tuple[Resource, ...]


def needs(
    enforcements: Collection[Enforcement],
    *,
    rules_at_clients: bool = False,
    central_entries: bool = False,
) -> Needs:
    """Return what is written under `enforcements`; see `ClusterProfile` for the layouts."""
    everywhere = _union(EVERYWHERE[one] for one in Enforcement if one in enforcements)
    central = _union(IN_EGRESS_NAMESPACE[one] for one in Enforcement if one in enforcements)
    if rules_at_clients and Enforcement.GATEWAY in enforcements:
        everywhere = _union([everywhere, (DESTINATION_RULES,)])
    if central_entries and Enforcement.SIDECAR in enforcements:
        central = _union([central, (SERVICE_ENTRIES, DESTINATION_RULES)])
    return Needs(everywhere, tuple(one for one in central if one not in everywhere))


def _union(groups: Iterable[Iterable[Resource]]) -> tuple[Resource, ...]:
    return tuple(dict.fromkeys(one for group in groups for one in group))


def service_account(user: str) -> tuple[str, str] | None:
    """Return namespace and name of the service account behind a user name, None for others."""
    namespace, _, name = user.removeprefix(USER_PREFIX).partition(":")
    return (namespace, name) if user.startswith(USER_PREFIX) and name else None


def roles(
    cluster: ClusterProfile,
    enforcements: Collection[Enforcement],
    user: str,
    *,
    mesh_configs: Collection[str] = ("istio",),
    reviews: bool = False,
) -> list[KubeObject]:
    """Return the roles of the account called `user`, and their bindings.

    `mesh_configs` are the names of the ConfigMaps with mesh configuration in the root namespace.
    `reviews` says that the cluster is asked who may deploy where.
    """
    wanted = needs(
        enforcements,
        rules_at_clients=cluster.rules_at_clients,
        central_entries=cluster.central_entries,
    )
    egress, root = cluster.egress_namespace, cluster.root_namespace
    read = [one for one in READ if one not in wanted.everywhere]
    rules = [*_rules(read, READ_VERBS), *_rules(wanted.everywhere, WRITE_VERBS)]
    if reviews:
        rules += _rules([SUBJECT_REVIEWS], ASK_VERBS)
    found = [_role(cluster, "", ROLE_NAME, rules)]
    if wanted.in_egress_namespace:
        found.append(
            _role(cluster, egress, ROLE_NAME, _rules(wanted.in_egress_namespace, WRITE_VERBS))
        )
    config: dict[str, Any] = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": sorted(mesh_configs),
        "verbs": ["get"],
    }
    found.append(_role(cluster, root, MESH_ROLE_NAME, [config]))
    return [*found, *(_bound(cluster, role, user) for role in found)]


def _rules(resources: Iterable[Resource], verbs: Iterable[str]) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for group, plural in resources:
        groups.setdefault(group, []).append(plural)
    return [
        {"apiGroups": [group], "resources": sorted(plurals), "verbs": list(verbs)}
        for group, plurals in sorted(groups.items())
    ]


def _role(
    cluster: ClusterProfile, namespace: str, name: str, rules: list[dict[str, Any]]
) -> KubeObject:
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": RBAC_V1,
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": {"name": name, **place, "labels": labels(cluster)},
        "rules": rules,
    }


def _bound(cluster: ClusterProfile, role: KubeObject, user: str) -> KubeObject:
    account = service_account(user)
    subject = {"kind": "User", "apiGroup": RBAC, "name": user}
    if account:
        subject = {"kind": "ServiceAccount", "namespace": account[0], "name": account[1]}
    return {
        "apiVersion": RBAC_V1,
        "kind": f"{role['kind']}Binding",
        "metadata": dict(role["metadata"]),
        "roleRef": {"apiGroup": RBAC, "kind": role["kind"], "name": role["metadata"]["name"]},
        "subjects": [subject],
    }
