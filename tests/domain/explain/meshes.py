"""Small meshes, written by hand after istio.md 2.5, 2.6, 3.3, 3.9, 5.1 and 6, for reading."""

import copy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from egress.domain.access import (
    ClusterProfile,
    Enforcement,
    Inventory,
    NamespaceFacts,
    Protocol,
    Subject,
)
from egress.domain.explain import Answer, Mesh
from egress.domain.objects import KubeObject

EXAMPLES = Path(__file__).parent / "examples"
HTTP, TLS, TCP = Protocol.HTTP, Protocol.TLS, Protocol.TCP
GATEWAY = ClusterProfile("portal-a", Enforcement.GATEWAY)
SIDECAR = ClusterProfile("portal-a", Enforcement.SIDECAR)
CENTRAL = ClusterProfile("portal-a", Enforcement.SIDECAR, central_entries=True)
AMBIENT = ClusterProfile("portal-a", Enforcement.AMBIENT)


def objects(*names: str) -> list[KubeObject]:
    """The objects of example files, such as `gateway-tls`."""
    texts = [(EXAMPLES / f"{name}.yaml").read_text("utf-8") for name in names]
    return [obj for text in texts for obj in yaml.safe_load_all(text)]


def four_grants() -> list[KubeObject]:
    """The four grants of istio.md 3.9 through the egress gateway, under default deny."""
    grants = ("gateway-tls", "gateway-origination", "gateway-http", "gateway-tcp")
    return objects("gateway-static", "default-deny", *grants, "client-rules")


def inventory(**facts: Any) -> Inventory:
    """The namespaces of the examples, with their accounts."""
    accounts = {
        "default": ("default", "web"),
        "otherns": ("default", "sleep-yahoo", "billing"),
        "stranger": ("default",),
    }
    return Inventory(
        {
            name: NamespaceFacts(name, service_accounts=dict.fromkeys(found, "uid"), **facts)
            for name, found in accounts.items()
        }
    )


def mesh(
    found: Iterable[Mapping[str, Any]], cluster: ClusterProfile = GATEWAY, **facts: Any
) -> Mesh:
    """A mesh of these objects and the namespaces of the examples."""
    return Mesh(found, cluster=cluster, inventory=inventory(**facts))


def asked(found: Mesh, who: str, host: str, port: int, protocol: Protocol) -> Answer:
    """The answer for `namespace` or `namespace/account`."""
    namespace, _, account = who.partition("/")
    return found.can(Subject(namespace, account), host, port, protocol)


def changed(
    found: Iterable[KubeObject], kind: str, name: str, change: Callable[[Any], Any]
) -> list[KubeObject]:
    """Copies of the objects, one of them changed: `kind` and `namespace/name` or `name` say which.

    `change` gets the object and edits it.
    """
    copies = copy.deepcopy(list(found))
    namespace, _, own = name.rpartition("/")
    (wanted,) = [
        obj
        for obj in copies
        if (obj["kind"], obj["metadata"]["name"]) == (kind, own)
        and namespace in ("", obj["metadata"]["namespace"])
    ]
    change(wanted)
    return copies


def edit(path: str, value: Any) -> Callable[[Any], None]:
    """A change that sets what a dotted path leads to."""

    def change(obj: Any) -> None:
        *above, last = [int(p) if p.isdecimal() else p for p in path.split(".")]
        for part in above:
            obj = obj[part]
        obj[last] = value

    return change


def without(found: Iterable[KubeObject], kind: str, name: str) -> list[KubeObject]:
    """The objects without one of them."""
    namespace, _, own = name.rpartition("/")
    return [
        obj
        for obj in found
        if (obj["kind"], obj["metadata"]["name"]) != (kind, own)
        or namespace not in ("", obj["metadata"]["namespace"])
    ]


def reasons(found: Mesh) -> set[str]:
    """The reasons of a mesh's anomalies."""
    return {anomaly.reason for anomaly in found.anomalies()}
