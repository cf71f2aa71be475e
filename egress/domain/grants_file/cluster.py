"""The `cluster` block of a grants file."""

from dataclasses import dataclass

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile
from egress.domain.grants_file.reader import Reader
from egress.domain.hosts import canonical_cidr
from egress.domain.naming import is_dns_label, is_label_value
from egress.domain.wording import quoted
from egress.domain.yaml_tree import Tree
from egress.domain.zones import canonical_zone

_TEXTS = {
    "trustDomain": "cluster.local",
    "clusterDomain": "cluster.local",
    "rootNamespace": "istio-system",
    "egressNamespace": "istio-egress",
    "istioVersion": "",
    "waypoint": "egress-waypoint",
}
_RULES_AT = ("gatewayNamespace", "clientNamespace")
_FIELDS = (
    *("installation", "enforcement", *_TEXTS, "trustDomainAliases", "gateways", "assignments"),
    *("clientDestinationRule", "centralEntries", "dnsCapture", "flags"),
    *("allowedPrivateZones", "allowedPrivateRanges", "clusterRanges"),
)
_NEWEST = "1.31.0"
"""What a file without `istioVersion` is rendered for: the newest release of istio.md 12."""


@dataclass(frozen=True)
class ClusterBlock:
    """What the block says: the profile, and what is private there."""

    profile: ClusterProfile
    private_zones: tuple[str, ...] = ()
    private_ranges: tuple[str, ...] = ()
    own_ranges: tuple[str, ...] = ()


def read_cluster(reader: Reader, tree: Tree | None) -> ClusterBlock:
    """Return what a `cluster` block says, all defaults when there is none."""
    fields = reader.fields(tree, optional=_FIELDS) if tree else {}
    texts = {
        name: reader.text(fields[name]) if name in fields else default
        for name, default in _TEXTS.items()
    }
    enforcement = reader.one_of(
        fields.get("enforcement"), [choice.value for choice in Enforcement], Enforcement.SIDECAR
    )
    rules_at = reader.one_of(fields.get("clientDestinationRule"), _RULES_AT, _RULES_AT[0])
    capture = fields.get("dnsCapture")
    gateways = reader.each(fields.get("gateways"), lambda one: _gateway(reader, one))
    _refuse_repeated(reader, fields.get("gateways"), gateways)
    profile = ClusterProfile(
        installation=_installation(reader, fields.get("installation")),
        enforcement=Enforcement(enforcement),
        trust_domain=texts["trustDomain"],
        trust_domain_aliases=reader.each(fields.get("trustDomainAliases"), reader.text),
        cluster_domain=texts["clusterDomain"],
        root_namespace=texts["rootNamespace"],
        egress_namespace=texts["egressNamespace"],
        istio_version=texts["istioVersion"] or _NEWEST,
        gateways=gateways or (GatewayProfile(),),
        assignments=_assignments(reader, fields.get("assignments"), gateways),
        rules_at_clients=rules_at == "clientNamespace",
        central_entries=reader.flag(fields.get("centralEntries")),
        # A file says what is wanted; whether the mesh can do it is asked where there is a mesh.
        dns_capture=reader.flag(capture) if capture else True,
        waypoint=texts["waypoint"],
        flags={
            name: value.scalar or ""
            for name, value in reader.map(fields.get("flags"), "NAME: value").items()
        },
    )
    return ClusterBlock(
        profile,
        _ranges(reader, fields, "allowedPrivateZones"),
        _ranges(reader, fields, "allowedPrivateRanges"),
        _ranges(reader, fields, "clusterRanges"),
    )


def _ranges(reader: Reader, fields: dict[str, Tree], name: str) -> tuple[str, ...]:
    canonical = canonical_zone if name == "allowedPrivateZones" else canonical_cidr
    return reader.each(
        fields.get(name), lambda one: reader.host(one, lambda text: str(canonical(text)))
    )


def _installation(reader: Reader, tree: Tree | None) -> str:
    installation = reader.text(tree) if tree else "render"
    if tree and installation and not is_label_value(installation):
        reader.say(
            tree,
            f"{quoted(installation)} cannot be the value of a label. Use letters, digits, dots "
            "and hyphens, at most 63.",
        )
    return installation


def _gateway(reader: Reader, tree: Tree) -> GatewayProfile:
    fields = reader.fields(
        tree,
        optional=("id", "serviceFQDN", "selector", "http", "tls", "maxDoors", "maxHttpHosts"),
    )
    gateway_id = reader.text(fields["id"]) if "id" in fields else "main"
    if gateway_id != "main" and not (is_dns_label(gateway_id) and len(gateway_id) <= 3):
        reader.say(
            fields.get("id"),
            f'{quoted(gateway_id)} is no id of a gateway. Write "main", or at most 3 characters.',
        )
    selector = reader.fields(fields.get("selector"), required=("istio",))
    budgets = {
        name: reader.number(fields[key], 100_000, "budget")
        for key, name in (("maxDoors", "max_doors"), ("maxHttpHosts", "max_http_hosts"))
        if key in fields
    }
    return GatewayProfile(
        id=gateway_id,
        label=reader.text(selector.get("istio")),
        service=reader.text(fields.get("serviceFQDN")),
        **_ports(reader, fields.get("http"), "http"),
        **_ports(reader, fields.get("tls"), "tls"),
        **budgets,
    )


def _ports(reader: Reader, tree: Tree | None, family: str) -> dict[str, int]:
    fields = reader.fields(tree, optional=("servicePort", "containerPort"))
    names = {"servicePort": f"{family}_port", "containerPort": f"{family}_container_port"}
    return {names[key]: reader.number(value, 65535) for key, value in fields.items()}


def _refuse_repeated(
    reader: Reader, tree: Tree | None, gateways: tuple[GatewayProfile, ...]
) -> None:
    if len({gateway.id for gateway in gateways}) < len(gateways):
        reader.say(tree, "Two gateways have the same id. Give each its own.")


def _assignments(
    reader: Reader, tree: Tree | None, gateways: tuple[GatewayProfile, ...]
) -> dict[str, str]:
    known = {gateway.id for gateway in gateways} or {"main"}
    found = {}
    for host, value in reader.map(tree, "HOST: id of a gateway").items():
        gateway = reader.text(value)
        if gateway and gateway not in known:
            reader.say(value, f"{quoted(gateway)} is none of the gateways. Add it, or correct it.")
        found[host] = gateway
    return found
