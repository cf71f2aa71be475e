"""What the live objects let through, as the independent reader of objects sees it."""

from egress.cluster import kinds
from egress.domain.access import Protocol, Subject
from egress.domain.explain import Mesh
from egress.selectors.slices import inventory_of_namespaces, profile_for
from tests.services.world import World

READ = (
    kinds.SERVICE_ENTRY,
    kinds.DESTINATION_RULE,
    kinds.VIRTUAL_SERVICE,
    kinds.GATEWAY,
    kinds.AUTHORIZATION_POLICY,
    kinds.SIDECAR,
    kinds.SERVICE,
    kinds.ENDPOINT_SLICE,
    kinds.K8S_GATEWAY,
)


def live_mesh(world: World) -> Mesh:
    """Return the mesh as it is now."""
    world.cluster.refresh_from_db()
    found = [obj for kind in READ for obj in world.sandbox.gateway.list(kind).items]
    return Mesh(
        found,
        cluster=profile_for(world.cluster, None),
        inventory=inventory_of_namespaces(world.cluster, None),
    )


def answer(world: World, namespace: str, account: str, host: str, port: int, protocol: str) -> bool:
    """Tell whether a service account reaches a host now.

    Under ambient enforcement proxies pass unknown hosts on, so there the waypoint is asked.
    """
    mesh, subject = live_mesh(world), Subject(namespace, account)
    ask = mesh.admits if world.enforcement_of(namespace) == "ambient" else mesh.can
    return ask(subject, host, port, Protocol(protocol)).allowed
