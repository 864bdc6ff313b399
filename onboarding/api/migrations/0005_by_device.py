from django.db import migrations, models

from onboarding.migrations import _concurrently


class Migration(migrations.Migration):

    atomic = False  # as the index is made while the table is in use

    dependencies = [
        ('proveflow_api', '0004_attested_key'),
    ]

    operations = [
        _concurrently.AddIndex(
            model_name='apiverification',
            index=models.Index(condition=models.Q(('device', ''), _negated=True), fields=['device'], name='api_by_device'),
        ),
    ]
