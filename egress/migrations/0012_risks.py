"""The risk of the requests that are there, and the index to sort the queue by it.

Made while the portal goes on, and made again where an attempt was broken off.
"""

from django.db import migrations, models
from django.db.models import Case, Max, When
from django.db.models.functions import Cast

from ._online import NO_MORE_PATIENCE, PATIENCE, AddIndexOnline

LEVELS = ("block", "review", "warn", "info")
"""Levels of findings, the highest first; the risk of the last is 1."""
AT_ONCE = 5000


def note_risks(apps, schema_editor):
    """Give each request the highest level among its findings.

    In pieces, each committed at once: whoever decides waits for one of them at most. Quotes
    within a sentence are stored escaped, so only a finding's own level is found.
    """
    requests = apps.get_model("egress", "Request").objects.using(schema_editor.connection.alias)
    said = requests.annotate(said=Cast("findings", models.TextField()))
    ranks = zip(LEVELS, range(len(LEVELS), 0, -1))
    risk = Case(
        *(When(said__contains=f'"level": "{level}"', then=rank) for level, rank in ranks), default=0
    )
    last = requests.aggregate(last=Max("pk"))["last"] or 0
    for start in range(0, last, AT_ONCE):
        some = said.filter(pk__gt=start, pk__lte=start + AT_ONCE, said__contains='"level": ')
        some.update(risk=risk)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("egress", "0011_queue")]
    operations = [
        migrations.RunPython(note_risks, migrations.RunPython.noop),
        PATIENCE,
        AddIndexOnline(
            model_name='request',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['-risk', 'id'], name='pending_by_risk'),
        ),
        NO_MORE_PATIENCE,
    ]
