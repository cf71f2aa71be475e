"""The risk of requests, stored to filter and sort by, and filters of the queue with names."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Cast

LEVELS = ("info", "warn", "review", "block")
"""Levels of findings by their risk, from 1 on; a request without findings has 0."""


def note_risks(apps, schema_editor):
    """Give each request the highest level among its findings, in one statement per level.

    Quotes within a sentence are stored escaped, so only a finding's own level is found.
    """
    requests = apps.get_model("egress", "Request").objects.using(schema_editor.connection.alias)
    said = requests.annotate(said=Cast("findings", models.TextField()))
    for risk, level in enumerate(LEVELS, start=1):
        said.filter(said__contains=f'"level": "{level}"').update(risk=risk)


class Migration(migrations.Migration):
    dependencies = [("egress", "0010_sizes")]
    operations = [
        migrations.AddField(
            model_name='request',
            name='risk',
            field=models.PositiveSmallIntegerField(choices=[(0, 'clear'), (1, 'info'), (2, 'warn'), (3, 'review'), (4, 'block')], db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='request',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['-risk', 'id'], name='pending_by_risk'),
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('query', models.TextField()),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_filters', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('person', 'name'), name='one_saved_filter_per_person_and_name')],
            },
        ),
        migrations.RunPython(note_risks, migrations.RunPython.noop),
    ]
