"""Robots, limits of tokens, and limits of how many calls a caller makes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('egress', '0016_sign_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='RateLimit',
            fields=[
                ('caller', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('window', models.BigIntegerField()),
                ('used', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='apitoken',
            name='clusters',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='made_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='namespaces',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='person',
            name='is_robot',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(('is_robot', False), models.Q(('is_staff', False), ('is_superuser', False), ('password__startswith', '!')), _connector='OR'), name='robots_have_no_password_and_no_power'),
        ),
        migrations.AddIndex(
            model_name='ratelimit',
            index=models.Index(fields=['window'], name='egress_rate_window_c1d749_idx'),
        ),
    ]
