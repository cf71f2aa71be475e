"""What one slice should be: grants, facts, rendered objects, records. Read by `loading`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from egress.domain.access import ClusterProfile, Inventory
from egress.domain.objects import KubeObject, ObjectKey
from egress.domain.plan import OwnedRecord
from egress.domain.slices import SliceKey, SliceKind
from egress.models import Cluster, Grant, Namespace, OwnedObject


@dataclass(frozen=True)
class Problem:
    """Why something was not carried out, for machines and for people.

    `lasting` problems come from the database alone: trying again changes nothing. `quiet` ones
    are no failure: something else is under way, and it is looked at again in a moment.
    """

    reason: str
    message: str
    lasting: bool = False
    quiet: bool = False


@dataclass
class SliceState:
    """One slice as it should be.

    `grants` are the open ones that deliveries of this slice answer for, `guests` those that
    have objects here, too, but are answered for by the slice of their host. `ended` are the
    slice's own that still have to be confirmed. `row` is the namespace of a namespace slice.

    `beside` are objects of other slices that a host's delivery writes as far as they are about
    the host: client DestinationRules, and Sidecars where entries are central. `leaving` are
    namespaces that may have been led to the host before. `rendered` is all that was rendered
    together with the slice, whole for its hosts.

    `problems` says by primary key why a grant is not part of `objects`. `refused` means that
    nothing can be rendered at all, `decision_problem` that the decisions on the namespace cannot.
    """

    key: SliceKey
    cluster: Cluster
    profile: ClusterProfile
    inventory: Inventory
    row: Namespace | None = None
    grants: list[Grant] = field(default_factory=list)
    guests: list[Grant] = field(default_factory=list)
    ended: list[Grant] = field(default_factory=list)
    objects: list[KubeObject] = field(default_factory=list)
    beside: list[KubeObject] = field(default_factory=list)
    leaving: frozenset[str] = frozenset()
    records: dict[ObjectKey, OwnedObject] = field(default_factory=dict)
    problems: dict[int, Problem] = field(default_factory=dict)
    refused: Problem | None = None
    decision_problem: Problem | None = None
    rendered: Mapping[ObjectKey, KubeObject] = field(default_factory=dict)

    @property
    def is_host(self) -> bool:
        """Whether this is the slice of a host."""
        return self.key.kind is SliceKind.HOST

    @property
    def host(self) -> str:
        """Return the host of the slice, empty for a namespace slice."""
        return self.key.name if self.is_host else ""

    @property
    def namespace(self) -> str:
        """Return the namespace of the slice, empty for a host slice."""
        return "" if self.is_host else self.key.name


def owned_of(records: Mapping[ObjectKey, OwnedObject]) -> dict[ObjectKey, OwnedRecord]:
    """Return records as the plan wants them."""
    return {key: OwnedRecord(row.uid, row.intent_hash) for key, row in records.items()}


def key_of_record(row: OwnedObject) -> ObjectKey:
    """Return the key of the object that a record is about."""
    return ObjectKey(row.api_version, row.kind, row.namespace, row.name)
