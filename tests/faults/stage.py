"""A portal and a cluster whose faults a suite plans: over HTTP, or in this process."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from unittest import mock

from django.conf import settings
from django.utils import timezone

from egress.cluster.credentials import Credentials
from egress.cluster.errors import Fault as Failure
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.http_transport import HttpTransport
from egress.cluster.in_process import InProcessTransport
from egress.cluster.kube import KubeGateway
from egress.cluster.transport import TransportError
from egress.models import Cluster
from egress.sandbox.api import SandboxApi
from egress.sandbox.bootstrap import install
from egress.sandbox.connection import as_of_earlier
from egress.sandbox.controllers import INLINE
from egress.sandbox.fault_rules import RulePlan
from egress.sandbox.faults import ANSWER, DROP, LOSE, STALE, Fault
from egress.sandbox.kinds import KINDS
from egress.sandbox.ledger import Entry
from egress.sandbox.messages import Request, Response
from egress.sandbox.server import serve
from egress.sandbox.store import Event, Store
from egress.sandbox.users import ADMIN, NOBODY, PORTAL, Users
from egress.services import bell
from egress.services.credentials import seal
from tests import factories
from tests.cluster.sandboxes import ADMIN_TOKEN, NOBODY_TOKEN, PORTAL_TOKEN
from tests.cluster.sandboxes import Cluster as Sandbox
from tests.faults.grounds import answered_by, empty_database, quick_people
from tests.services.convergence.crashing import watched
from tests.services.world import TEAM, World

_numbers = count(1)
Objects = dict[tuple[str, str, str], KubeObject]
"""Live objects by kind, namespace and name."""


@dataclass
class Stage:
    """A connected cluster: `world` looks at it past all faults, the portal meets those of `plan`.

    `calls` are the seconds that each call of the portal took, and `moments` the live objects
    after each write since `watch` began.
    """

    world: World
    store: Store
    api: SandboxApi
    plan: RulePlan
    portal: KubeGateway
    calls: list[float]
    moments: list[Objects] = field(default_factory=list)
    _now: Objects = field(default_factory=dict)

    def watch(self) -> None:
        """Take note of every state of the cluster from now on."""
        self.moments.clear()
        self.calls.clear()
        self._now = objects_now(self.store)

    def written(self) -> list[Entry]:
        """Return what the portal wrote, as the store's own ledger has it."""
        entries = self.store.ledger.entries()
        return [one for one in entries if one.user == PORTAL.name]

    def _listen(self, event: Event) -> None:
        record = event.record
        key = (record.kind.kind, record.namespace, record.name)
        self._now = dict(self._now)
        if event.type == "DELETED":
            self._now.pop(key, None)
        else:
            self._now[key] = record.obj
        self.moments.append(self._now)


@contextmanager
def stage(
    *namespaces: str, over_http: bool = False, latency: float = 0.0, timeout: float | None = None
) -> Iterator[Stage]:
    """Yield a connected cluster with `shop` and `data`, or other namespaces; then clean up.

    `latency` is in seconds for each request over HTTP; `timeout` that of the portal's calls,
    CALL_TIMEOUT_SECONDS unless given.
    """
    with ExitStack() as stack:
        store = Store(None)
        stack.callback(store.close)
        install(store)
        users = Users({ADMIN_TOKEN: ADMIN, PORTAL_TOKEN: PORTAL, NOBODY_TOKEN: NOBODY})
        api = SandboxApi(store, users, controllers=INLINE)
        plan = RulePlan(store)
        patience = settings.CALL_TIMEOUT_SECONDS if timeout is None else timeout
        make = _over_http if over_http else _in_process
        portal = stack.enter_context(make(api, plan, latency, patience))
        calls: list[float] = []
        stack.enter_context(quick_people())
        stack.enter_context(answered_by(timed(portal, calls)))
        world = _world(stack, api, namespaces or ("shop", "data"))
        made = Stage(world, store, api, plan, portal, calls)
        store.listen(made._listen)
        try:
            yield made
        finally:
            plan.set()
            empty_database()


@contextmanager
def bare_stage() -> Iterator[KubeGateway]:
    """Yield a way to another cluster, which the portal was never connected to."""
    store = Store(None)
    install(store)
    users = Users({PORTAL_TOKEN: PORTAL})
    with _in_process(SandboxApi(store, users), RulePlan(store), 0.0, 30.0) as gateway:
        yield gateway
    store.close()


@contextmanager
def _over_http(
    api: SandboxApi, plan: RulePlan, latency: float, timeout: float
) -> Iterator[KubeGateway]:
    with serve(api, latency_ms=latency * 1000) as server:
        server.faults = plan
        transport = HttpTransport(
            Credentials(server=server.url, context="sandbox", method="token", token=PORTAL_TOKEN)
        )
        try:
            yield KubeGateway(transport, timeout=timeout)
        finally:
            transport.close()


@contextmanager
def _in_process(
    api: SandboxApi, plan: RulePlan, _latency: float, timeout: float
) -> Iterator[KubeGateway]:
    transport = InProcessTransport(handle_with(api, plan), Request.of, token=PORTAL_TOKEN)
    yield KubeGateway(transport, timeout=timeout)


def handle_with(api: SandboxApi, plan: RulePlan) -> Callable[[Request], Response]:
    """Return what answers requests in this process, with those faults that need no socket."""

    def handle(request: Request) -> Response:
        fault = plan(request) or Fault()
        if fault.act == ANSWER and fault.response is not None:
            return fault.response
        if fault.act == DROP:
            raise TransportError("The connection was closed.", Failure.UNREACHABLE, sent=True)
        if fault.act == STALE:
            request = as_of_earlier(request, api.store.version - fault.behind)
        response = api.handle(request)
        if fault.act == LOSE:
            raise TransportError("No answer came.", Failure.TIMEOUT, sent=True)
        return response

    return handle


def _world(stack: ExitStack, api: SandboxApi, namespaces: tuple[str, ...]) -> World:
    def direct(token: str) -> InProcessTransport:
        return InProcessTransport(api.handle, Request.of, token=token)

    sandbox = Sandbox(KubeGateway(direct(PORTAL_TOKEN), timeout=30), direct(ADMIN_TOKEN))
    rung: list[int] = []
    stack.enter_context(mock.patch.object(bell, "ring", rung.append))
    for name in namespaces:
        labels = {"istio-injection": "enabled", "egress-portal.io/owner": TEAM}
        sandbox.namespace(name, labels)
        sandbox.account(name, "web")
    row = factories.cluster(
        f"stage-{next(_numbers)}",
        uid=sandbox.gateway.identity().uid,
        credentials=seal("kubeconfig"),
        inventory_at=None,
    )
    row.refresh_from_db()
    people = factories.admin(), factories.person(teams=[TEAM])
    world = World(row, sandbox, *people, rung)
    world.sync()
    Cluster.objects.filter(pk=row.pk).update(swept_at=timezone.now())
    return world


def objects_now(store: Store) -> Objects:
    """Return everything in a store by kind, namespace and name."""
    return {
        (kind.kind, record.namespace, record.name): record.obj
        for kind in KINDS
        for record in store.records(kind)
    }


def timed(gateway: ClusterGateway, seconds: list[float]) -> ClusterGateway:
    """Return a gateway that notes how long each of its calls takes."""

    def around(_name: str, call: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return call()
        finally:
            seconds.append(time.monotonic() - began)

    return watched(gateway, around)
