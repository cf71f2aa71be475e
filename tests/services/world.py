"""A portal and its cluster in one process: what tests of convergence begin with."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone

from egress.cluster import kinds
from egress.cluster.gateway import Kind, KubeObject
from egress.cluster.inventory import read_inventory
from egress.domain.access import Enforcement
from egress.domain.lifecycle import GrantStatus
from egress.domain.manifests.static import static_objects
from egress.domain.naming import base
from egress.models import AuditEvent, Cluster, Grant, Namespace, Person, Priority, Slice
from egress.services import audit, convergence, inventory, outbox
from egress.services.actor import Actor
from egress.services.grants import revoke
from egress.services.outbox import namespace_key
from tests import factories
from tests.cluster.sandboxes import Cluster as Sandbox

WORKER = "worker-1"
TEAM = "team-shop"


@dataclass
class World:
    """A connected sandbox cluster with the namespaces `shop` and `data`, and an admin."""

    cluster: Cluster
    sandbox: Sandbox
    admin: Person
    requester: Person
    rung: list[int] = field(default_factory=list)

    def namespace(self, name: str) -> Namespace:
        """Return a namespace as it is now."""
        return Namespace.objects.get(cluster=self.cluster, name=name, gone_at=None)

    def sync(self, *, confirmed: bool = True) -> inventory.SyncResult:
        """Read the inventory as a follower would."""
        seen = read_inventory(self.sandbox.gateway)
        snapshot = type(seen)(seen.namespaces, seen.taken_at, seen.resource_versions, confirmed)
        return inventory.sync(cluster=self.cluster, snapshot=snapshot, now=timezone.now())

    def approve(
        self,
        host: str,
        namespace: str = "shop",
        port: int = 443,
        protocol: str = "TLS",
        **more: Any,
    ) -> Grant:
        """Return a grant that was approved just now and waits for the cluster."""
        with transaction.atomic():
            grant = factories.grant(
                self.namespace(namespace),
                self.requester,
                host,
                port,
                protocol,
                status=GrantStatus.PENDING,
                **more,
            )
            outbox.mark_grants(
                cluster=self.cluster,
                grants=[grant],
                priority=Priority.GRANT,
                cause=f"grant {grant.pk} was approved",
            )
        return grant

    def enforce(self, enforcement: str, *names: str, **settings: Any) -> None:
        """Let some namespaces, or the whole cluster, have another enforcement."""
        if names:
            Namespace.objects.filter(name__in=names).update(enforcement=enforcement)
        else:
            Cluster.objects.update(enforcement=enforcement, **settings)
        self.cluster.refresh_from_db()
        if self.sandbox.gateway.get(kinds.NAMESPACE, "", "istio-egress") is None:
            self.sandbox.namespace("istio-egress")
            self.sync()
        profile = self.cluster.profile(django_settings.INSTALLATION)
        for obj in static_objects(profile, enforcements={Enforcement(enforcement)}):
            if self.live(obj) is None:
                self.sandbox.put(obj, manager="egress-portal-bootstrap")

    def know_dns_capture(self, on: bool = True) -> None:
        """Let the mesh be known to answer DNS in its proxies."""
        Cluster.objects.update(mesh={"dns_capture": on})
        self.cluster.refresh_from_db()

    def deny_by_default(self, namespace: str = "shop") -> None:
        """Decide default deny for a namespace and carry it out."""
        rows = Namespace.objects.filter(cluster=self.cluster, name=namespace)
        rows.update(default_deny=True, default_deny_at=timezone.now())
        self.mark(namespace)
        self.converge()

    def search(self) -> int:
        """Search the cluster for drift; return how many slices had drifted."""
        return convergence.full_sweep(Cluster.objects.get(pk=self.cluster.pk))

    def enforcement_of(self, namespace: str) -> str:
        """Return how the grants of a namespace are enforced."""
        return self.namespace(namespace).enforcement or str(self.cluster.enforcement)

    def live(self, obj: KubeObject) -> KubeObject | None:
        """Return an object as it is in the cluster now."""
        metadata = obj["metadata"]
        kind = kinds.kind_of(obj)
        return self.sandbox.gateway.get(kind, metadata.get("namespace", ""), metadata["name"])

    def host_slice(self, host: str) -> Slice:
        """Return the slice of a host as it is now."""
        return Slice.objects.get(cluster=self.cluster, key=f"host:{host}")

    def settle(self, times: int = 6) -> None:
        """Let the time go by that anything waits for, and workers do what is left."""
        for _ in range(times):
            past = timezone.now() - timedelta(minutes=10)
            Slice.objects.update(due_at=past)
            Slice.objects.filter(quiet_at__isnull=False).update(quiet_at=past)
            self.converge("heir")

    def mark(self, namespace: str, priority: Priority = Priority.GRANT, cause: str = "") -> None:
        """Make the slice of a namespace due."""
        with transaction.atomic():
            outbox.mark_dirty(
                cluster=self.cluster,
                keys=[namespace_key(namespace)],
                priority=priority,
                cause=cause,
            )

    def mark_host(self, host: str) -> None:
        """Make the slice of a host due."""
        with transaction.atomic():
            outbox.mark_dirty(
                cluster=self.cluster, keys=[f"host:{host}"], priority=Priority.GRANT, cause=""
            )

    def revoke(self, grant: Grant) -> None:
        """End a grant as an admin does."""
        revoke(grant=grant, actor=Actor.of(self.admin, "web"), reason="No longer needed.")

    def converge(self, worker: str = WORKER) -> int:
        """Let a worker work off what is due."""
        return convergence.converge(worker=worker)

    def deliver(self, host: str, namespace: str = "shop", **more: Any) -> Grant:
        """Return a grant that was approved and applied."""
        grant = self.approve(host, namespace, **more)
        self.converge()
        grant.refresh_from_db()
        assert grant.status == GrantStatus.ACTIVE, grant.failed_message
        return grant

    def slice(self, namespace: str = "shop") -> Slice:
        """Return the slice of a namespace as it is now."""
        return Slice.objects.get(cluster=self.cluster, key=namespace_key(namespace))

    def make_due(self, namespace: str = "shop") -> None:
        """Let the time go by that the slice of a namespace waits for."""
        past = timezone.now() - timedelta(minutes=10)
        rows = Slice.objects.filter(cluster=self.cluster, key=namespace_key(namespace))
        rows.update(due_at=past)
        rows.filter(quiet_at__isnull=False).update(quiet_at=past)

    def make_host_due(self, host: str) -> None:
        """Let the time go by that the slice of a host waits for."""
        past = timezone.now() - timedelta(minutes=10)
        Slice.objects.filter(cluster=self.cluster, key=f"host:{host}").update(due_at=past)

    def run_out(self) -> None:
        """Let the leases of workers that died run out, and what they had sent arrive."""
        past = timezone.now() - timedelta(minutes=10)
        Slice.objects.filter(lease_until__isnull=False).update(lease_until=past)
        Slice.objects.update(due_at=past)

    def entry(self, host: str, namespace: str = "shop") -> KubeObject | None:
        """Return the live ServiceEntry of a host."""
        return self.sandbox.gateway.get(kinds.SERVICE_ENTRY, namespace, base(host))

    def objects(self, kind: Kind = kinds.SERVICE_ENTRY, namespace: str = "shop") -> list[str]:
        """Return the names of live objects, whoever wrote them."""
        return sorted(
            o["metadata"]["name"] for o in self.sandbox.gateway.list(kind, namespace).items
        )

    def hosts(self, namespace: str = "shop") -> set[tuple[str, int]]:
        """Return the hosts and ports that live ServiceEntries open to a namespace."""
        return {
            (host, port["number"])
            for entry in self.sandbox.gateway.list(kinds.SERVICE_ENTRY, namespace).items
            for host in entry["spec"]["hosts"]
            for port in entry["spec"]["ports"]
        }

    def tags(self, target: str = "") -> list[str]:
        """Return the audit tags so far, oldest first."""
        events = AuditEvent.objects.order_by("sequence")
        if target:
            events = events.filter(target=target)
        return list(events.values_list("tag", flat=True))


def assert_chain_is_valid() -> None:
    """Check the whole audit trail."""
    result = audit.verify()
    assert result.ok, result.reason


def foreign_entry(
    name: str, host: str, namespace: str = "shop", export_to: tuple[str, ...] = (".",)
) -> KubeObject:
    """Return a ServiceEntry as somebody else writes it."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "hosts": [host],
            "exportTo": list(export_to),
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": 8443, "name": "tls-8443", "protocol": "TLS"}],
        },
    }
