"""What no faithful set of objects has, found kind by kind: a module per kind of object.

Answers tell who gets through today; these find what would let somebody through tomorrow, or
what keeps a granted subject out.
"""

from collections.abc import Iterator

from egress.domain.explain.anomalies import (
    entries,
    exports,
    namespaces,
    policies,
    routings,
    servers,
    services,
    traffic_rules,
    waypoints,
)
from egress.domain.explain.answers import Anomaly
from egress.domain.explain.world import World


def find(world: World) -> Iterator[Anomaly]:
    """Yield every anomaly of a world, some of them more than once."""
    for module in (
        entries,
        exports,
        namespaces,
        policies,
        routings,
        servers,
        services,
        traffic_rules,
        waypoints,
    ):
        yield from module.find(world)
