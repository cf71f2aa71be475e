"""The kinds of objects the portal writes or reads, and where the API serves them.

API versions are those of Istio 1.22 and newer and of Kubernetes 1.30 and newer (istio.md 12).
"""

from egress.cluster.gateway import Kind

_ISTIO_NETWORKING = "networking.istio.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"
_RBAC = "rbac.authorization.k8s.io/v1"

SERVICE_ENTRY = Kind(_ISTIO_NETWORKING, "ServiceEntry", "serviceentries")
DESTINATION_RULE = Kind(_ISTIO_NETWORKING, "DestinationRule", "destinationrules")
SIDECAR = Kind(_ISTIO_NETWORKING, "Sidecar", "sidecars")
VIRTUAL_SERVICE = Kind(_ISTIO_NETWORKING, "VirtualService", "virtualservices")
GATEWAY = Kind(_ISTIO_NETWORKING, "Gateway", "gateways")
AUTHORIZATION_POLICY = Kind("security.istio.io/v1", "AuthorizationPolicy", "authorizationpolicies")
WORKLOAD_ENTRY = Kind(_ISTIO_NETWORKING, "WorkloadEntry", "workloadentries")
ENVOY_FILTER = Kind("networking.istio.io/v1alpha3", "EnvoyFilter", "envoyfilters")
K8S_GATEWAY = Kind("gateway.networking.k8s.io/v1", "Gateway", "gateways")

NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
POD = Kind("v1", "Pod", "pods")
SERVICE = Kind("v1", "Service", "services")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
VALIDATING_ADMISSION_POLICY = Kind(
    _ADMISSION, "ValidatingAdmissionPolicy", "validatingadmissionpolicies", namespaced=False
)
VALIDATING_ADMISSION_POLICY_BINDING = Kind(
    _ADMISSION,
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
    namespaced=False,
)
SUBJECT_ACCESS_REVIEW = Kind(
    "authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False
)
ROLE = Kind(_RBAC, "Role", "roles")
ROLE_BINDING = Kind(_RBAC, "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind(_RBAC, "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Kind(_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False)

ALL_KINDS: tuple[Kind, ...] = (
    SERVICE_ENTRY,
    DESTINATION_RULE,
    SIDECAR,
    VIRTUAL_SERVICE,
    GATEWAY,
    AUTHORIZATION_POLICY,
    WORKLOAD_ENTRY,
    ENVOY_FILTER,
    K8S_GATEWAY,
    NAMESPACE,
    SERVICE_ACCOUNT,
    POD,
    SERVICE,
    CONFIG_MAP,
    ENDPOINT_SLICE,
    NETWORK_POLICY,
    DEPLOYMENT,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
)

_BY_NAME = {(kind.api_version, kind.kind): kind for kind in ALL_KINDS}


def find_kind(api_version: str, kind: str) -> Kind | None:
    """Return the kind with this apiVersion and name, or None when the portal does not know it."""
    return _BY_NAME.get((api_version, kind))


def kind_of(obj: object) -> Kind:
    """Return the kind of a Kubernetes object by its `apiVersion` and `kind` fields.

    Raises LookupError for an object of a kind the portal does not handle.
    """
    fields = obj if isinstance(obj, dict) else {}
    api_version, name = str(fields.get("apiVersion", "")), str(fields.get("kind", ""))
    kind = find_kind(api_version, name)
    if kind is None:
        raise LookupError(f'The portal does not handle objects of kind "{api_version} {name}".')
    return kind
