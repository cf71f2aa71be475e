"""What tells who owns a namespace in a cluster, and answers of clusters that are remembered."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("egress", "0013_webhooks")]
    operations = [
        migrations.AddField(
            model_name='cluster',
            name='owner_by_admin',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='owner_by_label',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='owner_by_review',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='cluster',
            name='review_team_prefix',
            field=models.CharField(blank=True, db_default='', default='', max_length=100),
        ),
        migrations.AddField(
            model_name='cluster',
            name='review_teams',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='review_user',
            field=models.CharField(choices=[('username', 'Their sign-in name'), ('email', 'Their e-mail address')], db_default='username', default='username', max_length=16),
        ),
        migrations.AddField(
            model_name='cluster',
            name='review_user_prefix',
            field=models.CharField(blank=True, db_default='', default='', max_length=100),
        ),
        migrations.CreateModel(
            name='OwnershipAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField()),
                ('allowed_until', models.DateTimeField(blank=True, null=True)),
                ('namespace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='egress.namespace')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'namespace'), name='one_answer_per_person_and_namespace')],
            },
        ),
    ]
