from django.db import migrations, models

from onboarding.migrations import _concurrently


class Migration(migrations.Migration):

    atomic = False  # as the index is made while the table is in use

    dependencies = [
        ('proveflow', '0015_figures'),
    ]

    operations = [
        _concurrently.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('name__endswith', 'unanswered')), fields=['name', '-id'], name='event_failed'),
        ),
        _concurrently.AddIndex(
            model_name='onboardingsession',
            index=models.Index(fields=['country', '-created_at'], name='session_by_country'),
        ),
    ]
