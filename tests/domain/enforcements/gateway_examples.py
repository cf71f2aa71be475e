"""Grants under gateway enforcement and ways to look at what they give."""

from collections.abc import Mapping
from typing import Any

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory, Protocol
from egress.domain.enforcements import gateway
from egress.domain.naming import base
from egress.domain.objects import KubeObject, to_yaml
from tests.domain.examples import grant, inventory, namespace, to

HTTP, HTTP2, GRPC, TLS, TCP = Protocol
CLUSTER = ClusterProfile("portal-a", enforcement=Enforcement.GATEWAY)
KNOWN = inventory(
    namespace("default", service_accounts={"web": "", "default": ""}),
    namespace("otherns", service_accounts={"sleep-yahoo": "", "billing": "", "default": ""}),
)
FOUR_GRANTS = [
    grant(to("developers.google.com")),
    grant(to("developer.yahoo.com", 80, HTTP, origination=True), "otherns", "sleep-yahoo"),
    grant(to("archive.ubuntu.com", 80, HTTP)),
    grant(to("db.example.net", 5432, TCP), "otherns", "billing"),
]
MIXED = [
    grant(to("api.example.com", 80, HTTP), "default", "web"),
    grant(to("api.example.com", 80, HTTP), "otherns"),
    grant(to("api.example.com", 8080, GRPC)),
    grant(to("api.example.com", 443)),
    grant(to("api.example.com", 443), "otherns", "billing"),
    grant(to("api.example.com", 5432, TCP), "otherns", "billing"),
    grant(to("other.example.com", 443)),
]
Objects = dict[tuple[str, str], KubeObject]


def objects(
    *grants: Access, cluster: ClusterProfile = CLUSTER, known: Inventory = KNOWN
) -> Objects:
    """The objects of these grants, by kind and name."""
    found = gateway.objects(cluster, known, sorted(grants))
    by_name = {(obj["kind"], obj["metadata"]["name"]): obj for obj in found}
    assert len(by_name) == len(found)
    return by_name


def spec(found: Objects, kind: str, name: str) -> dict[str, Any]:
    """The spec of one object."""
    result: dict[str, Any] = found[kind, name]["spec"]
    return result


def identities(found: Objects, host: str, port: int) -> dict[str, list[str]]:
    """Whom each door of (host, port) admits, by its outer SNI."""
    servers = spec(found, "Gateway", f"{base(host)}-p{port}")["servers"]
    return {server["hosts"][0]: server["tls"]["subjectAltNames"] for server in servers}


def admitted(found: Objects, host: str) -> list[tuple[list[str], list[str]]]:
    """Principals and authorities of each rule of a host's policy."""
    rules = spec(found, "AuthorizationPolicy", base(host))["rules"]
    return [
        (rule["from"][0]["source"]["principals"], rule["to"][0]["operation"]["hosts"])
        for rule in rules
    ]


def as_yaml(found: Objects) -> str:
    """The YAML of objects in the order in which they are rendered."""

    def place(obj: Mapping[str, Any]) -> tuple[str, str, str]:
        return obj["metadata"]["namespace"], obj["kind"], name_of(obj)

    return to_yaml(sorted(found.values(), key=place))


def name_of(obj: Mapping[str, Any]) -> str:
    """The name of an object."""
    return str(obj["metadata"]["name"])
