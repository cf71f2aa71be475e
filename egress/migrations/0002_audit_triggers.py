"""The database itself refuses to change, delete or empty audit events; the head row exists."""

from django.db import migrations

TABLE = "egress_auditevent"
REFUSAL = "audit events are final"

SQLITE = [
    f"""
    CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """
    for verb in ("UPDATE", "DELETE")
] + [
    # INSERT OR REPLACE deletes without firing DELETE triggers.
    f"""
    CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE}
    WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE sequence = NEW.sequence OR hash = NEW.hash)
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """
]
SQLITE_BACK = [
    f"DROP TRIGGER IF EXISTS {TABLE}_no_{name}" for name in ("update", "delete", "replace")
]

POSTGRESQL = [
    f"""
    CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END
    $$
    """,
    f"""
    CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()
    """,
    f"""
    CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()
    """,
]
POSTGRESQL_BACK = [
    f"DROP TRIGGER IF EXISTS {TABLE}_no_change ON {TABLE}",
    f"DROP TRIGGER IF EXISTS {TABLE}_no_truncate ON {TABLE}",
    f"DROP FUNCTION IF EXISTS {TABLE}_refuse()",
]


def create_statements(vendor):
    return {"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor]


def drop_statements(vendor):
    return {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK}[vendor]


def forwards(apps, schema_editor):
    apps.get_model("egress", "AuditHead").objects.get_or_create(pk=1)
    for statement in create_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in drop_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("egress", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
