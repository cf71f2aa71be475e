"""What one person is and may do where, read from the database in one go.

Rules judge single objects by it and selectors filter lists by it: both start from the same
facts, and a parity test proves that they come to the same answers.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from django.db.models import BooleanField, CharField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Replace
from django.utils import timezone

from egress.models.cluster import Namespace
from egress.models.ownership import OwnershipAnswer
from egress.models.person import Person, Role, RoleBinding

REMEMBERED = timedelta(minutes=5)
"""How long the answer of a cluster lets somebody read; see `OwnershipAnswer`."""

SCOPE_PATTERN = re.compile(r"[a-z0-9*?-]{1,253}")
"""What an approver's namespace pattern may contain. Any other pattern matches nothing."""

_BINDING = ("role", "cluster", "namespaces")
_REVIEWED = "reviewed"
"""Stands in place of a role where a cluster answered for a namespace."""


@dataclass(frozen=True)
class Scope:
    """Where an approver decides. `cluster_id` None means every cluster."""

    cluster_id: int | None
    namespaces: str

    def covers(self, cluster_id: int, namespace: str) -> bool:
        """Tell whether the scope contains the namespace `namespace` of the cluster."""
        if self.cluster_id is not None and self.cluster_id != cluster_id:
            return False
        if not self.is_valid:
            return False
        return fnmatchcase(namespace, self.namespaces)

    @property
    def is_valid(self) -> bool:
        """Whether the pattern can match; any other covers nothing."""
        return SCOPE_PATTERN.fullmatch(self.namespaces) is not None

    def within(self, name: str, prefix: str = "") -> Q:
        """Return the filter of rows whose field `name` matches the valid pattern; empty for all.

        `prefix` stands before the namespace in that field; it must hold no special characters.
        A name or its beginning is looked for as such, because an index finds those.
        """
        head, star, rest = self.namespaces.partition("*")
        if "?" in head or rest.strip("*"):
            pattern = self.namespaces.replace("*", ".*").replace("?", ".")
            return Q(**{f"{name}__regex": rf"^{prefix}{pattern}\Z"})
        head = prefix + head
        if not star:
            return Q(**{name: head})
        return Q(**{f"{name}__startswith": head}) if head else Q()


class _IsLike(Func):
    """Whether a text matches a pattern of SQL's LIKE."""

    template = "%(expressions)s"
    arg_joiner = " LIKE "
    output_field = BooleanField()


def covering(namespace: str) -> Q:
    """Return the filter of `RoleBinding` rows whose pattern contains the namespace `namespace`.

    The same as `Scope.covers`, asked of the database: a valid pattern has no letter that means
    something to LIKE.
    """
    pattern = Replace(Replace("namespaces", Value("*"), Value("%")), Value("?"), Value("_"))
    matches = _IsLike(Value(namespace), pattern)
    return Q(matches, namespaces__regex=rf"^{SCOPE_PATTERN.pattern}\Z")


@dataclass(frozen=True)
class Standing:
    """A person's teams and roles at one moment. Without a person it allows nothing.

    `reviewed` holds the primary keys of namespaces for which a cluster itself said that the
    person may deploy there: remembered for a few minutes, for reading, or asked just now, for
    `acting`.
    """

    person_id: int | None = None
    username: str = ""
    is_active: bool = False
    is_admin: bool = False
    is_auditor: bool = False
    teams: frozenset[str] = field(default_factory=frozenset)
    scopes: tuple[Scope, ...] = ()
    reviewed: frozenset[int] = field(default_factory=frozenset)

    def acting(self, reviewed: frozenset[int] = frozenset()) -> "Standing":
        """Return the standing to act with: only `reviewed` was asked now, nothing remembered."""
        return replace(self, reviewed=reviewed)

    @property
    def may_own(self) -> bool:
        """Whether there can be any namespace that the person owns."""
        return self.is_active and bool(self.teams or self.reviewed)

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is hidden from the person."""
        return self.is_active and (self.is_admin or self.is_auditor)

    def owns(self, namespace: Namespace) -> bool:
        """Tell whether the namespace is the person's: by one of their teams, or by a review."""
        owner = namespace.owner_name
        is_theirs = bool(owner) and owner in self.teams
        return self.is_active and (is_theirs or namespace.pk in self.reviewed)

    def approves(self, cluster_id: int, namespace: str) -> bool:
        """Tell whether the person is an approver for the namespace.

        Being an admin is not enough: approving needs a role of its own, whose binding is
        audited, so no admin decides by the way.
        """
        return self.is_active and any(scope.covers(cluster_id, namespace) for scope in self.scopes)

    def owned_namespaces(self) -> Q:
        """Return the filter of `Namespace` rows that are the person's, as `owns` says."""
        if not self.may_own:
            return Q(pk__in=())
        names = sorted(self.teams)
        theirs = Q(owner__name__in=names) | Q(owner__isnull=True, owner_label__in=names)
        return theirs | Q(pk__in=sorted(self.reviewed)) if self.reviewed else theirs

    def approved_area(self, cluster: str = "cluster_id", namespace: str = "namespace") -> Q:
        """Return the filter of rows within the person's scopes.

        `cluster` and `namespace` are the names of the fields that hold the cluster's primary key
        and the namespace's name.
        """
        area = Q(pk__in=())
        for scope in self.scopes if self.is_active else ():
            if not scope.is_valid:
                continue
            inside = scope.within(namespace)
            if scope.cluster_id is not None:
                inside &= Q(**{cluster: scope.cluster_id})
            area |= inside if inside else ~Q(pk__in=())
        return area


def standing_of(person: object) -> Standing:
    """Return what `person` is and may do now, read freshly; nothing for anonymous visitors."""
    if not isinstance(person, Person) or person.pk is None:
        return Standing()
    return standings_of(Person.objects.filter(pk=person.pk)).get(person.pk, Standing())


def standings_of(people: QuerySet[Person]) -> dict[int, Standing]:
    """Return what each of `people` is and may do now, by primary key, in one query."""
    whose = ("pk", "username", "is_active", "is_superuser")
    in_teams = Person.objects.filter(pk__in=people.values("pk")).values_list(
        *whose, "groups__name", *(f"groups__roles__{part}" for part in _BINDING)
    )
    own = RoleBinding.objects.filter(person__in=people.values("pk")).values_list(
        *(f"person__{part}" for part in whose), "team__name", *_BINDING
    )
    # In one go, and without a row for each pair of a role in a team and one of their own.
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in in_teams.order_by().union(own.order_by(), _answers(people), all=True):
        found.setdefault(row[0], []).append(row[1:])
    return {pk: _standing(pk, rows) for pk, rows in found.items()}


def _answers(people: QuerySet[Person]) -> QuerySet[Any, tuple[Any, ...]]:
    """Return rows of what clusters answered, in the shape of bindings with the namespace's key."""
    now = timezone.now()
    said = OwnershipAnswer.objects.filter(
        person__in=people.values("pk"),
        allowed_until__gt=now,
        # Later ones come from a clock that was wrong.
        allowed_until__lte=now + REMEMBERED,
        namespace__cluster__owner_by_review=True,
    )
    return said.values_list(
        *(f"person__{part}" for part in ("pk", "username", "is_active", "is_superuser")),
        Value(None, CharField()),
        Value(_REVIEWED, CharField()),
        F("namespace"),
        Value("", CharField()),
    ).order_by()


def _standing(pk: int, rows: list[tuple[Any, ...]]) -> Standing:
    username, is_active, is_superuser = rows[0][:3]
    roles = [(role, where, names) for *_, role, where, names in rows if role is not None]
    held = {role for role, _, _ in roles}
    reviewed = frozenset(where for role, where, _ in roles if role == _REVIEWED)
    return Standing(
        person_id=pk,
        username=username,
        is_active=is_active,
        is_admin=is_active and (is_superuser or Role.ADMIN in held),
        is_auditor=is_active and Role.AUDITOR in held,
        teams=frozenset(team for _, _, _, team, *_ in rows if team is not None),
        scopes=tuple(Scope(where, names) for role, where, names in roles if role == Role.APPROVER),
        reviewed=reviewed,
    )
