"""Indexes by which the audit trail is searched: by time, and on PostgreSQL by words.

Both are built while the portal runs: nothing that appends events has to wait.
"""

from django.db import migrations, models

from ._online import NO_MORE_PATIENCE, PATIENCE, AddIndexOnline, drop_index

TABLE = "egress_auditevent"
WORDS = f"{TABLE}_words"
BY_TIME = "egress_audi_at_125c58_idx"

# The text is the one of egress.selectors.audit_search.SearchText, or the index is not used.
# Without a list of pending entries: emptying it would hold up whoever appends an event.
CREATE = f"""
    CREATE INDEX CONCURRENTLY {WORDS} ON {TABLE} USING gin (
        to_tsvector('simple'::regconfig, translate(
            message || ' ' || actor || ' ' || host || ' ' || namespace || ' ' || cluster
            || ' ' || tag || ' ' || target || ' ' || target_id,
            './:-_@~+<>&=?#', '              '))
    ) WITH (fastupdate = off)
"""


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        drop_index(schema_editor, WORDS)
        schema_editor.execute(CREATE)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        drop_index(schema_editor, WORDS)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("egress", "0007_notifications")]
    operations = [
        PATIENCE,
        AddIndexOnline("auditevent", models.Index(fields=["at"], name=BY_TIME)),
        migrations.RunPython(forwards, backwards),
        NO_MORE_PATIENCE,
    ]
