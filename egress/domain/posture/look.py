"""One look at a cluster: what the checks of the posture are given."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from egress.domain.access import ClusterProfile, Enforcement, GatewayProfile, Inventory
from egress.domain.manifests.static import static_objects
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.posture.matching import Labels, part, uid_of
from egress.domain.posture.rows import Level, Row, Scope
from egress.domain.posture.snapshot import Read, Snapshot

BOOTSTRAP = "Run: manage.py bootstrap CLUSTER --kubeconfig FILE"


@dataclass(frozen=True)
class Look:
    """A snapshot beside what the portal knows.

    `ours` are the uids of objects that the portal wrote. `hosts` maps each granted host to the
    namespaces it is granted to, `namespaces` are those that are judged.
    """

    snapshot: Snapshot
    cluster: ClusterProfile
    inventory: Inventory
    ours: Collection[str]
    hosts: Mapping[str, Collection[str]]
    namespaces: Collection[str]

    @cached_property
    def used(self) -> frozenset[Enforcement]:
        """The enforcements that any namespace has, and the cluster's default."""
        own = {facts.enforcement for facts in self.inventory.namespaces.values()}
        return frozenset({self.cluster.enforcement} | {one for one in own if one})

    def enforcement_of(self, namespace: str) -> Enforcement:
        """Return how grants of a namespace are enforced."""
        return self.inventory.enforcement_of(namespace, self.cluster)

    def shares_entries(self, namespace: str) -> bool:
        """Tell whether the entries of a namespace's hosts lie in the egress namespace."""
        enforcement = self.enforcement_of(namespace)
        return enforcement is not Enforcement.SIDECAR or self.cluster.central_entries

    @cached_property
    def statics(self) -> dict[ObjectKey, KubeObject]:
        """The objects that bootstrap lays down, as they should be."""
        found = static_objects(self.cluster, enforcements=self.used)
        return {key_of(obj): obj for obj in found}

    @cached_property
    def live_statics(self) -> dict[ObjectKey, KubeObject]:
        """What the cluster holds under the names of the static objects."""
        kinds = (Read.GATEWAY, Read.AUTHORIZATION_POLICY, Read.WAYPOINT)
        found = (obj for kind in kinds for obj in self.snapshot.of(kind))
        return {key: obj for obj in found if (key := key_of(obj)) in self.statics}

    def is_sound(self, key: ObjectKey) -> bool:
        """Tell whether a static object is there and says exactly what was laid down."""
        live = self.live_statics.get(key)
        return live is not None and is_as_laid_down(live, self.statics[key])

    def foreign(self, kind: Read) -> Iterator[KubeObject]:
        """Yield the objects of a kind that neither the portal nor bootstrap wrote."""
        for obj in self.snapshot.of(kind):
            key = key_of(obj)
            if uid_of(obj) not in self.ours and not (key in self.statics and self.is_sound(key)):
                yield obj

    def pods_of(self, gateway: GatewayProfile) -> list[Labels]:
        """Return the labels of a gateway's pods; those of Istio's chart while none is known."""
        found = [
            pod.labels
            for pod in self.snapshot.pods
            if pod.namespace == self.cluster.egress_namespace
            and pod.labels.get("istio") == gateway.istio_label
        ]
        name = self.cluster.service_of(gateway).partition(".")[0]
        return found or [{"istio": gateway.istio_label, "app": name}]

    @property
    def gateway_pods(self) -> list[Labels]:
        """The labels of the pods of all gateways."""
        return [labels for gateway in self.cluster.gateways for labels in self.pods_of(gateway)]


def is_as_laid_down(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a live object has the labels and exactly the spec of `wanted`.

    Kubernetes fills in defaults for its own kinds, and those of the Gateway API; what Istio's
    kinds carry beyond `wanted` was put there by somebody.
    """
    labels = part(live, "metadata", "labels")
    if not includes(labels, part(wanted, "metadata", "labels")):
        return False
    if "istio.io/" in str(wanted["apiVersion"]):
        return part(live, "spec") == part(wanted, "spec")
    return all(
        includes(live.get(name), value)
        for name, value in wanted.items()
        if name not in ("apiVersion", "kind", "metadata")
    )


def includes(live: Any, wanted: Any) -> bool:
    """Tell whether `live` has every field of `wanted` with its value; lists agree item by item."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            name in live and includes(live[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(live, list) and len(live) == len(wanted) and all(map(includes, live, wanted))
        )
    return bool(live == wanted)


def good(check: str, sentence: str) -> Row:
    """Return the row of a check that found nothing."""
    return Row(check, Level.OK, Scope.CLUSTER, sentence)


def unread(check: str, why: str, enforcements: tuple[Enforcement, ...] = ()) -> Row:
    """Return the row of a check that could not be made."""
    return Row(
        check,
        Level.UNKNOWN,
        Scope.CLUSTER,
        why,
        fix="Give the portal the right to read it, or let an admin vouch for it.",
        enforcements=enforcements,
    )


def place_of(obj: KubeObject) -> str:
    """Return how sentences name an object."""
    key = key_of(obj)
    place = f"{key.namespace}/{key.name}" if key.namespace else key.name
    return f'{key.kind} "{place}"'
