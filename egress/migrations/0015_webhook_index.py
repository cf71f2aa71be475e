"""The index to list what was sent to a webhook, made while the portal goes on."""

from django.db import migrations, models

from ._online import NO_MORE_PATIENCE, PATIENCE, AddIndexOnline


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("egress", "0014_ownership")]
    operations = [
        PATIENCE,
        AddIndexOnline(
            model_name='outgoing',
            index=models.Index(condition=models.Q(('webhook__isnull', False)), fields=['webhook', '-id'], name='messages_of_webhook'),
        ),
        NO_MORE_PATIENCE,
    ]
