"""The one thing that other packages use: a mesh, read from its objects, that can be asked."""

import ipaddress
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from egress.domain.access import ClusterProfile, Inventory, Protocol, Subject
from egress.domain.explain import client_leg, gateway_leg, waypoint_leg
from egress.domain.explain.anomalies import find
from egress.domain.explain.answers import Anomaly, Answer, Caller
from egress.domain.explain.client_leg import Question
from egress.domain.explain.world import World


class Mesh:
    """What a set of objects lets whom reach. It knows objects only, never grants.

    `objects` are those of one cluster, desired or live, including the static ones and the
    `Sidecar`s; kinds that do not matter are ignored. `inventory` tells which accounts a namespace
    has and how its workloads are proxied.
    """

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]],
        *,
        cluster: ClusterProfile,
        inventory: Inventory,
    ) -> None:
        self._world = World.of(objects, cluster, inventory)

    def can(self, subject: Subject, host: str, port: int, protocol: Protocol) -> Answer:
        """Return whether a subject reaches a port of a host through its own proxy.

        `host` is a name as the workload uses it, or an address range. A subject without service
        account stands for every workload of its namespace: policies must allow also accounts
        nobody has made yet, doors list the accounts that the inventory knows. Raises ValueError
        for a malformed address range.
        """
        question = self._question(subject, host, port, protocol)
        if self._world.is_ambient(subject.namespace):
            return waypoint_leg.ask(self._world, question)
        return client_leg.ask(self._world, question)

    def admits(self, subject: Subject, host: str, port: int, protocol: Protocol) -> Answer:
        """Return whether a gateway or waypoint lets a subject's identity through to a host.

        The stricter look: it holds for workloads that avoid their own proxy, too. Never yes
        where a namespace's sidecars alone enforce, because nothing stands behind them.
        """
        question = self._question(subject, host, port, protocol)
        at_waypoint = waypoint_leg.admits(self._world, question.caller, question)
        if at_waypoint.allowed:
            return at_waypoint
        return gateway_leg.admits(self._world, question.caller, host, port, protocol)

    @cached_property
    def _anomalies(self) -> tuple[Anomaly, ...]:
        return tuple(sorted({*self._world.unreadable, *find(self._world)}))

    def anomalies(self) -> tuple[Anomaly, ...]:
        """Return everything in the objects that no faithful set of them has, sorted."""
        return self._anomalies

    def _question(self, subject: Subject, host: str, port: int, protocol: Protocol) -> Question:
        if "/" in host:
            ipaddress.ip_network(host)
        caller = Caller.of(subject, self._world.cluster, self._world.inventory)
        return Question(caller, host, port, protocol)
