"""One pass over everything of ours in a cluster, a page at a time.

An object that is by its hash what it should be is forgotten at once. What is left over says
which slices have to be looked at precisely: `examining` does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings

from egress.cluster.gateway import ClusterGateway, Kind, KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.fingerprint import fingerprint
from egress.domain.objects import ObjectKey, key_of
from egress.services.convergence.expected import Hashes
from egress.services.convergence.places import Labels, Place

_DECISIONS = ("Sidecar", "NetworkPolicy")


@dataclass
class Suspicion:
    """What a pass left over.

    `objects` are those that are not by their hash what they should be, or were not seen, and
    `slices` the keys of the slices they concern. `beside` are live objects there that are neither
    expected nor on record. `decisions` are the live objects that carry out decisions on
    namespaces, without their metadata but for the uid. `sizes` says how many objects of ours
    there are of each kind.
    """

    slices: set[str] = field(default_factory=set)
    objects: set[ObjectKey] = field(default_factory=set)
    beside: dict[str, set[ObjectKey]] = field(default_factory=dict)
    decisions: dict[ObjectKey, KubeObject] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def take(self, other: "Suspicion") -> None:
        """Add what another pass left over."""
        self.slices |= other.slices
        self.objects |= other.objects
        for key, objects in other.beside.items():
            self.beside.setdefault(key, set()).update(objects)
        self.decisions |= other.decisions
        self.sizes |= other.sizes


@dataclass(frozen=True)
class Register:
    """What should be there, and what is on record: by slice, and by object."""

    expected: Mapping[str, Hashes]
    records: Mapping[ObjectKey, Place]
    labels: Labels
    wanted: Mapping[ObjectKey, str]
    by_kind: Mapping[tuple[str, str], set[ObjectKey]]

    @classmethod
    def of(
        cls, expected: Mapping[str, Hashes], records: Mapping[ObjectKey, Place], labels: Labels
    ) -> "Register":
        """Return both, with the slice that each expected object belongs to."""
        wanted = {key: where for where, objects in expected.items() for key in objects}
        by_kind: dict[tuple[str, str], set[ObjectKey]] = {}
        for key in (*wanted, *records):
            by_kind.setdefault((key.api_version, key.kind), set()).add(key)
        return cls(expected, records, labels, wanted, by_kind)

    def is_as_expected(self, key: ObjectKey, obj: KubeObject) -> bool:
        """Tell whether a live object is ours and exactly what it should be."""
        where, record = self.wanted.get(key), self.records.get(key)
        if where is None or record is None or record.slice != where or not record.uid:
            return False
        is_ours = obj["metadata"].get("uid") == record.uid
        return is_ours and fingerprint(obj) == self.expected[where][key] != ""

    def slices_of(self, key: ObjectKey) -> set[str]:
        """Return the slices that an object is expected in or on record of."""
        record = self.records.get(key)
        return {where for where in (self.wanted.get(key), record and record.slice) if where}


def scan(gateway: ClusterGateway, listed: Iterable[Kind], register: Register) -> Suspicion:
    """Compare everything with our labels with what should be there. Raises ClusterError."""
    found, unread = Suspicion(), dict(register.by_kind)
    for kind in listed:
        found.take(_scan_kind(gateway, kind, register))
        unread.pop((kind.api_version, kind.kind), None)
    for key in (key for keys in unread.values() for key in keys):
        found.objects.add(key)
        found.slices |= register.slices_of(key)
    return found


def _scan_kind(gateway: ClusterGateway, kind: Kind, register: Register) -> Suspicion:
    found, unseen, count = Suspicion(), set[ObjectKey](), 0
    for page in gateway.pages(kind, "", owner_labels(settings.INSTALLATION)):
        if page.is_first:
            known = register.by_kind.get((kind.api_version, kind.kind), ())
            found, unseen, count = Suspicion(), set(known), 0
        count += len(page.items)
        for obj in page.items:
            key = key_of(obj)
            unseen.discard(key)
            _look_at(key, obj, register, found)
    # Whoever strips the labels hides an object from the list, but not from its name.
    for key in unseen:
        found.objects.add(key)
        found.slices |= register.slices_of(key)
    found.sizes[kind.kind] = count
    return found


def _look_at(key: ObjectKey, obj: KubeObject, register: Register, found: Suspicion) -> None:
    if key.kind in _DECISIONS:
        uid = obj["metadata"].get("uid")
        found.decisions[key] = {"metadata": {"uid": uid}, "spec": obj.get("spec")}
    if register.is_as_expected(key, obj):
        return
    found.objects.add(key)
    places = register.slices_of(key)
    if key not in register.records and (place := register.labels.slice_of(key, obj)):
        places.add(place)
        found.beside.setdefault(place, set()).add(key)
    found.slices |= places
