"""Indexes by which the audit trail is searched: by time, and on PostgreSQL by words.

Both are built while the portal runs: nothing that appends events has to wait. One that was broken
off leaves an invalid index behind, which is thrown away and built again.
"""

from django.db import migrations, models

TABLE = "egress_auditevent"
WORDS = f"{TABLE}_words"
BY_TIME = "egress_audi_at_125c58_idx"

# The text is the one of egress.selectors.audit_search.SearchText, or the index is not used.
# Without a list of pending entries: emptying it would hold up whoever appends an event.
CREATE = f"""
    CREATE INDEX CONCURRENTLY IF NOT EXISTS {WORDS} ON {TABLE} USING gin (
        to_tsvector('simple'::regconfig, translate(
            message || ' ' || actor || ' ' || host || ' ' || namespace || ' ' || cluster
            || ' ' || tag || ' ' || target || ' ' || target_id,
            './:-_@~+<>&=?#', '              '))
    ) WITH (fastupdate = off)
"""
IS_INVALID = """
    SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relname = %s AND NOT indisvalid
"""


def drop_if_invalid(schema_editor, name):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(IS_INVALID, [name])
        if cursor.fetchone():
            schema_editor.execute(f"DROP INDEX CONCURRENTLY {name}")


class AddIndexBesideWork(migrations.AddIndex):
    """Adds an index, on PostgreSQL without holding up writers."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        drop_if_invalid(schema_editor, self.index.name)
        model = to_state.apps.get_model(app_label, self.model_name)
        statement = str(self.index.create_sql(model, schema_editor, concurrently=True))
        schema_editor.execute(statement.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS"))


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        drop_if_invalid(schema_editor, WORDS)
        schema_editor.execute(CREATE)


def backwards(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {WORDS}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("egress", "0007_notifications")]
    operations = [
        AddIndexBesideWork("auditevent", models.Index(fields=["at"], name=BY_TIME)),
        migrations.RunPython(forwards, backwards),
    ]
