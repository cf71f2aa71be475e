"""What the waypoint of ambient enforcement looks like (istio.md 5.1)."""

from collections.abc import Iterator

from egress.domain.manifests.check.look import Look, annotated, labelled

_SPEC = {
    "gatewayClassName": "istio-waypoint",
    "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
}


def problems(look: Look) -> Iterator[str]:
    """Name what breaks a rule of the waypoint."""
    yield from labelled(look, {"istio.io/waypoint-for": "service"})
    yield from annotated(look)
    if look.spec != _SPEC:
        yield "The waypoint is anything else than Istio's, with its one HBONE listener."
