"""Scopes by destination and risk, stages, delegations, and owners of catalogue entries: added only."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('egress', '0017_tokens'),
    ]

    operations = [
        migrations.CreateModel(
            name='Delegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=500)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='RequestStage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=63)),
                ('approvals', models.PositiveSmallIntegerField()),
                ('team', models.CharField(blank=True, max_length=150)),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.AddField(
            model_name='approval',
            name='lender',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='approval',
            name='stage',
            field=models.CharField(blank=True, db_default='', default='', max_length=63),
        ),
        migrations.AddField(
            model_name='catalogueentry',
            name='owner_team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='catalogue_entries', to='auth.group'),
        ),
        migrations.AddField(
            model_name='request',
            name='escalated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='request',
            name='reminded_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='rolebinding',
            name='destinations',
            field=models.CharField(db_default='*', default='*', max_length=255),
        ),
        migrations.AddField(
            model_name='rolebinding',
            name='max_risk',
            field=models.PositiveSmallIntegerField(choices=[(0, 'clear'), (1, 'info'), (2, 'warn'), (3, 'review'), (4, 'block')], db_default=4, default=4),
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('to-decide', 'A request waits for my decision'), ('reminder', 'A request still waits for my decision'), ('escalation', 'A request waits too long for its approvers'), ('decided', 'My request was decided'), ('applied', 'Access I asked for is in force'), ('failed', 'Access failed, or was ended early'), ('expiring', 'Access ends soon'), ('drift', 'A cluster differs from what was granted')], max_length=16),
        ),
        migrations.AlterField(
            model_name='preference',
            name='kind',
            field=models.CharField(choices=[('to-decide', 'A request waits for my decision'), ('reminder', 'A request still waits for my decision'), ('escalation', 'A request waits too long for its approvers'), ('decided', 'My request was decided'), ('applied', 'Access I asked for is in force'), ('failed', 'Access failed, or was ended early'), ('expiring', 'Access ends soon'), ('drift', 'A cluster differs from what was granted')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='rolebinding',
            constraint=models.CheckConstraint(condition=models.Q(('role', 'approver'), models.Q(('destinations', '*'), ('max_risk', 4)), _connector='OR'), name='only_approvers_are_limited_in_what_they_approve'),
        ),
        migrations.AddField(
            model_name='delegation',
            name='delegate',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='borrowed', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='delegation',
            name='lender',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lent', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='requeststage',
            name='request',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stages', to='egress.request'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('lender', models.F('delegate')), _negated=True), name='nobody_lends_to_themselves'),
        ),
        migrations.AddConstraint(
            model_name='delegation',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='a_delegation_ends_after_it_starts'),
        ),
        migrations.AddIndex(
            model_name='requeststage',
            index=models.Index(condition=models.Q(('team', ''), _negated=True), fields=['team', 'request'], name='stages_of_teams'),
        ),
        migrations.AddConstraint(
            model_name='requeststage',
            constraint=models.UniqueConstraint(fields=('request', 'position'), name='one_stage_per_position'),
        ),
    ]
