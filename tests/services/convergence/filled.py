"""A cluster with many grants that carries exactly what they are rendered to, as delivered."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from egress.cluster.gateway import KubeObject
from egress.domain.fingerprint import claimed_hash
from egress.domain.lifecycle import GrantStatus, RequestStatus, Verdict
from egress.domain.objects import key_of
from egress.domain.slices import SliceKey
from egress.models import (
    Cluster,
    Grant,
    Namespace,
    OwnedObject,
    Person,
    Request,
    RequestDestination,
    Slice,
)
from egress.selectors.bindings import binding_of, decision_digest_of
from egress.selectors.slices import slices_touched_by
from egress.services.convergence.loading import Book

PER_REQUEST = 10

Put = Callable[[list[KubeObject]], Sequence[str]]
"""Writes objects to the cluster as the portal does; returns their uids in the same order."""


def granted(namespace: Namespace, requester: Person, hosts: Sequence[str]) -> list[Grant]:
    """Store approved requests for TLS to `hosts`, and their active grants, in few statements."""
    made: list[Grant] = []
    for start in range(0, len(hosts), PER_REQUEST):
        made += _granted(namespace, requester, hosts[start : start + PER_REQUEST])
    return Grant.objects.bulk_create(made)


def _granted(namespace: Namespace, requester: Person, hosts: Sequence[str]) -> list[Grant]:
    now = timezone.now()
    subject: dict[str, Any] = {
        "cluster": namespace.cluster,
        "namespace": namespace.name,
        "namespace_uid": namespace.uid,
        "duration_days": 90,
        "created_at": now,
    }
    asked = Request.objects.create(
        **subject,
        requester=requester,
        reason="The shop needs it.",
        lapses_at=now + timedelta(days=14),
        status=RequestStatus.APPROVED,
        decided_at=now,
        decided_by="approver",
    )
    way = {"port": 443, "protocol": "TLS"}
    RequestDestination.objects.bulk_create(
        RequestDestination(
            request=asked, position=position, host=host, verdict=Verdict.APPROVED, **way
        )
        for position, host in enumerate(hosts)
    )
    asked.decision_digest = decision_digest_of(asked)
    asked.save(update_fields=["decision_digest"])
    grants = [
        Grant(
            **subject,
            **way,
            request=asked,
            host=host,
            status=GrantStatus.ACTIVE,
            granted_by="approver",
            active_at=now,
            applied_at=now,
            expires_at=now + timedelta(days=90),
        )
        for host in hosts
    ]
    for grant in grants:
        grant.binding = binding_of(grant)
    return grants


def delivered(cluster: Cluster, grants: Sequence[Grant], put: Put) -> int:
    """Let the cluster carry what the grants are rendered to; return the number of objects."""
    keys = slices_touched_by(cluster, grants)
    now = timezone.now()
    Slice.objects.bulk_create(
        Slice(cluster=cluster, key=key, wanted=1, done=1, fence=1, due_at=now, converged_at=now)
        for key in sorted(keys)
    )
    count = 0
    for row in Slice.objects.filter(cluster=cluster, key__in=keys):
        key = SliceKey.parse(row.key)
        objects = Book.open(cluster, [key], None).objects(key)
        uids = put(objects)
        OwnedObject.objects.bulk_create(
            _record(row, obj, uid) for obj, uid in zip(objects, uids, strict=True)
        )
        count += len(objects)
    return count


def _record(row: Slice, obj: KubeObject, uid: str) -> OwnedObject:
    key = key_of(obj)
    return OwnedObject(
        cluster_id=row.cluster_id,
        slice=row,
        api_version=key.api_version,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        uid=uid,
        content_hash=claimed_hash(obj),
        written_at=timezone.now(),
    )
