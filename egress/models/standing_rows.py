"""Reads all that makes up standings from the database, in one query.

Every page and every call reads them, and composing the query takes ten times as long as answering
it. So it is composed once, for a moment that the real one replaces.
"""

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

REMEMBERED = timedelta(minutes=5)
"""How long the answer of a cluster lets somebody read; see `OwnershipAnswer`."""

_WHOSE = ("pk", "username", "is_active", "is_robot", "is_superuser")
_BINDING = ("role", "cluster", "namespaces", "destinations", "max_risk")
REVIEWED = "reviewed"
"""Stands in place of a role where a cluster answered for a namespace."""
CLOSED = "closed"
"""Stands in place of a role where an identity provider does not vouch for the person any more."""
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


def _rows(people: RawSQL, now: datetime) -> QuerySet[Any, tuple[Any, ...]]:
    """Return the query for `people` at a moment."""
    text, number = Cast(Value(None), TextField()), Cast(Value(None), IntegerField())
    nobody, nothing = (number, text), (text, number, text, text, number)
    persons = Person.objects.filter(pk__in=people).order_by()
    in_teams = persons.values_list(
        *_WHOSE, "groups__name", *(f"groups__roles__{part}" for part in _BINDING), *nobody, text
    )
    own = RoleBinding.objects.filter(person__in=people).values_list(
        *(f"person__{part}" for part in _WHOSE), text, *_BINDING, *nobody, text
    )
    lent = Delegation.objects.filter(
        delegate__in=people,
        starts_at__lte=now,
        ends_at__gt=now,
        revoked_at=None,
        lender__is_active=True,
        lender__is_robot=False,
        lender__provider_account__closed_at__isnull=True,
    ).order_by()
    lent_by: tuple[Any, ...] = (*(f"delegate__{part}" for part in _WHOSE), text)
    lender = ("lender_id", "lender__username", text)
    entries = persons.filter(groups__catalogue_entries__is_active=True).values_list(
        *_WHOSE,
        text,
        *nothing,
        *nobody,
        Cast("groups__catalogue_entries__destinations", TextField()),
    )
    return in_teams.union(
        own.order_by(),
        lent.values_list(*lent_by, *(f"lender__roles__{part}" for part in _BINDING), *lender),
        lent.values_list(
            *lent_by, *(f"lender__groups__roles__{part}" for part in _BINDING), *lender
        ),
        entries,
        _answers(people, now, (*nobody, text)),
        _closed(people, (*nobody, text)),
        all=True,
    )


def _answers(
    people: RawSQL, now: datetime, rest: tuple[Any, ...]
) -> QuerySet[Any, tuple[Any, ...]]:
    """Return rows of what clusters answered, in the shape of roles with the namespace's key.

    `rest` are the columns of what others lend and of catalogue entries, all empty.
    """
    said = OwnershipAnswer.objects.filter(
        person__in=people,
        allowed_until__gt=now,
        # Later ones come from a clock that was wrong.
        allowed_until__lte=now + REMEMBERED,
        namespace__cluster__owner_by_review=True,
    )
    text, number = Cast(Value(None), TextField()), Cast(Value(None), IntegerField())
    return said.values_list(
        *(f"person__{part}" for part in _WHOSE),
        text,
        Value(REVIEWED, TextField()),
        F("namespace"),
        text,
        text,
        number,
        *rest,
    ).order_by()


def _closed(people: RawSQL, rest: tuple[Any, ...]) -> QuerySet[Any, tuple[Any, ...]]:
    """Return a row for each person whose account at their identity provider is closed."""
    text, number = Cast(Value(None), TextField()), Cast(Value(None), IntegerField())
    closed = ProviderAccount.objects.filter(person__in=people, closed_at__isnull=False)
    return closed.values_list(
        *(f"person__{part}" for part in _WHOSE),
        text,
        Value(CLOSED, TextField()),
        number,
        text,
        text,
        number,
        *rest,
    ).order_by()
