"""A foreign ServiceEntry, read strictly: what is not understood to the last field is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egress.domain.access import Destination, Protocol, Resolution
from egress.domain.hosts import HostError, canonical_destination_host
from egress.domain.wording import listed, quoted

KIND = "ServiceEntry"
_SPEC = frozenset({"hosts", "exportTo", "location", "resolution", "ports", "addresses"})
_EMPTY_ONLY = {
    "addresses": "AddressesFixed",
    "endpoints": "EndpointsFixed",
    "workloadSelector": "WorkloadsSelected",
    "subjectAltNames": "NamesChecked",
}
_PORT = frozenset({"number", "name", "protocol", "targetPort"})
_PROTOCOLS: Mapping[str, Protocol] = {
    **{one.value: one for one in Protocol},
    # Both behave the same at a sidecar (istio.md 2.3).
    "HTTPS": Protocol.TLS,
}
_RESOLUTIONS = ("DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS")


@dataclass(frozen=True)
class Refusal:
    """Why an object cannot be adopted: a CamelCase reason, and a sentence with a next step."""

    reason: str
    sentence: str


class NotAdoptableError(Exception):
    """Raised inside this package as soon as something does not fit."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.refusal = Refusal(reason, sentence)


@dataclass(frozen=True)
class EntryRead:
    """What a ServiceEntry opens to the workloads of its own namespace, and to nobody else."""

    namespace: str
    name: str
    destinations: tuple[Destination, ...]


def read_entry(obj: Mapping[str, Any], default_export: Sequence[str]) -> EntryRead:
    """Return what a ServiceEntry opens.

    `default_export` is what the mesh puts where an object says no `exportTo`. Raises
    NotAdoptableError for whatever the portal could not write in the same words.
    """
    if obj.get("kind") != KIND or not str(obj.get("apiVersion", "")).startswith(
        "networking.istio.io/"
    ):
        raise NotAdoptableError(
            "KindNotAdoptable",
            f"Only a ServiceEntry can be adopted, and this is a {quoted(obj.get('kind'))}. Let its "
            "owner ask for the destinations, and remove it.",
        )
    metadata, spec = _map(obj.get("metadata")), _map(obj.get("spec"))
    _refuse_bound(metadata)
    _refuse_unknown(spec)
    namespace = str(metadata.get("namespace", ""))
    _refuse_exported(spec, namespace, default_export)
    resolution = _resolution(spec)
    hosts = list(_hosts(spec, resolution))
    ports = list(_ports(spec))
    return EntryRead(
        namespace,
        str(metadata.get("name", "")),
        tuple(_destination(host, port, said, resolution) for host in hosts for port, said in ports),
    )


def _refuse_bound(metadata: Mapping[str, Any]) -> None:
    """Refuse what something else would make again, keep from going, or treats in its own way."""
    for owner in _list(metadata.get("ownerReferences")):
        kind, name = _map(owner).get("kind"), _map(owner).get("name")
        raise NotAdoptableError(
            "OwnedByAnother",
            f"It belongs to the {quoted(kind)} {quoted(name)}, which would make it again. Take it "
            "out there.",
        )
    if finalizers := _list(metadata.get("finalizers")):
        raise NotAdoptableError(
            "HasFinalizer",
            f"It has the finalizer {quoted(finalizers[0])}, so that its deletion would wait for "
            "somebody else. Remove that first.",
        )
    if metadata.get("deletionTimestamp"):
        raise NotAdoptableError("BeingDeleted", "It is being deleted already. Look again later.")
    for where in ("labels", "annotations"):
        for key in sorted(map(str, _map(metadata.get(where)))):
            if _domain(key).endswith("istio.io"):
                raise NotAdoptableError(
                    "MeshSettingSet",
                    f"Its {where[:-1]} {quoted(key)} changes how the mesh treats it, and the "
                    "portal would not write that. Remove it first.",
                )


def _domain(key: str) -> str:
    return key.partition("/")[0] if "/" in key else ""


def _refuse_unknown(spec: Mapping[str, Any]) -> None:
    for field, reason in _EMPTY_ONLY.items():
        if spec.get(field):
            raise NotAdoptableError(
                reason,
                f"Its field {quoted(field)} says more than hosts and ports, which the portal "
                "cannot promise to keep. Ask for the destinations in a request instead.",
            )
    if unknown := sorted(map(str, spec.keys() - _SPEC - _EMPTY_ONLY.keys())):
        raise NotAdoptableError(
            "FieldNotKnown",
            f"Its field {quoted(unknown[0])} is not known to the portal. Ask for the destinations "
            "in a request instead.",
        )
    location = spec.get("location") or "MESH_EXTERNAL"
    if location != "MESH_EXTERNAL":
        raise NotAdoptableError(
            "NotExternal",
            f"Its location is {quoted(location)}: it is about a part of the mesh, which needs no "
            "grant.",
        )


def _refuse_exported(
    spec: Mapping[str, Any], namespace: str, default_export: Sequence[str]
) -> None:
    targets = _list(spec.get("exportTo")) or list(default_export)
    if all(target in (".", namespace) for target in targets) and namespace:
        return
    if "*" in targets:
        said = "" if spec.get("exportTo") else ", because it does not say to whom"
        raise NotAdoptableError(
            "ExportedToAll",
            f"It is exported to every namespace of the mesh{said}. A grant is for one namespace: "
            f'set its exportTo to ["."], let the others ask for themselves, and ask again.',
        )
    others = sorted(str(target) for target in targets if target not in (".", namespace))
    raise NotAdoptableError(
        "ExportedToOthers",
        f"It is exported to {listed([quoted(one) for one in others])}. A grant is for one "
        'namespace: set its exportTo to ["."], let the others ask for themselves, and ask again.',
    )


def _resolution(spec: Mapping[str, Any]) -> str:
    resolution = spec.get("resolution") or "NONE"
    if resolution in _RESOLUTIONS:
        return str(resolution)
    if resolution == "NONE":
        raise NotAdoptableError(
            "ResolutionNone",
            'Its resolution is "NONE", so that it leads to whatever address a client dials. The '
            'portal never opens that. Set it to "DNS", and ask again.',
        )
    raise NotAdoptableError(
        "ResolutionNotAdoptable",
        f"Its resolution is {quoted(resolution)}, which stands for fixed addresses. Ask for the "
        "destination in a request, and name them there.",
    )


def _hosts(spec: Mapping[str, Any], resolution: str) -> Iterator[str]:
    hosts = _list(spec.get("hosts"))
    if not hosts:
        raise NotAdoptableError("NoHost", "It names no host, so it opens nothing. Delete it.")
    if len(set(map(str, hosts))) != len(hosts):
        raise NotAdoptableError("HostTwice", "It names a host twice. Remove one, and ask again.")
    for host in hosts:
        try:
            known = canonical_destination_host(str(host))
        except HostError as error:
            raise NotAdoptableError("HostNotAllowed", f"{error}") from error
        if known != host or "/" in known:
            raise NotAdoptableError(
                "HostNotCanonical",
                f"Its host {quoted(host)} is not written as the portal writes it: "
                f"{quoted(known)}. Correct it, and ask again.",
            )
        if known.startswith("*.") != (resolution == "DYNAMIC_DNS"):
            raise NotAdoptableError(
                "WildcardResolution",
                f"Its host {quoted(known)} does not go with resolution {quoted(resolution)}: only "
                'a wildcard is "DYNAMIC_DNS", and always. Correct it, and ask again.',
            )
        yield known


def _ports(spec: Mapping[str, Any]) -> Iterator[tuple[int, Protocol]]:
    ports = _list(spec.get("ports"))
    if not ports:
        raise NotAdoptableError("NoPort", "It names no port, so it opens nothing. Delete it.")
    seen = set()
    for one in ports:
        port = _map(one)
        number, said = port.get("number"), str(port.get("protocol", "")).upper()
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
            raise NotAdoptableError("PortUnknown", f"{quoted(number)} is no port. Correct it.")
        if unknown := sorted(map(str, port.keys() - _PORT)):
            raise NotAdoptableError(
                "FieldNotKnown",
                f"The field {quoted(unknown[0])} of its port {number} is not known to the portal. "
                "Ask for the destination in a request instead.",
            )
        if port.get("targetPort") not in (None, 0, number):
            raise NotAdoptableError(
                "PortLeadsElsewhere",
                f"Its port {number} leads to port {quoted(port['targetPort'])} outside. Ask for "
                "the destination in a request, with TLS origination if that is meant.",
            )
        if number in seen:
            raise NotAdoptableError("PortTwice", f"It has port {number} twice. Remove one.")
        if said not in _PROTOCOLS:
            raise NotAdoptableError(
                "ProtocolNotAdoptable",
                f"Its port {number} speaks {quoted(said or 'nothing known')}. The portal grants "
                f"{listed(sorted(_PROTOCOLS))}. Ask for the destination in a request instead.",
            )
        seen.add(number)
        yield number, _PROTOCOLS[said]


def _destination(host: str, port: int, protocol: Protocol, resolution: str) -> Destination:
    is_long = resolution == "DNS_ROUND_ROBIN"
    way = Resolution.DNS_ROUND_ROBIN if is_long else Resolution.DNS
    return Destination(host, port, protocol, resolution=way)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    """Return a list field. Raises NotAdoptableError for what is no list but there."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotAdoptableError(
            "NotReadable", f"{quoted(str(value)[:60])} stands where a list is expected. Correct it."
        )
    return value
