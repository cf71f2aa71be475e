"""A portal with many decided grants: made in bulk, and taken back to where nothing was applied."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from egress.cluster.inventory import read_inventory
from egress.domain.access import Access, Destination, Enforcement, Protocol, Subject
from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.domain.manifests.static import static_objects
from egress.domain.objects import KubeObject
from egress.domain.render import render
from egress.models import (
    Cluster,
    Delivery,
    DeliveryStep,
    Grant,
    Namespace,
    OwnedObject,
    Person,
    Priority,
    Request,
    RequestDestination,
    Slice,
)
from egress.selectors.bindings import binding_of, decision_digest_of
from egress.selectors.slices import inventory_of_namespaces, profile_for
from egress.services import convergence, gateways, inventory, outbox
from egress.services.convergence.workers import worker_name
from egress.services.credentials import seal
from tests import factories
from tests.benchmarks.grounds import EGRESS, PREFIX, Grounds

PER_NAMESPACE = 10
_AT_ONCE = 100
_PATIENCE = 900.0


@dataclass
class Company:
    """A connected cluster with an admin, and grants that a test asks for."""

    cluster: Cluster
    requester: Person

    def grants(self, accesses: Sequence[Access]) -> list[Grant]:
        """Return approved grants that wait for the cluster, made without policies or audit."""
        uids = dict(self.cluster.namespaces.filter(gone_at=None).values_list("name", "uid"))
        made: list[Grant] = []
        for start in range(0, len(accesses), 1000):
            with transaction.atomic():
                made += self._grants(accesses[start : start + 1000], uids)
        return made

    def _grants(self, accesses: Sequence[Access], uids: dict[str, str]) -> list[Grant]:
        now = timezone.now()
        requests = Request.objects.bulk_create(
            [
                Request(
                    cluster=self.cluster,
                    requester=self.requester,
                    namespace=one.subject.namespace,
                    namespace_uid=uids[one.subject.namespace],
                    reason="To measure how long it takes.",
                    duration_days=90,
                    created_at=now,
                    lapses_at=now + timedelta(days=14),
                    status=RequestStatus.APPROVED,
                    decided_at=now,
                    decided_by="approver",
                )
                for one in accesses
            ],
            batch_size=_AT_ONCE,
        )
        RequestDestination.objects.bulk_create(
            [
                RequestDestination(
                    request=request,
                    position=0,
                    verdict=Verdict.APPROVED,
                    **_fields_of(access.destination),
                )
                for request, access in zip(requests, accesses, strict=True)
            ],
            batch_size=_AT_ONCE,
        )
        pks = [request.pk for request in requests]
        stored = Request.objects.filter(pk__in=pks).prefetch_related("destinations")
        grants = []
        for request in stored.select_related("cluster").order_by("pk"):
            request.decision_digest = decision_digest_of(request)
            (wanted,) = request.destinations.all()
            grants.append(self._grant(request, wanted.destination))
        Request.objects.bulk_update(
            [grant.request for grant in grants], ["decision_digest"], batch_size=_AT_ONCE
        )
        return Grant.objects.bulk_create(grants, batch_size=_AT_ONCE)

    def _grant(self, request: Request, destination: Destination) -> Grant:
        grant = Grant(
            cluster=request.cluster,
            request=request,
            namespace=request.namespace,
            namespace_uid=request.namespace_uid,
            status=GrantStatus.PENDING,
            duration_days=90,
            granted_by="approver",
            created_at=timezone.now(),
            **_fields_of(destination),
        )
        grant.binding = binding_of(grant)
        return grant

    def mark(self, grants: Iterable[Grant]) -> None:
        """Make due whatever enforces the grants, as their approval does."""
        with transaction.atomic():
            outbox.mark_grants(
                cluster=self.cluster,
                grants=grants,
                priority=Priority.GRANT,
                cause="the benchmark approved it",
            )

    def forget_deliveries(self) -> None:
        """Take the database back to where everything is approved and nothing was applied."""
        with transaction.atomic():
            DeliveryStep.objects.all().delete()
            Delivery.objects.all().delete()
            OwnedObject.objects.all().delete()
            Slice.objects.all().delete()
            Grant.objects.update(
                status=GrantStatus.PENDING,
                created_at=timezone.now(),
                active_at=None,
                expires_at=None,
                applied_at=None,
                drifted_at=None,
                failed_reason="",
                failed_message="",
            )

    def rendered(self) -> list[KubeObject]:
        """Return the objects of all grants, as the portal renders them."""
        profile, inventory = (
            profile_for(self.cluster, None),
            inventory_of_namespaces(self.cluster, None),
        )
        return render(profile, inventory, [g.access for g in Grant.objects.all()])

    def converge(self) -> float:
        """Let a worker work until nothing is due; return the seconds it took.

        Raises AssertionError when a grant is not active afterwards.
        """
        began = time.perf_counter()
        convergence.converge(worker=worker_name())
        _wait_until_nothing_is_due()
        took = time.perf_counter() - began
        bad = Grant.objects.filter(cluster=self.cluster, ended_at=None).exclude(
            status=GrantStatus.ACTIVE
        )
        first = bad.first()
        why = f"{first.failed_reason} {first.failed_message}" if first else ""
        problems = list(Slice.objects.exclude(problem="").values_list("problem", flat=True)[:3])
        assert first is None, f"{bad.count()} grants are not active: {why} {problems}"
        return took

    def sweep(self) -> float:
        """Compare the whole cluster with the database; return the seconds it took.

        Raises AssertionError when anything differs.
        """
        began = time.perf_counter()
        found = convergence.full_sweep(Cluster.objects.get(pk=self.cluster.pk))
        took = time.perf_counter() - began
        self.cluster.refresh_from_db()
        assert found == 0, f"{found} slices differ."
        assert self.cluster.reachable, self.cluster.problem
        return took


def _fields_of(destination: Destination) -> dict[str, object]:
    return {
        "host": destination.host,
        "port": destination.port,
        "protocol": str(destination.protocol),
        "tls_origination": destination.tls_origination,
    }


def _wait_until_nothing_is_due() -> None:
    """Let what was put off for a moment become due again, and work it off."""
    pause, deadline = threading.Event(), time.monotonic() + _PATIENCE
    while Slice.objects.filter(wanted__gt=F("done")).exists():
        assert time.monotonic() < deadline, "Slices stay due."
        if not convergence.converge(worker=worker_name()):
            pause.wait(0.02)


def connect_company(
    grounds: Grounds, namespaces: Iterable[str], enforcement: Enforcement = Enforcement.SIDECAR
) -> Company:
    """Make namespaces in the cluster and connect it."""
    grounds.make_namespaces([*namespaces, EGRESS])
    if grounds.is_sandbox:
        grounds.make_mesh()
    text = grounds.portal.read_text()
    gateway = gateways.dial(text)
    # Put there as it is, not by the service: a cluster without istiod is refused for good reason.
    cluster = factories.cluster(
        "bench",
        uid=gateway.identity().uid,
        credentials=seal(text),
        enforcement=enforcement,
        egress_namespace=EGRESS,
        mesh={"dns_capture": True},
        inventory_at=None,
        swept_at=timezone.now(),
    )
    seen = read_inventory(gateway)
    gateway.close()
    inventory.sync(cluster=cluster, snapshot=seen, now=timezone.now())
    cluster.refresh_from_db()
    if enforcement is Enforcement.GATEWAY:
        for obj in static_objects(profile_for(cluster, ()), enforcements={enforcement}):
            grounds.apply(obj, "egress-portal-bootstrap")
    missing = set(namespaces) - set(Namespace.objects.values_list("name", flat=True))
    assert not missing, f"The inventory lacks {sorted(missing)[:5]}."
    return Company(cluster, factories.person("bench-developer"))


def accesses_by_sidecar(count: int, per_namespace: int = PER_NAMESPACE) -> list[Access]:
    """Return so many grants of TLS hosts: each namespace has its own few, of shared hosts."""
    return [
        Access(
            Subject(f"{PREFIX}{number // per_namespace}"),
            Destination(f"api-{number % (per_namespace * 7)}.example.com", 443, Protocol.TLS),
        )
        for number in range(count)
    ]


def accesses_by_gateway(count: int, sharing: int = PER_NAMESPACE) -> list[Access]:
    """Return so many grants of TLS hosts behind a gateway: a host's `sharing` namespaces differ."""
    return [
        Access(
            Subject(f"{PREFIX}{number // sharing // sharing * sharing + number % sharing}"),
            Destination(f"api-{number // sharing}.example.com", 443, Protocol.TLS),
        )
        for number in range(count)
    ]


def namespaces_of(accesses: Iterable[Access]) -> list[str]:
    """Return the namespaces that grants are for."""
    return sorted({access.subject.namespace for access in accesses})


def timed(deed: Callable[[], object]) -> float:
    """Return the seconds that `deed` takes."""
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def close_connections() -> None:
    """Give back what the process holds, before it ends."""
    gateways.forget_gateways()
    connections.close_all()
