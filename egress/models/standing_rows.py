"""Reads all that makes up standings from the database, in one query.

Every page and every call reads them, and composing the query takes ten times as long as answering
it. So it is composed once, for a moment that the real one replaces.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, IntegerField, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast
from django.utils import timezone

from egress.models.delegation import Delegation
from egress.models.ownership import OwnershipAnswer
from egress.models.person import Person, RoleBinding
from egress.models.sign_in import ProviderAccount
from egress.models.token import ApiToken

Rows = QuerySet[Any, tuple[Any, ...]]
REMEMBERED = timedelta(minutes=5)
"""How long the answer of a cluster lets somebody read; see `OwnershipAnswer`."""

_WHOSE = ("pk", "username", "is_active", "is_robot", "is_superuser")
_BINDING = ("role", "cluster", "namespaces", "destinations", "max_risk")
REVIEWED = "reviewed"
"""Stands in place of a role where a cluster answered for a namespace."""
THROUGH = "through"
"""Stands in place of a role where somebody made a token of a robot, with the robot's key."""
CLOSED = "closed"
"""Stands in place of a role where an identity provider does not vouch for the person any more."""
_TEXT, _NUMBER = Cast(Value(None), TextField()), Cast(Value(None), IntegerField())
"""Stand in columns that a row does not have."""
_NOBODY = (_NUMBER, _TEXT)
"""Stand in the columns of a lender."""
_LENDER_OF_TOKENS = ("made_by_id", "made_by__username")
_NOW = datetime(1, 1, 1, tzinfo=UTC)
"""Stands in place of the moment at which the query is asked."""


def rows_of(people: QuerySet[Person, Any]) -> list[tuple[Any, ...]]:
    """Return all that makes up standings: a row for each role, lent role, entry, answer and end.

    In one go, and without a row for each pair of them.
    """
    adapted, now = connection.ops.adapt_datetimefield_value, timezone.now()
    real = {adapted(_NOW + later): adapted(now + later) for later in (timedelta(), REMEMBERED)}
    sql, parameters = _composed(connection.vendor)
    try:
        wanted, named = people.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH wanted_people (pk) AS ({wanted}) {sql}",
            [*named, *(real.get(one, one) for one in parameters)],
        )
        return list(cursor.fetchall())


@cache
def _composed(vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return the query in the words of a database, for the people that are called wanted."""
    rows = _rows(RawSQL("SELECT pk FROM wanted_people", ()), _NOW)
    sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    return sql, tuple(parameters)


def _rows(people: RawSQL, now: datetime) -> Rows:
    """Return the query for `people` at a moment."""
    in_force = {"starts_at__lte": now, "ends_at__gt": now, "revoked_at": None}
    made_by_lenders = {f"made_by__lent__{name}": value for name, value in in_force.items()}
    return _of_teams(people).union(
        _of_roles(people),
        *_lent(people, in_force),
        _entries(people),
        _answers(people, now),
        _tokens(people, "made_by", _NOBODY),
        _tokens(people, "made_by__lent__delegate", _LENDER_OF_TOKENS, **made_by_lenders),
        _closed(people),
        all=True,
    )


def _of_teams(people: RawSQL) -> Rows:
    persons = Person.objects.filter(pk__in=people).order_by()
    roles = (f"groups__roles__{part}" for part in _BINDING)
    return persons.values_list(*_WHOSE, "groups__name", *roles, *_NOBODY, _TEXT)


def _of_roles(people: RawSQL) -> Rows:
    roles = RoleBinding.objects.filter(person__in=people).order_by()
    return roles.values_list(*_person("person"), _TEXT, *_BINDING, *_NOBODY, _TEXT)


def _lent(people: RawSQL, in_force: Mapping[str, Any]) -> tuple[Rows, Rows]:
    """Return rows of what others lend: by roles of their own, and of their teams."""
    lent = Delegation.objects.filter(
        delegate__in=people,
        lender__is_active=True,
        lender__is_robot=False,
        lender__provider_account__closed_at__isnull=True,
        **in_force,
    ).order_by()
    lender = ("lender_id", "lender__username", _TEXT)
    own, teams = (
        lent.values_list(
            *_person("delegate"),
            _TEXT,
            *(f"{held_by}__{part}" for part in _BINDING),
            *lender,
        )
        for held_by in ("lender__roles", "lender__groups__roles")
    )
    return own, teams


def _entries(people: RawSQL) -> Rows:
    owners = Person.objects.filter(pk__in=people, groups__catalogue_entries__is_active=True)
    nothing = (_TEXT, _NUMBER, _TEXT, _TEXT, _NUMBER)
    destinations = Cast("groups__catalogue_entries__destinations", TextField())
    return owners.order_by().values_list(*_WHOSE, _TEXT, *nothing, *_NOBODY, destinations)


def _answers(people: RawSQL, now: datetime) -> Rows:
    """Return rows of what clusters answered, with the namespace's key in place of a cluster's."""
    said = OwnershipAnswer.objects.filter(
        person__in=people,
        allowed_until__gt=now,
        # Later ones come from a clock that was wrong.
        allowed_until__lte=now + REMEMBERED,
        namespace__cluster__owner_by_review=True,
    )
    return _marked(said, "person", REVIEWED, F("namespace"), _NOBODY)


def _tokens(people: RawSQL, whose: str, lender: tuple[Any, ...], **lent_in_force: Any) -> Rows:
    """Return rows of robots that somebody made a token of, with the robot's key.

    `whose` leads from the token to the person who is asked about: who made it, or to whom they
    lend.
    """
    made = ApiToken.objects.filter(
        owner__is_robot=True, **{f"{whose}__in": people}, **lent_in_force
    )
    return _marked(made, whose, THROUGH, F("owner"), lender)


def _closed(people: RawSQL) -> Rows:
    """Return a row for each person whose account at their identity provider is closed."""
    closed = ProviderAccount.objects.filter(person__in=people, closed_at__isnull=False)
    return _marked(closed, "person", CLOSED, _NUMBER, _NOBODY)


def _marked(
    rows: QuerySet[Any, Any], whose: str, mark: str, key: Any, lender: tuple[Any, ...]
) -> Rows:
    """Return rows in the shape of roles: `mark` in place of the role, `key` of the cluster."""
    role = (Value(mark, TextField()), key, _TEXT, _TEXT, _NUMBER)
    return rows.order_by().values_list(*_person(whose), _TEXT, *role, *lender, _TEXT)


def _person(field: str) -> tuple[str, ...]:
    return tuple(f"{field}__{part}" for part in _WHOSE)
