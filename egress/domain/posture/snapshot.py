"""What was read of a cluster for its posture, as plain data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from egress.domain.objects import KubeObject


class Read(StrEnum):
    """The kinds that the posture is judged by."""

    SERVICE_ENTRY = "ServiceEntry"
    VIRTUAL_SERVICE = "VirtualService"
    DESTINATION_RULE = "DestinationRule"
    SIDECAR = "Sidecar"
    GATEWAY = "Gateway"
    AUTHORIZATION_POLICY = "AuthorizationPolicy"
    WAYPOINT = "Gateway of the Gateway API"
    SERVICE = "Service"
    POD = "Pod"
    ADMISSION_POLICY = "ValidatingAdmissionPolicy"
    ADMISSION_BINDING = "ValidatingAdmissionPolicyBinding"


@dataclass(frozen=True)
class MeshState:
    """Facts of the mesh; None is "could not be read", and `unknown` holds a sentence for each.

    `export_to` holds the mesh's defaults for `exportTo` that are set, by their MeshConfig name.
    """

    istio_version: str | None = None
    trust_domain: str | None = None
    root_namespace: str | None = None
    outbound_policy: str | None = None
    dns_capture: bool | None = None
    flags: Mapping[str, str] | None = None
    export_to: Mapping[str, tuple[str, ...]] | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class PodState:
    """One pod that runs or will.

    `dns_capture` is what the pod says itself, None when it follows the mesh. `ports` maps the
    names of its container ports to their numbers. `detour` says how its traffic can get past its
    proxy, empty when it cannot, as far as the pod's definition tells.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    has_proxy: bool
    dns_capture: bool | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    detour: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything at one moment. `unread` says of a kind why it could not be read."""

    mesh: MeshState = field(default_factory=MeshState)
    objects: Mapping[Read, tuple[KubeObject, ...]] = field(default_factory=dict)
    pods: tuple[PodState, ...] = ()
    unread: Mapping[Read, str] = field(default_factory=dict)

    def of(self, kind: Read) -> tuple[KubeObject, ...]:
        """Return the objects of a kind, none when it could not be read: ask `why_unread` first."""
        return self.objects.get(kind, ())

    def why_unread(self, kinds: Iterable[Read]) -> str:
        """Return why one of `kinds` could not be read, empty when all were."""
        return " ".join(self.unread[kind] for kind in kinds if kind in self.unread)

    def exports(self, kind: Read) -> tuple[str, ...]:
        """Return to whom objects of a kind are exported that do not say it."""
        name = _EXPORT_DEFAULTS.get(kind, "")
        return (self.mesh.export_to or {}).get(name) or ("*",)


_EXPORT_DEFAULTS = {
    Read.SERVICE_ENTRY: "defaultServiceExportTo",
    Read.SERVICE: "defaultServiceExportTo",
    Read.VIRTUAL_SERVICE: "defaultVirtualServiceExportTo",
    Read.DESTINATION_RULE: "defaultDestinationRuleExportTo",
}
