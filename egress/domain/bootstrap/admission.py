"""Who may write the objects that open, lead or hide ways out of the mesh (istio.md 9).

Two admission policies. Their bindings start as `Warn` and `Audit`; only `Deny` refuses anything.
"""

from collections.abc import Sequence
from typing import Any

from egress.domain.access import ClusterProfile
from egress.domain.naming import labels
from egress.domain.objects import KubeObject

ADMISSION_V1 = "admissionregistration.k8s.io/v1"
POLICY_KIND = "ValidatingAdmissionPolicy"
BINDING_KIND = "ValidatingAdmissionPolicyBinding"
MESH_POLICY = "egress-portal-mesh-config"
GATEWAYS_POLICY = "egress-portal-gateways"
POLICIES = (MESH_POLICY, GATEWAYS_POLICY)
EXEMPT_LABEL = "egress-portal.io/exempt"
ADMIN_GROUP = "egress-portal-admins"
GUARDED = ("serviceentries", "workloadentries", "sidecars", "envoyfilters")
WATCHING: tuple[str, ...] = ("Warn", "Audit")
DENYING: tuple[str, ...] = ("Deny",)


def mesh_policy(cluster: ClusterProfile, users: Sequence[str]) -> KubeObject:
    """Return the policy that only `users` write entries, sidecars and filters.

    `users` are the names of the portal and of istiod, as the API server knows them. Namespaces
    with the label `egress-portal.io/exempt`, and the group `egress-portal-admins`, pass.
    """
    expression = " || ".join(
        [
            f"request.userInfo.username in [{', '.join(map(_literal, users))}]",
            f"(has(request.userInfo.groups) && {_literal(ADMIN_GROUP)} in request.userInfo.groups)",
            "(has(namespaceObject.metadata.labels) && "
            f"{_literal(EXEMPT_LABEL)} in namespaceObject.metadata.labels)",
        ]
    )
    message = "Destinations outside the mesh are requested through the egress portal."
    return _policy(cluster, MESH_POLICY, GUARDED, expression, message)


def gateways_policy(cluster: ClusterProfile) -> KubeObject:
    """Return the policy that no Gateway outside the egress namespace selects an egress gateway.

    Pods carry one value of the label `istio`: whoever names another one cannot select them.
    """
    own = ", ".join(_literal(gateway.istio_label) for gateway in cluster.gateways)
    expression = (
        f"object.metadata.namespace == {_literal(cluster.egress_namespace)} || "
        "(has(object.spec.selector) && 'istio' in object.spec.selector && "
        f"!(object.spec.selector['istio'] in [{own}]))"
    )
    message = (
        f"A Gateway outside {cluster.egress_namespace} must select a gateway of its own by the "
        "label istio."
    )
    return _policy(cluster, GATEWAYS_POLICY, ("gateways",), expression, message)


def binding(cluster: ClusterProfile, policy: str, actions: Sequence[str]) -> KubeObject:
    """Return the binding that puts the policy called `policy` in force everywhere."""
    return {
        "apiVersion": ADMISSION_V1,
        "kind": BINDING_KIND,
        "metadata": {"name": policy, "labels": labels(cluster)},
        "spec": {"policyName": policy, "validationActions": list(actions)},
    }


def _policy(
    cluster: ClusterProfile, name: str, resources: Sequence[str], expression: str, message: str
) -> KubeObject:
    rule: dict[str, Any] = {
        "apiGroups": ["networking.istio.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": list(resources),
    }
    return {
        "apiVersion": ADMISSION_V1,
        "kind": POLICY_KIND,
        "metadata": {"name": name, "labels": labels(cluster)},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": expression, "message": message}],
        },
    }


def _literal(text: str) -> str:
    """Return `text` as a string of CEL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
