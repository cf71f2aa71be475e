"""What an admin releases from the brake, teams served in turn, versions of the renderer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("egress", "0003_patterns"),
    ]

    operations = [
        migrations.CreateModel(
            name="BrakeRelease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("objects_released", models.JSONField(default=list)),
                ("reason", models.CharField(max_length=500)),
                ("released_by", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="HeldRemoval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("api_version", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=64)),
                ("namespace", models.CharField(max_length=63)),
                ("name", models.CharField(max_length=253)),
                ("uid", models.CharField(max_length=64)),
                ("left", models.CharField(blank=True, max_length=64)),
                ("host", models.CharField(blank=True, max_length=253)),
                ("held_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["kind", "namespace", "name"],
            },
        ),
        migrations.AddField(
            model_name="cluster",
            name="generator_version",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="slice",
            name="generator_version",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="slice",
            name="tenant",
            field=models.CharField(blank=True, db_default="", default="", max_length=150),
        ),
        migrations.AddIndex(
            model_name="slice",
            index=models.Index(
                condition=models.Q(("wanted__gt", models.F("done"))),
                fields=["cluster", "tenant", "priority", "due_at"],
                name="due_slices_by_tenant",
            ),
        ),
        migrations.AddField(
            model_name="brakerelease",
            name="cluster",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="brake_releases",
                to="egress.cluster",
            ),
        ),
        migrations.AddField(
            model_name="deliverystep",
            name="release",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="egress.brakerelease",
            ),
        ),
        migrations.AddField(
            model_name="heldremoval",
            name="cluster",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="held_removals",
                to="egress.cluster",
            ),
        ),
        migrations.AddField(
            model_name="heldremoval",
            name="slice",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="held_removals",
                to="egress.slice",
            ),
        ),
        migrations.AddIndex(
            model_name="brakerelease",
            index=models.Index(fields=["cluster", "until"], name="egress_brak_cluster_ee377b_idx"),
        ),
        migrations.AddConstraint(
            model_name="heldremoval",
            constraint=models.UniqueConstraint(
                fields=("cluster", "api_version", "kind", "namespace", "name"),
                name="one_row_per_held_removal",
            ),
        ),
    ]
