
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('egress', '0020_break_glass'),
    ]

    operations = [
        migrations.AddField(
            model_name='cluster',
            name='recertified_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='cluster',
            name='recertify_days',
            field=models.PositiveIntegerField(db_default=180, default=180),
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('to-decide', 'A request waits for my decision'), ('reminder', 'A request still waits for my decision'), ('escalation', 'A request waits too long for its approvers'), ('decided', 'My request was decided'), ('applied', 'Access I asked for is in force'), ('failed', 'Access failed, or was ended early'), ('expiring', 'Access ends soon'), ('recertify', 'Access waits to be confirmed'), ('drift', 'A cluster differs from what was granted'), ('break-glass', 'Access was opened by break-glass, and what came of it')], max_length=16),
        ),
        migrations.AlterField(
            model_name='preference',
            name='kind',
            field=models.CharField(choices=[('to-decide', 'A request waits for my decision'), ('reminder', 'A request still waits for my decision'), ('escalation', 'A request waits too long for its approvers'), ('decided', 'My request was decided'), ('applied', 'Access I asked for is in force'), ('failed', 'Access failed, or was ended early'), ('expiring', 'Access ends soon'), ('recertify', 'Access waits to be confirmed'), ('drift', 'A cluster differs from what was granted'), ('break-glass', 'Access was opened by break-glass, and what came of it')], max_length=16),
        ),
        migrations.CreateModel(
            name='Recertification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cycle_days', models.PositiveIntegerField()),
                ('due_at', models.DateTimeField()),
                ('announced_at', models.DateTimeField(blank=True, null=True)),
                ('reminded_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed_by', models.CharField(blank=True, max_length=150)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, choices=[('', ''), ('dropped', 'dropped'), ('unanswered', 'unanswered'), ('grant-ended', 'grant-ended')], max_length=16)),
                ('grant', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='recertification', to='egress.grant')),
            ],
            options={
                'ordering': ['due_at', 'id'],
                'indexes': [models.Index(condition=models.Q(('announced_at__isnull', False), ('closed_at__isnull', True)), fields=['due_at', 'id'], name='recertifications_waiting'), models.Index(condition=models.Q(('announced_at__isnull', True), ('closed_at__isnull', True)), fields=['due_at'], name='recertifications_ahead'), models.Index(condition=models.Q(('confirmed_at__isnull', False)), fields=['-confirmed_at', '-id'], name='recertifications_confirmed'), models.Index(condition=models.Q(('outcome__in', ['dropped', 'unanswered'])), fields=['-closed_at', '-id'], name='recertifications_ended')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('outcome', '')), models.Q(('closed_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='a_closed_recertification_says_how')],
            },
        ),
    ]
