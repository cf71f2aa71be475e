"""Slices under suspicion, read and compared field by field, a few at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from egress.cluster import kinds
from egress.cluster.gateway import ClusterGateway, KubeObject
from egress.cluster.ownership import owner_labels
from egress.domain.fingerprint import claimed_hash
from egress.domain.objects import ObjectKey, key_of
from egress.domain.plan import Action
from egress.models import Cluster, Slice
from egress.services.convergence.authors import changed
from egress.services.convergence.holding import Removal, removals_of, unreleased
from egress.services.convergence.live import ONE_BY_ONE, read_keys, read_listed
from egress.services.convergence.loading import load_several
from egress.services.convergence.names import keys_of
from egress.services.convergence.planning import plan_work
from egress.services.convergence.preparing import with_ways_kept
from egress.services.convergence.scanning import Register, Suspicion
from egress.services.convergence.state import SliceState
from egress.services.convergence.upgrading import anew_sentence, is_rendered_anew
from egress.services.convergence.work import Work

OBJECTS = 500
"""So many objects are held at once, or those of one slice."""
_LISTED_PER_READ = 10
"""Reading one object by its name costs about as much as so many of a list."""


@dataclass(frozen=True)
class Drift:
    """A slice whose live objects differ from what is granted. `sentence` says how and by whom.

    `can_heal` tells whether a delivery would do or say something: nobody may remove what is
    foreign. `removals` are what it would take away that no decision explains. `grants` are the
    primary keys of those that are not in force as granted. `changes` is what the audit trail
    keeps, an entry for each object. `is_anew` tells that nobody changed anything: another version
    of the portal renders the slice otherwise.
    """

    slice: int
    fence: int
    key: str
    namespace: str
    host: str
    sentence: str
    can_heal: bool
    removals: tuple[Removal, ...]
    grants: tuple[int, ...]
    changes: Sequence[Mapping[str, Any]]
    is_anew: bool


@dataclass
class Examiner:
    """Compares slices of one cluster precisely.

    Adds to `decisions` what a pass by labels could not see.
    """

    cluster: Cluster
    gateway: ClusterGateway
    register: Register
    suspicion: Suspicion
    decisions: dict[ObjectKey, KubeObject] = field(default_factory=dict)

    def examine(self, slices: Iterable[int]) -> Iterator[Drift]:
        """Yield those of the slices, by primary key, that drifted. Raises ClusterError."""
        for rows in self._in_parts(slices):
            states = load_several(self.cluster, rows)
            known = [self._as_wanted(row, state) for row, state in zip(rows, states, strict=True)]
            keys = [
                self._keys(row, state) - done.keys()
                for row, state, done in zip(rows, states, known, strict=True)
            ]
            live = self._read({key for some in keys for key in some})
            for row, state, done, own in zip(rows, states, known, keys, strict=True):
                read = {key: live[key] for key in own if self._belongs(key, live.get(key), row)}
                self.decisions |= {
                    key: obj for key, obj in read.items() if key in self.register.records
                }
                there = done | read
                if drift := self._compare(row, state, there):
                    yield drift

    def _in_parts(self, slices: Iterable[int]) -> Iterator[list[Slice]]:
        part: list[Slice] = []
        count = 0
        known: dict[str, int] = {}
        for place in self.register.records.values():
            known[place.slice] = known.get(place.slice, 0) + 1
        for row in Slice.objects.filter(pk__in=list(slices)).order_by("key").iterator(200):
            size = max(len(self.register.expected.get(row.key, ())), known.get(row.key, 0), 1)
            if part and count + size > OBJECTS:
                yield part
                part, count = [], 0
            row.cluster = self.cluster
            part.append(row)
            count += size
        if part:
            yield part

    def _as_wanted(self, row: Slice, state: SliceState) -> dict[ObjectKey, KubeObject]:
        """Return what was just seen to be as it is wanted, so that nobody has to read it again.

        By its hash a live object had all we want of it and no more (`fingerprint`): what is
        wanted, with the uid of the live one, stands for it.
        """
        seen, found = self.register.expected.get(row.key, {}), dict[ObjectKey, KubeObject]()
        for obj in state.objects:
            key = key_of(obj)
            place, record = self.register.records.get(key), state.records.get(key)
            if place is None or record is None or key in self.suspicion.objects:
                continue
            is_same = place.slice == row.key and record.uid == place.uid != ""
            if is_same and seen.get(key) == claimed_hash(obj):
                found[key] = {**obj, "metadata": {**obj["metadata"], "uid": place.uid}}
        return found

    def _keys(self, row: Slice, state: SliceState) -> set[ObjectKey]:
        keys = {key_of(obj) for obj in state.objects} | state.records.keys()
        return keys | self.suspicion.beside.get(row.key, set())

    def _belongs(self, key: ObjectKey, obj: KubeObject | None, row: Slice) -> bool:
        """Tell whether a live object is part of a slice: by its record, or else by its labels."""
        if obj is None:
            return False
        record = self.register.records.get(key)
        if record is not None:
            return record.slice == row.key
        labels = obj["metadata"].get("labels") or {}
        is_ours = owner_labels(settings.INSTALLATION).items() <= labels.items()
        return is_ours and self.register.labels.slice_of(key, obj) == row.key

    def _read(self, keys: set[ObjectKey]) -> dict[ObjectKey, KubeObject]:
        """Read objects: by name where that is cheaper, else from the list of their kind."""
        groups: dict[tuple[str, str], set[ObjectKey]] = {}
        for key in keys:
            groups.setdefault((key.api_version, key.kind), set()).add(key)
        found: dict[ObjectKey, KubeObject] = {}
        for (_, name), group in groups.items():
            cheap = self.suspicion.sizes.get(name, 0) // _LISTED_PER_READ
            if len(group) > max(ONE_BY_ONE, cheap):
                found |= read_listed(self.gateway, group)
        return found | read_keys(self.gateway, keys - found.keys())

    def _compare(
        self, row: Slice, state: SliceState, there: dict[ObjectKey, KubeObject]
    ) -> Drift | None:
        if state.refused:
            return None
        objects = state.objects
        if not state.is_host:
            objects, _ = with_ways_kept(state, there, self._routes)
        work = plan_work(state, there, objects=objects)
        keys = {step.key for step in work.steps}
        keys |= {
            item.key
            for item in work.plan.of(Action.FOREIGN)
            if item.desired is None or (item.key in state.records and state.records[item.key].uid)
        }
        return _drift(row, work, keys | _held_back(work)) if keys else None

    def _routes(self, state: SliceState) -> list[KubeObject]:
        """Return the live VirtualServices that lead a namespace to the gateway, nothing else."""
        place, found = state.profile.egress_namespace, list[KubeObject]()
        for page in self.gateway.pages(kinds.VIRTUAL_SERVICE, place):
            if page.is_first:
                found.clear()
            for obj in page.items:
                exported = (obj.get("spec") or {}).get("exportTo") or ["*"]
                if state.namespace in exported or "*" in exported:
                    found.append({"spec": obj["spec"]})
        return found


def _held_back(work: Work) -> set[ObjectKey]:
    """Return what differs as well, but is left alone as long as a foreign object is in the way."""
    records = work.state.records
    return {key for key in work.held if key in records and records[key].uid}


def _drift(row: Slice, work: Work, keys: set[ObjectKey]) -> Drift:
    state = work.state
    entries = [told(work, key) for key in sorted(keys)]
    more = f" And {len(entries) - 5} more." if len(entries) > 5 else ""
    is_anew = is_rendered_anew(row, work, keys)
    grants = [
        grant.pk
        for grant in (*state.grants, *state.guests)
        if keys & keys_of(grant, state.profile, state.inventory)
    ]
    return Drift(
        row.pk,
        row.fence,
        row.key,
        state.namespace,
        state.host,
        anew_sentence(keys) if is_anew else " ".join(one["message"] for one in entries[:5]) + more,
        bool(work.steps or work.held),
        tuple(removals_of(work, unreleased(work)[0])),
        tuple(grants),
        entries,
        is_anew,
    )


def told(work: Work, key: ObjectKey) -> dict[str, Any]:
    """Return what became of one object: who did it, and which fields are not as wanted."""
    live = work.live.get(key)
    if live is None:
        return {"object": str(key), "message": f"{key} was deleted."}
    item = next(item for item in work.plan.items if item.key == key)
    who = changed(item.desired if item.action is Action.UPDATE else None, live)
    by = f" by {who.author}" if who.author else ""
    entry = {"object": str(key), "by": who.manager, "at": who.at, "fields": list(who.fields)}
    if item.action is Action.FOREIGN and key not in work.state.records:
        return {**entry, "message": f"{key} carries the portal's labels: {item.note}"}
    if item.action is Action.FOREIGN:
        return {**entry, "message": f"{key} was replaced{by}."}
    if item.action is Action.DELETE:
        return {**entry, "message": f"{key} is there, but nothing grants it."}
    what = f": {who.sentence()}" if who.fields else ""
    return {**entry, "message": f"{key} was changed{by}{what}."}
