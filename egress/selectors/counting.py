"""Numbers beside other things, each in the query that reads those."""

from django.db.models import IntegerField, Subquery


class CountOf(Subquery):
    """How many rows a query finds, as a column; a slice of it is where counting ends."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0
    """What Django writes for a query of which it knows that it finds nothing."""
