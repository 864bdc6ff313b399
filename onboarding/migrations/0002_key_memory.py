from typing import Any

from django.db import migrations, models

from onboarding.migrations._relabelled import Relabelled


def remember_revoked_keys(apps: Any, _schema_editor: Any) -> None:
    """A key whose latest binding is revoked stays revoked, and what Prove has to be told stays owed."""
    latest = {}
    for binding in apps.get_model("proveflow", "Binding").objects.exclude(device_id="").order_by("pk").iterator():
        latest[binding.device_id] = binding
    revoked = [binding for binding in latest.values() if not binding.confirmed]
    prove_key = apps.get_model("proveflow", "ProveKey")
    prove_key.objects.bulk_create(
        [prove_key(device_id=b.device_id, revoked_at=b.revoked_at, tell_prove_at=b.tell_prove_at) for b in revoked],
        batch_size=500,
    )


class Migration(Relabelled):

    dependencies = [
        ('proveflow', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProveKey',
            fields=[
                ('device_id', models.CharField(max_length=128, primary_key=True, serialize=False)),
                ('revoked_at', models.DateTimeField(help_text='Not trusted since then.', null=True)),
                ('tell_prove_at', models.DateTimeField(help_text='Prove has yet to be asked to revoke it: when to ask.', null=True)),
            ],
            options={
                'db_table': 'onboarding_provekey',
            },
        ),
        migrations.RunPython(remember_revoked_keys, migrations.RunPython.noop),
        # The column stays for processes of the release before, which run on until they are replaced.
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name='binding', name='tell_prove_at')]
        ),
        migrations.AddField(
            model_name='onboardingsession',
            name='clearance_used_at',
            field=models.DateTimeField(help_text='When the approved journey linked its number.', null=True),
        ),
        migrations.AddField(
            model_name='onboardingsession',
            name='device_id',
            field=models.CharField(blank=True, db_default='', help_text="Prove's id of the key.", max_length=128),
        ),
        migrations.AddIndex(
            model_name='onboardingsession',
            index=models.Index(condition=models.Q(('device_id', ''), _negated=True), fields=['device_id'], name='session_by_key'),
        ),
        migrations.AddIndex(
            model_name='provekey',
            index=models.Index(condition=models.Q(('tell_prove_at__isnull', False)), fields=['tell_prove_at'], name='key_to_tell'),
        ),
    ]
