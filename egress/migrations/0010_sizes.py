"""Indexes for lists and searches at size, made while the portal goes on."""

from django.db import Error, migrations, models

from ._online import NO_MORE_PATIENCE, PATIENCE, AddIndexOnline, drop_index

TRIGRAMS = {
    "grants_by_part_of_host": ("egress_grant", "host"),
    "grants_by_part_of_namespace": ("egress_grant", "namespace"),
    "grants_by_part_of_account": ("egress_grant", "service_account"),
    "requests_by_part_of_namespace": ("egress_request", "namespace"),
    "requests_by_part_of_account": ("egress_request", "service_account"),
    "destinations_by_part_of_host": ("egress_requestdestination", "host"),
}
"""By name: the table and what its searches look through, as Django spells them."""


def add_trigrams(apps, schema_editor):
    """Let PostgreSQL find parts of names by index, where it may have the extension for it."""
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except Error as error:
        print(f" Without pg_trgm searches read whole tables (docs/operations.md): {error}", end="")
        return
    drop_trigrams(apps, schema_editor)
    for name, (table, column) in TRIGRAMS.items():
        schema_editor.execute(
            f"CREATE INDEX CONCURRENTLY {name} ON {table} USING gin ({column} gin_trgm_ops)"
        )


def drop_trigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in TRIGRAMS:
            drop_index(schema_editor, name)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("egress", "0009_drafts")]
    operations = [
        PATIENCE,
        AddIndexOnline(
            model_name='auditevent',
            index=models.Index(fields=['namespace', '-sequence'], name='egress_audi_namespa_7f6f68_idx'),
        ),
        AddIndexOnline(
            model_name='delivery',
            index=models.Index(fields=['outcome', '-id'], name='egress_deli_outcome_31aabb_idx'),
        ),
        AddIndexOnline(
            model_name='deliverystep',
            index=models.Index(fields=['namespace', 'name', '-id'], name='egress_deli_namespa_f240ec_idx'),
        ),
        AddIndexOnline(
            model_name='grant',
            index=models.Index(fields=['status', '-id'], name='egress_gran_status_424a72_idx'),
        ),
        AddIndexOnline(
            model_name='grant',
            index=models.Index(fields=['namespace', '-id'], name='egress_gran_namespa_a24450_idx'),
        ),
        AddIndexOnline(
            model_name='grant',
            index=models.Index(fields=['service_account', '-id'], name='egress_gran_service_8c0923_idx'),
        ),
        AddIndexOnline(
            model_name='grant',
            index=models.Index(fields=['cluster', 'namespace_uid', '-id'], name='egress_gran_cluster_768516_idx'),
        ),
        AddIndexOnline(
            model_name='grant',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['cluster'], name='grants_not_ended'),
        ),
        AddIndexOnline(
            model_name='grant',
            index=models.Index(condition=models.Q(('drifted_at__isnull', False), ('ended_at__isnull', True)), fields=['cluster'], name='drifted_grants'),
        ),
        AddIndexOnline(
            model_name='ownedobject',
            index=models.Index(fields=['cluster', 'namespace', 'name'], name='egress_owne_cluster_a70759_idx'),
        ),
        AddIndexOnline(
            model_name='request',
            index=models.Index(fields=['namespace', '-id'], name='egress_requ_namespa_e4c410_idx'),
        ),
        AddIndexOnline(
            model_name='request',
            index=models.Index(fields=['cluster', 'namespace_uid', '-id'], name='egress_requ_cluster_8226b5_idx'),
        ),
        migrations.RunPython(add_trigrams, drop_trigrams),
        NO_MORE_PATIENCE,
    ]
