"""Numbers beside other things, each in the query that reads those."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Expression, IntegerField, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL


class CountOf(Subquery):
    """How many rows a query finds, as a column; a slice of it is where counting ends."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0
    """What Django writes for a query of which it knows that it finds nothing."""


def composed_count(rows: QuerySet[Any, Any]) -> Expression:
    """Return what `CountOf` does, written for the present database, to be kept and used again."""
    try:
        sql, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return Value(CountOf.empty_result_set_value, IntegerField())
    # Django wrote it, and what somebody typed is among the parameters.
    return RawSQL(CountOf.template[1:-1] % {"subquery": sql}, parameters, IntegerField())  # noqa: S611
