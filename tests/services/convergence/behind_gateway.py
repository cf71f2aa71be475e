"""What lies in the egress namespace for one host, as tests look at it."""

from egress.cluster import kinds
from egress.cluster.gateway import Kind, KubeObject
from egress.domain.naming import client_rule_name, door, door_name, mesh_name
from egress.models import Slice
from egress.services.convergence.beside import Claims
from egress.services.convergence.queue import claim_next
from tests.services.live_mesh import answer
from tests.services.world import World

HOST = "api.example.com"
EGRESS = "istio-egress"


def get(world: World, kind: Kind, name: str) -> KubeObject | None:
    """Return an object of the egress namespace."""
    return world.sandbox.gateway.get(kind, EGRESS, name)


def identities(world: World, namespace: str = "shop", port: int = 443) -> list[str]:
    """Return the accounts that the door of a namespace lists."""
    gateway = get(world, kinds.GATEWAY, door_name(HOST, port))
    servers = gateway["spec"]["servers"] if gateway else []
    wanted = [f"./{door(HOST, port, namespace)}"]
    found = [one["tls"]["subjectAltNames"] for one in servers if one["hosts"] == wanted]
    return [name.rpartition("/")[2] for name in found[0]] if found else []


def exported(world: World) -> list[str]:
    """Return the namespaces that are led to the gateway."""
    route = get(world, kinds.VIRTUAL_SERVICE, mesh_name(HOST))
    return list(route["spec"]["exportTo"]) if route else []


def subsets(world: World, namespace: str = "shop") -> list[str]:
    """Return the ways that a namespace has to the gateway."""
    rule = get(world, kinds.DESTINATION_RULE, client_rule_name(namespace))
    return [one["name"] for one in rule["spec"]["subsets"]] if rule else []


def can(world: World, namespace: str = "shop", account: str = "web", port: int = 443) -> bool:
    """Tell whether an account reaches the host now."""
    return answer(world, namespace, account, HOST, port, "TLS" if port == 443 else "TCP")


def has_door(world: World, host: str) -> bool:
    """Tell whether a host has doors on port 443."""
    return get(world, kinds.GATEWAY, door_name(host, 443)) is not None


def hold(world: World, namespace: str) -> Claims:
    """Let another worker work on the slice of a namespace."""
    world.mark(namespace)
    Slice.objects.exclude(key=f"namespace:{namespace}").update(done=1, wanted=1)
    claim = claim_next("another")
    assert claim is not None
    assert claim.row.key == f"namespace:{namespace}"
    return Claims(claim)
