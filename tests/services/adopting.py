"""The company's cluster with entries of somebody else, and people who have them adopted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.gateway import KubeObject
from egress.domain.access import Protocol, Subject
from egress.domain.explain import Mesh
from egress.domain.lifecycle import Verdict
from egress.domain.objects import key_of
from egress.models import Adoption, Cluster, Grant, Person, Request, Slice
from egress.selectors.slices import inventory_of_namespaces, profile_for
from egress.services import convergence, requests
from egress.services.adoption.judging import Pin
from tests import factories as make
from tests.services.connected import Connected, company_connected
from tests.services.live_mesh import READ

HOST = "legacy.partner.example.com"
REASON = "It was written before the portal came."


class Adopting:
    """A company whose namespace `shop` has a foreign entry, and how tests act on it."""

    def __init__(self, mesh: Connected) -> None:
        self.mesh = mesh
        self.cluster = mesh.cluster
        self.gateway = mesh.company.cluster.gateway

    def plant(self, name: str = "partner", namespace: str = "shop", **spec: Any) -> KubeObject:
        """Let somebody else write an entry; `spec` replaces its fields."""
        fields = {
            "hosts": [HOST],
            "exportTo": ["."],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
            **spec,
        }
        self.mesh.company.plant("ServiceEntry", namespace, name, spec=fields)
        # Also istiod writes to it, once: its address.
        self.mesh.company.cluster.settle()
        found = self.gateway.get(kinds.SERVICE_ENTRY, namespace, name)
        assert found is not None
        return found

    def live(self, entry: KubeObject) -> KubeObject | None:
        """Return an object as it is now."""
        metadata = entry["metadata"]
        return self.gateway.get(kinds.SERVICE_ENTRY, metadata["namespace"], metadata["name"])

    def touch(self, entry: KubeObject) -> None:
        """Let its owner change it, a little."""
        self.mesh.company.cluster.patch(entry, {"metadata": {"labels": {"touched": "yes"}}})

    def adopt(self, entry: KubeObject, who: Person, days: int | None = 30) -> Request:
        """Ask for the adoption of an entry, as it was seen."""
        return requests.adopt(
            cluster=Cluster.objects.get(pk=self.cluster.pk),
            pin=pin(entry),
            actor=make.actor(who),
            reason=REASON,
            duration_days=days,
        )

    def approve(self, request: Request, who: Person, **more: Any) -> Request:
        """Approve all of a request."""
        request.refresh_from_db()
        verdicts = {row.position: Verdict.APPROVED for row in request.destinations.all()}
        return requests.decide(
            request=request,
            actor=make.actor(who),
            revision=request.revision,
            verdicts=verdicts,
            **more,
        )

    def adopted(self, entry: KubeObject, owner: Person, approver: Person) -> Request:
        """Have an entry adopted: asked for and approved."""
        return self.approve(self.adopt(entry, owner), approver)

    def converge(self, times: int = 1) -> None:
        """Let workers do what is due, or would be in a moment, and let istiod keep up."""
        for _ in range(times):
            Slice.objects.update(due_at=timezone.now() - timedelta(minutes=10))
            convergence.converge(worker="worker-1")
            self.mesh.company.cluster.settle()

    def outcome(self, request: Request) -> str:
        """Return what became of the object that a request adopts."""
        return Adoption.objects.get(request=request).outcome

    def can(self, host: str = HOST, port: int = 443, account: str = "", who: str = "shop") -> bool:
        """Tell whether declared ways lead somebody to a host, wherever default deny is on."""
        found = [obj for kind in READ for obj in self.gateway.list(kind).items]
        known = {key_of(obj) for obj in found}
        denies = [
            {
                "apiVersion": "networking.istio.io/v1",
                "kind": "Sidecar",
                "metadata": {"name": "default", "namespace": name},
                "spec": {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}},
            }
            for name in ("shop", "payments", "data")
        ]
        inventory = inventory_of_namespaces(self.cluster, None)
        mesh = Mesh(
            [*found, *(one for one in denies if key_of(one) not in known)],
            cluster=profile_for(self.cluster, None),
            inventory=inventory,
        )
        return mesh.can(Subject(who, account), host, port, Protocol.TLS).allowed


def pin(entry: KubeObject) -> Pin:
    """Return the version of an object that somebody looked at."""
    metadata = entry["metadata"]
    return Pin(key_of(entry), metadata["uid"], metadata["resourceVersion"])


def grants_of(request: Request) -> list[Grant]:
    """Return the grants of a request as they are now."""
    return list(Grant.objects.filter(request=request).order_by("pk"))


@contextmanager
def adopting_company(
    settings: Any, monkeypatch: Any, enforcement: str = "gateway"
) -> Iterator[Adopting]:
    """Connect the company under an enforcement."""
    with company_connected(settings, monkeypatch) as mesh:
        Cluster.objects.update(enforcement=enforcement)
        mesh.cluster.refresh_from_db()
        yield Adopting(mesh)
