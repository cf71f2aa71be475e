"""Migrations run beside a portal that works: nobody may wait for them at size."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import migrations

from egress import migrations as package
from egress.migrations._online import NO_MORE_PATIENCE, PATIENCE, AddIndexOnline

FIRST_OF_SIZE = "0007"
"""Older ones ran before anybody had rows by the million."""
NAMES = sorted(path.stem for path in Path(package.__path__[0]).glob("0*.py"))
LATER = [name for name in NAMES if name >= FIRST_OF_SIZE]


def migration(name: str) -> Any:
    return import_module(f"egress.migrations.{name}").Migration


def indexes_of_old_tables(made: Any) -> Iterator[migrations.AddIndex]:
    new = {one.name.lower() for one in made.operations if isinstance(one, migrations.CreateModel)}
    for one in made.operations:
        if isinstance(one, migrations.AddIndex) and one.model_name.lower() not in new:
            yield one


@pytest.mark.parametrize("name", LATER)
def test_an_index_of_a_table_in_use_is_made_beside_the_work_of_others(name: str) -> None:
    assert all(isinstance(one, AddIndexOnline) for one in indexes_of_old_tables(migration(name)))


@pytest.mark.parametrize("name", LATER)
def test_whoever_makes_an_index_waits_for_as_long_as_others_take(name: str) -> None:
    made = migration(name)
    online = [at for at, one in enumerate(made.operations) if isinstance(one, AddIndexOnline)]
    if online:
        begin, end = made.operations.index(PATIENCE), made.operations.index(NO_MORE_PATIENCE)
        assert begin < online[0]
        assert online[-1] < end
        assert not made.atomic


@pytest.mark.parametrize("name", LATER)
def test_no_rows_are_changed_while_a_table_is_locked(name: str) -> None:
    operations = migration(name).operations
    locks = any(isinstance(one, migrations.AddField | migrations.AlterField) for one in operations)
    assert not (locks and any(isinstance(one, migrations.RunPython) for one in operations))
