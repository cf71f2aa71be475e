"""The quick way through the audit trail accepts what the slow one accepts, and nothing else."""

import json
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egress.domain import chain
from egress.models import AuditEvent, AuditHead
from egress.services import audit, audit_chain
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag

triggers = import_module("egress.migrations.0002_audit_triggers")
ACTOR = Actor.system("test", "command")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
DATA = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


def note(message: str = "Noted.", data: dict[str, Any] | None = None, count: int = 1) -> None:
    entry = Entry(Tag.GRANT_CREATED, ACTOR, "grant", 1, message, "main", "shop", "", data or {})
    with transaction.atomic():
        audit.record_all([entry] * count)


def tamper(sql: str, *values: str | int) -> None:
    with connection.cursor() as cursor:
        for statement in triggers.drop_statements(connection.vendor):
            cursor.execute(statement)
        cursor.execute(sql, values)
        for statement in triggers.create_statements(connection.vendor):
            cursor.execute(statement)


@pytest.fixture
def _quick_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> chain.ChainResult:
        raise AssertionError("The slow way was taken.")

    monkeypatch.setattr(chain, "verify", never)


@pytest.mark.django_db
@pytest.mark.usefixtures("_quick_only")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=TEXT, data=DATA)
def test_whatever_is_recorded_is_found_sound_the_quick_way(
    message: str, data: dict[str, Any]
) -> None:
    note(message, data)
    result = audit.verify(batch=3)
    head = AuditHead.objects.get()
    assert (result.ok, result.count, result.head) == (True, head.sequence, head.hash)


@pytest.mark.django_db
@pytest.mark.usefixtures("_quick_only")
def test_events_at_whole_seconds_and_across_batches_are_sound_the_quick_way() -> None:
    note(count=7)
    moment = AuditEvent.objects.latest("sequence").at.replace(microsecond=0)
    with transaction.atomic():
        audit.record(
            tag=Tag.GRANT_CREATED,
            actor=ACTOR,
            target="grant",
            target_id=1,
            message="On time.",
            at=moment,
        )
    assert audit.verify(batch=2).count == 8


@pytest.mark.django_db
@pytest.mark.parametrize(
    "column", [name for name in audit_chain.FACTS if name not in ("at", "data")]
)
def test_a_change_of_any_text_is_found_with_its_number(column: str) -> None:
    note(count=3)
    tamper(f"UPDATE egress_auditevent SET {column} = {column} || 'x' WHERE sequence = 2")
    result = audit.verify()
    assert (result.ok, result.first_bad_sequence, result.count) == (False, 2, 1)
    assert result.reason == "Event 2 was changed after it was written."


@pytest.mark.django_db
def test_a_moved_time_and_changed_details_are_found() -> None:
    note(data={"n": 1}, count=4)
    later = {"sqlite": "at = replace(at, '20', '21')", "postgresql": "at = at + interval '1 s'"}
    tamper(f"UPDATE egress_auditevent SET {later[connection.vendor]} WHERE sequence = 4")
    assert audit.verify().first_bad_sequence == 4
    tamper("UPDATE egress_auditevent SET data = %s WHERE sequence = 3", json.dumps({"n": 2}))
    assert audit.verify().first_bad_sequence == 3
    # A number that has no single spelling was never written by the portal.
    tamper("UPDATE egress_auditevent SET data = %s WHERE sequence = 2", '{"n": 1.0}')
    assert audit.verify().first_bad_sequence == 2


@pytest.mark.django_db
def test_a_time_before_our_era_is_no_time_of_an_event() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL keeps such times.")
    note(count=2)
    tamper(
        "UPDATE egress_auditevent SET at = ((at AT TIME ZONE 'UTC')::text || ' BC')::timestamp"
        " AT TIME ZONE 'UTC' WHERE sequence = 2"
    )
    assert audit_chain._sound_beginning(audit_chain._raw_rows(2, 10))[0] == 1
