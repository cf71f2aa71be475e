"""Operations of migrations that run beside the portal: nobody waits for them on PostgreSQL.

For migrations with `atomic = False`, between `PATIENCE` and `NO_MORE_PATIENCE`.
"""

from django.db import migrations


class AddIndexOnline(migrations.AddIndex):
    """Adds an index beside the work of others; a broken attempt is made again."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.model_name)
        drop_index(schema_editor, self.index.name)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            return super().database_backwards(app_label, schema_editor, from_state, to_state)
        drop_index(schema_editor, self.index.name)


def drop_index(schema_editor, name):
    schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


def be_patient(apps, schema_editor):
    """Wait for as long as others take: an index is made beside their work, so nobody waits for it.

    With the limit of portal/env.py one long download of theirs would break it off.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET lock_timeout = 0")


def be_as_before(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("RESET lock_timeout")


PATIENCE = migrations.RunPython(be_patient, be_as_before)
NO_MORE_PATIENCE = migrations.RunPython(be_as_before, be_patient)
