"""The posture of a cluster: looked at, stored, and vouched for where it cannot be read."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from egress.cluster.errors import ClusterError
from egress.cluster.gateway import ClusterGateway
from egress.cluster.snapshot import read_snapshot
from egress.domain.adoption import ways_out
from egress.domain.objects import canonical_json
from egress.domain.posture import (
    CHECKS,
    Row,
    attested,
    evaluate,
    is_boundary,
    list_foreign,
)
from egress.domain.posture import Level as RowLevel
from egress.domain.posture.snapshot import MeshState
from egress.domain.wording import quoted
from egress.models import Cluster
from egress.selectors.neighbours import live_grants
from egress.selectors.policy import inventory_of
from egress.selectors.posture import rows_of, stored_rows, uids_of
from egress.services import audit
from egress.services.actor import Actor
from egress.services.adoption import keep
from egress.services.audit import Tag
from egress.services.errors import Conflict, Refused, Unavailable
from egress.services.gateways import open_gateway
from egress.services.guards import require_operator

__all__ = [
    "attest",
    "is_boundary",
    "look",
    "look_where_due",
    "withdraw",
]

logger = structlog.get_logger(__name__)

ACTOR = Actor.system("posture")
LONGEST_NOTE = 500


def look(cluster: Cluster, gateway: ClusterGateway | None = None) -> list[Row]:
    """Read the cluster, judge and store its posture, and return the rows, attestations applied.

    Writes nothing to the cluster. An audit event tells when the gateway stops being a boundary,
    or becomes one. Raises Unavailable when the cluster cannot be read now.
    """
    known = uids_of(cluster)
    try:
        snapshot = read_snapshot(gateway or open_gateway(cluster), ours=known)
    except ClusterError as error:
        raise Unavailable(error.message, reason=error.fault) from error
    _note_mesh(cluster, snapshot.mesh)
    profile, inventory = cluster.profile(settings.INSTALLATION), inventory_of(cluster)
    hosts: dict[str, set[str]] = {}
    for namespace, host in live_grants(cluster).values_list("namespace", "host").distinct():
        hosts.setdefault(host, set()).add(namespace)
    served = {facts.name for facts in inventory.namespaces.values() if facts.injected}
    served = (served - profile.protected_namespaces).union(*hosts.values())
    # Asked again after reading: what was written meanwhile is ours as well.
    ours = known | uids_of(cluster)
    found = evaluate(snapshot, profile, inventory, ours=ours, hosts=hosts, namespaces=served)
    found += list_foreign(snapshot, profile, inventory, ours=ours)
    ways = ways_out(
        snapshot,
        profile,
        inventory,
        ours=ours,
        hosts=hosts,
        most_destinations=settings.MAX_DESTINATIONS,
    )
    keep(cluster, ways)
    return _store(cluster, found)


@transaction.atomic
def _note_mesh(cluster: Cluster, seen: MeshState) -> None:
    """Store facts of the mesh that changed since it was connected, such as DNS capture.

    Trust domain and root namespace stay as they were: identities are written by them, so another
    one is a check that blocks (PF10) and not a change to follow.
    """
    told: dict[str, Any] = {
        "dns_capture": seen.dns_capture,
        "outbound_policy": seen.outbound_policy,
        "flags": seen.flags,
        "export_to": seen.export_to,
    }
    news = {
        name: value
        for name, value in told.items()
        if value is not None and canonical_json(value) != canonical_json(cluster.mesh.get(name))
    }
    version = seen.istio_version or cluster.istio_version
    if not news and version == cluster.istio_version:
        return
    cluster.mesh, before = cluster.mesh | news, cluster.mesh
    cluster.istio_version, old = version, cluster.istio_version
    Cluster.objects.filter(pk=cluster.pk).update(mesh=cluster.mesh, istio_version=version)
    audit.record(
        tag=Tag.CLUSTER_CHANGED,
        actor=ACTOR,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=f"The mesh of cluster {quoted(cluster.name)} was changed.",
        data={
            "before": {name: before.get(name) for name in news} | {"istio_version": old},
            "after": news | {"istio_version": version},
        },
    )


def look_where_due(now: datetime) -> int:
    """Look at each reachable cluster whose turn it is, and return how many were looked at.

    `now` is the database's time. Several workers share the work: whoever moves the time of the
    last look forward is the one who looks.
    """
    since = now - timedelta(seconds=settings.POSTURE_SECONDS)
    due = Cluster.objects.filter(Q(posture_at=None) | Q(posture_at__lte=since))
    looked = 0
    for cluster in due.filter(reachable=True).order_by("pk"):
        before = cluster.posture_at
        mine = Cluster.objects.filter(pk=cluster.pk, posture_at=before)
        if not mine.update(posture_at=now):
            continue
        try:
            look(cluster)
            looked += 1
        except Unavailable as error:
            logger.warning("posture_not_read", cluster=cluster.name, why=error.message[:300])
            Cluster.objects.filter(pk=cluster.pk, posture_at=now).update(posture_at=before)
    return looked


@transaction.atomic
def _store(cluster: Cluster, rows: list[Row]) -> list[Row]:
    # Written before anything is asked: two looks at once take turns.
    Cluster.objects.filter(pk=cluster.pk).update(posture_at=timezone.now())
    fresh = Cluster.objects.only("posture", "attestations", "name").get(pk=cluster.pk)
    before, now = rows_of(fresh), attested(rows, fresh.attestations)
    stored = [row.as_json() for row in rows]
    if stored != fresh.posture:
        Cluster.objects.filter(pk=cluster.pk).update(posture=stored)
    cluster.refresh_from_db(fields=["posture", "posture_at", "attestations"])
    if is_boundary(before) != is_boundary(now):
        _tell_of_boundary(cluster, now)
    return now


def _tell_of_boundary(cluster: Cluster, rows: list[Row]) -> None:
    holds = is_boundary(rows)
    why = [row for row in rows if row.id in ("PF2", "PF7") and row.level is not RowLevel.OK]
    audit.record(
        tag=Tag.CLUSTER_POSTURE_CHANGED,
        actor=ACTOR,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=f"Cluster {quoted(cluster.name)} is "
        + ("a boundary again." if holds else f"not a boundary: {why[0].sentence}"),
        data={"boundary": holds, "rows": [row.as_json() for row in why]},
    )


@transaction.atomic
def attest(*, cluster: Cluster, row_id: str, note: str, actor: Actor) -> Cluster:
    """Vouch for a check that could not be made; only its unknown rows are spoken for. Admins only.

    Raises NotAllowed, Refused without a note or for an id that is no check, and Conflict when
    nothing of the check is unknown now.
    """
    require_operator(actor, "vouch for a check of the posture")
    note = note.strip()
    _require_check(row_id)
    if not note or len(note) > LONGEST_NOTE:
        problem = f"Say in at most {LONGEST_NOTE} characters how you know."
        raise Refused(problem, reason="NoteNeeded", fields={"note": [problem]})
    fresh = _locked(cluster)
    if not any(r.id == row_id and r.level is RowLevel.UNKNOWN for r in stored_rows(fresh)):
        raise Conflict(f"Nothing of {row_id} is unknown now. Reload the page.")
    word = {"by": actor.name, "at": timezone.now().isoformat(), "note": note}
    return _keep(fresh, {**fresh.attestations, row_id: word}, row_id, actor, note)


@transaction.atomic
def withdraw(*, cluster: Cluster, row_id: str, actor: Actor) -> Cluster:
    """Take back what an admin vouched for. Admins only. Raises Conflict when nobody did."""
    require_operator(actor, "take back an attestation")
    _require_check(row_id)
    fresh = _locked(cluster)
    left = {key: word for key, word in fresh.attestations.items() if key != row_id}
    if left == fresh.attestations:
        raise Conflict(f"Nobody vouches for {row_id} now. Reload the page.")
    return _keep(fresh, left, row_id, actor, "")


def _require_check(row_id: str) -> None:
    if row_id not in CHECKS:
        problem = f"{quoted(row_id)} is no check. Choose one of PF1 to PF10."
        raise Refused(problem, reason="CheckUnknown", fields={"row_id": [problem]})


def _locked(cluster: Cluster) -> Cluster:
    Cluster.objects.filter(pk=cluster.pk).update(posture_at=cluster.posture_at)
    return Cluster.objects.get(pk=cluster.pk)


def _keep(
    cluster: Cluster, attestations: dict[str, Any], row_id: str, actor: Actor, note: str
) -> Cluster:
    was = is_boundary(rows_of(cluster))
    Cluster.objects.filter(pk=cluster.pk).update(attestations=attestations)
    cluster.refresh_from_db()
    rows = rows_of(cluster)
    audit.record(
        tag=Tag.CLUSTER_ATTESTED,
        actor=actor,
        target="cluster",
        target_id=str(cluster.pk),
        cluster=cluster.name,
        message=f"{actor.name} vouches for {row_id} of cluster {quoted(cluster.name)}: {note}"
        if note
        else f"{actor.name} no longer vouches for {row_id} of cluster {quoted(cluster.name)}.",
        data={"check": row_id, "note": note},
    )
    if was != is_boundary(rows):
        _tell_of_boundary(cluster, rows)
    return cluster
