"""A place for the risk of requests, and filters of the queue with names."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("egress", "0010_sizes")]
    operations = [
        migrations.AddField(
            model_name='request',
            name='risk',
            field=models.PositiveSmallIntegerField(choices=[(0, 'clear'), (1, 'info'), (2, 'warn'), (3, 'review'), (4, 'block')], db_default=0, default=0),
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
    ]
