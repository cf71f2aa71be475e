"""Writing very many rows: by COPY on PostgreSQL, many at a time on SQLite."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Max, Model

_AT_ONCE = 5000


def store(kind: type[Model], rows: Iterable[Model]) -> None:
    """Insert unsaved `rows`, which have their primary keys already, in their order.

    Nothing that yields them may ask the database: its connection is busy taking them.
    """
    names = [field.attname for field in kind._meta.concrete_fields]
    store_values(kind, names, ([getattr(row, name) for name in names] for row in rows))


def store_values(kind: type[Model], names: list[str], rows: Iterable[list[Any]]) -> None:
    """Insert rows given as values of the fields `names`, by their attribute names."""
    fields = {field.attname: field for field in kind._meta.concrete_fields}
    columns = ", ".join(connection.ops.quote_name(str(fields[name].column)) for name in names)
    table = connection.ops.quote_name(kind._meta.db_table)
    plain = ([_plain(value) for value in row] for row in rows)
    if connection.vendor == "postgresql":
        _copy(f"COPY {table} ({columns}) FROM STDIN", plain)
    else:
        _insert(f"INSERT INTO {table} ({columns})", len(names), plain)


def next_key(kind: type[Model]) -> int:
    """Return the lowest primary key above all that are taken."""
    return (kind._default_manager.aggregate(last=Max("pk"))["last"] or 0) + 1


def continue_numbering(kinds: Iterable[type[Model]]) -> None:
    """Let the database number further rows after those that were stored with their keys."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(kinds)):
            cursor.execute(statement)


def _copy(statement: str, rows: Iterable[list[Any]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _insert(statement: str, width: int, rows: Iterator[list[Any]]) -> None:
    # Without Django's wrapper, which keeps the last statement with all its values.
    filled = f"{statement} VALUES ({', '.join('?' * width)})"
    connection.ensure_connection()
    with closing(connection.connection.cursor()) as cursor:
        while batch := list(islice(rows, _AT_ONCE)):
            cursor.executemany(filled, batch)


def _plain(value: object) -> object:
    """Return a value as both drivers take it."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return str(value) if isinstance(value, str) else value
