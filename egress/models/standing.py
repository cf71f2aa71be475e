"""What one person is and may do where, read from the database in one go.

Rules judge single objects by it and selectors filter lists by it: both start from the same
facts, and a parity test proves that they come to the same answers.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from egress.domain.access import Destination
from egress.models.cluster import Namespace
from egress.models.person import Person, Role, staffed_teams
from egress.models.request import RequestDestination, RequestStage
from egress.models.scope import Scope
from egress.models.standing_rows import CLOSED, REVIEWED, THROUGH, rows_of

if TYPE_CHECKING:
    from egress.models.limits import TokenLimits

Preset = tuple[str, int, str, bool]
"""A destination of the catalogue: host, port, protocol, and whether TLS is originated."""


@dataclass(frozen=True)
class Standing:
    """A person's teams and roles at one moment. Without a person it allows nothing.

    `scopes` are those of their own and those that others lend them; `presets` the destinations of
    the catalogue entries that their teams own. `reviewed` holds the primary keys of namespaces for
    which a cluster itself said that the person may deploy there: remembered for a few minutes, for
    reading, or asked just now, for `acting`. `limits` are those of the token that is used.
    `break_glass` says where the person may open access at once; nobody lends that. `through` are
    pairs of people and robots, by primary keys, of which they made a token: the person, and those
    who lend them scopes.
    """

    person_id: int | None = None
    username: str = ""
    is_active: bool = False
    is_admin: bool = False
    is_auditor: bool = False
    teams: frozenset[str] = field(default_factory=frozenset)
    scopes: tuple[Scope, ...] = ()
    presets: frozenset[Preset] = field(default_factory=frozenset)
    reviewed: frozenset[int] = field(default_factory=frozenset)
    is_robot: bool = False
    limits: "TokenLimits | None" = None
    break_glass: tuple[Scope, ...] = ()
    through: frozenset[tuple[int, int]] = frozenset()

    def acting(self, reviewed: frozenset[int] = frozenset()) -> "Standing":
        """Return the standing to act with: only `reviewed` was asked now, nothing remembered."""
        return replace(self, reviewed=reviewed)

    def narrowed(self, limits: "TokenLimits | None") -> "Standing":
        """Return what is left of it within the limits of a token; everything without limits.

        Administering and auditing are about the whole portal, so limits leave nothing of them.
        """
        if limits is None:
            return self
        left = tuple(inner for scope in self.scopes for inner in limits.narrow(scope))
        at_once = tuple(inner for scope in self.break_glass for inner in limits.narrow(scope))
        narrow = replace(self, limits=limits, is_admin=False, is_auditor=False)
        return replace(narrow, scopes=left, break_glass=at_once)

    def without_roles(self) -> "Standing":
        """Return what is left of it without what roles give: what the person owns and asked for."""
        return replace(
            self, is_admin=False, is_auditor=False, scopes=(), break_glass=(), presets=frozenset()
        )

    def asks_as(self, person_id: int | None) -> frozenset[int | None]:
        """Return the keys under which somebody asks: their own, and robots of theirs.

        For the person, and for those who lend them scopes.
        """
        return frozenset({person_id, *(robot for who, robot in self.through if who == person_id)})

    def behind(self, asked_by: Iterable[int | None]) -> frozenset[int]:
        """Return those who asked, and those of whom is known that robots ask for them."""
        said = {pk for pk in asked_by if pk is not None}
        return frozenset(said | {who for who, robot in self.through if robot in said})

    def reaches(self, cluster_id: int, namespace: str) -> bool:
        """Tell whether the namespace is within the limits of the token that is used, if any."""
        return self.limits is None or self.limits.covers(cluster_id, namespace)

    def reachable(self, cluster: str = "cluster_id", namespace: str = "namespace") -> Q:
        """Return the filter of rows for which `reaches` holds; empty for all."""
        return Q() if self.limits is None else self.limits.within(cluster, namespace)

    @property
    def may_own(self) -> bool:
        """Whether there can be any namespace that the person owns."""
        return self.is_active and bool(self.teams or self.reviewed)

    @property
    def decides(self) -> bool:
        """Whether there may be requests that the person decides, whoever's they are."""
        return self.is_active and bool(self.scopes or self.presets)

    @property
    def may_be_asked(self) -> bool:
        """Whether a request may wait for the person: they decide some, or it names their team."""
        return self.is_active and (self.decides or bool(self.teams))

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is hidden from the person."""
        return self.is_active and (self.is_admin or self.is_auditor)

    def owns(self, namespace: Namespace) -> bool:
        """Tell whether the namespace is the person's: by one of their teams, or by a review."""
        owner = namespace.owner_name
        if not self.reaches(namespace.cluster_id, namespace.name):
            return False
        is_theirs = bool(owner) and owner in self.teams
        return self.is_active and (is_theirs or namespace.pk in self.reviewed)

    def approves(self, cluster_id: int, namespace: str) -> bool:
        """Tell whether the person is an approver in the namespace, for whatever destinations.

        Being an admin is not enough: approving needs a role of its own, whose binding is
        audited, so no admin decides by the way.
        """
        return self.is_active and any(scope.covers(cluster_id, namespace) for scope in self.scopes)

    def scopes_for(
        self, cluster_id: int, namespace: str, *, risk: int, asked_by: Iterable[int | None] = ()
    ) -> tuple[Scope, ...]:
        """Return the scopes that count for something of this risk in the namespace.

        `asked_by` are the primary keys of those who want it: what they lend counts for nothing.
        """
        close = self.behind(asked_by)
        return tuple(
            scope
            for scope in (self.scopes if self.is_active else ())
            if scope.covers(cluster_id, namespace)
            and risk <= scope.max_risk
            and scope.lender_id not in close
        )

    def owns_presets(self, rows: Iterable[Destination | RequestDestination]) -> bool:
        """Tell whether all destinations are of catalogue entries that the person's teams own.

        Fixed addresses are no part of an entry, so one that has them is not.
        """
        wanted = [
            None if row.addresses else (row.host, row.port, row.protocol, row.tls_origination)
            for row in (rows if self.is_active and self.presets else ())
        ]
        return bool(wanted) and all(one in self.presets for one in wanted)

    def owned_namespaces(self) -> Q:
        """Return the filter of `Namespace` rows that are the person's, as `owns` says."""
        if not self.may_own:
            return Q(pk__in=())
        names = sorted(self.teams)
        theirs = Q(owner__name__in=names) | Q(owner__isnull=True, owner_label__in=names)
        owned = theirs | Q(pk__in=sorted(self.reviewed)) if self.reviewed else theirs
        return owned & self.reachable(namespace="name")

    def approved_area(self, cluster: str = "cluster_id", namespace: str = "namespace") -> Q:
        """Return the filter of rows within the person's scopes, for whatever destinations.

        `cluster` and `namespace` are the names of the fields that hold the cluster's primary key
        and the namespace's name.
        """
        area = Q(pk__in=())
        for scope in self.scopes if self.is_active else ():
            area |= scope.area(cluster, namespace)
        return area

    def decided_requests(self) -> Q:
        """Return the filter of `Request` rows of which the person may decide something.

        Whether they are too close to one of them is another question.
        """
        found = self.named_requests()
        for scope in self.scopes if self.is_active else ():
            found |= scope.requests() & ~self._asked_by_lender(scope.lender_id)
        return found

    def _asked_by_lender(self, lender: int | None) -> Q:
        """Return the filter of requests that `lender` wants; none for None."""
        if lender is None:
            return Q(pk__in=())
        keys = self.asks_as(lender)
        again = Q(renews__isnull=False, renews__request__requester__in=keys)
        return Q(requester__in=keys) | again

    def second_looks(self) -> Q:
        """Return the filter of `BreakGlass` rows at which the person may look.

        As `deciding.may_look_at` says, awaited or not.
        """
        found = Q(pk__in=())
        for lender in {scope.lender_id for scope in self.scopes} if self.is_active else ():
            inside = Q(pk__in=())
            for scope in self.scopes:
                if scope.lender_id == lender and scope.is_valid:
                    area = scope.area("request__cluster_id", "request__namespace")
                    inside |= area & scope.hosts() & Q(request__risk__lte=scope.max_risk)
            rows = RequestDestination.objects.filter(request=OuterRef("request"))
            covered = Q(Exists(rows)) & ~Q(Exists(rows.exclude(inside)))
            found |= covered & ~self._wanted_by(lender)
        return found & ~self._wanted_by(self.person_id)

    def _wanted_by(self, person_id: int | None) -> Q:
        """Return the filter of `BreakGlass` rows that somebody opened or asked for."""
        return Q(opened_by=person_id) | Q(request__requester__in=self.asks_as(person_id) - {None})

    def named_requests(self) -> Q:
        """Return the filter of `Request` rows that are the person's to decide without a scope.

        Those that need the word of one of their teams, and those for nothing but destinations
        of catalogue entries that their teams own.
        """
        found = Q(pk__in=())
        if self.is_active and self.teams:
            stages = RequestStage.objects.filter(team__in=sorted(self.teams))
            found |= Q(pk__in=stages.values("request"))
        if self.is_active and self.presets:
            rows, inside = RequestDestination.objects.filter(request=OuterRef("pk")), Q()
            for host, port, protocol, tls in sorted(self.presets):
                inside |= Q(host=host, port=port, protocol=protocol, tls_origination=tls)
            inside &= Q(addresses=[])
            found |= Q(Exists(rows.filter(inside))) & ~Q(Exists(rows.exclude(inside)))
        return found & self.reachable()


def standing_of(person: object) -> Standing:
    """Return what `person` is and may do now, read freshly; nothing for anonymous visitors."""
    if not isinstance(person, Person) or person.pk is None:
        return Standing()
    standing = standings_of(Person.objects.filter(pk=person.pk)).get(person.pk, Standing())
    if not standing.is_robot:
        return standing
    # A team that nobody is in any more has nobody who answers for what its robots do.
    return replace(standing, teams=standing.teams & staffed_teams(person))


def standings_of(people: QuerySet[Person]) -> dict[int, Standing]:
    """Return what each of `people` is and may do now, by primary key, in one query."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows_of(people):
        found.setdefault(row[0], []).append(row[1:])
    return {pk: _standing(pk, rows) for pk, rows in found.items()}


def _standing(pk: int, rows: list[tuple[Any, ...]]) -> Standing:
    username = rows[0][0]
    is_active, is_robot, is_superuser = (bool(one) for one in rows[0][1:4])
    # Whom their identity provider does not vouch for any more: until they sign in there again.
    is_active = is_active and all(row[5] != CLOSED for row in rows)
    teams = frozenset(row[4] for row in rows if row[4] is not None)
    if is_robot:
        # Whatever its teams may: robots ask and read, people decide and administer.
        return Standing(pk, username, is_active, teams=teams, is_robot=True)
    # Of what others lend only the role of an approver counts, and only as a scope.
    held = {role for *_, role, _, _, _, _, lender, _, _ in rows if lender is None}
    return Standing(
        person_id=pk,
        username=username,
        is_active=is_active,
        is_admin=is_active and (is_superuser or Role.ADMIN in held),
        is_auditor=is_active and Role.AUDITOR in held,
        teams=teams,
        scopes=tuple(
            Scope(cluster, names, hosts, risk, lender_id, lender or "")
            for *_, role, cluster, names, hosts, risk, lender_id, lender, _ in rows
            if role == Role.APPROVER and lender_id != pk
        ),
        break_glass=tuple(
            Scope(cluster, names, hosts, risk)
            for *_, role, cluster, names, hosts, risk, lender_id, _, _ in rows
            if role == Role.BREAK_GLASS and lender_id is None
        ),
        presets=frozenset(
            (one["host"], one["port"], one["protocol"], one.get("tls_origination", False))
            for row in rows
            if row[-1]
            for one in json.loads(row[-1])
        ),
        reviewed=frozenset(row[6] for row in rows if row[5] == REVIEWED),
        through=frozenset((row[10] or pk, row[6]) for row in rows if row[5] == THROUGH),
    )
