"""Foreign ServiceEntries as people write them, and a mesh around them."""

from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, Inventory, NamespaceFacts
from egress.domain.adoption import Surrounding
from egress.domain.objects import KubeObject

HOST = "api.partner.example.com"
FLAGS = {"ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS": "true"}


def entry(**spec: Any) -> KubeObject:
    """An entry of `shop` for one host over TLS; `spec` replaces fields, None takes them out."""
    fields = {
        "hosts": [HOST],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
        **spec,
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {
            "name": "partner",
            "namespace": "shop",
            "uid": "uid-1",
            "resourceVersion": "7",
        },
        "spec": {name: value for name, value in fields.items() if value is not None},
    }


def inventory(**facts: Any) -> Inventory:
    """The namespaces `shop`, `data` and `payments`, each with two accounts."""
    accounts = {"default": "uid-a", "web": "uid-b"}
    return Inventory(
        {
            name: NamespaceFacts(name, uid=f"{name}-uid", service_accounts=accounts, **facts)
            for name in ("data", "payments", "shop")
        }
    )


def surrounding(
    enforcement: Enforcement = Enforcement.SIDECAR, *, facts: Any = None, **more: Any
) -> Surrounding:
    """A mesh with nothing in it."""
    cluster = ClusterProfile(
        "portal-a", enforcement, istio_version="1.31.0", dns_capture=True, flags=FLAGS
    )
    return Surrounding(cluster, inventory(**(facts or {})), **more)
