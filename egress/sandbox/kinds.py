"""The kinds that the sandbox serves: names, scope and printer columns of each."""

from __future__ import annotations

from dataclasses import dataclass

from egress.sandbox import columns
from egress.sandbox.columns import AGE, Column

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
READ_VERBS = ("get", "list", "watch")


@dataclass(frozen=True)
class Kind:
    """A kind and how the API serves it.

    `custom` kinds are defined by a CustomResourceDefinition: unknown fields are pruned, an update
    needs a resourceVersion, strategic merge patch is not spoken. `generation` tells whether the
    server counts changes of the spec. `echo_deleted`: a DELETE answers with the object.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    status: bool = False
    columns: tuple[Column, ...] = (AGE,)
    custom: bool = False
    generation: bool = False
    verbs: tuple[str, ...] = ALL_VERBS
    echo_deleted: bool = False

    @property
    def api_version(self) -> str:
        """Return what stands in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """Return the plural with its group, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified(self) -> str:
        """Return the kind with its group, as messages of refusals name it."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def _core(kind: str, plural: str, short: str, **rest: object) -> Kind:
    shorts = (short,) if short else ()
    return Kind("", "v1", kind, plural, kind.lower(), shorts, **rest)  # type: ignore[arg-type]


def _rbac(kind: str, namespaced: bool, columns: tuple[Column, ...]) -> Kind:
    group = "rbac.authorization.k8s.io"
    plural = kind.lower() + "s"
    return Kind(
        group,
        "v1",
        kind,
        plural,
        kind.lower(),
        namespaced=namespaced,
        columns=columns,
    )


def _istio(
    area: str, kind: str, plural: str, short: str = "", columns: tuple[Column, ...] = ()
) -> Kind:
    group = f"{area}.istio.io"
    return Kind(
        group,
        "v1",
        kind,
        plural,
        kind.lower(),
        (short,) if short else (),
        categories=("istio-io", f"{area}-istio-io"),
        status=True,
        columns=(*columns, AGE),
        custom=True,
        generation=True,
    )


_ADMISSION = "admissionregistration.k8s.io"
_GATEWAY_API = "gateway.networking.k8s.io"

KINDS: tuple[Kind, ...] = (
    _core("ConfigMap", "configmaps", "cm", columns=(Column("Data", "data:count", "string"), AGE)),
    _core("Event", "events", "ev", columns=columns.EVENT_COLUMNS),
    _core(
        "Namespace",
        "namespaces",
        "ns",
        namespaced=False,
        status=True,
        verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
        columns=(Column("Status", ".status.phase", description="Active or Terminating."), AGE),
    ),
    _core(
        "Pod",
        "pods",
        "po",
        categories=("all",),
        status=True,
        columns=columns.POD_COLUMNS,
        generation=True,
        echo_deleted=True,
    ),
    _core("ServiceAccount", "serviceaccounts", "sa", echo_deleted=True),
    _core(
        "Service",
        "services",
        "svc",
        categories=("all",),
        status=True,
        columns=columns.SERVICE_COLUMNS,
        echo_deleted=True,
    ),
    Kind(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        "deployment",
        ("deploy",),
        categories=("all",),
        status=True,
        columns=columns.DEPLOYMENT_COLUMNS,
        generation=True,
    ),
    Kind(
        "networking.k8s.io",
        "v1",
        "NetworkPolicy",
        "networkpolicies",
        "networkpolicy",
        ("netpol",),
        columns=(Column("Pod-Selector", "policy:pods", description="Pods it holds for."), AGE),
        generation=True,
    ),
    Kind(
        "discovery.k8s.io",
        "v1",
        "EndpointSlice",
        "endpointslices",
        "endpointslice",
        columns=columns.SLICE_COLUMNS,
        generation=True,
    ),
    _rbac("Role", True, (Column("Created At", ".metadata.creationTimestamp"),)),
    _rbac("RoleBinding", True, (columns.ROLE_REF, AGE)),
    _rbac("ClusterRole", False, (Column("Created At", ".metadata.creationTimestamp"),)),
    _rbac("ClusterRoleBinding", False, (columns.ROLE_REF, AGE)),
    Kind(
        _ADMISSION,
        "v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        "validatingadmissionpolicy",
        namespaced=False,
        categories=("api-extensions",),
        status=True,
        generation=True,
    ),
    Kind(
        _ADMISSION,
        "v1",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicybinding",
        namespaced=False,
        categories=("api-extensions",),
        columns=(Column("PolicyName", ".spec.policyName", description="Policy it binds."), AGE),
        generation=True,
    ),
    Kind(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "customresourcedefinition",
        ("crd", "crds"),
        namespaced=False,
        categories=("api-extensions",),
        columns=(Column("Created At", ".metadata.creationTimestamp"),),
        verbs=READ_VERBS,
        generation=True,
    ),
    _istio(
        "networking",
        "ServiceEntry",
        "serviceentries",
        "se",
        (
            Column("Hosts", ".spec.hosts", description="Hosts of the entry."),
            Column("Location", ".spec.location", description="In the mesh or outside."),
            Column("Resolution", ".spec.resolution", description="How hosts are resolved."),
        ),
    ),
    _istio("networking", "Sidecar", "sidecars"),
    _istio(
        "networking",
        "DestinationRule",
        "destinationrules",
        "dr",
        (Column("Host", ".spec.host", description="Service that the rule is about."),),
    ),
    _istio(
        "networking",
        "VirtualService",
        "virtualservices",
        "vs",
        (
            Column("Gateways", ".spec.gateways", description="Gateways and sidecars it is for."),
            Column("Hosts", ".spec.hosts", description="Hosts that are routed."),
        ),
    ),
    _istio("networking", "Gateway", "gateways", "gw"),
    _istio(
        "security",
        "AuthorizationPolicy",
        "authorizationpolicies",
        "ap",
        (Column("Action", ".spec.action", description="What a match does."),),
    ),
    _istio(
        "security",
        "PeerAuthentication",
        "peerauthentications",
        "pa",
        (Column("Mode", ".spec.mtls.mode", description="How mutual TLS is asked for."),),
    ),
    _istio("security", "RequestAuthentication", "requestauthentications", "ra"),
    _istio("telemetry", "Telemetry", "telemetries", "telemetry"),
    Kind(
        _GATEWAY_API,
        "v1",
        "GatewayClass",
        "gatewayclasses",
        "gatewayclass",
        ("gc",),
        namespaced=False,
        categories=("gateway-api",),
        status=True,
        columns=(
            Column("Controller", ".spec.controllerName"),
            Column("Accepted", '.status.conditions[?(@.type=="Accepted")].status'),
            AGE,
            Column("Description", ".spec.description", priority=1),
        ),
        custom=True,
        generation=True,
    ),
    Kind(
        _GATEWAY_API,
        "v1",
        "Gateway",
        "gateways",
        "gateway",
        ("gtw",),
        categories=("gateway-api",),
        status=True,
        columns=(
            Column("Class", ".spec.gatewayClassName"),
            Column("Address", ".status.addresses[*].value"),
            Column("Programmed", '.status.conditions[?(@.type=="Programmed")].status'),
            AGE,
        ),
        custom=True,
        generation=True,
    ),
)

_BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
_BY_NAME = {(kind.group, kind.kind): kind for kind in KINDS}


def kind_at(group: str, version: str, plural: str) -> Kind | None:
    """Return the kind that a path names, or None when nothing is served there."""
    return _BY_PATH.get((group, version, plural))


def kind_named(group: str, kind: str) -> Kind:
    """Return a kind by its name. Raises KeyError when the sandbox does not serve it."""
    return _BY_NAME[group, kind]


NAMESPACE = kind_named("", "Namespace")
SERVICE_ACCOUNT = kind_named("", "ServiceAccount")
SERVICE_ENTRY = kind_named("networking.istio.io", "ServiceEntry")
GATEWAY = kind_named("gateway.networking.k8s.io", "Gateway")
CRD = kind_named("apiextensions.k8s.io", "CustomResourceDefinition")
