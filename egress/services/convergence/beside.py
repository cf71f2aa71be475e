"""The claims that a delivery of a host takes beside its own: on slices of client namespaces.

What leads a namespace to the gateway, or admits a host in its Sidecar, lies in the namespace's
slice. A host's delivery writes it, too, so it holds those slices meanwhile. Nobody ever waits for
a claim: a namespace that somebody else works on is left out and tried again a moment later.
"""

from collections.abc import Iterable
from types import TracebackType

from egress.domain.objects import ObjectKey
from egress.models import Slice
from egress.services.convergence.claim import Claim, ClaimLostError
from egress.services.convergence.queue import claim_beside
from egress.services.outbox import namespace_key


class Claims:
    """The claim of a delivery, and those beside it. Gives the latter back when it is left.

    Not when the process dies: then their leases run out, as that of the delivery does.
    """

    def __init__(self, own: Claim) -> None:
        self.own = own
        self.beside: dict[str, Claim] = {}
        self.writers: dict[ObjectKey, str] = {}
        """The namespaces by whose claim an object is covered, for objects of their slices."""

    def take(self, namespaces: Iterable[str]) -> frozenset[str]:
        """Claim the slices of namespaces, in order; return those that somebody else holds."""
        missed = set()
        for name in sorted(set(namespaces) - self.beside.keys()):
            claim = claim_beside(self.own, namespace_key(name))
            if claim:
                self.beside[name] = claim
            else:
                missed.add(name)
        return frozenset(missed)

    def check(self) -> None:
        """Make sure that the slice of the delivery is still ours. Raises ClaimLostError."""
        self.own.check()

    def covers(self, key: ObjectKey) -> bool:
        """Make sure that the slice of an object is ours, too; False when it is lost.

        Objects of the delivery's own slice are covered by `check`.
        """
        name = self.writers.get(key)
        if name is None:
            return True
        try:
            self.beside[name].check()
        except (ClaimLostError, KeyError):
            return False
        return True

    def slice_id_of(self, key: ObjectKey) -> int:
        """Return the primary key of the slice that an object belongs to."""
        return self._claim_of(key).row.pk

    def is_quiet(self, key: ObjectKey) -> bool:
        """Tell whether no abandoned write to an object could be on its way when it was claimed."""
        return self._claim_of(key).is_quiet

    def require_time(self, key: ObjectKey) -> None:
        """Make sure that the leases are long enough for one write to an object.

        By the local clock alone: for right before it is sent. Raises ClaimLostError.
        """
        self.own.require_time()
        self._claim_of(key).require_time()

    def superseded(self, keys: Iterable[ObjectKey]) -> frozenset[str]:
        """Return the keys of those slices of objects that somebody else has claimed since."""
        claims = {claim.row.pk: claim for key in keys for claim in (self._claim_of(key), self.own)}
        rows = Slice.objects.filter(pk__in=claims).values_list("pk", "fence")
        fences = dict(rows) if claims else {}
        return frozenset(
            claim.row.key for pk, claim in claims.items() if fences.get(pk) != claim.fence
        )

    def kept(self, keys: Iterable[ObjectKey]) -> frozenset[ObjectKey]:
        """Return those of the objects whose slices nobody else has claimed since.

        Nor can anybody until the caller's transaction ends.
        """
        claims = {key: self._claim_of(key) for key in keys}
        wanted = {claim.row.key: claim for claim in claims.values()}
        # In the order in which everybody locks slices.
        kept = {name for name, claim in sorted(wanted.items()) if claim.stays()}
        return frozenset(key for key, claim in claims.items() if claim.row.key in kept)

    def _claim_of(self, key: ObjectKey) -> Claim:
        return self.beside.get(self.writers.get(key, ""), self.own)

    def lock(self) -> None:
        """Keep all slices until the caller's transaction ends. Raises ClaimLostError."""
        for claim in sorted([self.own, *self.beside.values()], key=lambda one: one.row.key):
            claim.lock()

    def expect_late_writes(self) -> None:
        """Give all slices back as ones that a write of ours may still arrive at."""
        for claim in (self.own, *self.beside.values()):
            claim.expect_late_writes()

    def __enter__(self) -> "Claims":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, Exception):
            for _, claim in sorted(self.beside.items()):
                claim.release()
