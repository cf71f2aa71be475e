"""P37: what makes grants untrue is found by the worker's own loop, and named with a way out."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from django.conf import settings
from django.test import override_settings

from egress.cluster import kinds
from egress.domain.posture import Level
from egress.domain.posture.rows import Row
from egress.models import Cluster, Namespace
from egress.selectors.posture import rows_of
from egress.services.convergence import stopping
from egress.worker import Loops
from tests import factories as make
from tests.cluster.company import Company
from tests.faults.grounds import company
from tests.faults.suite import Outcome, Run, Suite

FOUND_SECONDS = 60.0
SCALE = 10.0
"""The worker looks this many times as often as in real installations; times are told unscaled."""
HOST = "api.example.com"
SERVICE = "egressgateway.istio-egress.svc.cluster.local"
CAPTURE = 'defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: "%s"}}'
SERVERS = [{"port": {"number": 443, "name": "tls", "protocol": "TLS"}, "hosts": ["*"],
            "tls": {"mode": "PASSTHROUGH"}}]  # fmt: skip
RULES = [{"from": [{"source": {"principals": ["*"]}}]}]


@dataclass(frozen=True)
class Plant:
    """Something that a check finds: how somebody makes it, what is named, what must be said."""

    make: Callable[[Company], Any]
    names: str
    says: str


def _entry(namespace: str, *exported: str) -> Callable[[Company], Any]:
    spec = {
        "hosts": [HOST], "location": "MESH_EXTERNAL", "resolution": "DNS",
        "exportTo": list(exported),
        "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
    }  # fmt: skip
    return lambda on: on.plant("ServiceEntry", namespace, "squatter", spec=spec)


def _planted(kind: str, namespace: str, **spec: Any) -> Callable[[Company], Any]:
    return lambda on: on.plant(kind, namespace, "planted", spec=spec)


def _pod_annotated(name: str, value: str) -> Callable[[Company], Any]:
    def change(on: Company) -> None:
        pod = on.cluster.gateway.list(kinds.POD, "shop").items[0]
        on.cluster.patch(pod, {"metadata": {"annotations": {name: value}}})

    return change


def _removed(kind: Any, namespace: str, name: str) -> Callable[[Company], Any]:
    return lambda on: on.remove(kind, namespace, name)


PLANTS: Mapping[str, Plant] = {
    "PF1 service gone": Plant(
        _removed(kinds.SERVICE, "istio-egress", "egressgateway"),
        "Service istio-egress/egressgateway", "bootstrap"),
    "PF1 static object gone": Plant(
        _removed(kinds.GATEWAY, "istio-egress", "egress-http"),
        "Gateway istio-egress/egress-http", "bootstrap"),
    "PF1 wrong port": Plant(
        lambda on: on.change(kinds.SERVICE, "istio-egress", "egressgateway", {"spec": {"ports": [
            {"name": "http2", "port": 80, "targetPort": 8080},
            {"name": "https", "port": 443, "targetPort": 8443}]}}),
        "Service istio-egress/egressgateway", "Set the port"),
    "PF2 foreign Gateway": Plant(
        _planted("Gateway", "shop", servers=SERVERS, selector={"istio": "egressgateway"}),
        "Gateway shop/planted", "Delete it"),
    "PF2 Gateway of all pods": Plant(
        _planted("Gateway", "shop", servers=SERVERS), "Gateway shop/planted", "Delete it"),
    "PF3 entry at the gateway": Plant(
        _entry("data", "istio-egress"), "ServiceEntry data/squatter", "owner"),
    "PF4 entry at the client": Plant(
        _entry("shop", "."), "ServiceEntry shop/squatter", "owner"),
    "PF4 route at the client": Plant(
        _planted("VirtualService", "shop", hosts=[HOST],
                 http=[{"route": [{"destination": {"host": "elsewhere.example.net"}}]}]),
        "VirtualService shop/planted", "owner"),
    "PF5 rule hides the gateway": Plant(
        _planted("DestinationRule", "shop", host=SERVICE), "DestinationRule shop/planted",
        "narrower"),
    "PF6 narrow Sidecar": Plant(
        _planted("Sidecar", "shop", egress=[{"hosts": ["./*"]}]), "Sidecar shop/planted",
        "istio-egress/*"),
    "PF7 foreign ALLOW in the root": Plant(
        _planted("AuthorizationPolicy", "istio-system", rules=RULES),
        "AuthorizationPolicy istio-system/planted", "Delete it"),
    "PF7 default deny gone": Plant(
        _removed(kinds.AUTHORIZATION_POLICY, "istio-egress", "default-deny"),
        "AuthorizationPolicy istio-egress/default-deny", "bootstrap"),
    "PF8 no DNS capture": Plant(
        lambda on: on.configure_mesh(CAPTURE % "false"), "ConfigMap istio", "fixed addresses"),
    "PF8 no addresses": Plant(
        lambda on: on.set_istiod(PILOT_ENABLE_IP_AUTOALLOCATE="false"), "Deployment istiod",
        "fixed addresses"),
    "PF9 way past the proxy": Plant(
        _pod_annotated("traffic.sidecar.istio.io/excludeOutboundPorts", "443"), "Pod shop/",
        "network policy"),
    "PF10 old Istio": Plant(
        lambda on: on.set_istiod("docker.io/istio/pilot:1.22.3"), "Deployment istiod", "Upgrade"),
    "PF10 another trust domain": Plant(
        lambda on: on.configure_mesh("trustDomain: corp.example\n" + CAPTURE % "true"),
        "ConfigMap istio", "Connect"),
    "PF10 root is the egress namespace": Plant(
        lambda on: on.configure_mesh("rootNamespace: istio-egress\n" + CAPTURE % "true"),
        "Namespace istio-egress", "Choose another"),
}  # fmt: skip


class Posture(Suite):
    """Each kind of trouble, planted in a cluster that the worker looks at."""

    name = "posture"
    promises = ("P37",)
    title = "Each row PF1 to PF10 planted, found by the running loop with name and fix"
    target = len(PLANTS)
    weight = 0.5

    def cases(self) -> Sequence[str]:
        """Return what is planted."""
        return list(PLANTS)

    @contextmanager
    def opened(self, folder: Path) -> Iterator[Run]:
        """Need nothing that cases share."""
        yield run


POSTURE = Posture()


def run(case: str, chance: random.Random) -> Outcome:
    """Plant one thing at any moment of the loop, and wait until it is told."""
    plant, check = PLANTS[case], case.split(" ")[0]
    with company() as (made, row):
        shop = Namespace.objects.get(cluster=row, name="shop", gone_at=None)
        make.grant(shop, host=HOST)
        with looking():
            _wait(row, lambda rows: bool(rows))
            threading.Event().wait(chance.random() * settings.POSTURE_SECONDS)
            early = [one for one in rows_of(_fresh(row)) if _is_it(one, check, plant)]
            began = time.monotonic()
            plant.make(made)
            found = _wait(row, lambda rows: any(_is_it(one, check, plant) for one in rows))
            seconds = (time.monotonic() - began) * SCALE
    wrong = [f"{case} was told before it was there."] if early else []
    wrong += _judge(case, check, plant, found, seconds)
    return Outcome(1, wrong, {"found after s": round(seconds, 1)})


def _judge(case: str, check: str, plant: Plant, rows: list[Row], seconds: float) -> list[str]:
    told = [one for one in rows if _is_it(one, check, plant)]
    if not told:
        named = [f"{one.id} {one.object}" for one in rows if one.level is not Level.OK]
        return [f"{case} was not found within {seconds:.0f} s: {named}"]
    wrong = []
    if seconds > FOUND_SECONDS:
        wrong.append(f"{case} was found after {seconds:.0f} s.")
    if not any(plant.says in one.fix for one in told):
        wrong.append(f'The way out of {case} is "{told[0].fix}".')
    return wrong


def _is_it(row: Row, check: str, plant: Plant) -> bool:
    is_named = row.object.startswith(plant.names)
    return row.id == check and row.level is not Level.OK and is_named


@contextmanager
def looking() -> Iterator[None]:
    """Run the worker's loops, with everything that waits sped up."""
    quick = {
        "POSTURE_SECONDS": settings.POSTURE_SECONDS / SCALE,
        "SWEEP_SECONDS": REAL_SWEEP / SCALE,
    }
    quiet = mock.patch("egress.worker.Followers.tend")
    with override_settings(**quick), quiet:
        loops = Loops()
        loops.start()
        try:
            yield
        finally:
            loops.stop()
            stopping.forget()


REAL_SWEEP = 10.0
"""The interval of the sweep in real installations, in seconds."""


def _wait(row: Cluster, check: Callable[[list[Row]], bool]) -> list[Row]:
    """Wait until the stored rows are as wanted, for at most twice the promised time."""
    pause, deadline = threading.Event(), time.monotonic() + 2 * FOUND_SECONDS / SCALE
    rows = rows_of(_fresh(row))
    while not check(rows) and time.monotonic() < deadline:
        pause.wait(0.02)
        rows = rows_of(_fresh(row))
    return rows


def _fresh(row: Cluster) -> Cluster:
    return Cluster.objects.get(pk=row.pk)
