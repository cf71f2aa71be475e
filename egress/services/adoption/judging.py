"""Whether a foreign object can be adopted as things are: the live cluster and what is granted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from egress.cluster.gateway import KubeObject
from egress.domain.adoption import Adoptable, Refusal, Surrounding, judge
from egress.domain.objects import ObjectKey, key_of
from egress.domain.posture import Read, Snapshot
from egress.domain.posture.look import Look
from egress.models import Adoption, Cluster
from egress.selectors.policy import inventory_of
from egress.selectors.posture import uids_of
from egress.selectors.surroundings import surroundings
from egress.services.errors import Conflict, Refused

_HAVE_A_SAY = (Read.SERVICE_ENTRY, Read.VIRTUAL_SERVICE, Read.DESTINATION_RULE)
_KINDS = {one.value: one for one in Read}
LARGEST = 65_536
"""Characters of the largest manifest that is kept; a ServiceEntry beyond it is no common one."""


@dataclass(frozen=True)
class Pin:
    """One version of one object: its key, its uid and its resourceVersion."""

    key: ObjectKey
    uid: str
    resource_version: str


def find(snapshot: Snapshot, pin: Pin) -> KubeObject:
    """Return the object as it is now. Raises Conflict when it is not the version that was seen."""
    obj = find_now(snapshot, pin.key)
    metadata = obj["metadata"]
    if (metadata.get("uid"), metadata.get("resourceVersion")) != (pin.uid, pin.resource_version):
        raise Conflict(f"{pin.key} was changed since it was looked at. {_ANEW}", reason=STALE)
    return obj


def find_now(snapshot: Snapshot, key: ObjectKey) -> KubeObject:
    """Return the object that has a key now. Raises Conflict when there is none."""
    kind = _KINDS.get(key.kind)
    for obj in snapshot.of(kind) if kind else ():
        if key_of(obj) == key:
            return obj
    raise Conflict(f"{key} is not there any more. Nothing is left to adopt.", reason=STALE)


STALE = "AdoptionStale"
_ANEW = "Look at it again, and ask for its adoption anew."


def without(snapshot: Snapshot, uid: str) -> Snapshot:
    """Return a snapshot without one object: what the approved plan deletes does not count."""
    kept = {
        kind: tuple(obj for obj in found if obj["metadata"].get("uid") != uid)
        for kind, found in snapshot.objects.items()
    }
    return replace(snapshot, objects=kept)


def judge_in(cluster: Cluster, snapshot: Snapshot, obj: KubeObject) -> Adoptable:
    """Return what stands in for a foreign object, beside all that is granted around it.

    Raises Refused with the reason and the next step when nothing does.
    """
    if str(obj["metadata"].get("uid", "")) in uids_of(cluster):
        raise Refused(f"The portal wrote {key_of(obj)} itself.", reason="NotForeign")
    if unread := snapshot.why_unread([*_HAVE_A_SAY, Read.SIDECAR]):
        raise Refused(
            f"Not all of the cluster could be read, so nobody can tell what else has a say: "
            f"{unread} Give the portal the right to read it.",
            reason="ClusterNotReadable",
        )
    found = judge(obj, _surrounding(cluster, snapshot, obj))
    if isinstance(found, Refusal):
        raise Refused(f"{key_of(obj)} cannot be adopted. {found.sentence}", reason=found.reason)
    return found


def _surrounding(cluster: Cluster, snapshot: Snapshot, obj: KubeObject) -> Surrounding:
    spec, metadata = obj.get("spec") or {}, obj["metadata"]
    named = spec.get("hosts")
    hosts = {str(host) for host in named} if isinstance(named, list) else set()
    known = surroundings(cluster, str(metadata.get("namespace", "")), hosts)
    rest = without(snapshot, str(metadata.get("uid", "")))
    profile = cluster.profile(settings.INSTALLATION)
    look = Look(rest, profile, known.inventory, frozenset(uids_of(cluster)), {}, ())
    return Surrounding(
        cluster=known.profile,
        # All of them: an entry may have opened something to anybody.
        inventory=inventory_of(cluster),
        accesses=known.accesses,
        others=[other for kind in _HAVE_A_SAY for other in look.foreign(kind)],
        sidecars=list(look.foreign(Read.SIDECAR)),
        default_export=snapshot.exports(Read.SERVICE_ENTRY),
        most_destinations=settings.MAX_DESTINATIONS,
    )


def manifest_of(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as it is kept and shown: without who wrote which field, and its status."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    body = {name: value for name, value in obj.items() if name not in ("metadata", "status")}
    return {**body, "metadata": metadata}


def pin_of(adoption: Adoption) -> Pin:
    """Return the version of the object that an adoption is about."""
    return Pin(adoption.key, adoption.uid, adoption.resource_version)


def facts_of(adoption: Adoption) -> dict[str, str]:
    """Return what audit events say of an adopted object."""
    return {
        "object": str(adoption.key),
        "uid": adoption.uid,
        "resource_version": adoption.resource_version,
    }
