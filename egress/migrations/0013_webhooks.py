"""Webhooks, and messages to them among those that leave the portal."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('egress', '0012_risks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('sealed_url', models.BinaryField()),
                ('shown', models.CharField(max_length=300)),
                ('sealed_secret', models.BinaryField()),
                ('sealed_old_secret', models.BinaryField(default=bytes)),
                ('old_secret_until', models.DateTimeField(blank=True, null=True)),
                ('groups', models.JSONField(default=list)),
                ('namespaces', models.CharField(default='*', max_length=253)),
                ('is_active', models.BooleanField(default=True)),
                ('seen', models.PositiveBigIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('last_at', models.DateTimeField(blank=True, null=True)),
                ('last_ok', models.BooleanField(default=False)),
                ('last_message', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='outgoing',
            name='a_message_goes_to_a_person_or_a_channel',
        ),
        migrations.AddField(
            model_name='outgoing',
            name='body',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AddField(
            model_name='webhook',
            name='cluster',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='egress.cluster'),
        ),
        migrations.AddField(
            model_name='outgoing',
            name='webhook',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='egress.webhook'),
        ),
        migrations.AddConstraint(
            model_name='outgoing',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel__isnull', True), ('person__isnull', False), ('webhook__isnull', True)), models.Q(('channel__isnull', False), ('person__isnull', True), ('webhook__isnull', True)), models.Q(('channel__isnull', True), ('person__isnull', True), ('webhook__isnull', False)), _connector='OR'), name='a_message_goes_to_one_place'),
        ),
    ]
