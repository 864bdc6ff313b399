from django.db import migrations, models

from onboarding.migrations import _concurrently


class Migration(migrations.Migration):

    atomic = False  # as the index is made while the table is in use

    dependencies = [
        ('proveflow', '0017_event_macs'),
    ]

    operations = [
        _concurrently.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('version', None), models.Q(('mac', ''), _negated=True)), fields=['mac'], name='event_of_no_step'),
        ),
    ]
