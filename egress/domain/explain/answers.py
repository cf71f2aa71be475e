"""What the check says: an answer with its way through the mesh, and what looks wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

from egress.domain.access import ClusterProfile, Inventory, Subject
from egress.domain.objects import ObjectKey

_ANYBODY = "(any)"
"""Stands for accounts nobody has made yet: no account can be called so."""


@dataclass(frozen=True)
class Hop:
    """One place on the way: `workload`, `sidecar`, `gateway`, `waypoint` or `host`.

    `objects` are what decides there, `detail` says what they decide.
    """

    place: str
    detail: str
    objects: tuple[ObjectKey, ...] = ()


@dataclass(frozen=True)
class Answer:
    """Whether a subject reaches a destination, the way as far as it goes, and why."""

    allowed: bool
    path: tuple[Hop, ...]
    why: str

    @property
    def deciding(self) -> tuple[ObjectKey, ...]:
        """Return every object that decides on the way, each once, in the order of the way."""
        return tuple(dict.fromkeys(key for hop in self.path for key in hop.objects))


@dataclass(frozen=True, order=True)
class Anomaly:
    """Something in the objects that no faithful set of them has.

    `reason` is a CamelCase constant, `sentence` tells people what it means, `key` is the object
    to look at.
    """

    reason: str
    sentence: str
    key: ObjectKey


@dataclass(frozen=True)
class Caller:
    """A subject as proxies see it: by its identity.

    `identities` are the SPIFFE ids that a door must all list; empty when no account of the
    namespace is known. `principal` is what policies compare.
    """

    namespace: str
    principal: str
    identities: tuple[str, ...]

    @classmethod
    def of(cls, subject: Subject, cluster: ClusterProfile, inventory: Inventory) -> "Caller":
        """Return the caller for a subject: one account, or all of a namespace, made or not."""
        root = f"{cluster.trust_domain}/ns/{subject.namespace}/sa/"
        facts = inventory.namespaces.get(subject.namespace)
        known = sorted(facts.service_accounts) if facts else []
        accounts = [subject.service_account] if subject.service_account else known
        principal = root + (subject.service_account or _ANYBODY)
        return cls(subject.namespace, principal, tuple(f"spiffe://{root}{a}" for a in accounts))


@dataclass(frozen=True)
class Trail:
    """The way that was followed so far; it ends in an answer."""

    hops: tuple[Hop, ...] = ()

    def to(self, place: str, detail: str, *objects: ObjectKey) -> "Trail":
        """Return the trail with one more hop."""
        return Trail((*self.hops, Hop(place, detail, objects)))

    def yes(self, why: str) -> Answer:
        """Return the answer that the destination is reached."""
        return Answer(True, self.hops, why)

    def no(self, why: str) -> Answer:
        """Return the answer that the way ends before the destination."""
        return Answer(False, self.hops, why)


def best(answers: Iterable[Answer], otherwise: Answer) -> Answer:
    """Return the first answer that allows, else the first one, else `otherwise`.

    Where objects leave open what the mesh does, every reading is tried: one that lets the subject
    through is enough for a yes.
    """
    first = None
    for answer in answers:
        if answer.allowed:
            return answer
        first = first or answer
    return first or otherwise
