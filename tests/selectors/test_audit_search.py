"""Search in the audit trail finds the same on both databases, on PostgreSQL through its index."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from egress.models import AuditEvent, Person
from egress.selectors.audit_search import matching, words_in
from egress.services import audit
from egress.services.audit import Tag
from tests import factories as make

pytestmark = pytest.mark.django_db
migration = import_module("egress.migrations.0008_audit_search")


def happen(who: Person, message: str, **facts: Any) -> AuditEvent:
    values: dict[str, Any] = {"tag": Tag.GRANT_CREATED, "target": "grant", "target_id": 42}
    with transaction.atomic():
        return audit.record(actor=make.actor(who), message=message, **{**values, **facts})


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", []),
        ("  --%_'\\ ", []),
        ("API.Stripe.com", ["api", "stripe", "com"]),
        ("shop/web #42", ["shop", "web", "42"]),
        ("pay* p* **", ["pay*", "p"]),
        ("Größe ÉTÉ", ["größe", "été"]),
    ],
)
def test_words_are_runs_of_letters_and_digits(typed: str, words: list[str]) -> None:
    assert words_in(typed) == words


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("parcels", True),
        ("PARCELS 8443", True),
        ("parcels.example.com", True),
        ("com example", True),
        ("shop-eu", True),
        ("grant 42", True),
        ("grant:created owner", True),
        ("12e5", True),
        ("1.29.0-beta", True),
        ("cafe", True),
        ("straße", True),
        ("parc*", True),
        ("parc", False),
        ("arcels", False),
        ("parcels missing", False),
        ("4", False),
        ("example_com", True),
        ("x' OR 1=1", False),
    ],
)
def test_every_word_must_stand_somewhere_in_the_event(
    owner: Person, typed: str, is_found: bool
) -> None:
    happen(
        owner,
        "shop-eu/web -> api.parcels.example.com:8443 <b>TLS</b>; 12e5 of 1.29.0-beta, "
        "cafe=yes, to user@corp.example, https://a.b/c?d=straße&e=f",
    )
    found = AuditEvent.objects.filter(matching(words_in(typed)))
    assert found.exists() is is_found


def test_the_longest_message_of_one_word_can_be_written(owner: Person) -> None:
    event = happen(owner, "𠀀" * 1000, host="x" * 253)
    assert len(event.message) == 1000


def test_the_index_is_the_one_that_the_search_asks_for(owner: Person) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has the index")
    happen(owner, "One.")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        plan = AuditEvent.objects.filter(matching(["one"])).order_by().explain()
    assert migration.WORDS in plan


@pytest.mark.django_db(transaction=True)
def test_an_index_that_was_broken_off_is_built_again() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has the index")
    is_valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass"
    with connection.cursor() as cursor, connection.schema_editor(atomic=False) as editor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
            [migration.WORDS],
        )
        for _ in range(2):
            migration.forwards(apps, editor)
            cursor.execute(is_valid, [migration.WORDS])
            assert cursor.fetchone() == (True,)
