"""What every slice of a cluster should hold, by hash, at a price that does not grow with it.

Each sweep reads every row that anything is rendered from, and renders again where one of them
changed: nothing is trusted that was not read in this sweep. What is kept between sweeps is the
result of a pure function, with a digest of all that went into it. Slices are taken in groups, so
that neither their rows nor their objects are ever held at once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zlib import crc32

from egress.domain.fingerprint import claimed_hash
from egress.domain.lifecycle import OPEN_GRANT_STATUSES
from egress.domain.objects import ObjectKey, key_of
from egress.domain.slices import SliceKey
from egress.models import Cluster, Grant
from egress.services.convergence.clock import trusted_now
from egress.services.convergence.inputs import Inputs, Reading
from egress.services.convergence.loading import Book

GRANTS = 250
"""So many grants a group of slices has, more or less."""

Hashes = Mapping[ObjectKey, str]
"""The content hashes of objects that should be there."""


@dataclass(frozen=True)
class Group:
    """What came of some slices: their objects by hash, or that nothing may be rendered."""

    reading: Reading
    since: datetime
    hashes: Mapping[str, Hashes]
    refused: bool = False

    def holds(self, reading: Reading, now: datetime) -> bool:
        """Tell whether the same would come of them now."""
        is_time = self.since <= now and (self.reading.until is None or now < self.reading.until)
        return is_time and self.reading.digest == reading.digest


@dataclass
class Expected:
    """What the slices of one cluster should hold, from sweep to sweep."""

    groups: dict[tuple[int, int], Group] = field(default_factory=dict)
    number: int = 0

    def refresh(self, cluster: Cluster, keys: Collection[str]) -> dict[str, Hashes]:
        """Return what each of the slices should hold by the database now.

        A slice that nothing can be rendered for is left out.
        """
        now = trusted_now()
        inputs = Inputs.read(cluster, now)
        self.number = _number(cluster, self.number)
        kept, found = {}, dict[str, Hashes]()
        for name, members in _groups(self.number, keys).items():
            group = self.groups.get(name)
            reading = inputs.of(members)
            if group is None or not group.holds(reading, now):
                group = _rendered(cluster, members, inputs, reading)
            kept[name] = group
            found |= group.hashes
        self.groups = kept
        return found


def _number(cluster: Cluster, before: int) -> int:
    """Return into how many groups the slices are cut: as before, unless that is far off."""
    rows = Grant.objects.filter(cluster=cluster, status__in=sorted(OPEN_GRANT_STATUSES))
    number = 1 << (rows.count() // GRANTS).bit_length()
    return before if number <= before <= 4 * number else number


def _groups(number: int, keys: Collection[str]) -> dict[tuple[int, int], list[SliceKey]]:
    """Cut slices into groups that stay the same when slices come and go."""
    groups: dict[tuple[int, int], list[SliceKey]] = {}
    for key in sorted(keys):
        name = (number, crc32(key.encode()) % number)
        groups.setdefault(name, []).append(SliceKey.parse(key))
    return groups


def _rendered(
    cluster: Cluster, keys: Iterable[SliceKey], inputs: Inputs, reading: Reading
) -> Group:
    members = list(keys)
    book = Book.open(cluster, members, None, inputs.disputed)
    if book.refused:
        return Group(reading, inputs.now, {}, refused=True)
    hashes = {
        str(key): {key_of(obj): claimed_hash(obj) for obj in book.objects(key)} for key in members
    }
    return Group(reading, inputs.now, hashes)


_known: dict[int, Expected] = {}


def expected_of(cluster: Cluster, keys: Collection[str]) -> dict[str, Hashes]:
    """Return what each of a cluster's slices should hold; see `Expected.refresh`."""
    return _known.setdefault(cluster.pk, Expected()).refresh(cluster, keys)


def forget() -> None:
    """Keep nothing of earlier sweeps."""
    _known.clear()
