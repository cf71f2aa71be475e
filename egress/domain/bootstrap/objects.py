"""Everything that bootstrap lays down in a cluster, in the order in which it is written."""

from collections.abc import Collection
from dataclasses import dataclass

from egress.domain.access import ClusterProfile, Enforcement
from egress.domain.bootstrap.admission import (
    DENYING,
    POLICIES,
    WATCHING,
    binding,
    gateways_policy,
    mesh_policy,
)
from egress.domain.bootstrap.rights import roles, service_account
from egress.domain.bootstrap.workload import gateway_workload, release_name
from egress.domain.manifests.network_policy import gateway_policy, waypoint_policy
from egress.domain.manifests.static import static_objects
from egress.domain.naming import labels
from egress.domain.objects import KubeObject

MAY_BE_FOREIGN = frozenset({"Namespace", "ServiceAccount", "Service", "Deployment"})
"""Kinds of which only the existence matters: whoever installed them, the posture judges them."""


@dataclass(frozen=True)
class Plan:
    """What is to be laid down.

    `user` is the portal's name as the API server knows it, `istiods` those of istiod. `workload`
    says whether gateways' Deployments and Services are part of it, `installed` names those that are
    there already. `denying` names the admission policies whose bindings refuse what breaks them;
    the others warn. `mesh_configs` name the ConfigMaps with mesh configuration. `reviews` says
    that the portal asks the cluster who may deploy where.
    """

    cluster: ClusterProfile
    enforcements: frozenset[Enforcement]
    user: str
    istiods: tuple[str, ...]
    workload: bool = True
    installed: frozenset[str] = frozenset()
    denying: frozenset[str] = frozenset()
    mesh_configs: tuple[str, ...] = ("istio",)
    reviews: bool = False


def account_objects(plan: Plan) -> list[KubeObject]:
    """Return the portal's account, its roles and their bindings, after their namespaces."""
    rights = roles(
        plan.cluster,
        plan.enforcements,
        plan.user,
        mesh_configs=plan.mesh_configs,
        reviews=plan.reviews,
    )
    return [*_namespaces(plan), *_account(plan), *rights]


def bootstrap_objects(plan: Plan) -> list[KubeObject]:
    """Return all objects but the bindings: namespaces first, admission policies last."""
    cluster = plan.cluster
    found = account_objects(plan)
    if Enforcement.GATEWAY in plan.enforcements:
        for gateway in cluster.gateways:
            found.append(gateway_policy(cluster, gateway))
    if Enforcement.AMBIENT in plan.enforcements:
        found.append(waypoint_policy(cluster))
    # The policies that deny come before the pods that they hold for.
    found += static_objects(cluster, enforcements=plan.enforcements)
    if Enforcement.GATEWAY in plan.enforcements and plan.workload:
        for gateway in cluster.gateways:
            if release_name(cluster, gateway) not in plan.installed:
                found += gateway_workload(cluster, gateway)
    return [*found, mesh_policy(cluster, [plan.user, *plan.istiods]), gateways_policy(cluster)]


def binding_objects(plan: Plan) -> list[KubeObject]:
    """Return the bindings that put the admission policies in force."""
    return [
        binding(plan.cluster, policy, DENYING if policy in plan.denying else WATCHING)
        for policy in POLICIES
    ]


def _namespaces(plan: Plan) -> list[KubeObject]:
    account = service_account(plan.user)
    found = [_namespace(plan.cluster, account[0], {})] if account else []
    if needs_egress_namespace(plan.cluster, plan.enforcements):
        # Ambient alone has no proxies beside its pods.
        has_proxies = Enforcement.GATEWAY in plan.enforcements
        more = {"istio-injection": "enabled"} if has_proxies else {}
        found.append(_namespace(plan.cluster, plan.cluster.egress_namespace, more))
    return found


def needs_egress_namespace(cluster: ClusterProfile, enforcements: Collection[Enforcement]) -> bool:
    """Tell whether anything of the portal lies in the egress namespace."""
    return cluster.central_entries or bool(set(enforcements) - {Enforcement.SIDECAR})


def _namespace(cluster: ClusterProfile, name: str, more: dict[str, str]) -> KubeObject:
    metadata = {"name": name, "labels": labels(cluster) | more}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _account(plan: Plan) -> list[KubeObject]:
    account = service_account(plan.user)
    if not account:
        return []
    namespace, name = account
    metadata = {"name": name, "namespace": namespace, "labels": labels(plan.cluster)}
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}]
