"""Read what slices should be: grants are checked, judged together, rendered and cut up."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from egress.domain.access import Access, ClusterProfile, Enforcement, Inventory
from egress.domain.naming import BASE_LABEL, CLIENT_LABEL, base
from egress.domain.objects import KubeObject, ObjectKey, key_of
from egress.domain.refusals import namespace_refusal
from egress.domain.render import CannotRender, render_what_can
from egress.domain.slices import SliceKey, SliceKind, slices_of
from egress.models import Cluster, Grant, Namespace, OwnedObject, Slice
from egress.selectors.slices import (
    grants_to_judge_for,
    inventory_of_namespaces,
    profile_for,
    slice_that_answers,
    unconfirmed_grants_of,
)
from egress.services.convergence.assignments import assign
from egress.services.convergence.clock import trusted_now
from egress.services.convergence.fitness import why_unfit
from egress.services.convergence.state import Problem, SliceState, key_of_record

ReadUids = Callable[[Collection[str]], Mapping[str, str]]
"""Asks the cluster for the uids of namespaces; one that is not there has none."""


def load(row: Slice, *, read_uids: ReadUids | None = None) -> SliceState:
    """Read what a slice should be, now.

    `read_uids` is asked once for the namespaces of all grants involved; grants pinned to another
    namespace than the one in the cluster are left out. None skips that comparison.
    """
    return Book.open(row.cluster, [SliceKey.parse(row.key)], read_uids).states([row])[0]


def load_several(cluster: Cluster, rows: Sequence[Slice]) -> list[SliceState]:
    """Read what several slices of one cluster should be, rendered together, in the order of `rows`.

    Whatever they are judged with is held at once: ask for as many as memory bears.
    """
    book = Book.open(cluster, [SliceKey.parse(row.key) for row in rows], None)
    return book.states(rows)


@dataclass
class Book:
    """Grants that are judged and rendered together, and what came of it."""

    cluster: Cluster
    profile: ClusterProfile
    inventory: Inventory
    grants: list[Grant]
    ended: list[Grant]
    problems: dict[int, Problem] = field(default_factory=dict)
    refused: Problem | None = None
    parts: dict[str, list[KubeObject]] = field(default_factory=dict)
    rendered: dict[ObjectKey, KubeObject] = field(default_factory=dict)
    _answered: dict[str, list[Grant]] = field(default_factory=dict)
    _hosted: dict[str, list[Grant]] = field(default_factory=dict)
    _ended: dict[str, list[Grant]] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        cluster: Cluster,
        keys: Collection[SliceKey],
        read_uids: ReadUids | None,
        disputed: Collection[str] | None = None,
    ) -> "Book":
        """Read and render all that some slices depend on.

        `disputed` as in `grants_to_judge_for`.
        """
        grants = _with_cluster(cluster, grants_to_judge_for(cluster, keys, disputed))
        ended = list(unconfirmed_grants_of(cluster, keys))
        names = {grant.namespace for grant in (*grants, *ended)}
        names |= {key.name for key in keys if key.kind is SliceKind.NAMESPACE}
        inventory = inventory_of_namespaces(cluster, names)
        live_uids = read_uids(names) if read_uids else None
        book = cls(cluster, _profile(cluster, grants, inventory, keys), inventory, grants, ended)
        now = trusted_now()
        for grant in grants:
            if problem := why_unfit(grant, inventory, live_uids, now):
                book.problems[grant.pk] = problem
        book._render()
        book._sort()
        return book

    def objects(self, key: SliceKey) -> list[KubeObject]:
        """Return what was rendered for one of the slices that the book was opened for."""
        return self.parts.get(_part_of_key(key), [])

    def states(self, rows: Sequence[Slice]) -> list[SliceState]:
        """Return the parts of slices that the book was opened for, in the order of `rows`."""
        records: dict[int, dict[ObjectKey, OwnedObject]] = {}
        for one in OwnedObject.objects.filter(slice__in=[row.pk for row in rows]):
            records.setdefault(one.slice_id, {})[key_of_record(one)] = one
        keys = [SliceKey.parse(row.key) for row in rows]
        present = _present(self.cluster, keys)
        leaving = _leaving(self.cluster, keys)
        return [
            self._state(key, records.get(row.pk, {}), present, leaving)
            for row, key in zip(rows, keys, strict=True)
        ]

    def _state(
        self,
        key: SliceKey,
        records: dict[ObjectKey, OwnedObject],
        present: Mapping[str, Namespace],
        leaving: Mapping[str, set[str]],
    ) -> SliceState:
        state = SliceState(
            key,
            self.cluster,
            self.profile,
            self.inventory,
            grants=self._answered.get(str(key), []),
            guests=self._hosted.get(str(key), []),
            ended=self._ended.get(str(key), []),
            objects=self.objects(key),
            records=records,
            problems=self.problems,
            refused=self.refused,
            rendered=self.rendered,
        )
        if key.kind is SliceKind.NAMESPACE:
            state.row = present.get(key.name)
            state.decision_problem = self._decision_problem(key.name)
        else:
            state.beside = self._beside(state)
            state.leaving = frozenset(leaving.get(key.name, ()))
        return state

    def _beside(self, state: SliceState) -> list[KubeObject]:
        names = {grant.namespace for grant in state.grants}
        found = [obj for name in sorted(names) for obj in self.parts.get(f"namespace:{name}", [])]
        return [obj for obj in found if is_shared(obj)]

    def _render(self) -> None:
        by_access: dict[Access, list[Grant]] = {}
        for grant in self.grants:
            if grant.pk not in self.problems:
                by_access.setdefault(grant.access, []).append(grant)
        try:
            rendering = render_what_can(self.profile, self.inventory, by_access)
        except CannotRender as refusal:
            self.refused = Problem(refusal.reason, refusal.message, lasting=True)
            return
        self.rendered = {key_of(obj): obj for obj in rendering.objects}
        for obj in rendering.objects:
            self.parts.setdefault(part_of(obj, self.profile), []).append(obj)
        for refused in rendering.refused:
            problem = Problem(refused.reason, refused.message, lasting=True)
            for access in refused.accesses:
                self.problems |= {grant.pk: problem for grant in by_access[access]}

    def _decision_problem(self, name: str) -> Problem | None:
        facts = self.inventory.namespaces.get(name)
        if not facts or not (facts.default_deny or facts.network_policy):
            return None
        refusal = namespace_refusal(name, self.profile, self.inventory)
        return Problem(refusal.reason, refusal.message, lasting=True) if refusal else None

    def _sort(self) -> None:
        for grant in self.grants:
            first, *others = slices_of(grant.access, self.profile, self.inventory)
            self._answered.setdefault(str(first), []).append(grant)
            for key in others:
                self._hosted.setdefault(str(key), []).append(grant)
        for grant in self.ended:
            key = slice_that_answers(grant, self.profile, self.inventory)
            self._ended.setdefault(str(key), []).append(grant)


def _with_cluster(cluster: Cluster, grants: QuerySet[Grant]) -> list[Grant]:
    """Return grants of a cluster that share its one row, which is not read twice for each."""
    found = list(grants.select_related(None).select_related("request"))
    for grant in found:
        for one in (grant, grant.request):
            # A request that names another cluster is read with that one, and found unfit.
            if one.cluster_id == cluster.pk:
                one.cluster = cluster
    return found


def is_shared(obj: KubeObject) -> bool:
    """Tell whether an object of a namespace's slice is written by deliveries of hosts as well."""
    labels = obj["metadata"].get("labels") or {}
    return bool(labels.get(CLIENT_LABEL)) or (obj["kind"] == "Sidecar" and "egress" in obj["spec"])


def part_of(obj: KubeObject, profile: ClusterProfile) -> str:
    """Return which part of all objects one belongs to: `namespace:NAME` or `base:BASE`.

    The same cut as `SliceKey.holds` makes, for a whole cluster at once.
    """
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    if client := labels.get(CLIENT_LABEL):
        return f"namespace:{client}"
    if metadata.get("namespace") == profile.egress_namespace and labels.get(BASE_LABEL):
        return f"base:{labels[BASE_LABEL]}"
    return f"namespace:{metadata.get('namespace', '')}"


def _part_of_key(key: SliceKey) -> str:
    return f"base:{base(key.name)}" if key.kind is SliceKind.HOST else str(key)


def _profile(
    cluster: Cluster, grants: Iterable[Grant], inventory: Inventory, keys: Iterable[SliceKey]
) -> ClusterProfile:
    """Return the facts of the cluster, after every host that needs a gateway was given one."""
    plain = profile_for(cluster, ())
    hosts = {
        grant.host
        for grant in grants
        if inventory.enforcement_of(grant.namespace, plain) is Enforcement.GATEWAY
    }
    if hosts:
        assign(cluster, hosts)
    hosts |= {key.name for key in keys if key.kind is SliceKind.HOST}
    return profile_for(cluster, sorted(hosts))


def _present(cluster: Cluster, keys: Iterable[SliceKey]) -> dict[str, Namespace]:
    names = [key.name for key in keys if key.kind is SliceKind.NAMESPACE]
    if not names:
        return {}
    rows = Namespace.objects.filter(cluster=cluster, name__in=names, gone_at=None)
    return {row.name: row for row in rows}


def _leaving(cluster: Cluster, keys: Iterable[SliceKey]) -> dict[str, set[str]]:
    """Return, by host, the namespaces that something was granted and not seen to be gone."""
    hosts = [key.name for key in keys if key.kind is SliceKind.HOST]
    if not hosts:
        return {}
    grants = Grant.objects.filter(cluster=cluster, host__in=hosts, confirmed_at=None)
    found: dict[str, set[str]] = {}
    for host, namespace in grants.values_list("host", "namespace").distinct():
        found.setdefault(host, set()).add(namespace)
    return found
