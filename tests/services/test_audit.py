"""The audit trail: append-only, chained, and part of every action."""

from collections.abc import Callable
from importlib import import_module
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from egress.models import AuditCheck, AuditEvent, AuditEventsAreFinalError, AuditHead, Person
from egress.services import audit
from egress.services.actor import Actor
from egress.services.audit import Entry, Tag
from egress.services.errors import Unavailable
from tests import factories as make

triggers = import_module("egress.migrations.0002_audit_triggers")
ACTOR = Actor.system("test", "command")


def note(count: int = 1) -> list[AuditEvent]:
    with transaction.atomic():
        return audit.record_all(
            [
                Entry(Tag.GRANT_CREATED, ACTOR, "grant", n, f"Ünïcode {n}", data={"n": n, "é": "ü"})
                for n in range(count)
            ]
        )


def tamper(sql: str, *values: str | int) -> None:
    """Change the table as somebody would who owns the database."""
    with connection.cursor() as cursor:
        for statement in triggers.drop_statements(connection.vendor):
            cursor.execute(statement)
        cursor.execute(sql, values)
        for statement in triggers.create_statements(connection.vendor):
            cursor.execute(statement)


@pytest.mark.django_db
def test_events_are_chained_without_gaps() -> None:
    first, second = note(2)
    (third,) = note()
    assert [event.sequence for event in (first, second, third)] == [1, 2, 3]
    assert first.previous_hash == "0" * 64
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    head = AuditHead.objects.get()
    assert (head.sequence, head.hash) == (3, third.hash)
    result = audit.verify(batch=2)
    assert (result.ok, result.count, result.head) == (True, 3, third.hash)


@pytest.mark.django_db
def test_an_empty_trail_is_sound() -> None:
    assert audit.verify().ok


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionManagementError):
        audit.record(tag=Tag.GRANT_CREATED, actor=ACTOR, target="grant", target_id=1, message="x")
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_an_action_that_is_rolled_back_leaves_no_event_and_no_gap() -> None:
    note()
    with transaction.atomic():
        note()
        transaction.set_rollback(True)
    (event,) = note()
    assert event.sequence == 2
    assert audit.verify().ok


@pytest.mark.django_db
def test_odd_texts_and_long_ones_are_kept_as_far_as_they_fit() -> None:
    person = make.person("zoë")
    with transaction.atomic():
        event = audit.record(
            tag=Tag.PERSON_CHANGED,
            actor=make.actor(person, request_id="r" * 200),
            target="person",
            target_id=person.pk,
            message="m" * 2000 + "\0",
            host="h" * 300,
            data={"nul": "a\0b", "half": "\ud800", "at": person.date_joined, "set": {1}, "n": None},
        )
    stored = AuditEvent.objects.get(pk=event.pk)
    assert (len(stored.message), len(stored.host), len(stored.request_id)) == (1000, 253, 64)
    assert stored.data["nul"] == "ab"
    assert audit.verify().ok


@pytest.mark.django_db
def test_what_has_no_single_spelling_is_refused() -> None:
    with pytest.raises(TypeError), transaction.atomic():
        audit.record(
            tag=Tag.GRANT_CREATED,
            actor=ACTOR,
            target="grant",
            target_id=1,
            message="x",
            data={"share": 0.5},
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "act",
    [
        lambda: AuditEvent.objects.update(actor="nobody"),
        lambda: AuditEvent.objects.filter(pk=1).update(message=""),
        lambda: AuditEvent.objects.all().delete(),
        lambda: AuditEvent.objects.filter(pk=1).delete(),
    ],
)
def test_the_database_refuses_to_change_or_delete_events(act: Callable[[], object]) -> None:
    note(2)
    with pytest.raises(DatabaseError, match="audit events are final"), transaction.atomic():
        act()
    assert audit.verify().count == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    ["UPDATE egress_auditevent SET actor = 'x'", "DELETE FROM egress_auditevent"],
)
def test_plain_sql_is_refused_as_well(sql: str) -> None:
    note()
    with (
        pytest.raises(DatabaseError, match="audit events are final"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.django_db
def test_replacing_an_event_is_refused() -> None:
    (event,) = note()
    verb = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "INSERT"
    columns = "sequence, at, tag, actor, source, request_id, target, target_id, cluster"
    columns += ", namespace, host, message, data, previous_hash, hash"
    changed = columns.replace("actor", "'x'")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{verb} INTO egress_auditevent ({columns}) SELECT {changed} FROM egress_auditevent"
        )
    assert AuditEvent.objects.get().actor == event.actor


@pytest.mark.django_db
def test_emptying_the_table_is_refused() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE; its DELETE is tested above.")
    note()
    with (
        pytest.raises(DatabaseError, match="audit events are final"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("TRUNCATE egress_auditevent")


@pytest.mark.django_db
def test_the_model_refuses_as_well() -> None:
    (event,) = note()
    stored = AuditEvent.objects.get(pk=event.pk)
    stored.actor = "nobody"
    with pytest.raises(AuditEventsAreFinalError):
        stored.save()
    with pytest.raises(AuditEventsAreFinalError):
        stored.delete()


TABLE = "egress_auditevent"


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["actor", "tag", "message", "target_id", "host", "request_id"])
def test_an_edited_event_is_found(field: str) -> None:
    note(5)
    tamper(f"UPDATE {TABLE} SET {field} = 'changed' WHERE sequence = 3")
    result = audit.verify()
    assert (result.ok, result.first_bad_sequence, result.count) == (False, 3, 2)


@pytest.mark.django_db
def test_edited_details_and_times_are_found() -> None:
    note(5)
    tamper(f"UPDATE {TABLE} SET data = %s WHERE sequence = 4", '{"n": 77}')
    assert audit.verify().first_bad_sequence == 4
    tamper(f"UPDATE {TABLE} SET at = '2020-01-01 00:00:00+00:00' WHERE sequence = 2")
    assert audit.verify().first_bad_sequence == 2


@pytest.mark.django_db
def test_a_dropped_event_is_found() -> None:
    note(5)
    tamper(f"DELETE FROM {TABLE} WHERE sequence = 2")
    result = audit.verify()
    assert not result.ok
    assert "Event 2 is missing" in result.reason


@pytest.mark.django_db
def test_events_in_another_order_are_found() -> None:
    note(5)
    tamper(
        f"UPDATE {TABLE} SET sequence = CASE sequence WHEN 2 THEN 103 WHEN 3 THEN 102 END "
        "WHERE sequence IN (2, 3)"
    )
    tamper(f"UPDATE {TABLE} SET sequence = sequence - 100 WHERE sequence > 100")
    assert audit.verify().first_bad_sequence == 2


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_cut_off_end_is_found(kept: int) -> None:
    note(5)
    tamper(f"DELETE FROM {TABLE} WHERE sequence > %s", kept)
    result = audit.verify()
    assert (result.ok, result.first_bad_sequence) == (False, kept + 1)


@pytest.mark.django_db
def test_an_event_added_past_the_services_is_found() -> None:
    note(2)
    AuditEvent.objects.create(
        sequence=3, at="2026-01-01T00:00:00Z", tag="x", actor="x", target="x", target_id="1",
        message="x", previous_hash="0" * 64, hash="1" * 64,
    )  # fmt: skip
    result = audit.verify()
    assert (result.ok, result.first_bad_sequence) == (False, 3)


@pytest.mark.django_db
def test_a_head_that_was_set_back_is_found() -> None:
    note(5)
    event = AuditEvent.objects.get(pk=3)
    AuditHead.objects.update(sequence=3, hash=event.hash)
    assert not audit.verify().ok


@pytest.mark.django_db
def test_a_missing_head_is_found_and_stops_every_action() -> None:
    note()
    AuditHead.objects.all().delete()
    assert not audit.verify().ok
    with pytest.raises(Unavailable):
        note()


@pytest.mark.django_db
def test_the_check_is_kept_for_the_page() -> None:
    note(3)
    assert audit.verify_and_note().valid
    tamper(f"UPDATE {TABLE} SET actor = 'changed' WHERE sequence = 2")
    check = audit.verify_and_note()
    assert (check.valid, check.events) == (False, 1)
    assert "Event 2" in check.message
    assert AuditCheck.objects.count() == 2


@pytest.mark.django_db
def test_the_command_says_what_it_found() -> None:
    note(3)
    out, err = StringIO(), StringIO()
    call_command("verify_audit", stdout=out)
    assert "3 events" in out.getvalue()
    tamper(f"DELETE FROM {TABLE} WHERE sequence = 3")
    with pytest.raises(SystemExit) as left:
        call_command("verify_audit", stderr=err)
    assert left.value.code == 1
    assert "event 2" in err.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_trail_that_somebody_else_holds_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("On SQLite the transaction itself waits, before anything was done.")
    monkeypatch.setattr(audit, "LOCK_SECONDS", 1)
    from threading import Event, Thread

    held, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            audit.take_turn()
            held.set()
            done.wait(30)
        connection.close()

    holder = Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        with pytest.raises(Unavailable):
            note()
    finally:
        done.set()
        holder.join()
    assert note()[0].sequence == 1


@pytest.mark.django_db
def test_a_trail_that_cannot_be_written_is_a_definite_refusal(owner: Person) -> None:
    with (
        patch.object(AuditEvent, "save", side_effect=DatabaseError("disk full")),
        pytest.raises(Unavailable) as caught,
    ):
        note()
    assert caught.value.reason == "AuditUnavailable"
    assert caught.value.retryable
    assert "disk full" not in caught.value.message
