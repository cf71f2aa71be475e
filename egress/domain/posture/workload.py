"""PF1: the egress gateway, or the waypoint, is there and is what the objects rely on."""

from collections.abc import Iterator, Mapping
from typing import Any

from egress.domain.access import Enforcement, GatewayProfile
from egress.domain.manifests.static import static_objects
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.posture.look import BOOTSTRAP, Look, good, unread
from egress.domain.posture.matching import items, name_of, namespace_of, part, selects
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import PodState, Read
from egress.domain.wording import listed, quoted

CHECK = "PF1"
_GATEWAY = (Enforcement.GATEWAY,)
_AMBIENT = (Enforcement.AMBIENT,)
_EXPORT_ANNOTATION = "networking.istio.io/exportTo"


def gateway_is_there(look: Look) -> Iterator[Row]:
    """Check what bootstrap laid down, and the gateways' Services and pods (istio.md 3.3)."""
    if not look.used & {Enforcement.GATEWAY, Enforcement.AMBIENT}:
        yield good(CHECK, "No namespace sends its traffic through an egress gateway.")
        return
    rows = [*_statics(look)]
    if Enforcement.GATEWAY in look.used:
        rows += _gateways(look)
    if Enforcement.AMBIENT in look.used:
        rows += _waypoint(look)
    yield from rows
    if all(row.level is Level.OK for row in rows):
        yield good(CHECK, "The egress gateway is there, with the ports that its doors need.")


def _statics(look: Look) -> Iterator[Row]:
    kinds = [Read.GATEWAY, Read.AUTHORIZATION_POLICY] if Enforcement.GATEWAY in look.used else []
    if Enforcement.AMBIENT in look.used:
        kinds += [Read.WAYPOINT, Read.AUTHORIZATION_POLICY]
    if why := look.snapshot.why_unread(dict.fromkeys(kinds)):
        yield unread(CHECK, why)
        return
    for key in look.statics:
        if look.is_sound(key):
            continue
        is_there = key in look.live_statics
        state = "is not as it was laid down" if is_there else "is missing"
        yield _row(
            f'{key.kind} "{key.namespace}/{key.name}" {state}, and grants rely on it.',
            str(key),
            f"Remove what was changed on it. {BOOTSTRAP}" if is_there else BOOTSTRAP,
            _enforcements_of(look, key),
        )


def _enforcements_of(look: Look, key: ObjectKey) -> tuple[Enforcement, ...]:
    waypoints = static_objects(look.cluster, enforcements=_AMBIENT)
    return _AMBIENT if key in map(key_of, waypoints) else _GATEWAY


def _gateways(look: Look) -> Iterator[Row]:
    if why := look.snapshot.why_unread([Read.SERVICE, Read.POD]):
        yield unread(CHECK, why, _GATEWAY)
        return
    for gateway in look.cluster.gateways:
        name, namespace = look.cluster.service_of(gateway).split(".")[:2]
        found = [
            obj
            for obj in look.snapshot.of(Read.SERVICE)
            if (namespace_of(obj), name_of(obj)) == (namespace, name)
        ]
        if found:
            yield from _judge(look, gateway, found[0])
        else:
            yield _row(
                f'The Service "{namespace}/{name}" of the egress gateway does not exist.',
                f"Service {namespace}/{name}",
                f"Install the gateway with Istio's chart, or let bootstrap do it. {BOOTSTRAP}",
            )


def _judge(look: Look, gateway: GatewayProfile, service: KubeObject) -> Iterator[Row]:
    namespace, selector = namespace_of(service), part(service, "spec", "selector")
    place = f"{namespace}/{name_of(service)}"
    pods = [pod for pod in look.snapshot.pods if pod.namespace == namespace]
    behind = [pod for pod in pods if selector and selects(selector, [pod.labels])]
    wanted = (
        ("http2", gateway.http_port, gateway.http_container_port),
        ("tls", gateway.tls_port, gateway.tls_container_port),
    )
    for name, port, target in wanted:
        if not _has_port(service, name, port, target, behind):
            yield _row(
                f'The Service "{place}" has no port {port} called "{name}" that leads to '
                f"container port {target}.",
                f"Service {place}",
                f"Set the port to {{name: {name}, port: {port}, targetPort: {target}}}.",
            )
    yield from _judge_pods(gateway, place, behind)
    exported = part(service, "metadata", "annotations").get(_EXPORT_ANNOTATION, "")
    if "*" not in (str(exported) or look.snapshot.exports(Read.SERVICE)):
        yield _row(
            f'The Service "{place}" is not exported to all namespaces, so clients do not find it.',
            f"Service {place}",
            f'Annotate it with {_EXPORT_ANNOTATION}: "*".',
        )


def _has_port(
    service: Mapping[str, Any], name: str, port: int, target: int, pods: list[PodState]
) -> bool:
    for entry in items(service, "spec", "ports"):
        if isinstance(entry, Mapping) and (entry.get("name"), entry.get("port")) == (name, port):
            led = entry.get("targetPort", port)
            numbers = {led} if isinstance(led, int) else {pod.ports.get(str(led)) for pod in pods}
            return numbers == {target}
    return False


def _judge_pods(gateway: GatewayProfile, place: str, pods: list[PodState]) -> Iterator[Row]:
    label = gateway.istio_label
    wrong = sorted(pod.name for pod in pods if pod.labels.get("istio") != label)
    if wrong:
        yield _row(
            f'Behind the Service "{place}" is the pod {quoted(wrong[0])} without the label '
            f'"istio: {label}": no policy of the portal holds for it.',
            f"Pod {place.partition('/')[0]}/{wrong[0]}",
            f'Label the pods of the gateway with "istio: {label}", or narrow the selector.',
        )
    if not pods:
        yield Row(
            CHECK,
            Level.WARN,
            Scope.CLUSTER,
            f'No pod runs behind the Service "{place}": nothing gets through the gateway.',
            f"Service {place}",
            "Look at the gateway's Deployment, and at the labels of its pods.",
            enforcements=_GATEWAY,
        )


def _waypoint(look: Look) -> Iterator[Row]:
    if why := look.snapshot.why_unread([Read.WAYPOINT]):
        yield unread(CHECK, why, _AMBIENT)
        return
    name, namespace = look.cluster.waypoint, look.cluster.egress_namespace
    for obj in look.snapshot.of(Read.WAYPOINT):
        if (namespace_of(obj), name_of(obj)) != (namespace, name):
            continue
        conditions = [c for c in items(obj, "status", "conditions") if isinstance(c, Mapping)]
        state = {str(c.get("type")): str(c.get("status")) for c in conditions}
        missing = [kind for kind in ("Accepted", "Programmed") if state.get(kind) != "True"]
        if missing:
            yield Row(
                CHECK,
                Level.WARN,
                Scope.CLUSTER,
                f'The waypoint "{namespace}/{name}" is not {listed(missing).lower()} yet.',
                f"Gateway {namespace}/{name}",
                "Look at its status, and at the log of istiod.",
                enforcements=_AMBIENT,
            )


def _row(
    sentence: str, obj: str, fix: str, enforcements: tuple[Enforcement, ...] = _GATEWAY
) -> Row:
    return Row(CHECK, Level.BLOCK, Scope.CLUSTER, sentence, obj, fix, enforcements=enforcements)
