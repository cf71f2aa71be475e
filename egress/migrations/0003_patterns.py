"""Options of destinations, gateways of clusters, network policies of namespaces."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("egress", "0002_audit_triggers"),
    ]

    operations = [
        migrations.AddField(
            model_name="cluster",
            name="attestations",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="cluster",
            name="central_entries",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="cluster",
            name="gateways",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="cluster",
            name="own_ranges",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="cluster",
            name="posture",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="cluster",
            name="posture_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="cluster",
            name="private_ranges",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="cluster",
            name="private_zones",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="cluster",
            name="rules_at_clients",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="grant",
            name="addresses",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="grant",
            name="alias",
            field=models.CharField(blank=True, max_length=63),
        ),
        migrations.AddField(
            model_name="grant",
            name="resolution",
            field=models.CharField(default="DNS", max_length=16),
        ),
        migrations.AddField(
            model_name="namespace",
            name="mesh_hosts",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="namespace",
            name="network_policy",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="namespace",
            name="network_policy_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="namespace",
            name="network_policy_by",
            field=models.CharField(blank=True, max_length=150),
        ),
        migrations.AddField(
            model_name="namespace",
            name="network_policy_enforced",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="requestdestination",
            name="addresses",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="requestdestination",
            name="alias",
            field=models.CharField(blank=True, max_length=63),
        ),
        migrations.AddField(
            model_name="requestdestination",
            name="resolution",
            field=models.CharField(default="DNS", max_length=16),
        ),
        migrations.CreateModel(
            name="HostAssignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=253)),
                ("gateway", models.CharField(max_length=4)),
                (
                    "cluster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to="egress.cluster",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("cluster", "host"), name="one_gateway_per_host")
                ],
            },
        ),
    ]
